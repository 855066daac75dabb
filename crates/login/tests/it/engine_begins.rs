use std::time::Duration;

use vestibule_login::Begin;
use vestibule_oauth_provider::{AttemptFault, ErrorKind, Intent, Step};
use vestibule_testkit::MemoryRows;

use crate::bench::{Bench, config, parameter, state};

#[tokio::test]
async fn the_callback_is_the_rows_own_under_the_public_url() {
    let bench = Bench::at("https://example.com/auth/");
    let begun = bench.begin().await;
    assert_eq!(parameter(&begun.authorize_url, "redirect_uri").unwrap(), "https://example.com/auth/callback/acme/main");
    assert_eq!(
        bench.logins.callback_url("acme", "支 付/宝").unwrap().as_str(),
        "https://example.com/auth/callback/acme/%E6%94%AF%20%E4%BB%98%2F%E5%AE%9D"
    );
    assert_eq!(begun.expires_in, Duration::from_secs(600));
}

#[tokio::test]
async fn over_https_the_cookie_is_a_host_cookie_of_this_attempt() {
    let bench = Bench::new();
    let (one, two) = (bench.begin().await, bench.begin().await);
    let line = one.cookie.set_cookie();
    assert!(line.starts_with("__Host-vestibule-"), "{line}");
    assert!(line.ends_with("; Path=/; Max-Age=600; HttpOnly; SameSite=Lax; Secure"), "{line}");
    assert_ne!(one.cookie.name(), two.cookie.name());
    assert_ne!(state(&one.authorize_url), state(&two.authorize_url));
    assert!(!line.contains(&state(&one.authorize_url)));
    let parameters = [("state", state(&one.authorize_url))].into_iter().collect();
    assert_eq!(bench.logins.cookie_name(&parameters).as_ref(), Some(one.cookie.name()));
}

#[tokio::test]
async fn over_loopback_http_the_cookie_is_one_that_browsers_take() {
    let begun = Bench::at("http://127.0.0.1:8080").begin().await;
    let line = begun.cookie.set_cookie();
    assert!(line.starts_with("vestibule-"), "{line}");
    assert!(line.ends_with("; Path=/; Max-Age=600; HttpOnly; SameSite=Lax"), "{line}");
}

#[tokio::test]
async fn pkce_and_nonce_are_sent_where_the_flow_takes_them() {
    for (flow, sent) in [("code", (false, false)), ("pkce", (true, false)), ("openid", (true, true))] {
        let bench = Bench::new();
        bench.reconfigure(&config("app", flow, None));
        let begun = bench.begin().await;
        let url = &begun.authorize_url;
        assert_eq!((parameter(url, "code_challenge").is_some(), parameter(url, "nonce").is_some()), sent);
        bench.complete(&begun).await.unwrap();
        let exchanged = bench.exchanges().remove(0);
        assert_eq!((exchanged.code_verifier.is_some(), exchanged.nonce.is_some()), sent);
        assert_eq!(exchanged.nonce, parameter(url, "nonce"));
        assert_ne!(exchanged.code_verifier, Some(state(url)));
    }
}

#[tokio::test]
async fn a_provider_that_forgets_the_state_begins_nothing() {
    let bench = Bench::with_fault("forgets the state");
    let error = bench.logins.begin(Begin::sign_in("acme", "main")).await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Internal);
    assert!(error.message().starts_with("provider \"acme/main\": the provider's authorize url"), "{error}");
    assert!(!bench.has_begun());
}

#[tokio::test]
async fn a_row_that_is_missing_or_disabled_begins_nothing() {
    let bench = Bench::new();
    bench.rows.change("acme", "other", |row| row.enabled = false);
    for (owner, name) in [
        ("acme", "other"),
        ("acme", "nobody"),
        ("nobody", "main"),
        ("ACME", "main"),
        ("acme", &"x".repeat(9_999)),
        ("acme", ".."),
        ("", ""),
    ] {
        let error = bench.logins.begin(Begin::sign_in(owner, name)).await.unwrap_err();
        assert_eq!(*error.kind(), ErrorKind::Attempt(AttemptFault::ProviderGone));
        assert!(error.message().len() < 400);
    }
    assert!(!bench.has_begun());
}

#[tokio::test]
async fn a_row_that_cannot_be_opened_is_the_administrators_and_named() {
    let bench = Bench::with_fault("misconfigured");
    bench.rows.change("acme", "other", |row| row.category = "SMS".to_owned());
    for (name, said) in [("main", "there is no cert record"), ("other", "row of category \"SMS\"")] {
        let error = bench.logins.begin(Begin::sign_in("acme", name)).await.unwrap_err();
        assert_eq!(*error.kind(), ErrorKind::Configuration);
        assert_eq!(error.step(), Some(Step::Open));
        assert!(error.message().contains(said) && error.message().contains(name), "{error}");
    }
    bench.rows.change("acme", "main", |row| row.kind = "Unheard".to_owned());
    let error = bench.logins.begin(Begin::sign_in("acme", "main")).await.unwrap_err();
    assert!(error.message().contains("known types: \"Played\""), "{error}");
}

#[tokio::test]
async fn a_return_to_on_another_site_begins_nothing() {
    let bench = Bench::new();
    for asked in ["//evil.example", "/\\evil.example", "https://evil.example", "javascript:alert(1)"] {
        let begin = Begin::sign_in("acme", "main").return_to(asked);
        let error = bench.logins.begin(begin).await.unwrap_err();
        assert_eq!(*error.kind(), ErrorKind::Unsupported);
    }
    assert!(!bench.has_begun());
}

#[tokio::test]
async fn nothing_is_stored_until_somebody_comes_back() {
    let bench = Bench::new();
    for _ in 0..100 {
        bench.begin().await;
    }
    assert_eq!((bench.attempts.sealed(), bench.attempts.claimed()), (100, 0));
    bench.complete(&bench.begin().await).await.unwrap();
    assert_eq!(bench.attempts.claimed(), 1);
}

#[tokio::test]
async fn claims_are_swept_when_no_instances_clock_lets_the_attempt_pass() {
    let bench = Bench::new();
    bench.complete(&bench.begin().await).await.unwrap();
    bench.clock.advance(Duration::from_secs(300));
    bench.complete(&bench.begin().await).await.unwrap();
    bench.clock.advance(Duration::from_secs(600));
    assert_eq!(bench.logins.sweep().await.unwrap(), 0, "another instance may be five minutes late");
    bench.clock.advance(Duration::from_secs(1));
    assert_eq!(bench.logins.sweep().await.unwrap(), 1);
    assert_eq!(bench.attempts.claimed(), 1);
}

#[tokio::test]
async fn the_longest_return_to_fits_into_the_cookie_beside_long_names() {
    let bench = Bench::at("https://sign-in.some-subsidiary.example.com/identity/auth");
    let (owner, name) = ("统一身份认证平台".repeat(3), "支付宝".repeat(6));
    bench.rows.put(MemoryRows::row(7, &owner, &name, "Played", &config("2021000000000000", "openid", None)));
    let longest = format!("/{}", "a".repeat(1_023));
    let begun = bench.logins.begin(Begin::sign_in(&owner, &name).return_to(&longest)).await.unwrap();
    assert!(begun.cookie.set_cookie().len() <= 4_000, "{}", begun.cookie.set_cookie().len());
    let usual = bench.begin().await.cookie;
    assert!(usual.set_cookie().len() < 1_500, "{}", usual.set_cookie().len());
    for asked in [format!("{longest}a"), format!("/{}", "ü".repeat(500))] {
        let error = bench.logins.begin(Begin::sign_in("acme", "main").return_to(&asked)).await.unwrap_err();
        assert_eq!(*error.kind(), ErrorKind::Unsupported, "{}", asked.len());
    }
}

#[tokio::test]
async fn an_attempt_that_no_cookie_holds_is_refused_with_the_reason() {
    let bench = Bench::new();
    let intent = Intent::Link { host_user: "u".repeat(4_000) };
    let error = bench.logins.begin(Begin::sign_in("acme", "main").intent(intent)).await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Configuration);
    assert!(error.message().contains("bytes long, and browsers keep 4000"), "{error}");
    assert!(!error.message().contains("uuu"), "{error}");
}
