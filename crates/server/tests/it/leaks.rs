//! Nothing secret is written down or shown anywhere: not in the database, not in the most verbose log, not to a browser, not on the command line.

use std::path::Path;
use std::process::Output;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use tempfile::TempDir;
use vestibule::Url;
use vestibule_alipay_simulator::{Fault, Simulator};

use crate::support::{APP_CERT, Browser, NAME, OWNER, Program, ROOT_CERT, Tap, authority, config, holds, run};

#[tokio::test]
async fn no_secret_is_in_the_database_the_log_an_answer_or_on_the_command_line() {
    let house = WatchedHouse::open().await;
    let mut browser = house.program.browser();
    let mut secrets = Secrets::default();
    secrets.add_private_key(house.simulator.app().app_key().pkcs8_der());
    secrets.add_master_key(&house.data.path().join("master.key"));
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
    secrets.add_cookies(&browser);
    secrets.add_tokens(&house);

    let mut files = house.database_files("while it runs");
    let WatchedHouse { program, data, .. } = house;
    let (status, log) = program.stop().await;
    assert!(status.success(), "{status}");
    files.extend(read_files(data.path(), "after it ended"));

    let answers = answers(&browser);
    let log = vec![("the log".to_owned(), log.bytes())];
    secrets.are_absent_from(&files, Shown::Nowhere);
    secrets.are_absent_from(&log, Shown::Nowhere);
    secrets.are_absent_from(&printed, Shown::Nowhere);
    secrets.are_absent_from(&answers, Shown::ToTheBrowserThatHasThem);

    // The same search finds what is to be there.
    let app_id = vestibule_alipay_simulator::AppRegistration::DEFAULT_APP_ID;
    for (places, there) in [(&files, app_id), (&log, "login completed"), (&printed, app_id), (&answers, "张三")] {
        assert!(places.iter().any(|(_, bytes)| holds(bytes, there.as_bytes())), "{there}");
    }
    for there in ["login completed", "login failed", "login not completed", "upstream answered", "TRACE"] {
        assert!(holds(&log[0].1, there.as_bytes()), "{there}");
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
    data: TempDir,
    printed: Places,
}

impl WatchedHouse {
    async fn open() -> Self {
        let simulator = Simulator::builder().start().await.unwrap();
        let gateway = simulator.gateway_url();
        let tap = Tap::before(*gateway.socket_addrs(|| None).unwrap().first().unwrap()).await;
        let (data, files) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
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
            printed.extend(succeeded("cert add", verbose(data.path(), &add).await));
        }
        // A key that is cut off is refused, and not repeated.
        let half = file("half.txt", &material.app_private_key[..material.app_private_key.len() - 100]);
        let add = ["cert", "add", "admin/half", "--certificate", &records[0].1, "--private-key", &half];
        let refused = verbose(data.path(), &add).await;
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
        printed.extend(succeeded("provider add", verbose(data.path(), &add).await));

        let options = ["--log", "trace", "--allow-upstream", &tapped, "--allow-upstream", &allowed];
        let program = Program::serve(data.path(), &options).await;
        Self { simulator, tap, program, data, printed }
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
            &["provider", "list"],
            &["provider", "show", "acme/alipay", "--allow-upstream", "127.0.0.1"],
        ] {
            printed.extend(succeeded(&looked.join(" "), verbose(self.data.path(), looked).await));
        }
        assert!(printed.iter().any(|(_, bytes)| holds(bytes, format!("{OWNER}/{NAME}").as_bytes())));
        printed
    }

    fn database_files(&self, when: &str) -> Places {
        let files = read_files(self.data.path(), when);
        assert!(files.iter().any(|(name, _)| name.contains("-wal")), "{:?}", names(&files));
        files
    }
}

async fn verbose(data: &Path, arguments: &[&str]) -> Output {
    run([arguments, &["--log", "trace", "--data-dir", data.to_str().unwrap()]].concat()).await
}

fn succeeded(what: &str, output: Output) -> Places {
    assert!(output.status.success(), "{what}: {}", String::from_utf8_lossy(&output.stderr));
    outputs(what, output)
}

fn outputs(what: &str, output: Output) -> Places {
    vec![(format!("{what}, out"), output.stdout), (format!("{what}, log"), output.stderr)]
}

/// The files of the database; the master key has one of its own.
fn read_files(folder: &Path, when: &str) -> Places {
    let mut files = Places::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        if name != "master.key" {
            files.push((format!("{name}, {when}"), std::fs::read(entry.path()).unwrap()));
        }
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

/// To whom the places are shown that are searched.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shown {
    Nowhere,
    /// A browser is sent its own cookies and states, and nothing else.
    ToTheBrowserThatHasThem,
}

/// What must not be found: a name, the bytes, and whether the browser has it.
#[derive(Default)]
struct Secrets(Vec<(String, Vec<u8>, bool)>);

impl Secrets {
    fn add(&mut self, name: impl Into<String>, bytes: impl Into<Vec<u8>>) {
        let bytes = bytes.into();
        assert!(bytes.len() >= 16, "too short to be found by nothing but itself");
        self.0.push((name.into(), bytes, false));
    }

    fn add_browsers(&mut self, name: &str, text: &str) {
        assert!(text.len() >= 16, "{name} is too short to be found by nothing but itself");
        self.0.push((name.to_owned(), text.as_bytes().to_owned(), true));
    }

    /// The key in every form and, of what makes it private, each part on its own.
    fn add_private_key(&mut self, pkcs8: &[u8]) {
        let (_, info, _) = tlv(pkcs8);
        let (_, _, rest) = tlv(info);
        let (_, _, rest) = tlv(rest);
        let (_, pkcs1, _) = tlv(rest);
        let (_, numbers, _) = tlv(pkcs1);
        let (_, _, rest) = tlv(numbers);
        let (_, _, rest) = tlv(rest);
        let (_, _, mut private) = tlv(rest);
        let public = pkcs8.len() - private.len();
        for (form, der) in [("PKCS#8", pkcs8), ("PKCS#1", pkcs1)] {
            let text = STANDARD.encode(der);
            self.add(format!("{form} DER"), der);
            self.add(format!("{form} base64"), text.as_bytes());
            // Lines of the modulus may stand in the certificate as well.
            for line in text.as_bytes().chunks_exact(64).skip((public / 48) + 1) {
                self.add(format!("line of {form} base64"), line);
            }
        }
        for name in ["d", "p", "q", "d mod p-1", "d mod q-1", "q^-1 mod p"] {
            let (tag, number, rest) = tlv(private);
            assert_eq!(tag, 2, "an INTEGER");
            self.add(name, number);
            self.add(format!("half of {name}"), &number[number.len() / 2..]);
            let hex: String = number[1..].iter().map(|byte| format!("{byte:02x}")).collect();
            self.add(format!("{name} in hex"), hex);
            private = rest;
        }
    }

    fn add_master_key(&mut self, file: &Path) {
        let text = std::fs::read_to_string(file).unwrap();
        let text = text.lines().map(str::trim).rfind(|line| !line.is_empty() && !line.starts_with('#')).unwrap();
        let bytes = match text.len() {
            64 => (0..32).map(|at| u8::from_str_radix(&text[2 * at..2 * at + 2], 16).unwrap()).collect(),
            _ => STANDARD.decode(text).unwrap(),
        };
        assert_eq!(bytes.len(), 32);
        self.add("master key in base64", STANDARD.encode(&bytes));
        self.add("master key in hex", bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>());
        self.add("master key in its file's form", text);
        self.add("master key", bytes);
    }

    fn add_state(&mut self, authorize: &Url) {
        self.add_browsers("state", &parameter(authorize, "state"));
    }

    fn add_code(&mut self, callback: &Url) -> String {
        let code = parameter(callback, "auth_code");
        self.add("auth_code", code.as_bytes());
        code
    }

    fn add_cookies(&mut self, browser: &Browser) {
        assert!(browser.cookie_values().len() > 10);
        for value in browser.cookie_values() {
            self.add_browsers("cookie value", value);
        }
    }

    /// As they went over the wire.
    fn add_tokens(&mut self, house: &WatchedHouse) {
        let said = String::from_utf8_lossy(&house.tap.said()).into_owned();
        for name in ["access_token", "refresh_token"] {
            let tokens: Vec<_> = said.split(&format!("\"{name}\":\"")).skip(1).collect();
            assert!(tokens.len() > 5, "{} times {name}", tokens.len());
            for token in tokens {
                self.add(name, token.split('"').next().unwrap());
            }
        }
        let requests = house.simulator.requests();
        for token in requests.iter().filter_map(|request| request.parameter("auth_token")) {
            assert!(self.0.iter().any(|(_, bytes, _)| bytes == token.as_bytes()), "the tap missed a token");
        }
        let codes: Vec<_> = requests.iter().filter_map(|request| request.parameter("code")).collect();
        assert!(codes.len() > 10, "codes reached the gateway");
        for code in codes {
            assert!(self.0.iter().any(|(_, bytes, _)| bytes == code.as_bytes()));
        }
    }

    fn are_absent_from(&self, places: &Places, shown: Shown) {
        let mut found = Vec::new();
        for (secret, bytes, browsers) in &self.0 {
            if *browsers && shown == Shown::ToTheBrowserThatHasThem {
                continue;
            }
            found.extend(places.iter().filter(|(_, place)| holds(place, bytes)).map(|(name, _)| (secret, name)));
        }
        assert!(found.is_empty(), "{found:?}");
    }
}

fn parameter(url: &Url, name: &str) -> String {
    let (_, value) = url.query_pairs().find(|(found, _)| found == name).unwrap();
    value.into_owned()
}

/// Tag, content and what follows, of DER (X.690 section 8.1).
fn tlv(der: &[u8]) -> (u8, &[u8], &[u8]) {
    let (length, at) = match der[1] {
        short @ 0..0x80 => (usize::from(short), 2),
        long => {
            let octets = usize::from(long & 0x7f);
            (der[2..2 + octets].iter().fold(0, |length, octet| length << 8 | usize::from(*octet)), 2 + octets)
        }
    };
    (der[0], &der[at..at + length], &der[at + length..])
}
