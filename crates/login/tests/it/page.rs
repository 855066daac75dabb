use axum::http::StatusCode;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use vestibule_login::Begin;
use vestibule_oauth_provider::{Digest, Intent};

use crate::bench::{Bench, CODE, config, state};
use crate::site::{PlayedHost, Site};

#[tokio::test]
async fn a_refusal_is_a_plain_sentence_with_two_ways_on() {
    let site = Site::new(Bench::at("https://example.com/auth"), PlayedHost::Returns);
    let begun = site.get("/login/acme/main?return_to=/me?a=b", &[]).await;
    let page = site.come_back(&begun, "error=access_denied&error_description=%3Cb%3Emine", &[]).await;
    assert_eq!(page.status, StatusCode::FORBIDDEN);
    assert!(page.header("content-type").starts_with("text/html"));
    assert!(page.body.contains("<h1>Sign-in was refused</h1>"));
    assert!(page.body.contains("You did not agree to share your account"));
    let again = "href=\"https://example.com/auth/login/acme/main?return_to=%2Fme%3Fa%3Db\"";
    assert!(page.body.contains(again), "{}", page.body);
    assert!(page.body.contains("<a id=\"back\" href=\"/\">Back</a>"));
    assert!(!page.body.contains("mine"));
}

#[tokio::test]
async fn a_page_says_nothing_of_messages_rows_or_codes() {
    for broken in ["misconfigured", "unreachable", "untrusted"] {
        let site = Site::new(Bench::new(), PlayedHost::Returns);
        let begun = site.get("/login/acme/main", &[]).await;
        site.bench.reconfigure(&config("app", "openid", Some(broken)));
        let page = site.come_back(&begun, &format!("code={CODE}"), &[]).await;
        assert!(page.status.is_server_error());
        for hidden in ["the-cert", "gateway", "up.example", CODE, &state(&begun.location()), "Played"] {
            assert!(!page.body.contains(hidden), "{hidden}: {}", page.body);
        }
    }
}

#[tokio::test]
async fn an_upstreams_error_code_is_not_on_the_page() {
    let site = Site::new(Bench::new(), PlayedHost::Returns);
    let begun = site.get("/login/acme/main", &[]).await;
    let page = site.come_back(&begun, "error=weird_code_7", &[]).await;
    assert_eq!(page.status, StatusCode::BAD_GATEWAY);
    assert!(!page.body.contains("weird"));
}

#[tokio::test]
async fn another_try_is_offered_only_where_it_can_help() {
    for (broken, offered) in [("misconfigured", false), ("unreachable", true), ("untrusted", true)] {
        let site = Site::new(Bench::new(), PlayedHost::Returns);
        let begun = site.get("/login/acme/main", &[]).await;
        site.bench.reconfigure(&config("app", "openid", Some(broken)));
        let page = site.come_back(&begun, &format!("code={CODE}"), &[]).await;
        assert_eq!(page.body.contains("Try again</a>"), offered, "{broken}");
        assert!(page.body.contains("Back</a>"));
    }
    let page = Site::new(Bench::new(), PlayedHost::Returns).get("/login/acme/nobody", &[]).await;
    assert!(!page.body.contains("Try again</a>"));
}

#[tokio::test]
async fn a_link_that_failed_is_not_tried_again_as_a_sign_in() {
    let site = Site::new(Bench::new(), PlayedHost::Returns);
    let intent = Intent::Link { host_user: "7".to_owned() };
    let begin = Begin::sign_in("acme", "main").intent(intent);
    let begun = site.bench.logins.begin(begin).await.unwrap();
    let cookie = format!("{}={}", begun.cookie.name(), begun.cookie.value().expose());
    let path = format!("/callback/acme/main?error=access_denied&state={}", state(&begun.authorize_url));
    let page = site.get(&path, &[("cookie", &cookie)]).await;
    assert_eq!(page.status, StatusCode::FORBIDDEN);
    assert!(!page.body.contains("Try again</a>"));
}

#[tokio::test]
async fn the_policy_allows_the_pages_own_style_and_nothing_else() {
    let page = Site::new(Bench::new(), PlayedHost::Returns).get("/login/acme/nobody", &[]).await;
    let style = page.body.split("<style>").nth(1).unwrap().split("</style>").next().unwrap();
    let digest = STANDARD.encode(Digest::of(style).as_bytes());
    assert!(page.header("content-security-policy").contains(&format!("style-src 'sha256-{digest}';")));
    for forbidden in ["<script", " style=", " onclick", "http://", "<img", "<link"] {
        assert!(!page.body.contains(forbidden), "{forbidden}");
    }
}

#[tokio::test]
async fn a_program_gets_an_error_as_json() {
    let site = Site::new(Bench::with_fault("misconfigured"), PlayedHost::Returns);
    let answer = site.get("/login/acme/main", &[("accept", "application/json")]).await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    let json = answer.json();
    assert_eq!(json["error"], "misconfigured");
    assert!(json["advice"].as_str().unwrap().contains("administrator"));
    assert_eq!(json["reference"].as_str().unwrap().len(), 9);
    assert_eq!(json.as_object().unwrap().len(), 3);
    let unknown = site.get("/callback/acme/main?state=a", &[("accept", "application/json")]).await;
    assert_eq!(unknown.status, StatusCode::BAD_REQUEST);
    assert_eq!(unknown.json()["error"], "attempt_invalid");
}
