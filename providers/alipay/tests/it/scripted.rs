//! Answers that the simulator does not give, properly signed, from a script.

use std::io::Write;
use std::sync::{Arc, Mutex};

use vestibule_alipay_simulator::{RsaKey, SharedKey};
use vestibule_oauth_provider::{ErrorKind, HttpResponse, Result, UserInfo};
use vestibule_testkit::{Answer, FixedClock, ScriptedHttp};

use crate::house::{self, Login, app, context, custom, guide, open};

const TOKEN: &str = r#"{"access_token":"authusrBs3cr3t","open_id":"074a1","expires_in":"300"}"#;

/// An answer to one of the two methods, signed with `key`.
pub(crate) fn signed_by(key: &RsaKey, node_name: &str, node: &str, cert_sn: &str) -> String {
    let sign = key.sign_rsa2(node.as_bytes()).unwrap();
    format!(r#"{{"{node_name}":{node},"alipay_cert_sn":"{cert_sn}","sign":"{sign}"}}"#)
}

fn signed(node_name: &str, node: &str, cert_sn: &str) -> String {
    signed_by(&RsaKey::shared(SharedKey::Alipay).unwrap(), node_name, node, cert_sn)
}

fn token(node: &str) -> Answer {
    let app = app();
    Answer::ok(signed("alipay_system_oauth_token_response", node, app.alipay_certificate().certificate().sn()))
}

fn profile(node: &str) -> Answer {
    let app = app();
    Answer::ok(signed("alipay_user_info_share_response", node, app.alipay_certificate().certificate().sn()))
}

async fn sign_in(answers: impl IntoIterator<Item = Answer>) -> Result<UserInfo> {
    let http = Arc::new(ScriptedHttp::new(answers));
    let cx = context(guide(&app().material()), http, FixedClock::new());
    let provider = open(&custom(r#""subject":"open_id""#), &cx).await.unwrap();
    let login = Login::begin(provider.as_ref(), &cx).await;
    let query = format!("auth_code=c0de&state={}", login.state());
    let callback = login.admit(&query, provider.as_ref(), &cx);
    house::complete(provider.as_ref(), &callback).await
}

#[tokio::test]
async fn what_a_profile_tells_is_handed_on_unverified_and_without_papers() {
    let node = r#"{"code":"10000","msg":"Success","open_id":"074a1","nick_name":"张三","email":"a@b.example","mobile":"13800000000",
        "avatar":"https:\/\/tfs.example\/x","gender":"f","user_type":"2","cert_no":"110101199003070000","country_code":7,"new_member":{"a":[]}}"#;
    let user = sign_in([token(TOKEN), profile(node)]).await.unwrap();
    assert!(!user.email.unwrap().verified);
    assert!(!user.phone.unwrap().verified);
    assert_eq!(user.avatar.unwrap().as_str(), "https://tfs.example/x");
    assert_eq!(user.attributes.keys().collect::<Vec<_>>(), ["gender", "user_type"]);
}

#[tokio::test]
async fn a_picture_that_no_browser_should_load_is_dropped() {
    for address in
        ["javascript:alert(1)", "data:image\\/svg+xml,<svg>", "https://user:pass@x.example/", "//x.example/a", ""]
    {
        let node = format!(r#"{{"open_id":"074a1","avatar":"{address}"}}"#);
        assert_eq!(sign_in([token(TOKEN), profile(&node)]).await.unwrap().avatar, None, "{address}");
    }
}

#[tokio::test]
async fn a_signed_answer_under_another_status_is_not_alipays() {
    for status in [201, 302, 404, 503] {
        let Answer::Response(response) = token(TOKEN) else { panic!("a response") };
        let error = sign_in([Answer::Response(HttpResponse { status, ..response })]).await.unwrap_err();
        assert_eq!(*error.kind(), ErrorKind::Network);
        assert!(error.message().contains(&format!("status {status}")), "{error}");
    }
}

#[tokio::test]
async fn a_signed_answer_of_the_wrong_types_is_told_without_its_content() {
    for node in [
        r#"{"access_token":"a","open_id":74103}"#,
        r#"{"access_token":["s3cr3t"]}"#,
        r#"{"access_token":"s3cr3t","expires_in":-1}"#,
    ] {
        let error = sign_in([token(node)]).await.unwrap_err();
        assert_eq!(*error.kind(), ErrorKind::Network);
        assert!(!error.report().contains("s3cr3t") && !error.report().contains("74103"), "{}", error.report());
    }
}

#[tokio::test]
async fn ids_that_are_no_ids_sign_nobody_in() {
    for node in [r#"{"access_token":"a","open_id":""}"#, r#"{"access_token":"a","open_id":"a\u0000b"}"#] {
        assert_eq!(*sign_in([token(node)]).await.unwrap_err().kind(), ErrorKind::Network, "{node}");
    }
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn a_rotated_certificate_is_logged_and_no_secret_is() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing_subscriber::filter::LevelFilter::TRACE)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    let other = "0123456789abcdef0123456789abcdef";
    let answers =
        [Answer::ok(signed("alipay_system_oauth_token_response", TOKEN, other)), profile(r#"{"open_id":"074a1"}"#)];
    {
        let _here = tracing::subscriber::set_default(subscriber);
        sign_in(answers).await.unwrap();
    }
    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(log.contains("WARN") && log.contains(other) && log.contains("acme/alipay"), "{log}");
    assert!(!log.contains("s3cr3t") && !log.contains("c0de"), "{log}");
}
