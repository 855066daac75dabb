//! Every refusal of the gateway: its code, its node, and whether it is signed.

use std::time::{Duration, SystemTime};

use serde_json::Value;
use vestibule_alipay_simulator::{AppRegistration, Authority, LeafRequest, RsaKey, SharedKey, Simulator};

use crate::client::{
    Call, NOW, Reply, TestClock, access_token_of, authorize_url, code_of, cut, is_authentic, parameter, send, sign,
    start, start_with,
};

const TOKEN_NODE: &str = "alipay_system_oauth_token_response";

#[derive(Debug, PartialEq, Eq)]
enum Seal {
    Authentic,
    Unsigned,
}

fn assert_refused(simulator: &Simulator, reply: &Reply, node: &str, code: &str, sub_code: &str, seal: &Seal) -> Value {
    assert_eq!(reply.status, 200);
    assert_eq!(reply.headers["content-type"], "text/html;charset=utf-8");
    let answer = cut(reply.text());
    let error: Value = serde_json::from_str(answer.node).unwrap();
    assert_eq!(
        (answer.name, error["code"].as_str(), error["sub_code"].as_str()),
        (node, Some(code), Some(sub_code)),
        "{}",
        reply.text()
    );
    match seal {
        Seal::Authentic => assert!(is_authentic(simulator.app(), &answer), "{}", reply.text()),
        Seal::Unsigned => assert!(answer.sign.is_none() && answer.cert_sn.is_none(), "{}", reply.text()),
    }
    assert_eq!(simulator.requests().last().unwrap().outcome(), sub_code);
    error
}

#[tokio::test]
async fn a_public_parameter_that_is_missing_or_wrong_is_named() {
    let simulator = start().await;
    let call = Call::token(simulator.app(), &code_of(&simulator, "lilei"));
    let stranger = "00000000000000000000000000000000";
    let cases = [
        (call.clone().without("format").with("format", "XML"), "40002", "isv.invalid-format"),
        (call.clone().without("version"), "40001", "isv.missing-version"),
        (call.clone().with("version", "2.0"), "40002", "isv.invalid-parameter"),
        (call.clone().without("sign_type"), "40001", "isv.missing-signature-type"),
        (call.clone().with("sign_type", "RSA"), "40003", "isv.missing-signature-config"),
        (call.clone().with("sign_type", "SM2"), "40002", "isv.invalid-signature-type"),
        (call.clone().without("timestamp"), "40001", "isv.missing-timestamp"),
        (call.clone().with("timestamp", "2026-11-21 16:30:00"), "40002", "isv.invalid-timestamp"),
        (call.clone().with("timestamp", "2026-11-22 00:19:59"), "40002", "isv.invalid-timestamp"),
        (call.clone().with("timestamp", "2026-11-22 00:40:01"), "40002", "isv.invalid-timestamp"),
        (call.clone().with("timestamp", "1795278600"), "40002", "isv.invalid-timestamp"),
        (call.clone().without("app_cert_sn"), "40001", "isv.missing-app-cert-sn"),
        (call.clone().with("app_cert_sn", stranger), "40002", "isv.app-cert-not-exist"),
        (call.clone().without("alipay_root_cert_sn"), "40001", "isv.missing-alipay-root-cert-sn"),
        (call.clone().with("alipay_root_cert_sn", stranger), "40002", "isv.invalid-alipay-root-cert-sn"),
        (call.clone().with("grant_type", "password"), "40002", "isv.grant-type-invalid"),
    ];
    for (call, code, sub_code) in cases {
        let reply = call.send(&simulator).await;
        assert_refused(&simulator, &reply, TOKEN_NODE, code, sub_code, &Seal::Authentic);
    }
    let reply = call.clone().try_send(&simulator).await.unwrap();
    assert_refused(&simulator, &reply, TOKEN_NODE, "40001", "isv.missing-signature", &Seal::Authentic);

    // None of the refusals has used up the code.
    let reply = call.with("timestamp", "2026-11-22 00:20:00").send(&simulator).await;
    assert_eq!(simulator.requests().last().unwrap().outcome(), "ok", "{}", reply.text());
}

#[tokio::test]
async fn before_the_application_is_known_nothing_is_signed() {
    let simulator = start().await;
    let call = Call::token(simulator.app(), "x");
    let reply = call.clone().with("app_id", "2021000000009999").send(&simulator).await;
    assert_refused(&simulator, &reply, TOKEN_NODE, "40002", "isv.invalid-app-id", &Seal::Unsigned);
    let reply = call.clone().without("app_id").send(&simulator).await;
    assert_refused(&simulator, &reply, TOKEN_NODE, "40001", "isv.missing-app-id", &Seal::Unsigned);
    let reply = call.clone().without("app_id").without("method").send(&simulator).await;
    assert_refused(&simulator, &reply, "error_response", "40001", "isv.missing-app-id", &Seal::Unsigned);
}

#[tokio::test]
async fn a_method_that_is_missing_or_unknown_is_answered_in_an_error_response() {
    let simulator = start().await;
    let call = Call::token(simulator.app(), "x");
    let reply = call.clone().without("method").send(&simulator).await;
    assert_refused(&simulator, &reply, "error_response", "40001", "isv.missing-method", &Seal::Authentic);
    let reply = call.clone().with("method", "alipay.trade.pay").send(&simulator).await;
    assert_refused(&simulator, &reply, "error_response", "40002", "isv.invalid-method", &Seal::Authentic);
}

#[tokio::test]
async fn charsets_that_are_unknown_or_contradict_each_other_are_refused() {
    let simulator = start().await;
    let call = Call::token(simulator.app(), &code_of(&simulator, "lilei"));
    let header = |charset: &str| Call {
        content_type: format!("application/x-www-form-urlencoded;charset={charset}"),
        ..call.clone()
    };
    for call in [
        call.clone().with("charset", "gbk"),
        header("GBK"),
        header("big5"),
        header("big5").without("charset"),
        call.clone().with("charset", "big5"),
    ] {
        let reply = call.send(&simulator).await;
        assert_refused(&simulator, &reply, "error_response", "40002", "isv.invalid-charset", &Seal::Unsigned);
    }
    // Either place will do.
    let silent = Call { content_type: "application/x-www-form-urlencoded".to_owned(), ..call.clone() };
    for call in [silent, call.without("charset")] {
        let reply = call.with("code", &code_of(&simulator, "lilei")).send(&simulator).await;
        assert_eq!(simulator.requests().last().unwrap().outcome(), "ok", "{}", reply.text());
    }
}

#[tokio::test]
async fn parameters_that_come_twice_or_cannot_be_decoded_are_refused() {
    let simulator = start().await;
    let call = Call::token(simulator.app(), "x");
    let mut doubled = call.clone().signed();
    doubled.body.push(("app_id".to_owned(), simulator.app().app_id().to_owned()));
    let reply = doubled.try_send(&simulator).await.unwrap();
    assert_refused(&simulator, &reply, "error_response", "40002", "isv.invalid-parameter", &Seal::Unsigned);

    let json = Call { content_type: "application/json;charset=utf-8".to_owned(), ..call.clone() };
    let reply = json.send(&simulator).await;
    assert_refused(&simulator, &reply, "error_response", "40002", "isv.invalid-parameter", &Seal::Unsigned);

    let (url, _) = call.signed().url_and_body(&simulator.gateway_url());
    let reply = send("POST", &url, Some("application/x-www-form-urlencoded"), b"code=%d5%c5").await.unwrap();
    assert_refused(&simulator, &reply, "error_response", "40002", "isv.invalid-parameter", &Seal::Unsigned);
}

#[tokio::test]
async fn a_wrong_signature_is_answered_with_the_string_to_sign() {
    let simulator = start().await;
    let code = code_of(&simulator, "lilei");
    let call = Call::token(simulator.app(), &code);
    let strangers =
        Call { key: RsaKey::shared(SharedKey::Stranger).unwrap().pkcs8_der().to_vec(), ..call.clone() }.signed();
    let tampered = call.clone().signed().with("format", "json");
    let no_base64 = call.clone().with("sign", "*");
    let of_other_text = call.clone().with("sign", &sign(&call.key, "app_id=1"));
    for call in [strangers, tampered, no_base64, of_other_text] {
        let reply = call.try_send(&simulator).await.unwrap();
        let error = assert_refused(&simulator, &reply, TOKEN_NODE, "40002", "isv.invalid-signature", &Seal::Authentic);
        let message = error["sub_msg"].as_str().unwrap();
        assert!(message.ends_with(&call.string_to_sign().replace('&', "&amp;")), "{message}");
        assert!(message.contains(&code));
    }
    // A key whose name begins another's: sorting by name, not by the joined text.
    let reply = call.with("code1", "extra").send(&simulator).await;
    assert_eq!(simulator.requests().last().unwrap().outcome(), "ok", "{}", reply.text());
}

#[tokio::test]
async fn a_token_tells_a_profile_only_to_its_application_within_its_time_and_scope() {
    let clock = TestClock::new();
    let app = AppRegistration::simulated().unwrap();
    let other =
        AppRegistration::new(Authority::shared().unwrap(), "2021000000000002", AppRegistration::DEFAULT_PID).unwrap();
    let simulator = start_with(|builder| builder.clock(clock.clock()).app(app).app(other.clone())).await;
    let node = "alipay_user_info_share_response";
    let token = access_token_of(&simulator, "lilei").await;

    let reply = Call::info(&other, &token).send(&simulator).await;
    assert_refused_by(&simulator, &other, &reply, "isv.invalid-app-id");
    for bad in ["", "authusrBinvented"] {
        let reply = Call::info(simulator.app(), bad).send(&simulator).await;
        assert_refused(&simulator, &reply, node, "20001", "aop.invalid-auth-token", &Seal::Authentic);
    }

    let silent = simulator.agree(&authorize_url(&simulator, &[("scope", Some("auth_base"))]), "lilei").unwrap();
    let reply = Call::token(simulator.app(), &parameter(&silent, "auth_code").unwrap()).send(&simulator).await;
    let base_token = reply.json()[TOKEN_NODE]["access_token"].as_str().unwrap().to_owned();
    let reply = Call::info(simulator.app(), &base_token).send(&simulator).await;
    assert_refused(&simulator, &reply, node, "20001", "aop.invalid-auth-token", &Seal::Authentic);

    clock.advance(1_296_000);
    let reply = Call::info(simulator.app(), &token).with("timestamp", "2026-12-07 00:30:00").send(&simulator).await;
    assert_refused(&simulator, &reply, node, "20001", "aop.auth-token-time-out", &Seal::Authentic);
}

fn assert_refused_by(simulator: &Simulator, app: &AppRegistration, reply: &Reply, sub_code: &str) {
    assert!(is_authentic(app, &cut(reply.text())), "{}", reply.text());
    assert_eq!(simulator.requests().last().unwrap().outcome(), sub_code);
}

#[tokio::test]
async fn an_application_certificate_that_has_expired_is_refused() {
    let key = RsaKey::shared(SharedKey::App).unwrap();
    let at = |seconds: u64| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
    let request = LeafRequest::app(AppRegistration::DEFAULT_PID, AppRegistration::DEFAULT_APP_ID)
        .valid(at(NOW - 86_400), at(NOW - 1));
    let certificate = Authority::shared().unwrap().issue(&request, &key).unwrap();
    let app = AppRegistration::simulated().unwrap().with_app_certificate(key, certificate);
    let simulator = start_with(|builder| builder.app(app)).await;
    let reply = Call::token(simulator.app(), "x").send(&simulator).await;
    assert_refused(&simulator, &reply, TOKEN_NODE, "40002", "isv.app-cert-expired", &Seal::Authentic);
}
