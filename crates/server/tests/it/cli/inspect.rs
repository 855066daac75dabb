//! `vestibule cert inspect`: what files hold.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use super::shell::{ALIPAY_CERT, APP_CERT, APP_KEY, ROOT_CERT, Said, Shell, assert_says};

#[tokio::test]
async fn inspect_tells_certificates_bundles_and_keys_apart() {
    let shell = Shell::new();
    let root_bundle = shell.app.material().alipay_root_cert;
    let (elliptic_root, _) = root_bundle.split_once("\n\n").unwrap();
    shell.write("elliptic.crt", elliptic_root);

    let files = ["@app.crt", "@app.key", "@alipay.crt", "@roots.crt", "@elliptic.crt"];
    let said = shell.run(&[["cert", "inspect", "--json"].as_slice(), &files].concat()).await;
    let reports = inspected(&said);
    said.done();

    for (report, file) in reports.iter().zip([APP_CERT, APP_KEY, ALIPAY_CERT, ROOT_CERT, "elliptic.crt"]) {
        assert_eq!(keys(report), ["certificates", "error", "file", "key", "kind", "root_sn"]);
        assert_eq!(report["file"], json!(shell.path(file)));
        assert_eq!(report["error"], Value::Null);
    }
    let [app, key, alipay, roots, elliptic] = reports.as_slice() else { panic!("{reports:?}") };

    assert_eq!(app["kind"], "certificate");
    let certificate = &app["certificates"][0];
    assert_eq!(
        keys(certificate),
        ["cert_sn", "issuer", "not_after", "not_before", "serial", "signature_algorithm", "subject"]
    );
    assert_says(certificate["subject"].as_str().unwrap(), &["CN=2088000000000001-2021000000000001"]);
    assert_says(certificate["issuer"].as_str().unwrap(), &["Class 1 R1"]);
    let serial = certificate["serial"].as_str().unwrap();
    assert!(serial.len() > 30 && serial.bytes().all(|digit| digit.is_ascii_digit()), "{serial}");
    assert_eq!(certificate["not_before"], "2020-01-01T00:00:00Z");
    assert_eq!(certificate["not_after"], "2046-01-01T00:00:00Z");
    assert_eq!(certificate["signature_algorithm"], "sha256WithRSAEncryption");
    assert_eq!(certificate["cert_sn"], json!(shell.app.app_certificate().certificate().sn()));
    assert_eq!(app["key"], Value::Null);

    assert_eq!(key["kind"], "private_key");
    assert_eq!(key["certificates"], json!([]));
    assert_eq!(key["root_sn"], Value::Null);
    assert_eq!(key["key"]["form"], "pkcs8");
    assert_eq!(key["key"]["algorithm"], "RSA");
    assert_eq!(key["key"]["bits"], 2048);
    assert_eq!(key["key"]["spki_sha256"].as_str().unwrap().len(), 64);

    assert_eq!(alipay["certificates"].as_array().unwrap().len(), 2);
    assert_eq!(alipay["certificates"][0]["cert_sn"], json!(shell.app.alipay_certificate().certificate().sn()));
    assert_eq!(roots["kind"], "bundle");
    assert_eq!(roots["root_sn"], json!(shell.app.root_cert_sn()));
    // None of its certificates is signed with RSA.
    assert_eq!(elliptic["root_sn"], Value::Null);
    assert_says(elliptic["certificates"][0]["signature_algorithm"].as_str().unwrap(), &["ecdsa"]);
}

#[tokio::test]
async fn people_read_the_number_of_a_root_bundle_where_there_is_one() {
    let shell = Shell::new();
    for (file, shown) in [("@app.crt", false), ("@alipay.crt", false), ("@roots.crt", true)] {
        let text = shell.run(&["cert", "inspect", file]).await.done();
        assert_eq!(text.contains("root_sn"), shown, "{text}");
    }
    let json = shell.run(&["cert", "inspect", "--json", "@app.crt"]).await;
    assert!(inspected(&json)[0]["root_sn"].is_string(), "{}", json.out);
}

#[tokio::test]
async fn text_in_pairs_of_bytes_is_read_with_and_without_a_byte_order_mark() {
    let shell = Shell::new();
    let certificate = shell.app.material().app_cert;
    let pairs = |order: fn(u16) -> [u8; 2]| certificate.encode_utf16().flat_map(order).collect::<Vec<_>>();
    let (little, big) = (pairs(u16::to_le_bytes), pairs(u16::to_be_bytes));
    shell.write("little-marked.crt", [b"\xff\xfe".as_slice(), &little].concat());
    shell.write("big-marked.crt", [b"\xfe\xff".as_slice(), &big].concat());
    shell.write("little.crt", little);
    shell.write("big.crt", big);
    for file in ["@little-marked.crt", "@big-marked.crt", "@little.crt", "@big.crt"] {
        let text = shell.run(&["cert", "inspect", file]).await.done();
        assert_says(&text, &["CN=2088000000000001-2021000000000001"]);
    }
}

#[tokio::test]
async fn a_file_that_cannot_be_read_does_not_stop_the_others() {
    let shell = Shell::new();
    shell.write("noise.bin", (0..=255).rev().collect::<Vec<u8>>());
    shell.write("empty.txt", "");
    shell.write("placeholder.txt", "YOUR KEY HERE");
    let key = shell.app.material().app_private_key;
    shell.write("cut.txt", &key[..key.len() / 2]);
    fs::create_dir(shell.folder.path().join("folder")).unwrap();

    let unreadable = ["@noise.bin", "@empty.txt", "@placeholder.txt", "@cut.txt", "@folder", "@nothing.crt"];
    let files = [["@app.crt"].as_slice(), &unreadable, &["@roots.crt"]].concat();
    let said = shell.run(&[["cert", "inspect", "--json"].as_slice(), &files].concat()).await;
    let reports = inspected(&said);
    assert_eq!(reports.len(), 8);
    for (report, words) in reports[1..7].iter().zip([
        ["neither a certificate nor a key", "PEM"].as_slice(),
        &["is empty"],
        &["placeholder"],
        &["cut off"],
        &["folder", "directory"],
        &["nothing.crt", "No such file"],
    ]) {
        assert_says(report["error"].as_str().unwrap_or_else(|| panic!("{report}")), words);
        assert_eq!(report["kind"], Value::Null);
        assert_eq!(report["certificates"], json!([]));
        assert_eq!((&report["root_sn"], &report["key"]), (&Value::Null, &Value::Null));
    }
    assert_eq!(reports[7]["root_sn"], json!(shell.app.root_cert_sn()));
    assert_says(&said.refused(), &["6 of 8 files could not be read"]);

    let text = shell.run(&[["cert", "inspect"].as_slice(), &files].concat()).await.refused();
    assert_says(&text, &["an app certificate (2088000000000001-2021000000000001)", "cannot be read: is empty"]);
    assert_says(&text, &["the root bundle", shell.app.root_cert_sn(), shell.app.app_certificate().certificate().sn()]);
    // Nothing was stored for that.
    assert!(!Path::new(&shell.data()).exists());
}

#[tokio::test]
async fn every_certificate_of_the_shared_test_data_has_the_serial_numbers_that_java_computes() {
    let Some(folder) = vestibule_testkit::fixtures("serial numbers on the command line") else { return };
    let folder = folder.join("alipay");
    let expected = |name: &str| -> Value { serde_json::from_slice(&fs::read(folder.join(name)).unwrap()).unwrap() };
    // File, cert_sn of its first certificate, root_sn.
    let mut cases: Vec<(String, Option<String>, Value)> = Vec::new();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    for case in expected("certs/expected.json").as_array().unwrap() {
        cases.push((text(&case["file"]), Some(text(&case["cert_sn_first"])), case["root_sn"].clone()));
    }
    for case in expected("odd_dn/expected.json").as_array().unwrap() {
        // There the absence of one is written as a word.
        let root_sn = Some(&case["root_sn_if_in_bundle"]).filter(|sn| *sn != "null").cloned().unwrap_or_default();
        cases.push((format!("odd_dn/{}", text(&case["file"])), Some(text(&case["expected_sn"])), root_sn));
    }
    let bundles = expected("bundles/expected.json");
    for file in bundles["files"].as_array().unwrap() {
        cases.push((format!("bundles/{}", text(file)), None, bundles["expected_root_sn"].clone()));
    }
    assert_eq!(cases.len(), 11 + 23 + 3);

    let shell = Shell::new();
    let files: Vec<String> = cases.iter().map(|(file, ..)| folder.join(file).to_str().unwrap().to_owned()).collect();
    let mut arguments = vec!["cert", "inspect", "--json"];
    arguments.extend(files.iter().map(String::as_str));
    let said = shell.run(&arguments).await;
    let reports = inspected(&said);
    said.done();
    assert_eq!(reports.len(), cases.len());
    for (report, (file, cert_sn, root_sn)) in reports.iter().zip(&cases) {
        assert_eq!(report["root_sn"], *root_sn, "{file}");
        if let Some(cert_sn) = cert_sn {
            assert_eq!(report["certificates"][0]["cert_sn"], json!(cert_sn), "{file}");
        }
    }
}

/// What `cert inspect --json` answered, whether or not every file could be read.
fn inspected(said: &Said) -> Vec<Value> {
    serde_json::from_str(&said.out).unwrap_or_else(|error| panic!("{error}: {}", said.out))
}

/// The names of an object's members, sorted.
fn keys(value: &Value) -> Vec<&str> {
    let mut keys: Vec<_> = value.as_object().unwrap().keys().map(String::as_str).collect();
    keys.sort_unstable();
    keys
}
