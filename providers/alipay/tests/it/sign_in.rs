//! Whole logins against the simulator, over loopback, with the real HTTP client; and with every fault that the simulator can make.

use std::time::Duration;

use vestibule_alipay_simulator::{Fault, FaultPlan, INFO_METHOD, RecordedRequest, TOKEN_METHOD};
use vestibule_oauth_provider::{AttemptFault, ErrorKind, Step, SubjectKind};

use crate::house::{self, Login, app};
use crate::world::World;

fn kind(name: &str) -> SubjectKind {
    SubjectKind::new(name)
}

#[tokio::test]
async fn a_login_ends_with_who_it_is() {
    let world = World::with(r#""subject":"open_id""#).await;
    let user = world.sign_in("zhangsan").await.unwrap();
    assert_eq!(user.subject.kind, kind("open_id"));
    assert_eq!(user.subject.value, "074a1CcTG1LelxKe4xQC0zgNdId0nxi95b5lsNpazWYoC01");
    assert_eq!(user.subject.others[&kind("user_id")], "2088102104794936");
    assert_eq!(user.name.as_deref(), Some("张三"));
    assert!(user.avatar.unwrap().as_str().ends_with("/avatars/zhangsan.svg"));
    assert_eq!(user.attributes["city"], "杭州市");
    assert_eq!(user.attributes["gender"], "m");
    assert!(user.email.is_none() && user.phone.is_none());
    world.simulator.shutdown().await;
}

#[tokio::test]
async fn names_that_look_like_syntax_and_profiles_that_are_empty_are_people_too() {
    let world = World::with(r#""subject":"open_id""#).await;
    assert_eq!(world.sign_in("braces").await.unwrap().name.as_deref(), Some(r#"}"a{\","sign":"x=/+&<b>😀"#));
    let nobody = world.sign_in("wuming").await.unwrap();
    assert_eq!((nobody.name, nobody.avatar), (None, None));
    assert!(nobody.attributes.is_empty());
}

#[tokio::test]
async fn requests_have_their_parameters_where_alipay_wants_them() {
    let world = World::with(r#""subject":"open_id""#).await;
    world.sign_in("zhangsan").await.unwrap();
    let requests = world.simulator.requests();
    assert_eq!(requests.iter().map(RecordedRequest::outcome).collect::<Vec<_>>(), ["ok", "ok"]);
    for request in &requests {
        assert_eq!(request.content_type(), Some("application/x-www-form-urlencoded;charset=utf-8"));
        assert_eq!(request.query_parameter("charset"), Some("utf-8"));
        assert_eq!(request.query_parameter("timestamp"), Some("2026-11-22 08:00:00"));
        assert_eq!(request.query_parameter("app_cert_sn"), Some(app().app_certificate().certificate().sn()));
        assert_eq!(request.query_parameter("alipay_root_cert_sn"), Some(app().root_cert_sn()));
        assert!(request.query_parameter("sign").is_some());
    }
    let names = |pairs: &[(String, String)]| pairs.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
    assert_eq!(names(requests[0].body()), ["grant_type", "code"]);
    assert_eq!(names(requests[1].body()), ["auth_token"]);
}

#[tokio::test]
async fn the_subject_is_the_one_that_is_configured_and_never_another() {
    let world = World::with(r#""subject":"union_id""#).await;
    assert_eq!(world.sign_in("lilei").await.unwrap().subject.kind, kind("union_id"));
    let error = world.sign_in("zhangsan").await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Configuration);
    assert!(error.message().contains("but Alipay sent open_id and user_id only"), "{error}");

    let world = World::with(r#""subject":"user_id""#).await;
    let error = world.sign_in("hanmeimei").await.unwrap_err();
    assert!(error.message().contains("Alipay sent open_id only; set \"subject\" to \"open_id\""), "{error}");
    assert!(!error.message().contains("091tXyN4"), "{error}");
}

#[tokio::test]
async fn without_auth_user_nobody_asks_for_a_profile() {
    let world = World::with(r#""subject":"open_id","scope":"auth_base""#).await;
    let user = world.sign_in("zhangsan").await.unwrap();
    assert_eq!(user.name, None);
    assert_eq!(world.simulator.requests().len(), 1);
}

#[tokio::test]
async fn tokens_are_handed_on_with_their_times() {
    let world = World::with(r#""subject":"open_id""#).await;
    let (login, back) = world.callback("zhangsan").await;
    let callback = login.admit(back.query().unwrap(), world.provider.as_ref(), &world.cx);
    let tokens = world.provider.exchange(&callback).await.unwrap();
    assert!(tokens.expires_in.is_some() && tokens.refresh_expires_in.is_some() && tokens.refresh_token.is_some());
    assert_eq!(tokens.attributes["auth_start"], "2026-11-22 08:00:00");
    assert_eq!(tokens.attributes["user_id"], "2088102104794936");

    // The same code once more.
    let error = house::complete(world.provider.as_ref(), &callback).await.unwrap_err();
    let ErrorKind::Upstream(code) = error.kind() else { panic!("{error:?}") };
    assert_eq!((code.sub_code.as_deref(), code.verified), (Some("isv.code-invalid"), true));
    assert!(code.trace_id.is_some());
    assert!(error.message().contains("used twice, expired, or issued for another app_id"), "{error}");
    assert_eq!(error.step(), Some(Step::Exchange));
}

#[tokio::test]
async fn a_callback_that_is_not_ours_is_refused_before_alipay_is_asked() {
    let world = World::with(r#""subject":"open_id""#).await;
    let long = "a".repeat(41);
    for (query, words) in [
        (
            "app_id=2021000000000009&auth_code=abc",
            "the callback is for app_id 2021000000000009, but this row is app_id 2021000000000001",
        ),
        ("app_id=%3Cb%3E&auth_code=abc", "the callback is for app_id that is none"),
        ("app_id=2021000000000001&app_id=2021000000000001&auth_code=abc", "\"app_id\" more than once"),
        ("auth_code=abc&auth_code=abc", "\"auth_code\" more than once"),
        ("", "no \"auth_code\""),
        ("code=abc", "no \"auth_code\""),
        ("auth_code=", "\"auth_code\" is empty"),
        ("auth_code=a%26b", "\"auth_code\" is none of Alipay's"),
        (&format!("auth_code={long}"), "\"auth_code\" is none of Alipay's"),
        ("error=access_denied&auth_code=abc", "refused"),
        ("error_code=<b>", "the error_code \"unreadable\""),
    ] {
        let login = Login::begin(world.provider.as_ref(), &world.cx).await;
        let query = format!("{query}&state={}", login.state());
        let error = world.finish(login, &query).await.unwrap_err();
        assert!(error.message().contains(words), "{error}");
        assert_eq!(error.step(), Some(Step::Callback));
        if query.contains("app_id=2021000000000009") {
            assert_eq!(*error.kind(), ErrorKind::Attempt(AttemptFault::OtherProvider));
        }
    }
    assert!(world.simulator.requests().is_empty());
}

#[tokio::test]
async fn a_person_who_refuses_is_told_apart_from_a_failure() {
    let world = World::with(r#""subject":"open_id""#).await;
    let login = Login::begin(world.provider.as_ref(), &world.cx).await;
    let back = world.simulator.refuse(&login.authorization.url).unwrap();
    let error = world.finish(login, back.query().unwrap()).await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Denied);
}

/// Signs in under each fault, at the first and at the second call.
#[tokio::test]
async fn every_fault_of_the_gateway_has_its_kind_and_its_words() {
    let world = World::patient(r#""subject":"open_id""#, Duration::from_millis(700)).await;
    let cases: [(Fault, ErrorKind, &str); 16] = [
        (Fault::OneByteChanged, ErrorKind::Signature, "the answer was changed on its way"),
        (Fault::SignedByAnotherKey, ErrorKind::Signature, "was not made by the key of the Alipay certificate"),
        (Fault::UnsignedSuccess, ErrorKind::Signature, "the answer is not signed; a success must be"),
        (Fault::NoCertSn, ErrorKind::Signature, "\"alipay_cert_sn\""),
        (Fault::DuplicateKey, ErrorKind::Signature, "the same key twice"),
        (Fault::WrongNode, ErrorKind::Signature, "the answer is not one to this method"),
        (Fault::Html, ErrorKind::Network, "the gateway answered status 502 with something that is not json"),
        (Fault::Redirect, ErrorKind::Network, "the gateway answered status 302"),
        (Fault::EmptyBody, ErrorKind::Network, "the gateway answered status 200 with nothing"),
        (Fault::Truncated, ErrorKind::Network, "the gateway answered status 200 with something that is not json"),
        (Fault::CloseWithoutAnswer, ErrorKind::Network, "127.0.0.1"),
        (Fault::TenMegabytes, ErrorKind::Network, "127.0.0.1"),
        (Fault::GzipBomb, ErrorKind::Network, "127.0.0.1"),
        (Fault::Hang, ErrorKind::Network, "127.0.0.1"),
        (Fault::SlowDrip, ErrorKind::Network, "127.0.0.1"),
        (Fault::OtherUserInInfo, ErrorKind::Signature, "the profile is another user's than the token's"),
    ];
    for (fault, expected, words) in cases {
        for method in [TOKEN_METHOD, INFO_METHOD] {
            if fault == Fault::OtherUserInInfo && method == TOKEN_METHOD {
                continue;
            }
            world.simulator.set_fault(FaultPlan::from(fault.clone()).on_method(method));
            let error = world.sign_in("zhangsan").await.expect_err("refused");
            assert_eq!(*error.kind(), expected, "{fault:?} {method}: {error}");
            assert!(error.message().contains(words), "{fault:?} {method}: {error}");
            assert!(error.message().contains(method), "{fault:?} {method}: {error}");
            let step = if method == TOKEN_METHOD { Step::Exchange } else { Step::UserInfo };
            assert_eq!(error.step(), Some(step));
            for secret in ["authusrB", "auth_token=", "code="] {
                assert!(!error.report().contains(secret), "{}", error.report());
            }
        }
    }
    world.simulator.clear_fault();
    assert!(world.sign_in("zhangsan").await.is_ok());
    assert_eq!(world.simulator.elsewhere_visits(), 0);
}

#[tokio::test]
async fn a_gateway_that_is_down_is_named() {
    let world = World::with(r#""subject":"open_id""#).await;
    let (login, back) = world.callback("zhangsan").await;
    let callback = login.admit(back.query().unwrap(), world.provider.as_ref(), &world.cx);
    world.simulator.shutdown().await;
    let error = world.provider.exchange(&callback).await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Network);
    assert!(error.message().contains("alipay.system.oauth.token: \"gatewayUrl\": the upstream \"127.0.0.1"), "{error}");
}

#[tokio::test]
async fn what_alipay_may_do_does_no_harm() {
    let world = World::with(r#""subject":"open_id""#).await;
    for fault in [Fault::MembersReordered, Fault::OtherCertSn] {
        world.simulator.set_fault(fault.clone());
        assert!(world.sign_in("zhangsan").await.is_ok(), "{fault:?}");
    }
}

#[tokio::test]
async fn alipays_own_errors_are_told_by_code_with_what_to_do() {
    let world = World::with(r#""subject":"open_id""#).await;
    let cases = [
        (Fault::UnsignedError, "20000", "isp.unknow-error", false, "try again"),
        (
            gateway_error("40002", "isv.app-cert-not-exist"),
            "40002",
            "isv.app-cert-not-exist",
            true,
            "does not know app_cert_sn",
        ),
        (gateway_error("40005", "isv.app-call-limited"), "40005", "isv.app-call-limited", true, "wait"),
        (
            gateway_error("40006", "isv.insufficient-isv-permissions"),
            "40006",
            "isv.insufficient-isv-permissions",
            true,
            "获取会员信息",
        ),
    ];
    for (fault, code, sub_code, verified, words) in cases {
        world.simulator.set_fault(fault);
        let error = world.sign_in("zhangsan").await.unwrap_err();
        let ErrorKind::Upstream(upstream) = error.kind() else { panic!("{error:?}") };
        assert_eq!((upstream.code.as_str(), upstream.sub_code.as_deref()), (code, Some(sub_code)));
        assert_eq!(upstream.verified, verified);
        assert!(error.message().contains(words), "{error}");
        assert!(!error.message().contains("s3cr3t"), "{error}");
    }
}

fn gateway_error(code: &str, sub_code: &str) -> Fault {
    Fault::GatewayError { code: code.to_owned(), sub_code: sub_code.to_owned(), sub_msg: "code=s3cr3t".to_owned() }
}

#[tokio::test]
async fn an_answer_without_the_wanted_id_signs_nobody_in() {
    let world = World::with(r#""subject":"open_id""#).await;
    world.simulator.set_fault(Fault::MissingOpenId.on_method(TOKEN_METHOD));
    let error = world.sign_in("zhangsan").await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Configuration);
    assert!(error.message().contains("Alipay sent user_id only; set \"subject\" to \"user_id\""), "{error}");
    let error = world.sign_in("hanmeimei").await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Network);
    assert!(error.message().contains("no id of the user at all"), "{error}");
}
