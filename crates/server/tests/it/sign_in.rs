//! A sign-in from the first page to the last, in one process.

use std::time::Duration;

use serde_json::{Value, json};
use vestibule_alipay_simulator::{AppRegistration, Fault, Simulator};
use vestibule_server::options::Options;

use crate::support::{BY, House, NAME, OWNER, everything_logged};

#[tokio::test]
async fn a_person_signs_in_and_sees_who_they_are() {
    let house = House::open().await;
    let mut browser = house.browser();
    let front = browser.get("/").await;
    assert!(front.body.contains("Sign in with Alipay"), "{}", front.body);

    let me = browser.sign_in(&house.simulator, "zhangsan").await;
    let person = house.simulator.users().iter().find(|user| user.key == "zhangsan").unwrap();
    assert_eq!(me.text_of("name").as_deref(), Some("张三"));
    assert_eq!(me.text_of("subject"), Some(person.open_id.clone()));
    assert_eq!(me.text_of("subject-kind").as_deref(), Some("open_id"));
    assert_eq!(me.text_of("row").as_deref(), Some("acme/alipay"));
    assert_eq!(me.text_of("kind").as_deref(), Some("Alipay"));
    let avatar = house.simulator.gateway_url().join("/avatars/zhangsan").unwrap();
    assert!(me.body.contains(&format!("id=\"avatar\" src=\"{avatar}")), "{}", me.body);

    let front = browser.get("/").await;
    assert!(front.body.contains("You are signed in as <strong>张三</strong>"), "{}", front.body);
}

#[tokio::test]
async fn a_profile_of_which_nothing_is_known_still_signs_in() {
    let house = House::open().await;
    let me = house.browser().sign_in(&house.simulator, "wuming").await;
    assert_eq!(me.text_of("name").as_deref(), Some("Somebody without a name"));
    assert!(!me.body.contains("id=\"avatar\""), "{}", me.body);
}

#[tokio::test]
async fn a_hostile_nickname_stays_text() {
    let house = House::open().await;
    let me = house.browser().sign_in(&house.simulator, "braces").await;
    assert!(!me.body.contains("<b>😀"), "{}", me.body);
    assert!(me.body.contains("b&#62;😀"), "{}", me.body);
}

#[tokio::test]
async fn a_refusal_gets_a_plain_sentence_and_a_way_back() {
    let house = House::open().await;
    let mut browser = house.browser();
    let authorize = browser.begin().await;
    let page = browser.callback(&house.simulator.refuse(&authorize).unwrap()).await;
    assert_eq!(page.status, 403);
    assert!(page.body.contains("You did not agree to share your account, so you are not signed in."), "{}", page.body);
    for way in ["back", "try-again"] {
        assert!(page.body.contains(&format!("id=\"{way}\" href=\"")), "{}", page.body);
    }
    assert!(house.simulator.requests().is_empty(), "a refusal asks the gateway nothing");
    assert_eq!(browser.get("/me").await.status, 401);

    let again = link(&page.body, "try-again");
    let authorize = browser.get(&again).await.location();
    let landed = browser.callback(&house.simulator.agree(&authorize, "zhangsan").unwrap()).await;
    assert_eq!(landed.location().path(), "/me");
}

#[tokio::test]
async fn signing_out_ends_the_session_but_another_site_cannot_do_it() {
    let house = House::open().await;
    let mut browser = house.browser();
    browser.sign_in(&house.simulator, "zhangsan").await;

    let foreign = browser.post("/logout", &[("sec-fetch-site", "cross-site")]).await;
    assert_eq!(foreign.status, 403);
    assert_eq!(browser.get("/me").await.status, 200);

    let own = browser.post("/logout", &[("sec-fetch-site", "same-origin")]).await;
    assert_eq!(own.location().path(), "/");
    assert!(browser.cookies().is_empty(), "{:?}", browser.cookies());
    assert_eq!(browser.get("/me").await.status, 401);
}

#[tokio::test]
async fn health_and_readiness_are_told() {
    let house = House::empty(Simulator::builder().start().await.unwrap()).await;
    let mut browser = house.browser();
    for (path, body) in [("/healthz", "ok\n"), ("/readyz", "ready\n")] {
        let answer = browser.get(path).await;
        assert_eq!((answer.status, answer.body.as_str()), (200, body));
    }
    house.vestibule().database().close().await;
    assert_eq!(browser.get("/healthz").await.status, 200);
    let answer = browser.get("/readyz").await;
    assert_eq!((answer.status, answer.body.as_str()), (503, "the database does not answer\n"));
}

#[tokio::test]
async fn the_front_page_lists_enabled_rows_only() {
    let house = House::open().await;
    let mut browser = house.browser();
    house.add_row("second", json!({})).await;
    let listed = browser.get("/").await.body;
    assert!(listed.contains("/login/acme/alipay\"") && listed.contains("/login/acme/second\""), "{listed}");

    house.vestibule().providers().disable(OWNER, NAME, BY).await.unwrap();
    let listed = browser.get("/").await.body;
    assert!(!listed.contains("/login/acme/alipay\"") && listed.contains("/login/acme/second\""), "{listed}");

    house.vestibule().providers().disable(OWNER, "second", BY).await.unwrap();
    let listed = browser.get("/").await.body;
    assert!(listed.contains("There is no way to sign in yet."), "{listed}");
    assert_eq!(browser.get("/login/acme/alipay").await.status, 404);
}

#[tokio::test]
async fn a_page_that_loads_first_gets_the_beginning_as_json() {
    let house = House::open().await;
    let mut browser = house.browser();
    let begun = browser.get_with("/login/acme/alipay", &[("accept", "application/json")]).await;
    assert_eq!(begun.status, 200);
    let told: Value = serde_json::from_str(&begun.body).unwrap();
    assert!(told["expires_in"].as_u64().unwrap() > 60, "{told}");

    let authorize = told["authorize_url"].as_str().unwrap().parse().unwrap();
    let landed = browser.callback(&house.simulator.agree(&authorize, "lilei").unwrap()).await;
    assert_eq!(landed.location().path(), "/me");
    assert_eq!(browser.get("/me").await.text_of("name").as_deref(), Some("Li Lei"));
}

#[tokio::test]
async fn a_person_without_the_configured_id_is_refused_and_the_log_says_which_to_set() {
    let (log, _guard) = everything_logged();
    let house = House::open().await;
    house.add_row("by-user-id", json!({ "subject": "user_id" })).await;
    let mut browser = house.browser();
    let authorize = browser.begin_with("by-user-id").await;
    let page = browser.callback(&house.simulator.agree(&authorize, "hanmeimei").unwrap()).await;
    assert_eq!(page.status, 503, "{}", page.body);
    assert_eq!(browser.get("/me").await.status, 401, "no other id takes its place");

    let line = log.line(&page.reference()).await;
    for told in ["acme/by-user-id", "user_id", "open_id", "subject"] {
        assert!(line.contains(told), "{line}");
    }
    assert!(!page.body.contains("user_id"), "the page tells nothing of the set-up: {}", page.body);
}

#[tokio::test]
async fn a_row_without_a_subject_is_refused_and_the_log_says_what_to_set() {
    let (log, _guard) = everything_logged();
    let house = House::open().await;
    house.add_row("unfinished", json!({ "subject": null })).await;
    let page = house.browser().get("/login/acme/unfinished").await;
    assert_eq!(page.status, 503, "{}", page.body);
    let line = log.line(&page.reference()).await;
    for told in ["acme/unfinished", "subject", "open_id", "user_id", "union_id"] {
        assert!(line.contains(told), "{line}");
    }
}

#[tokio::test]
async fn a_callback_counts_once() {
    let (log, _guard) = everything_logged();
    let house = House::open().await;
    let mut browser = house.browser();
    let authorize = browser.begin().await;
    let callback = house.simulator.agree(&authorize, "zhangsan").unwrap();
    let cookies = browser.cookies().clone();
    assert_eq!(browser.callback(&callback).await.status, 303);
    let asked = house.simulator.requests().len();

    browser.put_cookies(cookies);
    let again = browser.callback(&callback).await;
    assert_eq!(again.status, 400);
    assert!(again.body.contains("It was already finished"), "{}", again.body);
    assert_eq!(house.simulator.requests().len(), asked, "the code is not sent a second time");
    assert!(log.line(&again.reference()).await.contains("was used before"), "{}", log.text());
}

#[tokio::test]
async fn a_callback_from_another_browser_is_refused_and_spends_nothing() {
    let house = House::open().await;
    let (mut browser, mut other) = (house.browser(), house.browser());
    let authorize = browser.begin().await;
    other.begin().await;
    let callback = house.simulator.agree(&authorize, "zhangsan").unwrap();

    let page = other.callback(&callback).await;
    assert_eq!(page.status, 400);
    assert!(page.body.contains("This sign-in cannot be continued"), "{}", page.body);
    assert_eq!(other.get("/me").await.status, 401);
    assert!(house.simulator.requests().is_empty());
    assert_eq!(browser.callback(&callback).await.location().path(), "/me");
}

#[tokio::test]
async fn a_callback_of_another_provider_is_refused() {
    let house = House::open().await;
    house.add_row("second", json!({})).await;
    let mut browser = house.browser();
    let authorize = browser.begin_with("second").await;
    let mut callback = house.simulator.agree(&authorize, "zhangsan").unwrap();
    callback.set_path("/callback/acme/alipay");
    let page = browser.callback(&callback).await;
    assert_eq!(page.status, 400);
    assert!(page.body.contains("This sign-in cannot be continued"), "{}", page.body);
    assert!(house.simulator.requests().is_empty());
}

#[tokio::test]
async fn a_state_that_nobody_handed_out_is_refused() {
    let house = House::open().await;
    let mut browser = house.browser();
    for query in ["", "auth_code=x", "auth_code=x&state=", "auth_code=x&state=c0ffee", "state=a&state=b&auth_code=x"] {
        let page = browser.get(&format!("/callback/acme/alipay?{query}")).await;
        assert_eq!(page.status, 400, "{query}: {}", page.body);
    }
}

#[tokio::test]
async fn the_callback_of_another_app_is_refused() {
    let house = House::open().await;
    let mut browser = house.browser();
    let authorize = browser.begin().await;
    let callback = house.simulator.agree(&authorize, "zhangsan").unwrap();
    let other = callback.as_str().replace(AppRegistration::DEFAULT_APP_ID, "2021000000000000");
    assert_ne!(other, callback.as_str());
    let page = browser.callback(&other.parse().unwrap()).await;
    assert!((400..600).contains(&page.status), "{}", page.status);
    assert!(house.simulator.requests().is_empty(), "the code of another app is sent to nobody");
}

#[tokio::test]
async fn the_callback_url_comes_from_the_configured_one_and_not_from_the_request() {
    let simulator = Simulator::builder().redirect_domain("login.example.com").start().await.unwrap();
    let options = Options { public_url: Some("https://login.example.com/iam".to_owned()), ..Options::default() };
    let house = House::with_options(simulator, options).await;
    house.add_certs().await;
    house.add_row(NAME, json!({})).await;
    let mut browser = house.local_browser();
    let evil = [("x-forwarded-host", "evil.example"), ("forwarded", "host=evil.example")];
    let begun = browser.get_with("/iam/login/acme/alipay", &evil).await;
    let authorize = begun.location();
    let (_, redirect_uri) = authorize.query_pairs().find(|(name, _)| name == "redirect_uri").unwrap();
    assert_eq!(redirect_uri, "https://login.example.com/iam/callback/acme/alipay");
    let cookie = begun.header("set-cookie").unwrap();
    assert!(cookie.starts_with("__Host-") && cookie.contains("; Secure"), "{cookie}");

    let callback = house.simulator.agree(&authorize, "zhangsan").unwrap();
    let path = format!("{}?{}", callback.path(), callback.query().unwrap());
    let landed = browser.get(&path).await;
    assert_eq!(landed.location().path(), "/iam/me");
    assert_eq!(browser.get("/iam/me").await.text_of("name").as_deref(), Some("张三"));
    assert_eq!(browser.get("/healthz").await.status, 200, "health stands at the root");
}

#[tokio::test]
async fn a_sign_in_is_told_to_the_log_once() {
    let (log, _guard) = everything_logged();
    let house = House::open().await;
    house.browser().sign_in(&house.simulator, "zhangsan").await;
    let text = log.text();
    // The access log apart, which has a line for each request.
    let told = |line: &&str| line.contains(" INFO ") && line.contains("acme/alipay") && !line.contains("answered");
    let told: Vec<_> = text.lines().filter(told).collect();
    assert!(told.len() == 1 && told[0].contains("login completed"), "{told:#?}");
}

#[tokio::test]
async fn a_sign_in_returns_to_this_site_only() {
    let house = House::open().await;
    let mut browser = house.browser();
    let begun = browser.get("/login/acme/alipay?return_to=/me%3Fhello").await;
    let callback = house.simulator.agree(&begun.location(), "zhangsan").unwrap();
    assert_eq!(browser.callback(&callback).await.header("location"), Some("/me?hello"));
    for elsewhere in ["https://evil.example/", "//evil.example", "/%5Cevil.example", "javascript:alert(1)"] {
        let begun = browser.get(&format!("/login/acme/alipay?return_to={elsewhere}")).await;
        assert!(begun.status >= 400, "{elsewhere}: {} {:?}", begun.status, begun.header("location"));
    }
}

#[tokio::test]
async fn a_request_that_hangs_does_not_keep_the_server_from_stopping() {
    let (log, _guard) = everything_logged();
    let house = House::open().await;
    let mut browser = house.browser();
    let authorize = browser.begin().await;
    let callback = house.simulator.agree(&authorize, "zhangsan").unwrap();
    house.simulator.set_fault(Fault::Hang);
    let House { simulator, server, data, .. } = house;
    let waiting = tokio::spawn(async move { browser.try_callback(&callback).await });
    // The request has reached the gateway when the simulator has recorded it.
    let asked = tokio::time::timeout(Duration::from_secs(5), async {
        while simulator.requests().is_empty() {
            tokio::task::yield_now().await;
        }
    });
    asked.await.unwrap();

    let stopped = tokio::time::timeout(Duration::from_secs(5), server.stop_within(Duration::from_millis(100)));
    assert!(stopped.await.is_ok(), "the server waits for a request that hangs");
    assert!(log.text().contains("requests that were still running were cut off"), "{}", log.text());
    waiting.abort();
    drop(data);
}

/// The address of the link with this id.
fn link(page: &str, id: &str) -> String {
    let (_, rest) = page.split_once(&format!("id=\"{id}\" href=\"")).unwrap();
    rest.split('"').next().unwrap().replace("&amp;", "&").replace("&#38;", "&")
}
