//! A sign-in from the authorize page to the profile.

use std::time::Duration;

use vestibule_alipay_simulator::{AppRegistration, Authority, Simulator, TestUser};

use crate::client::{
    Call, TestClock, access_token_of, authorize_url, code_of, cut, is_authentic, parameter, start, start_with,
};

#[tokio::test]
async fn a_person_agrees_and_the_gateway_tells_who_it_is() {
    let simulator = start().await;
    let app = simulator.app();

    let callback = simulator.agree(&authorize_url(&simulator, &[]), "zhangsan").unwrap();
    assert!(
        callback.as_str().starts_with("http://127.0.0.1:8000/callback/admin/alipay?keep=1&app_id=2021000000000001&"),
        "{callback}"
    );
    assert_eq!(parameter(&callback, "source").as_deref(), Some("alipay_wallet"));
    assert_eq!(parameter(&callback, "scope").as_deref(), Some("auth_user"));
    assert_eq!(parameter(&callback, "state").as_deref(), Some("5fa1"));
    let code = parameter(&callback, "auth_code").unwrap();
    assert_eq!(code.len(), 32);

    let reply = Call::token(app, &code).send(&simulator).await;
    assert_eq!(reply.status, 200);
    assert_eq!(reply.headers["content-type"], "text/html;charset=utf-8");
    assert_eq!(reply.headers["trace_id"].len(), 32);
    let answer = cut(reply.text());
    assert_eq!(answer.name, "alipay_system_oauth_token_response");
    assert_eq!(answer.cert_sn, Some(app.alipay_certificate().certificate().sn()));
    assert!(is_authentic(app, &answer));
    let token = reply.json()["alipay_system_oauth_token_response"].clone();
    assert_eq!(token["user_id"], "2088102104794936");
    assert_eq!(token["auth_start"], "2026-11-22 00:30:00");
    assert_eq!(token["expires_in"], 1_296_000);
    assert_eq!(token["code"], serde_json::Value::Null);

    let reply = Call::info(app, token["access_token"].as_str().unwrap()).send(&simulator).await;
    let answer = cut(reply.text());
    assert_eq!(answer.name, "alipay_user_info_share_response");
    assert!(is_authentic(app, &answer));
    assert!(answer.node.contains(r#""avatar":"http:\/\/127.0.0.1:"#), "{}", answer.node);
    let info = reply.json()["alipay_user_info_share_response"].clone();
    assert_eq!(info["code"], "10000");
    assert_eq!(info["nick_name"], "张三");
    assert_eq!(info["open_id"], token["open_id"]);

    let requests = simulator.requests();
    assert_eq!(requests.len(), 2);
    assert_eq!(requests[0].method(), Some("alipay.system.oauth.token"));
    assert_eq!(requests[0].body_parameter("code"), Some(code.as_str()));
    assert_eq!(requests[0].query_parameter("code"), None);
    assert_eq!(requests[1].outcome(), "ok");
    simulator.shutdown().await;
}

#[tokio::test]
async fn people_have_the_ids_that_their_application_may_know() {
    let simulator = start().await;
    for (user, user_id, union_id) in
        [("zhangsan", true, false), ("lilei", true, true), ("hanmeimei", false, false), ("wuming", false, false)]
    {
        let token = access_token_of(&simulator, user).await;
        let info = Call::info(simulator.app(), &token).send(&simulator).await.json()["alipay_user_info_share_response"]
            .clone();
        assert!(info["open_id"].is_string(), "{user}");
        assert_eq!(info["user_id"].is_string(), user_id, "{user}");
        assert_eq!(info["union_id"].is_string(), union_id, "{user}");
        assert_eq!(info["nick_name"].is_string(), user != "wuming", "{user}");
    }
}

#[tokio::test]
async fn a_nickname_of_braces_and_quotes_is_still_one_signed_text() {
    let simulator = start().await;
    let token = access_token_of(&simulator, "braces").await;
    let reply = Call::info(simulator.app(), &token).send(&simulator).await;
    let nick_name = TestUser::all().into_iter().find(|user| user.key == "braces").unwrap().nick_name.unwrap();
    assert_eq!(reply.json()["alipay_user_info_share_response"]["nick_name"], nick_name);
    assert!(is_authentic(simulator.app(), &cut(reply.text())));
}

#[tokio::test]
async fn a_code_is_good_once_for_its_application_and_for_three_minutes() {
    let clock = TestClock::new();
    let other =
        AppRegistration::new(Authority::shared().unwrap(), "2021000000000002", AppRegistration::DEFAULT_PID).unwrap();
    let app = AppRegistration::simulated().unwrap();
    let simulator = start_with(|builder| builder.clock(clock.clock()).app(app).app(other.clone())).await;
    let refused = |reply: crate::client::Reply| reply.json()["error_response"]["sub_code"] == "isv.code-invalid";

    let code = code_of(&simulator, "lilei");
    assert!(refused(Call::token(&other, &code).send(&simulator).await), "of another application");
    assert!(!refused(Call::token(simulator.app(), &code).send(&simulator).await), "the first time");
    assert!(refused(Call::token(simulator.app(), &code).send(&simulator).await), "the second time");
    assert!(
        refused(Call::token(simulator.app(), "0123456789abcdef0123456789abcdef").send(&simulator).await),
        "invented"
    );
    assert!(refused(Call::token(simulator.app(), "").send(&simulator).await), "absent");

    let code = code_of(&simulator, "lilei");
    clock.advance(180);
    assert!(refused(Call::token(simulator.app(), &code).send(&simulator).await), "after three minutes");
}

#[tokio::test]
async fn a_refresh_token_is_good_once_and_is_replaced() {
    let simulator = start().await;
    let code = code_of(&simulator, "lilei");
    let first =
        Call::token(simulator.app(), &code).send(&simulator).await.json()["alipay_system_oauth_token_response"].clone();
    let refresh_token = first["refresh_token"].as_str().unwrap();
    let second = Call::refresh(simulator.app(), refresh_token).send(&simulator).await.json()["alipay_system_oauth_token_response"].clone();
    assert_eq!(second["open_id"], first["open_id"]);
    assert_ne!(second["refresh_token"], first["refresh_token"]);
    let again = Call::refresh(simulator.app(), refresh_token).send(&simulator).await.json();
    assert_eq!(again["alipay_system_oauth_token_response"]["sub_code"], "isv.refreshed-token-invalid");
    let invented = Call::refresh(simulator.app(), "authusrBx").send(&simulator).await.json();
    assert_eq!(invented["alipay_system_oauth_token_response"]["sub_code"], "isv.refresh-token-invalid");
}

#[tokio::test]
async fn a_refusal_comes_back_as_access_denied() {
    let simulator = start().await;
    let callback = simulator.refuse(&authorize_url(&simulator, &[])).unwrap();
    assert_eq!(parameter(&callback, "error").as_deref(), Some("access_denied"));
    assert_eq!(parameter(&callback, "state").as_deref(), Some("5fa1"));
    assert_eq!(parameter(&callback, "auth_code"), None);
}

#[tokio::test]
async fn shutting_down_frees_the_address_and_dropping_does_so_too() {
    let simulator = start().await;
    let address = simulator.gateway_url().socket_addrs(|| None).unwrap()[0];
    simulator.shutdown().await;
    assert!(tokio::net::TcpStream::connect(address).await.is_err());

    drop(Simulator::builder().listen(address).start().await.unwrap());
    let gone = async {
        while tokio::net::TcpStream::connect(address).await.is_ok() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(5), gone).await.unwrap();
}
