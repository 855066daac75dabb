//! Nothing secret is written down or shown anywhere: not in any table of the database, not in the most verbose log, not to a browser, not on the command line.

mod secrets;

use std::path::PathBuf;
use std::process::Output;

use serde_json::json;
use tempfile::TempDir;
use vestibule_alipay_simulator::{Fault, RsaKey, Simulator};
use vestibule_testkit::databases::{TestDatabase, on_every_database};

use self::secrets::{Secrets, Shown};
use crate::support::{
    APP_CERT, Browser, NAME, OWNER, Program, ROOT_CERT, SqlClient, Tap, authority, config, holds, make_key_file,
    new_app_certificate, run,
};

on_every_database! {
    async fn no_secret_is_in_the_database_the_log_an_answer_or_on_the_command_line(database: TestDatabase) {
        let Some(client) = SqlClient::of(&database, "the search for secrets in all tables").await else { return };
        let (house, renewed) = WatchedHouse::open(database).await;
        let mut browser = house.program.browser();
        let mut secrets = Secrets::default();
        for key in [house.simulator.app().app_key(), &renewed] {
            secrets.add_private_key(key.pkcs8_der());
        }
        secrets.add_master_keys(&house.keys);
        let mut printed = house.printed.clone();

        house.walk(&mut browser, &mut secrets, None).await;
        let me = browser.get("/me").await.body;
        assert!(me.contains("张三"), "{me}");
        let authorize = browser.begin().await;
        secrets.add_state(&authorize);
        let refused = house.simulator.refuse(&authorize).unwrap();
        assert_eq!(browser.callback(&refused).await.status, 403);
        for fault in faults() {
            house.walk(&mut browser, &mut secrets, Some(fault)).await;
        }
        house.hear_an_echo(&mut browser, &mut secrets).await;
        let authorize = browser.begin().await;
        secrets.add_state(&authorize);
        let callback = house.simulator.agree(&authorize, "zhangsan").unwrap();
        secrets.add_code(&callback);
        browser.forget_cookies();
        assert_eq!(browser.callback(&callback).await.status, 400);

        printed.extend(house.look_at_everything().await);
        secrets.are_not_in_cookies(&browser);
        secrets.add_cookies(&browser);
        secrets.add_tokens(&house);
        secrets.add_master_keys(&house.keys);

        let mut stored = house.stored(&client, "while it runs").await;
        let WatchedHouse { program, database, .. } = house;
        let (status, log) = program.stop().await;
        assert!(status.success(), "{status}");
        stored.extend(read_files(&database, "after it ended"));

        let answers = answers(&browser);
        let log = vec![("the log".to_owned(), log.bytes())];
        secrets.are_absent_from(&stored, Shown::Nowhere);
        secrets.are_absent_from(&log, Shown::Nowhere);
        secrets.are_absent_from(&printed, Shown::Nowhere);
        secrets.are_absent_from(&answers, Shown::ToTheBrowserThatHasThem);

        // The same search finds what is to be there.
        let app_id = vestibule_alipay_simulator::AppRegistration::DEFAULT_APP_ID;
        for (places, there) in [(&stored, app_id), (&log, "login completed"), (&printed, app_id), (&answers, "张三")] {
            assert!(places.iter().any(|(_, bytes)| holds(bytes, there.as_bytes())), "{there}");
        }
        for there in ["login completed", "login failed", "login not completed", "upstream answered", "TRACE"] {
            assert!(holds(&log[0].1, there.as_bytes()), "{there}");
        }
    }
}

/// Everything that can be wrong with an answer and is over at once.
fn faults() -> Vec<Fault> {
    vec![
        Fault::OneByteChanged,
        Fault::SignedByAnotherKey,
        Fault::UnsignedSuccess,
        Fault::UnsignedError,
        Fault::NoCertSn,
        Fault::Html,
        Fault::CloseWithoutAnswer,
        Fault::EmptyBody,
        Fault::Truncated,
        Fault::TenMegabytes,
        Fault::GzipBomb,
        Fault::DuplicateKey,
        Fault::WrongNode,
        Fault::Redirect,
        Fault::OtherUserInInfo,
        Fault::MissingOpenId,
    ]
}

/// Bytes and where they stood.
type Places = Vec<(String, Vec<u8>)>;

/// A server process at the most verbose level, set up with the command line, and a tap between it and its Alipay.
struct WatchedHouse {
    simulator: Simulator,
    tap: Tap,
    program: Program,
    database: TestDatabase,
    keys: PathBuf,
    printed: Places,
    _data: TempDir,
}

impl WatchedHouse {
    /// The second is the key of a certificate that is switched to while the records are young.
    async fn open(database: TestDatabase) -> (Self, RsaKey) {
        let simulator = Simulator::builder().start().await.unwrap();
        let gateway = simulator.gateway_url();
        let tap = Tap::before(*gateway.socket_addrs(|| None).unwrap().first().unwrap()).await;
        let (data, files) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let keys = make_key_file(data.path()).await;
        let installation = Installation { url: database.url().to_owned(), keys: keys.clone() };
        let mut printed = Places::new();
        let file = |name: &str, text: &str| {
            let path = files.path().join(name);
            std::fs::write(&path, text).unwrap();
            path.to_str().unwrap().to_owned()
        };
        let material = simulator.app().material();
        let records = [
            (APP_CERT, file("app.crt", &material.app_cert), file("app.txt", &material.app_private_key)),
            (ROOT_CERT, file("alipay.crt", &material.alipay_cert), file("root.crt", &material.alipay_root_cert)),
        ];
        for (name, certificate, key) in &records {
            let record = format!("admin/{name}");
            let add = ["cert", "add", &record, "--certificate", certificate, "--private-key", key];
            printed.extend(succeeded("cert add", installation.verbose(&add).await));
        }
        // A key that is cut off is refused, and not repeated.
        let half = file("half.txt", &material.app_private_key[..material.app_private_key.len() - 100]);
        let add = ["cert", "add", "admin/half", "--certificate", &records[0].1, "--private-key", &half];
        let refused = installation.verbose(&add).await;
        assert!(!refused.status.success());
        printed.extend(outputs("cert add of half a key", refused));

        let mut tapped = gateway.clone();
        tapped.set_port(Some(tap.address().port())).unwrap();
        let config = file("config.json", &config(&simulator, json!({ "gatewayUrl": tapped })).to_string());
        let tapped = tap.address().to_string();
        let add =
            ["provider", "add", "acme/alipay", "--type", "Alipay", "--config", &config, "--allow-upstream", &tapped];
        let allowed = authority(&simulator);
        let add = [&add[..], &["--allow-upstream", &allowed]].concat();
        printed.extend(succeeded("provider add", installation.verbose(&add).await));

        let options = ["--log", "trace", "--allow-upstream", &tapped, "--allow-upstream", &allowed];
        let program = Program::serve(data.path(), &[&options[..], &installation.arguments()].concat()).await;

        // A second version, and a history.
        let (key, issued) = new_app_certificate(&simulator);
        let (certificate, private) = (file("new.crt", &issued.pem()), file("new.txt", &key.pkcs8_base64()));
        let stage = ["cert", "stage", "admin/app-cert", "--certificate", &certificate, "--private-key", &private];
        for change in [&stage[..], &["cert", "check", "admin/app-cert"], &["cert", "switch", "admin/app-cert"]] {
            printed.extend(succeeded(&change.join(" "), installation.verbose(change).await));
        }
        (Self { simulator, tap, program, database, keys, printed, _data: data }, key)
    }

    fn installation(&self) -> Installation {
        Installation { url: self.database.url().to_owned(), keys: self.keys.clone() }
    }

    /// A sign-in, which `fault` spoils.
    async fn walk(&self, browser: &mut Browser, secrets: &mut Secrets, fault: Option<Fault>) {
        let authorize = browser.begin().await;
        let callback = self.simulator.agree(&authorize, "zhangsan").unwrap();
        secrets.add_state(&authorize);
        secrets.add_code(&callback);
        let expected = if fault.is_some() { 500..505 } else { 303..304 };
        if let Some(fault) = &fault {
            self.simulator.set_fault(fault.clone());
        }
        let answer = browser.callback(&callback).await;
        assert!(expected.contains(&answer.status), "{fault:?}: {}", answer.status);
        self.simulator.clear_fault();
    }

    /// The gateway's favourite: it says what it would have signed, code included, and in HTML.
    async fn hear_an_echo(&self, browser: &mut Browser, secrets: &mut Secrets) {
        let authorize = browser.begin().await;
        let callback = self.simulator.agree(&authorize, "zhangsan").unwrap();
        secrets.add_state(&authorize);
        let code = secrets.add_code(&callback);
        let sub_msg = format!("验签出错，网关生成的验签字符串为：app_id=1&amp;code={code}&amp;method=x");
        let sub_code = "isv.invalid-signature".to_owned();
        self.simulator.set_fault(Fault::GatewayError { code: "40002".to_owned(), sub_code, sub_msg });
        assert!((500..505).contains(&browser.callback(&callback).await.status));
        self.simulator.clear_fault();
        assert!(holds(&self.tap.said(), format!("code={code}").as_bytes()), "the gateway did echo");
    }

    /// The command line's answers about all that there is, while the server runs.
    async fn look_at_everything(&self) -> Places {
        let mut printed = Places::new();
        for looked in [
            &["cert", "list"][..],
            &["cert", "show", "admin/app-cert"],
            &["cert", "show", "admin/root-cert"],
            &["cert", "history", "admin/app-cert"],
            &["cert", "show", "admin/app-cert", "--json"],
            &["provider", "list"],
            &["provider", "history", "acme/alipay"],
            &["keys", "list"],
            &["keys", "rotate"],
            &["doctor", "--all", "--allow-upstream", "127.0.0.1"],
            &["provider", "show", "acme/alipay", "--allow-upstream", "127.0.0.1"],
        ] {
            printed.extend(succeeded(&looked.join(" "), self.installation().verbose(looked).await));
        }
        assert!(printed.iter().any(|(_, bytes)| holds(bytes, format!("{OWNER}/{NAME}").as_bytes())));
        printed
    }

    /// All that the database has: every row of every table, and the files of one that has files.
    async fn stored(&self, client: &SqlClient, when: &str) -> Places {
        let tables = client.everything().await;
        // What is looked through are rows, of the tables that a secret might come to.
        for there in ["vsealed:1:", "retired", "command line (", NAME] {
            assert!(tables.contains(there), "{there}: {tables}");
        }
        let files = read_files(&self.database, when);
        assert!(files.is_empty() || files.iter().any(|(name, _)| name.contains("-wal")), "{:?}", names(&files));
        [files, vec![(format!("the tables, {when}"), tables.into_bytes())]].concat()
    }
}

/// Where the commands find the installation.
struct Installation {
    url: String,
    keys: PathBuf,
}

impl Installation {
    fn arguments(&self) -> [&str; 4] {
        ["--database", &self.url, "--master-key-file", self.keys.to_str().unwrap()]
    }

    async fn verbose(&self, arguments: &[&str]) -> Output {
        run([arguments, &["--log", "trace"], &self.arguments()].concat()).await
    }
}

fn succeeded(what: &str, output: Output) -> Places {
    assert!(output.status.success(), "{what}: {}", String::from_utf8_lossy(&output.stderr));
    outputs(what, output)
}

fn outputs(what: &str, output: Output) -> Places {
    vec![(format!("{what}, out"), output.stdout), (format!("{what}, log"), output.stderr)]
}

/// The files of the database; none for one on a server.
fn read_files(database: &TestDatabase, when: &str) -> Places {
    let mut files = Places::new();
    let Some(path) = database.path() else { return files };
    for entry in std::fs::read_dir(path.parent().unwrap()).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        files.push((format!("{name}, {when}"), std::fs::read(entry.path()).unwrap()));
    }
    assert!(files.iter().any(|(name, _)| name.starts_with("vestibule.db,")), "{:?}", names(&files));
    files
}

fn answers(browser: &Browser) -> Places {
    let of = |answer: &crate::support::Answered| {
        let mut bytes = answer.body.clone().into_bytes();
        for (name, value) in &answer.headers {
            bytes.extend_from_slice(format!("\n{name}: {value}").as_bytes());
        }
        (format!("answer to {}", answer.url.path()), bytes)
    };
    browser.answered().iter().map(of).collect()
}

fn names(places: &Places) -> Vec<&str> {
    places.iter().map(|(name, _)| name.as_str()).collect()
}
