//! Rows into a file and back.

use std::fs;

use serde_json::{Value, json};

use super::shell::{Shell, assert_says};

const PASSPHRASE: &str = "correct horse battery staple";

async fn furnished() -> Shell {
    let shell = Shell::with_records().await;
    shell.add_provider(&[]).await.done();
    shell.write("passphrase.txt", format!("{PASSPHRASE}\n"));
    shell
}

#[tokio::test]
async fn rows_are_exported_shown_and_taken_in() {
    let shell = furnished().await;
    let said = shell.run(&["export", "--output", "@rows.json", "--passphrase-file", "@passphrase.txt"]).await;
    assert_says(&said.err, &["2 cert records and 1 provider rows exported"]);
    assert_eq!(said.done(), "");
    let file = fs::read_to_string(shell.path("rows.json")).unwrap();
    assert!(
        !file.contains(&fs::read_to_string(shell.path(super::shell::APP_KEY)).unwrap()) && !file.contains(PASSPHRASE)
    );
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(fs::metadata(shell.path("rows.json")).unwrap().permissions().mode() & 0o777, 0o600);
    }

    let elsewhere = Shell::new();
    let rows = elsewhere.write("rows.json", &file);
    let passphrase = [("VESTIBULE_PASSPHRASE", PASSPHRASE)];
    // What is only shown makes no installation.
    elsewhere.run_with(&passphrase, "", &["import", &rows]).await.refused();
    let said = elsewhere.run_with(&passphrase, "", &["import", &rows, "--apply"]).await.done();
    assert_says(
        &said,
        &[
            "new        cert record admin/app",
            "new        provider row acme/alipay",
            "3 rows added, 0 changed",
            "stored in",
        ],
    );
    let said = elsewhere.run_with(&passphrase, "", &["import", &rows]).await.done();
    assert_says(&said, &["3 rows are as they are in the file, 0 would change"]);

    elsewhere.run(&["provider", "disable", "acme/alipay"]).await.done();
    let said = elsewhere.run_with(&passphrase, "", &["import", &rows]).await.done();
    assert_says(&said, &["changed    provider row acme/alipay: enabled", "nothing was changed; --apply does it"]);
    let said = elsewhere.run_with(&passphrase, "", &["import", &rows, "--apply", "--json"]).await.done();
    let answer: Value = serde_json::from_str(&said).unwrap();
    assert_eq!((&answer["applied"]["new"], &answer["applied"]["changed"]), (&json!(0), &json!(1)));
    assert_eq!(answer["plan"]["rows"].as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn a_passphrase_is_asked_for_where_one_is_needed() {
    let shell = furnished().await;
    let said = shell.run(&["export", "--output", "@rows.json"]).await.refused();
    assert_says(&said, &["no passphrase to seal", "--passphrase-file", "VESTIBULE_PASSPHRASE", "--secrets left-out"]);
    shell.run(&["export", "--output", "@rows.json", "--passphrase-file", "@passphrase.txt"]).await.done();
    assert_says(&shell.run(&["import", "@rows.json"]).await.refused(), &["are sealed", "--passphrase-file"]);
    let wrong = [("VESTIBULE_PASSPHRASE", "wrong horse battery staple")];
    let said = shell.run_with(&wrong, "", &["import", "@rows.json"]).await.refused();
    assert_says(&said, &["the passphrase is another"]);
    assert!(!said.contains("wrong horse"));
    let short = [("VESTIBULE_PASSPHRASE", "hunter2")];
    let said = shell.run_with(&short, "", &["export", "--output", "@more.json"]).await.refused();
    assert_says(&said, &["7 characters"]);
    assert!(!said.contains("hunter2") && !fs::exists(shell.path("more.json")).unwrap());
}

#[tokio::test]
async fn a_file_that_is_there_is_not_replaced_and_standard_output_is_asked_for() {
    let shell = furnished().await;
    shell.write("rows.json", "mine");
    let said = shell.run(&["export", "--output", "@rows.json", "--secrets", "left-out"]).await.refused();
    assert_says(&said, &["rows.json", "is there already"]);
    assert_eq!(fs::read_to_string(shell.path("rows.json")).unwrap(), "mine");
    let out = shell.run(&["export", "--output", "-", "--secrets", "left-out"]).await.done();
    let file: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(file["certs"][0]["versions"][0]["private_key"], json!({"left_out": true}));
    shell.run(&["export", "--secrets", "left-out"]).await.mistyped();
}

#[tokio::test]
async fn a_refused_row_fails_the_command_and_a_damaged_file_changes_nothing() {
    let shell = furnished().await;
    let out = shell.run(&["export", "--output", "-", "--secrets", "left-out"]).await.done();
    let cut = shell.write("cut.json", &out[..out.len() - 20]);
    assert_says(&shell.run(&["import", &cut, "--apply"]).await.refused(), &["cut off"]);
    let bad = shell.write("bad.json", out.replace("\"type\":\"Alipay\"", "\"type\":\"Alipai\""));
    let said = shell.run(&["import", &bad]).await.refused();
    assert_says(&said, &["refused    provider row acme/alipay", "known types", "1 rows of the file are not taken in"]);
    assert_says(&shell.run(&["import", "@none.json"]).await.refused(), &["cannot open the file"]);
}

#[tokio::test]
async fn rows_of_casdoor_are_taken_in_and_what_they_lack_is_told() {
    let shell = Shell::new();
    let text = |name: &str| fs::read_to_string(shell.path(name)).unwrap();
    use super::shell::{ALIPAY_CERT, APP_CERT, APP_KEY, ROOT_CERT};
    let file = json!({
        "organizations": [],
        "certs": [
            {"owner": "admin", "name": "alipay-app", "type": "x509", "certificate": text(APP_CERT), "privateKey": text(APP_KEY)},
            {"owner": "admin", "name": "alipay-root", "type": "x509", "certificate": text(ALIPAY_CERT), "privateKey": text(ROOT_CERT)},
        ],
        "providers": [
            {"owner": "admin", "name": "alipay", "displayName": "支付宝", "category": "OAuth", "type": "Alipay", "clientId": shell.app.app_id(),
             "cert": "alipay-app", "metadata": "alipay-root"},
            {"owner": "admin", "name": "mail", "category": "Email", "type": "Default"},
        ],
    });
    let file = shell.write("init_data.json", file.to_string());
    let said = shell.run(&["import", &file, "--set", "Alipay.subject=nobody", "--apply"]).await.refused();
    assert_says(&said, &["\"Alipay.subject\": expected one of open_id, user_id, union_id"]);
    let said = shell.run(&["import", &file, "--set", "Alipay.subject=user_id", "--apply"]).await.done();
    assert_says(&said, &["passed over 1: provider, category Email, type Default", "3 rows added"]);
    let said = shell.run(&["provider", "show", "admin/alipay"]).await.done();
    assert_says(&said, &["支付宝", "user_id"]);
}
