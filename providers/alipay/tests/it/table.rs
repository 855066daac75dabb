//! Mode × sign type × charset × scope: for each a finished sign-in against the simulator, with a nickname that needs the charset.

use std::fmt::Write as _;
use std::sync::Arc;

use vestibule_alipay_simulator::{AppRegistration, Fault, INFO_METHOD, Mode, RsaKey, SharedKey, SignType, Simulator};
use vestibule_http_client::{GuardedClient, Settings};
use vestibule_oauth_provider::{Context, HttpClient, OAuthProvider, Result, UserInfo};
use vestibule_testkit::{FixedClock, StaticCerts};

use crate::house::{self, Login, app, context, guide, now};

/// Who is known to whom by which keys.
#[derive(Clone, Copy)]
struct Keys {
    mode: Mode,
    sign_type: SignType,
    /// Those of 1024 bits.
    small: bool,
}

const KEYS: [Keys; 5] = [
    Keys { mode: Mode::Certificate, sign_type: SignType::Rsa2, small: false },
    Keys { mode: Mode::Certificate, sign_type: SignType::Rsa, small: false },
    Keys { mode: Mode::PublicKey, sign_type: SignType::Rsa2, small: false },
    Keys { mode: Mode::PublicKey, sign_type: SignType::Rsa, small: false },
    Keys { mode: Mode::PublicKey, sign_type: SignType::Rsa, small: true },
];

/// A charset, somebody whose nickname is written in it, and the nickname.
const CHARSETS: [(&str, &str, &str); 4] =
    [("utf-8", "ji", "𠮷"), ("utf-8", "zhangsan", "张三"), ("gbk", "jiong", "囧"), ("gb2312", "zhangsan", "张三")];

impl Keys {
    fn app(self) -> AppRegistration {
        let key = |which| RsaKey::shared(which).unwrap();
        let app = match (self.mode, self.small) {
            (Mode::Certificate, _) => app(),
            (Mode::PublicKey, false) => app().in_public_key_mode(key(SharedKey::App), key(SharedKey::Alipay)),
            (Mode::PublicKey, true) => app().in_public_key_mode(key(SharedKey::SmallApp), key(SharedKey::SmallAlipay)),
        };
        app.signing(self.sign_type)
    }

    /// The members of a row that say all this.
    fn members(self) -> String {
        let sign_type = self.sign_type.name();
        match self.mode {
            Mode::Certificate => format!(r#""appCert":"app-cert","rootCert":"root-cert","signType":"{sign_type}""#),
            Mode::PublicKey => {
                let keys = self.app().key_material();
                format!(
                    r#""privateKey":"{}","alipayPublicKey":"{}","signType":"{sign_type}""#,
                    keys.app_private_key, keys.alipay_public_key
                )
            }
        }
    }

    fn name(self) -> String {
        let mode = match self.mode {
            Mode::Certificate => "certificate",
            Mode::PublicKey => "public-key",
        };
        format!("{mode:<11} | {:<4} | {:<4}", self.sign_type.name(), if self.small { 1024 } else { 2048 })
    }
}

struct Row {
    simulator: Simulator,
    cx: Context,
    provider: Arc<dyn OAuthProvider>,
}

impl Row {
    async fn open(keys: Keys, charset: &str, scope: &str) -> Self {
        let simulator = Simulator::builder().app(keys.app()).clock(Arc::new(now)).start().await.unwrap();
        let host = format!("127.0.0.1:{}", simulator.gateway_url().port().unwrap());
        let settings = Settings { allow: vec![host.parse().unwrap()], ..Settings::default() };
        let http: Arc<dyn HttpClient> = Arc::new(GuardedClient::new(settings).unwrap());
        let certs = match keys.mode {
            Mode::Certificate => guide(&app().material()),
            Mode::PublicKey => StaticCerts::new(),
        };
        let cx = context(certs, http, FixedClock::new());
        let config = format!(
            r#"{{"appId":"{}","subject":"open_id","scope":"{scope}","charset":"{charset}","environment":"custom","authorizeUrl":"{}","gatewayUrl":"{}",{}}}"#,
            AppRegistration::DEFAULT_APP_ID,
            simulator.authorize_url(),
            simulator.gateway_url(),
            keys.members()
        );
        let provider = house::open(&config, &cx).await.unwrap();
        Self { simulator, cx, provider }
    }

    async fn sign_in(&self, user: &str) -> Result<UserInfo> {
        let login = Login::begin(self.provider.as_ref(), &self.cx).await;
        let back = self.simulator.agree(&login.authorization.url, user).unwrap();
        let callback = login.admit(back.query().unwrap(), self.provider.as_ref(), &self.cx);
        house::complete(self.provider.as_ref(), &callback).await
    }
}

#[tokio::test]
async fn every_mode_signs_in_with_every_sign_type_in_every_charset_and_scope() {
    let mut table = "mode        | sign | bits | charset | scope     | calls | nickname\n".to_owned();
    for keys in KEYS {
        for (charset, user, nick_name) in CHARSETS {
            for (scope, calls, expected) in [("auth_user", 2, Some(nick_name)), ("auth_base", 1, None)] {
                let row = Row::open(keys, charset, scope).await;
                let person =
                    row.sign_in(user).await.unwrap_or_else(|error| panic!("{} {charset}: {error}", keys.name()));
                assert_eq!(person.name.as_deref(), expected);
                let open_id = &row.simulator.users().iter().find(|known| known.key == user).unwrap().open_id;
                assert_eq!(&person.subject.value, open_id);
                let requests = row.simulator.requests();
                assert_eq!(requests.len(), calls);
                for request in &requests {
                    let content_type = format!("application/x-www-form-urlencoded;charset={charset}");
                    assert_eq!(request.content_type(), Some(content_type.as_str()));
                    assert_eq!(request.query_parameter("charset"), Some(charset));
                    assert_eq!(request.query_parameter("sign_type"), Some(keys.sign_type.name()));
                    for name in ["app_cert_sn", "alipay_root_cert_sn"] {
                        assert_eq!(request.parameter(name).is_some(), keys.mode == Mode::Certificate, "{name}");
                    }
                }
                let nick_name = expected.unwrap_or("-");
                writeln!(table, "{} | {charset:<7} | {scope:<9} | {calls}     | {nick_name}", keys.name()).unwrap();
                row.simulator.shutdown().await;
            }
        }
    }
    assert_eq!(table.lines().count(), 1 + KEYS.len() * CHARSETS.len() * 2);
    println!("{table}");
}

#[tokio::test]
async fn an_answer_in_gbk_is_read_also_where_utf_8_was_asked_for() {
    for keys in KEYS {
        let row = Row::open(keys, "utf-8", "auth_user").await;
        row.simulator.set_fault(Fault::InGbk.on_method(INFO_METHOD));
        assert_eq!(row.sign_in("zhangsan").await.unwrap().name.as_deref(), Some("张三"));
    }
}

#[tokio::test]
async fn in_no_mode_is_an_answer_believed_that_alipay_has_not_signed() {
    for keys in KEYS {
        for (fault, said) in [
            (Fault::OneByteChanged, "signature was not made by the key"),
            (Fault::SignedByAnotherKey, "signature was not made by the key"),
            (Fault::UnsignedSuccess, "not signed"),
        ] {
            let row = Row::open(keys, "gbk", "auth_user").await;
            row.simulator.set_fault(fault);
            let error = row.sign_in("jiong").await.unwrap_err();
            assert!(error.message().contains(said), "{}: {error}", keys.name());
            if keys.mode == Mode::PublicKey {
                assert!(!error.message().contains("certificate"), "{error}");
            }
        }
    }
}

#[tokio::test]
async fn a_console_that_has_the_app_in_another_mode_is_named() {
    let [certificate, _, public_key, ..] = KEYS;
    for (row, console, said) in [
        (public_key, certificate, "in certificate mode (证书模式)"),
        (certificate, public_key, "if the console has this app in public-key mode"),
    ] {
        // The row is right, and points at a simulator that has the app otherwise.
        let other = Row::open(row, "utf-8", "auth_user").await;
        let simulator = Simulator::builder()
            .app(console.app())
            .clock(Arc::new(now))
            .listen(([127, 0, 0, 1], other.simulator.gateway_url().port().unwrap()).into());
        let Row { simulator: before, cx, provider } = other;
        before.shutdown().await;
        let there = Row { simulator: simulator.start().await.unwrap(), cx, provider };
        let error = there.sign_in("lilei").await.unwrap_err();
        assert!(error.message().contains(said), "{error}");
    }
}
