//! The command line, as a person at a terminal meets it: what it answers, what it refuses, and whether a refusal says what to do.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use tempfile::TempDir;
use vestibule_alipay_simulator::{AppRegistration, Authority, LeafRequest, RsaKey, SharedKey};

use crate::support::{Program, run_with};

/// A folder with a merchant's files and the data of an installation.
struct Shell {
    folder: TempDir,
    app: AppRegistration,
}

/// What the program said.
struct Said {
    code: Option<i32>,
    out: String,
    err: String,
}

/// The merchant's files, by the names that Alipay's console gives them.
const APP_CERT: &str = "appCertPublicKey.crt";
const APP_KEY: &str = "appPrivateKey.txt";
const ALIPAY_CERT: &str = "alipayCertPublicKey.crt";
const ROOT_CERT: &str = "alipayRootCert.crt";

impl Shell {
    fn new() -> Self {
        let shell = Self { folder: tempfile::tempdir().unwrap(), app: AppRegistration::simulated().unwrap() };
        let material = shell.app.material();
        shell.write(APP_CERT, &material.app_cert);
        shell.write(APP_KEY, &material.app_private_key);
        shell.write(ALIPAY_CERT, &material.alipay_cert);
        shell.write(ROOT_CERT, &material.alipay_root_cert);
        shell
    }

    /// With the two records of Casdoor's guide.
    async fn with_records() -> Self {
        let shell = Self::new();
        shell.run(&["cert", "add", "admin/app", "--certificate", "@app.crt", "--private-key", "@app.key"]).await.done();
        shell
            .run(&["cert", "add", "admin/root", "--certificate", "@alipay.crt", "--private-key", "@roots.crt"])
            .await
            .done();
        shell
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        fs::write(self.folder.path().join(name), content).unwrap();
        self.path(name)
    }

    fn data(&self) -> String {
        self.path("data")
    }

    /// Runs the program with this folder's data. An argument `@name` stands for that file here; `@app.crt`, `@app.key`, `@alipay.crt` and `@roots.crt` for
    /// the merchant's.
    async fn run(&self, arguments: &[&str]) -> Said {
        self.run_with(&[], "", arguments).await
    }

    async fn run_with(&self, environment: &[(&str, &str)], input: &str, arguments: &[&str]) -> Said {
        let data = self.data();
        let environment = [&[("VESTIBULE_DATA_DIR", data.as_str())], environment].concat();
        let arguments = arguments.iter().map(|argument| match argument.strip_prefix('@') {
            Some("app.crt") => self.path(APP_CERT),
            Some("app.key") => self.path(APP_KEY),
            Some("alipay.crt") => self.path(ALIPAY_CERT),
            Some("roots.crt") => self.path(ROOT_CERT),
            Some(name) => self.path(name),
            None => (*argument).to_owned(),
        });
        let output = run_with(&environment, input, arguments).await;
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Said { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    }

    /// `provider add acme/alipay` with a good config, some of it replaced or added.
    async fn add_provider(&self, changes: &[&str]) -> Said {
        let mut arguments = vec!["provider", "add", "acme/alipay", "--type", "Alipay"];
        for field in ["appId=2021000000000001", "appCert=app", "rootCert=root", "subject=open_id"] {
            arguments.extend(["--set", field]);
        }
        arguments.extend(changes);
        self.run(&arguments).await
    }
}

impl Said {
    /// The answer; it must have worked.
    fn done(self) -> String {
        assert_eq!(self.code, Some(0), "{}{}", self.out, self.err);
        self.out
    }

    /// All that was said; it must have been refused, and not by a panic or as a mistyped command (2).
    fn refused(self) -> String {
        assert_eq!(self.code, Some(1), "{}{}", self.out, self.err);
        assert!(self.err.contains("error: "), "{}", self.err);
        format!("{}{}", self.out, self.err)
    }
}

/// Every one of `words` is in `text`.
fn assert_says(text: &str, words: &[&str]) {
    for word in words {
        assert!(text.contains(word), "{word:?} is not in:\n{text}");
    }
}

/// What `cert inspect --json` answered, whether or not every file could be read.
fn inspected(said: &Said) -> Vec<Value> {
    serde_json::from_str(&said.out).unwrap_or_else(|error| panic!("{error}: {}", said.out))
}

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

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
        let mut wanted = ["file", "kind", "certificates", "root_sn", "key", "error"];
        wanted.sort_unstable();
        let mut found = keys(report);
        found.sort_unstable();
        assert_eq!(found, wanted);
        assert_eq!(report["file"], json!(shell.path(file)));
        assert_eq!(report["error"], Value::Null);
    }
    let [app, key, alipay, roots, elliptic] = reports.as_slice() else { panic!("{reports:?}") };

    assert_eq!(app["kind"], "certificate");
    let certificate = &app["certificates"][0];
    let mut wanted =
        ["subject", "issuer", "serial", "not_before", "not_after", "signature_algorithm", "cert_sn"].to_vec();
    wanted.sort_unstable();
    let mut found = keys(certificate);
    found.sort_unstable();
    assert_eq!(found, wanted);
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

#[tokio::test]
async fn records_are_added_listed_and_shown_without_their_keys() {
    let shell = Shell::with_records().await;
    // The clean layout: a record for each.
    shell.run(&["cert", "add", "acme/own", "--certificate", "@alipay.crt", "--display-name", "Alipay"]).await.done();
    shell.run(&["cert", "add", "acme/roots", "--certificate", "@roots.crt"]).await.done();

    let list = shell.run(&["cert", "list"]).await.done();
    assert_says(&list, &["admin/app  certificate: an X.509 certificate, until 2046-01-01", "an RSA private key"]);
    assert_says(&list, &["admin/root  certificate: a bundle of 2", "private key: a bundle of 2"]);
    assert_says(&list, &["acme/own", "acme/roots  certificate: a bundle of 2", "private key: nothing"]);
    let acme = shell.run(&["cert", "list", "--owner", "acme"]).await.done();
    assert_eq!(acme.lines().count(), 2, "{acme}");

    let show = shell.run(&["cert", "show", "admin/app"]).await.done();
    assert_says(&show, &["admin/app", "x509", "CN=2088000000000001-2021000000000001", "RSA pkcs8, 2048 bits, sealed"]);
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
    assert_says(&said, &["cert record \"admin/root\" exists already", "replace it"]);
    assert_eq!(shell.run(&["cert", "show", "admin/root"]).await.done(), record);
    let replaced = shell.run(&[again.as_slice(), &["--replace"]].concat()).await.done();
    assert_eq!(line(&replaced, "  id "), line(&record, "  id "));
    assert_ne!(line(&replaced, "      serial"), line(&record, "      serial"));
    assert_says(&replaced, &["private key   a bundle of 2 certificates", "version       2"]);

    let said = shell.add_provider(&["--set", "subject=user_id"]).await.refused();
    assert_says(&said, &["provider row \"acme/alipay\" exists already", "replace it"]);
    let replaced = shell.add_provider(&["--set", "subject=user_id", "--replace"]).await.done();
    assert_eq!(line(&replaced, "  id "), line(&row, "  id "));
    assert_says(&replaced, &["支付宝", "\"subject\":\"user_id\"", "version       2"]);
    assert!(!replaced.contains("FATAL"), "{replaced}");

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

#[tokio::test]
async fn a_row_that_nobody_could_sign_in_with_is_stored_only_when_that_is_asked_for() {
    let shell = Shell::with_records().await;
    for (change, words) in [
        ("subject=openid", ["\"subject\"", "\"open_id\" for apps made since 2023"].as_slice()),
        ("subject=", &["\"subject\" is missing; set it to \"open_id\"", "\"user_id\"", "\"union_id\""]),
        ("appId=wx1", &["\"appId\"", "16 digits"]),
        (
            "appCert=ap",
            &["\"appCert\"", "neither \"acme\" nor the shared owner \"admin\" has a cert record \"ap\"", "add it"],
        ),
        (
            "alipayCert=app",
            &[
                "the Certificate field of record \"admin/app\" holds an app certificate",
                "alipayCertPublicKey.crt belongs there",
            ],
        ),
        (
            "gatewayUrl=https://gateway.example/gateway.do",
            &["\"gatewayUrl\" is set, but \"environment\" is \"production\"", "remove"],
        ),
        ("environment=prod", &["\"environment\"", "`production`", "`sandbox`"]),
        ("appID=1", &["\"appID\"", "unknown field", "`appId`"]),
    ] {
        let said = shell.add_provider(&["--set", change]).await.refused();
        assert_says(&said, &[["FATAL", "acme/alipay", "was not stored", "--unfinished"].as_slice(), words].concat());
    }
    assert_eq!(shell.run(&["provider", "list"]).await.done(), "");

    let added = shell.add_provider(&["--set", "appCert=ap", "--unfinished"]).await.done();
    assert_says(&added, &["FATAL", "has a cert record \"ap\""]);
    // It says so again whenever it is looked at.
    let shown = shell.run(&["provider", "show", "acme/alipay"]).await.done();
    assert_says(&shown, &["FATAL", "has a cert record \"ap\""]);
    // What no sign-in could ever read is not stored in any case.
    let again = ["provider", "add", "acme/b", "--type", "Alipay", "--unfinished", "--set", "appID=1"];
    assert_says(&shell.run(&again).await.refused(), &["\"acme/b\"", "\"appID\" is not a field", "\"appId\""]);
}

#[tokio::test]
async fn a_refusal_names_what_is_wrong_and_what_to_do() {
    let shell = Shell::with_records().await;
    shell.add_provider(&[]).await.done();
    let key = shell.app.material().app_private_key;
    shell.write("cut.txt", &key[..key.len() - 100]);
    shell.write("stranger.txt", RsaKey::shared(SharedKey::Stranger).unwrap().pkcs8_base64());
    shell.write("noise.bin", (0..=255).rev().collect::<Vec<u8>>());
    shell.write("misspelt.toml", "shared-owner = \"admin\"\nlistn = \"127.0.0.1:80\"\n");
    shell.write("address.toml", "shared-owner = \"admin\"\nlisten = \"localhost\"\n");
    shell.write("notes.txt", "not a key\n");
    let add = ["cert", "add", "admin/x", "--certificate"];
    let row = ["provider", "add", "acme/x", "--type", "Alipay"];
    let cases: &[(&[&str], &[&str])] = &[
        // Names.
        (&["cert", "add", "app", "--certificate", "@app.crt"], &["\"app\" is not a name", "owner/name"]),
        (&["cert", "add", "admin/a?b", "--certificate", "@app.crt"], &["'?'", "use letters"]),
        (&["cert", "show", "admin/nothing"], &["there is no cert record \"admin/nothing\""]),
        (&["provider", "show", "acme/nothing"], &["there is no provider row \"acme/nothing\""]),
        (&["provider", "enable", "acme/nothing"], &["there is no provider row \"acme/nothing\""]),
        // Records.
        (
            &["cert", "add", "admin/app", "--certificate", "@app.crt"],
            &["\"admin/app\" exists already", "choose another name"],
        ),
        (&[add.as_slice(), &["@nothing.crt"]].concat(), &["nothing.crt", "No such file"]),
        (&[add.as_slice(), &["@noise.bin"]].concat(), &["noise.bin\" is no text", "openssl x509 -inform der"]),
        (&["cert", "add", "admin/x"], &["\"admin/x\", field Certificate", "is empty, and so is the Private key field"]),
        (
            &[add.as_slice(), &["@notes.txt"]].concat(),
            &["\"admin/x\", field Certificate", "placeholder", ".crt or .pem file"],
        ),
        (
            &[add.as_slice(), &["@app.key"]].concat(),
            &["field Certificate", "private key", "were the two fields swapped?"],
        ),
        (
            &[add.as_slice(), &["@app.crt", "--private-key", "@cut.txt"]].concat(),
            &["\"admin/x\", field Private key", "cut off"],
        ),
        (
            &[add.as_slice(), &["@app.crt", "--private-key", "@stranger.txt"]].concat(),
            &[
                "\"admin/x\", field Private key",
                "is not the one of the certificate",
                "2088000000000001-2021000000000001",
                "put there",
            ],
        ),
        // Rows.
        (
            &["provider", "add", "acme/alipay", "--type", "alipay"],
            &["type \"alipay\" is not known here", "known types: \"Alipay\""],
        ),
        (&[row.as_slice(), &["--set", "appId"]].concat(), &["--set takes field=value"]),
        (&[row.as_slice(), &["--config", "@nothing.json"]].concat(), &["nothing.json", "No such file"]),
        (&[row.as_slice(), &["--config", "@notes.txt"]].concat(), &["config", "json object"]),
        (
            &[row.as_slice(), &["--config", "@notes.txt", "--set", "appId=1"]].concat(),
            &["config", "json object", "line 1"],
        ),
        // Options.
        (&["--public-url", "login.example.com", "provider", "list"], &["--public-url", "https://"]),
        (
            &["--public-url", "http://login.example.com", "provider", "list"],
            &["--public-url", "must start with \"https://\""],
        ),
        (&["--listen", "0.0.0.0:0", "serve"], &["--public-url is needed", "0.0.0.0", "https://login.example.com"]),
        (&["--allow-upstream", "http://sim/", "provider", "list"], &["--allow-upstream", "host:port"]),
        (&["--allow-return-to", "app", "provider", "list"], &["--allow-return-to", "https://app.example.com"]),
        (&["--log", "[[", "provider", "list"], &["--log", "is no filter", "\"info\""]),
        (
            &["--config-file", "@nothing.toml", "provider", "list"],
            &["configuration file", "nothing.toml", "No such file"],
        ),
        (&["--config-file", "@misspelt.toml", "provider", "list"], &["misspelt.toml\", line 2", "`listn`", "`listen`"]),
        (&["--config-file", "@address.toml", "provider", "list"], &["address.toml\", line 2", "socket address"]),
        (&["--data-dir", "@notes.txt", "provider", "list"], &["data folder", "notes.txt", "--data-dir"]),
        (
            &["--database", "postgres://user:s3cr3t@db/iam", "--master-key-file", "@data/master.key", "cert", "list"],
            &["\"postgres\" is not known here", "\"sqlite\""],
        ),
        (
            &["--database", "sqlite:other.db", "cert", "list"],
            &["master key of your own", "VESTIBULE_MASTER_KEY", "openssl rand"],
        ),
        (
            &["--master-key-file", "@notes.txt", "cert", "list"],
            &["master key", "notes.txt", "64 hex digits or the base64 of 32 bytes", "openssl rand -hex 32"],
        ),
        (&["--master-key-file", "@nothing.key", "cert", "list"], &["master key file", "nothing.key", "No such file"]),
    ];
    for (arguments, words) in cases {
        let said = shell.run(arguments).await.refused();
        assert_says(&said, words);
        assert!(!said.contains("s3cr3t"), "{said}");
    }
    // None of them left anything behind.
    assert_eq!(shell.run(&["cert", "list"]).await.done().lines().count(), 2);
    assert_eq!(shell.run(&["provider", "list"]).await.done().lines().count(), 1);
}

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
