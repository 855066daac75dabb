//! Records and rows that are added, listed, shown, replaced and switched.

use serde_json::json;
use vestibule_alipay_simulator::{Authority, LeafRequest, RsaKey, SharedKey};

use super::shell::{Shell, assert_says};

#[tokio::test]
async fn records_are_added_listed_and_shown_without_their_keys() {
    let shell = Shell::with_records().await;
    // The clean layout: a record for each.
    shell.run(&["cert", "add", "acme/own", "--certificate", "@alipay.crt", "--display-name", "Alipay"]).await.done();
    shell.run(&["cert", "add", "acme/roots", "--certificate", "@roots.crt"]).await.done();

    let list = shell.run(&["cert", "list"]).await.done();
    assert_says(&list, &["admin/app  version 1, until 2046-01-01", "acme/own", "acme/roots", "4 of 4, page 1 of 1"]);
    let acme = shell.run(&["cert", "list", "--owner", "acme"]).await.done();
    assert_says(&acme, &["acme/own", "acme/roots", "2 of 2, page 1 of 1"]);
    assert!(!acme.contains("admin/"), "{acme}");

    let show = shell.run(&["cert", "show", "admin/app"]).await.done();
    assert_says(&show, &["admin/app", "x509", "CN=2088000000000001-2021000000000001", "RSA pkcs8, 2048 bits, sealed"]);
    assert_says(&show, &["certificate   an X.509 certificate", "private key   an RSA private key"]);
    let roots = shell.run(&["cert", "show", "admin/root"]).await.done();
    assert_says(&roots, &["certificate   a bundle of 2", "private key   a bundle of 2"]);
    let clean = shell.run(&["cert", "show", "acme/roots"]).await.done();
    assert_says(&clean, &["certificate   a bundle of 2", "private key   nothing"]);
    let key = shell.app.material().app_private_key;
    for answer in [list, show] {
        // Any piece of it, wherever it begins.
        let pieces = key.as_bytes().windows(24).map(|piece| std::str::from_utf8(piece).unwrap());
        assert_eq!(pieces.into_iter().find(|piece| answer.contains(piece)), None, "{answer}");
    }

    let clean = ["--set", "rootCert=roots", "--set", "alipayCert=own"];
    let added = shell.add_provider(&clean).await.done();
    assert!(!added.contains("FATAL"), "{added}");
}

#[tokio::test]
async fn a_row_is_added_from_fields_from_a_file_and_from_standard_input() {
    let shell = Shell::with_records().await;
    let public = ["--public-url", "https://login.example.com/id"];
    let added = shell.add_provider(&[["--display-name", "支付宝"].as_slice(), &public].concat()).await.done();
    assert_says(&added, &["acme/alipay", "支付宝", "enabled       yes", "register it at the upstream"]);
    assert_says(&added, &["https://login.example.com/id/callback/acme/alipay"]);

    let config = json!({
        "appId": "2021000000000001", "appCert": "app", "rootCert": "root", "subject": "user_id", "scope": "auth_base",
    });
    let config = config.to_string();
    let from_input = ["provider", "add", "acme/b", "--type", "Alipay", "--config", "-"];
    let added = shell.run_with(&[], &config, &from_input).await.done();
    assert_says(&added, &["acme/b", r#""subject":"user_id""#]);
    shell.write("row.json", &config);
    let from_file = ["provider", "add", "acme/c", "--type", "Alipay", "--config", "@row.json", "--disabled"];
    // A field on the command line comes last.
    let added = shell.run(&[from_file.as_slice(), &["--set", "subject=open_id"]].concat()).await.done();
    assert_says(&added, &["enabled       no", r#""subject":"open_id""#, r#""scope":"auth_base""#]);

    let list = shell.run(&["provider", "list"]).await.done();
    assert_says(&list, &["acme/alipay  Alipay, enabled  http://127.0.0.1:8080/callback/acme/alipay"]);
    assert_says(&list, &["acme/c  Alipay, disabled"]);
    let show = shell.run(&[["provider", "show", "acme/b"].as_slice(), &public].concat()).await.done();
    assert_says(&show, &["callback URL  https://login.example.com/id/callback/acme/b"]);
}

#[tokio::test]
async fn what_exists_is_replaced_only_when_that_is_asked_for() {
    let shell = Shell::with_records().await;
    shell.add_provider(&["--display-name", "支付宝"]).await.done();
    let line = |shown: &str, word: &str| shown.lines().find(|line| line.contains(word)).unwrap().to_owned();
    let record = shell.run(&["cert", "show", "admin/root"]).await.done();
    let row = shell.run(&["provider", "show", "acme/alipay"]).await.done();

    // Alipay has issued its certificate anew; the roots in the other field stay.
    let request = LeafRequest::alipay(shell.app.pid());
    let issued = Authority::shared().unwrap().issue(&request, &RsaKey::shared(SharedKey::Alipay).unwrap()).unwrap();
    shell.write("new.crt", issued.chain_pem());
    let again = ["cert", "add", "admin/root", "--certificate", "@new.crt"];
    let said = shell.run(&again).await.refused();
    assert_says(&said, &["cert record \"admin/root\" exists already; give --replace"]);
    assert_eq!(shell.run(&["cert", "show", "admin/root"]).await.done(), record);
    let replaced = shell.run(&[again.as_slice(), &["--replace"]].concat()).await.done();
    assert_eq!(line(&replaced, "  id "), line(&record, "  id "));
    assert_ne!(line(&replaced, "      serial"), line(&record, "      serial"));
    assert_says(&replaced, &["private key   a bundle of 2 certificates", "version       2"]);

    let said = shell.add_provider(&["--set", "subject=user_id"]).await.refused();
    assert_says(&said, &["provider row \"acme/alipay\" exists already; give --replace"]);
    let replaced = shell.add_provider(&["--set", "subject=user_id", "--replace"]).await.done();
    assert_eq!(line(&replaced, "  id "), line(&row, "  id "));
    assert_says(&replaced, &["支付宝", "\"subject\":\"user_id\"", "version       2", "enabled       yes"]);
    assert!(!replaced.contains("FATAL"), "{replaced}");

    // Whoever mends a row that is switched off does not let people in.
    let replaced = shell.add_provider(&["--replace", "--disabled"]).await.done();
    assert_says(&replaced, &["enabled       no"]);
    let replaced = shell.add_provider(&["--replace"]).await.done();
    assert_says(&replaced, &["enabled       no", "version       4"]);

    let nothing = ["cert", "add", "admin/x", "--certificate", "@app.crt", "--replace"];
    assert_says(&shell.run(&nothing).await.refused(), &["there is no cert record \"admin/x\""]);
}

#[tokio::test]
async fn a_row_is_switched_off_and_on() {
    let shell = Shell::with_records().await;
    shell.add_provider(&[]).await.done();
    for (switch, state) in [("disable", "disabled"), ("enable", "enabled")] {
        shell.run(&["provider", switch, "acme/alipay"]).await.done();
        let list = shell.run(&["provider", "list"]).await.done();
        assert_says(&list, &[&format!("acme/alipay  Alipay, {state}")]);
    }
}
