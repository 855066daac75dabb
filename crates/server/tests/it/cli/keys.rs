//! Master keys: listed, rotated, removed, and where they come from.

use std::fs;

use super::shell::{Shell, assert_says};

/// The ids in an answer, one at the beginning of each line.
fn ids(said: &str) -> Vec<String> {
    let words = said.lines().filter_map(|line| line.split_whitespace().next());
    words.filter(|word| word.len() == 16).map(str::to_owned).collect()
}

fn key_file(shell: &Shell) -> String {
    fs::read_to_string(shell.folder.path().join("data/master.key")).unwrap()
}

#[tokio::test]
async fn a_rotation_seals_everything_with_a_new_key_and_the_former_one_can_go() {
    let shell = Shell::with_records().await;
    shell.add_provider(&[]).await.done();
    let list = shell.run(&["keys", "list"]).await.done();
    let [old] = ids(&list).try_into().unwrap();
    assert_says(&list, &["seals, 2 stored values"]);
    let said = shell.run(&["keys", "remove", &old]).await.refused();
    assert_says(&said, &[&old, "is the master key that seals", "vestibule keys rotate"]);

    let said = shell.run(&["keys", "rotate"]).await;
    assert_says(&said.err, &["private keys: 2 of 2"]);
    let said = said.done();
    assert_says(&said, &["is new in", "master.key", "2 rows sealed anew", &format!("vestibule keys remove {old}")]);
    let list = shell.run(&["keys", "list"]).await.done();
    let [new, former] = ids(&list).try_into().unwrap();
    assert_eq!(former, old);
    assert_says(&list, &[&format!("{new}  seals, 2 stored values"), &format!("{old}  opens, 0 stored values")]);
    assert!(!said.contains(key_file(&shell).lines().next().unwrap()));

    let said = shell.run(&["keys", "remove", "0123456789abcdef"]).await.refused();
    assert_says(&said, &["there is no master key \"0123456789abcdef\"", &new, &old]);
    shell.run(&["keys", "remove", &old]).await.done();
    assert_eq!(ids(&shell.run(&["keys", "list"]).await.done()), [new]);
    assert_eq!(key_file(&shell).lines().count(), 1);
    assert_says(&shell.run(&["cert", "show", "admin/app"]).await.done(), &["sealed"]);
    assert_says(&shell.run(&["provider", "show", "acme/alipay"]).await.done(), &["acme/alipay"]);
}

#[tokio::test]
async fn an_interrupted_rotation_goes_on_with_the_key_that_it_began_with() {
    let shell = Shell::with_records().await;
    // As far as a rotation comes that is killed at once.
    let begun = format!("{}\n{}", "7".repeat(64), key_file(&shell));
    fs::write(shell.folder.path().join("data/master.key"), &begun).unwrap();
    let [new, old] = ids(&shell.run(&["keys", "list"]).await.done()).try_into().unwrap();
    let said = shell.run(&["keys", "remove", &old]).await.refused();
    assert_says(&said, &["2 stored values are sealed with", &old, "vestibule keys rotate"]);

    let said = shell.run(&["keys", "rotate"]).await.done();
    assert_says(&said, &[&format!("{new}  seals; the rotation to it goes on"), "2 rows sealed anew"]);
    assert_eq!(key_file(&shell), begun);
    // It is finished, so the next one is another.
    let said = shell.run(&["keys", "rotate"]).await.done();
    assert_says(&said, &["is new in", "2 rows sealed anew"]);
    assert_eq!(key_file(&shell).lines().count(), 3);
}

#[tokio::test]
async fn what_cannot_be_opened_is_named_and_left_and_the_rest_is_rotated() {
    let shell = Shell::with_records().await;
    let lost = "5".repeat(64);
    let add = ["cert", "add", "acme/lost", "--certificate", "@app.crt", "--private-key", "@app.key"];
    shell.run_with(&[("VESTIBULE_MASTER_KEY", &lost)], "", &add).await.done();
    assert_says(&shell.run(&["keys", "list"]).await.done(), &["is not here, 1 stored values that nobody can open"]);

    let said = shell.run(&["keys", "rotate"]).await.refused();
    assert_says(
        &said,
        &["cert record \"acme/lost\"", "is sealed with the master key", "2 rows sealed anew", "left as it was"],
    );
    assert!(!said.contains("admin/app"), "{said}");

    // Given back, the key opens it, and the rotation is finished.
    fs::write(shell.folder.path().join("data/master.key"), format!("{}{lost}\n", key_file(&shell))).unwrap();
    assert_says(&shell.run(&["keys", "rotate"]).await.done(), &["goes on", "1 rows sealed anew"]);
    assert_says(&shell.run(&["keys", "list"]).await.done(), &["seals, 3 stored values"]);
}

#[tokio::test]
async fn keys_of_a_command_or_a_variable_are_sealed_with_and_not_changed() {
    let shell = Shell::with_records().await;
    let old = key_file(&shell);
    let keys = shell.write("keys.txt", format!("{}\n{old}", "8".repeat(64)));
    let command = format!("/bin/cat '{keys}'");
    let with_command = [("VESTIBULE_MASTER_KEY_COMMAND", command.as_str())];
    let said = shell.run_with(&with_command, "", &["keys", "rotate"]).await.done();
    assert_says(&said, &["2 rows sealed anew"]);
    assert!(!said.contains("is new"), "{said}");
    let list = shell.run_with(&with_command, "", &["keys", "list"]).await.done();
    assert_says(&list, &["seals, 2 stored values", "opens, 0 stored values"]);
    let said = shell.run_with(&with_command, "", &["keys", "remove", &ids(&list)[1]]).await.refused();
    assert_says(&said, &["from a command", "take the key out of it"]);

    let variable = format!("{}, {}", "9".repeat(64), "8".repeat(64));
    let with_variable = [("VESTIBULE_MASTER_KEY", variable.as_str())];
    assert_says(&shell.run_with(&with_variable, "", &["keys", "rotate"]).await.done(), &["2 rows sealed anew"]);
    let one = "9".repeat(64);
    let said = shell.run_with(&[("VESTIBULE_MASTER_KEY", &one)], "", &["keys", "rotate"]).await.refused();
    assert_says(&said, &["put a new key before the one that it has"]);

    let said = shell.run_with(&with_command, "", &["--master-key-file", &keys, "keys", "list"]).await.refused();
    assert_says(&said, &["--master-key-command", "--master-key-file", "give one of them"]);
    let said = shell.run(&["--master-key-command", "/bin/cat /nonexistent", "keys", "list"]).await.refused();
    assert_says(&said, &["command \"/bin/cat\": ended with exit status: 1", "No such file"]);
    let config = shell.write("vestibule.toml", "master-key-command = \"/bin/echo hunter2\"\n");
    let said = shell.run(&["--config-file", &config, "keys", "list"]).await.refused();
    assert_says(&said, &["command \"/bin/echo\"", "64 hex digits"]);
    assert!(!said.contains("hunter2"), "{said}");
}
