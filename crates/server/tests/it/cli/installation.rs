//! Where an installation's data, keys and options come from, and the demonstration.

use std::fs;
use std::path::Path;

use super::shell::{Shell, assert_says};
use crate::support::Program;

/// A master key.
const KEY: &str = "4444444444444444444444444444444444444444444444444444444444444444";

#[tokio::test]
async fn another_master_key_opens_nothing_and_the_record_is_named() {
    let shell = Shell::with_records().await;
    shell.add_provider(&[]).await.done();
    let other = "5".repeat(64);
    let with_other = [("VESTIBULE_MASTER_KEY", other.as_str())];
    let sealed_with =
        ["cert record \"admin/app\", field Private key", "is sealed with the master key", "it had before"];

    let list = shell.run_with(&with_other, "", &["cert", "list"]).await.done();
    assert_says(&list, &["admin/app"]);
    let doctor = shell.run_with(&with_other, "", &["doctor"]).await.refused();
    assert_says(&doctor, &["FATAL", "2 stored values are sealed with the master key", "cert record admin/app"]);
    assert_says(&doctor, &sealed_with);
    let show = shell.run_with(&with_other, "", &["cert", "show", "admin/app"]).await.done();
    assert_says(&show, &sealed_with);
    let row = shell.run_with(&with_other, "", &["provider", "show", "acme/alipay"]).await.refused();
    assert_says(&row, &["FATAL", "\"appCert\"", "nobody can sign in with \"acme/alipay\""]);
    assert_says(&row, &sealed_with);
    assert!(![&list, &doctor, &show, &row].iter().any(|said| said.contains(&other)));
    // The variable comes before the file; a file given by its option is not looked at then.
    let said = shell.run_with(&[("VESTIBULE_MASTER_KEY", "abc")], "", &["cert", "list"]).await.refused();
    assert_says(&said, &["VESTIBULE_MASTER_KEY", "64 hex digits"]);
    assert!(!said.contains("abc"), "{said}");

    // A lost key is not made anew beside a database that needs it.
    fs::remove_file(shell.folder.path().join("data/master.key")).unwrap();
    let said = shell.run(&["cert", "list"]).await.refused();
    assert_says(
        &said,
        &["vestibule.db", "no master key", "master.key", "put the key file back", "VESTIBULE_MASTER_KEY"],
    );
    let said = shell.run_with(&with_other, "", &["cert", "show", "admin/app"]).await.done();
    assert_says(&said, &sealed_with);
}

#[tokio::test]
async fn a_server_that_is_started_with_another_master_key_says_so_at_once() {
    let shell = Shell::with_records().await;
    shell.run(&["cert", "add", "acme/certificate-only", "--certificate", "@app.crt"]).await.done();
    let data = shell.data();
    let (_, log) = Program::serve(Path::new(&data), &[]).await.stop().await;
    assert!(!log.text().contains("ERROR"), "{}", log.text());

    let other = shell.write("other.key", "5".repeat(64));
    let (_, log) = Program::serve(Path::new(&data), &["--master-key-file", &other]).await.stop().await;
    let text = log.text();
    let lines: Vec<_> = text.lines().filter(|line| line.contains("ERROR")).collect();
    let [line] = lines.as_slice() else { panic!("{text}") };
    assert_says(line, &["values=2", "cert record admin/app, cert record admin/root", "start the server with the one"]);
}

#[tokio::test]
async fn a_command_in_the_wrong_folder_makes_nothing_and_says_where_it_looked() {
    let shell = Shell::new();
    let data = shell.data();
    for command in [
        ["cert", "list"].as_slice(),
        &["cert", "show", "admin/app"],
        &["cert", "add", "admin/app", "--certificate", "@app.crt", "--replace"],
        &["provider", "list"],
        &["provider", "add", "acme/alipay", "--type", "Alipay", "--replace"],
        &["provider", "show", "acme/alipay"],
        &["provider", "enable", "acme/alipay"],
        &["provider", "disable", "acme/alipay"],
    ] {
        let said = shell.run(command).await.refused();
        assert_says(
            &said,
            &[&format!("there is no installation in \"{data}\"; name the server's folder with --data-dir")],
        );
        let database = format!("sqlite:{}", shell.path("other.db"));
        let elsewhere = [("VESTIBULE_DATABASE", database.as_str()), ("VESTIBULE_MASTER_KEY", KEY)];
        let said = shell.run_with(&elsewhere, "", command).await.refused();
        assert_says(&said, &["there is no database", "other.db", "--database or VESTIBULE_DATABASE"]);
    }
    assert!(!Path::new(&data).exists());
    assert!(!Path::new(&shell.path("other.db")).exists());
}

#[tokio::test]
async fn whoever_adds_something_and_whoever_serves_reads_in_which_file_it_is() {
    let shell = Shell::new();
    let file = shell.path("data/vestibule.db");
    let added = shell.run(&["cert", "add", "admin/app", "--certificate", "@app.crt"]).await.done();
    assert_eq!(added.lines().last(), Some(format!("stored in {file}").as_str()));
    let added = shell.run(&["provider", "add", "acme/a", "--type", "Alipay", "--unfinished"]).await.done();
    assert_eq!(added.lines().last(), Some(format!("stored in {file}").as_str()));

    let database = format!("sqlite://{}", shell.path("own.db"));
    let own = [("VESTIBULE_DATABASE", database.as_str()), ("VESTIBULE_MASTER_KEY", KEY)];
    let added = shell.run_with(&own, "", &["cert", "add", "admin/app", "--certificate", "@app.crt"]).await.done();
    assert_eq!(added.lines().last(), Some(format!("stored in {}", shell.path("own.db")).as_str()));

    let program = Program::serve(Path::new(&shell.data()), &["--public-url", "https://login.example.com/id"]).await;
    let line = program.log().line("listening").await;
    assert_says(&line, &["public_url=https://login.example.com/id database=", &format!("database={file}")]);
}

#[tokio::test]
async fn a_flag_comes_before_a_variable_and_a_variable_before_the_file() {
    let shell = Shell::with_records().await;
    shell.add_provider(&[]).await.done();
    let file = shell.write("vestibule.toml", "public-url = \"https://file.example\"\nlog = \"error\"\n");
    let (flag, variable) = ("https://flag.example", "https://variable.example");
    let from_file = [("VESTIBULE_CONFIG_FILE", file.as_str())];
    let from_both = [from_file[0], ("VESTIBULE_PUBLIC_URL", variable)];
    for (environment, arguments, origin) in [
        (from_file.as_slice(), ["provider", "list"].as_slice(), "https://file.example"),
        (&[], &["--config-file", "@vestibule.toml", "provider", "list"], "https://file.example"),
        (&from_both, &["provider", "list"], variable),
        (&from_both, &["--public-url", flag, "provider", "list"], flag),
        (&from_both, &["provider", "list", "--public-url", flag], flag),
    ] {
        let list = shell.run_with(environment, "", arguments).await.done();
        assert_says(&list, &[&format!("  {origin}/callback/acme/alipay\n")]);
    }
}

#[tokio::test]
async fn a_callback_url_that_nobody_configured_is_told_as_a_guess() {
    let shell = Shell::with_records().await;
    let guess = "http://127.0.0.1:8080/callback/acme/alipay (from --listen; give --public-url as the server has it)";
    assert_says(&shell.add_provider(&[]).await.done(), &[guess]);
    assert_says(&shell.run(&["provider", "list"]).await.done(), &[guess]);
    assert_says(&shell.run(&["provider", "show", "acme/alipay"]).await.done(), &[guess]);
}

#[tokio::test]
async fn the_demonstration_signs_somebody_in_and_ends() {
    let shell = Shell::new();
    let said = shell.run(&["demo", "--walk", "--listen", "127.0.0.1:0"]).await.done();
    assert_says(&said, &["Signed in as 张三 (open_id 074a1CcTG1LelxKe4xQC0zgNdId0nxi95b5lsNpazWYoC01)", "demo/alipay"]);
    // The data folder of the environment is a real installation's.
    assert!(!Path::new(&shell.data()).exists());
}

#[tokio::test]
async fn a_demonstration_leaves_a_real_installation_alone() {
    let shell = Shell::with_records().await;
    let real = fs::read(shell.path("data/vestibule.db")).unwrap();
    let database = format!("sqlite:{}", shell.path("data/vestibule.db"));
    shell.write(
        "vestibule.toml",
        format!("data-dir = {:?}\ndatabase = {database:?}\nmaster-key-file = \"nothing.key\"\n", shell.data()),
    );
    let walk = ["demo", "--walk", "--listen", "127.0.0.1:0", "--config-file", "@vestibule.toml"];
    let environment = [
        ("VESTIBULE_DATABASE", database.as_str()),
        ("VESTIBULE_MASTER_KEY", "no key"),
        ("VESTIBULE_MASTER_KEY_FILE", "nothing.key"),
    ];
    let said = shell.run_with(&environment, "", &walk).await.done();
    assert_says(&said, &["Signed in as 张三"]);
    assert!(fs::read(shell.path("data/vestibule.db")).unwrap() == real, "the demonstration wrote into the database");
    assert_says(&shell.run(&["cert", "list"]).await.done(), &["2 of 2, page 1 of 1"]);
    assert_says(&shell.run(&["provider", "list"]).await.done(), &["0 of 0, page 1 of 1"]);

    for (flag, value) in [("--data-dir", "data"), ("--database", "sqlite:x.db"), ("--master-key-file", "x.key")] {
        for arguments in [["demo", flag, value], [flag, value, "demo"]] {
            let said = shell.run(&arguments).await.mistyped();
            assert_says(&said, &[&format!("demo keeps nothing and takes no {flag}")]);
        }
    }
}

#[cfg(unix)]
#[tokio::test]
async fn the_first_start_makes_everything_for_its_owner_only_and_says_so_once() {
    use std::os::unix::fs::PermissionsExt as _;
    let shell = Shell::new();
    let first = shell.run(&["cert", "add", "admin/app", "--certificate", "@app.crt"]).await;
    assert_says(
        &first.err,
        &["made a master key", "master.key", "does not protect against", "Back it up apart from the database"],
    );
    first.done();
    let second = shell.run(&["cert", "list"]).await;
    assert_eq!(second.err, "");
    let data = shell.data();
    let program = Program::serve(Path::new(&data), &[]).await;
    let (_, log) = program.stop().await;
    assert!(!log.text().contains("made a master key"), "{}", log.text());

    let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(Path::new(&data)), 0o700);
    let mut files = Vec::new();
    for entry in fs::read_dir(&data).unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
        files.push(path.file_name().unwrap().to_str().unwrap().to_owned());
    }
    assert!(["master.key", "vestibule.db"].iter().all(|name| files.contains(&(*name).to_owned())), "{files:?}");
}
