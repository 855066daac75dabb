//! Where an installation's data, keys and options come from, and the demonstration.

use std::fs;
use std::path::Path;

use super::shell::{Shell, assert_says};
use crate::support::Program;

#[tokio::test]
async fn another_master_key_opens_nothing_and_the_record_is_named() {
    let shell = Shell::with_records().await;
    shell.add_provider(&[]).await.done();
    let other = "5".repeat(64);
    let with_other = [("VESTIBULE_MASTER_KEY", other.as_str())];
    let sealed_with =
        ["cert record \"admin/app\", field Private key", "is sealed with the master key", "it had before"];

    let list = shell.run_with(&with_other, "", &["cert", "list"]).await.done();
    assert_says(&list, &["admin/app", "private key: unreadable"]);
    let show = shell.run_with(&with_other, "", &["cert", "show", "admin/app"]).await.done();
    assert_says(&show, &sealed_with);
    let row = shell.run_with(&with_other, "", &["provider", "show", "acme/alipay"]).await.done();
    assert_says(&row, &["FATAL", "\"appCert\""]);
    assert_says(&row, &sealed_with);
    assert!(![&list, &show, &row].iter().any(|said| said.contains(&other)));
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
    let said = shell.run_with(&with_other, "", &["cert", "list"]).await.done();
    assert_says(&said, &["unreadable"]);
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
        assert_says(&list, &[&format!("  {origin}/callback/acme/alipay")]);
    }
}

#[tokio::test]
async fn the_demonstration_signs_somebody_in_and_ends() {
    let shell = Shell::new();
    let said = shell.run(&["demo", "--walk", "--listen", "127.0.0.1:0"]).await.done();
    assert_says(&said, &["Signed in as 张三 (open_id 074a1CcTG1LelxKe4xQC0zgNdId0nxi95b5lsNpazWYoC01)", "demo/alipay"]);
}

#[cfg(unix)]
#[tokio::test]
async fn the_first_start_makes_everything_for_its_owner_only_and_says_so_once() {
    use std::os::unix::fs::PermissionsExt as _;
    let shell = Shell::new();
    let first = shell.run(&["cert", "list"]).await;
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
