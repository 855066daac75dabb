//! What a callback may bring that the engine did not hand out, or handed out to somebody else.

use vestibule_login::AttemptStore as _;
use vestibule_oauth_provider::{AttemptFault, Digest, Parameters, Secret};
use vestibule_testkit::MemoryAttempts;

use crate::bench::{Bench, CODE, fault, state};

/// The callback of `begun`, as the upstream makes it.
fn callback(begun: &vestibule_login::Begun) -> Parameters {
    [("state", state(&begun.authorize_url).as_str()), ("code", CODE)].into_iter().collect()
}

#[tokio::test]
async fn a_state_that_was_never_handed_out_or_is_not_one_is_refused() {
    let bench = Bench::new();
    let begun = bench.begin().await;
    let real = state(&begun.authorize_url);
    let queries = [
        format!("code={CODE}"),
        format!("code={CODE}&state="),
        format!("code={CODE}&state=0{real}"),
        format!("code={CODE}&state={}", real.to_uppercase()),
        format!("code={CODE}&state={real}&state={real}"),
        format!("code={CODE}&state=other&state={real}"),
        format!("code={CODE}&STATE={real}"),
    ];
    for query in queries {
        let parameters = Parameters::from_urlencoded(&query).unwrap();
        let result = bench.complete_with("main", parameters, Some(begun.cookie.value().expose())).await;
        assert_eq!(fault(result), AttemptFault::Unknown, "{query}");
    }
    // None of these was the attempt's own state: it is still there.
    assert!(bench.complete(&begun).await.is_ok());
}

#[tokio::test]
async fn a_callback_without_its_cookie_is_refused_and_uses_nothing_up() {
    let bench = Bench::new();
    let begun = bench.begin().await;
    let stopped = bench.complete_with("main", callback(&begun), None).await.unwrap_err();
    assert_eq!(stopped.again, None, "a stranger learns nothing of what had been asked for");
    assert!(stopped.is_over);
    assert_eq!(fault::<()>(Err(stopped)), AttemptFault::OtherBrowser);
    // Who has only seen a callback go by cannot end the sign-in of the browser that it belongs to, nor fill the table.
    assert_eq!(bench.attempts.claimed(), 0);
    assert!(bench.complete(&begun).await.is_ok());
}

#[tokio::test]
async fn the_cookie_of_another_attempt_does_not_open_and_uses_nothing_up() {
    let bench = Bench::new();
    let (begun, another) = (bench.begin().await, bench.begin().await);
    let result = bench.complete_with("main", callback(&begun), Some(another.cookie.value().expose())).await;
    assert_eq!(fault(result), AttemptFault::Unknown);
    assert_eq!(bench.attempts.claimed(), 0);
    assert!(bench.complete(&begun).await.is_ok());
    assert!(bench.complete(&another).await.is_ok());
}

#[tokio::test]
async fn a_damaged_cookie_is_refused_without_a_trace() {
    let bench = Bench::new();
    let begun = bench.begin().await;
    let value = begun.cookie.value().expose();
    let (secret, sealed) = value.split_once('.').unwrap();
    let cookies = [
        String::new(),
        ".".to_owned(),
        secret.to_owned(),
        sealed.to_owned(),
        format!("{secret}."),
        format!("{value}A"),
        value.split_at(value.len() - 1).0.to_owned(),
        value.to_lowercase(),
        format!("{secret}.{}", "a".repeat(1 << 20)),
        "支付宝.支付宝".to_owned(),
    ];
    for cookie in cookies {
        let result = bench.complete_with("main", callback(&begun), Some(&cookie)).await;
        assert_eq!(fault(result), AttemptFault::Unknown);
    }
    assert_eq!(bench.attempts.claimed(), 0);
    assert!(bench.complete(&begun).await.is_ok());
}

#[tokio::test]
async fn one_browsers_secret_does_not_go_with_anothers_attempt() {
    let bench = Bench::new();
    let (victim, attacker) = (bench.begin().await, bench.begin().await);
    let secret_of =
        |begun: &vestibule_login::Begun| begun.cookie.value().expose().split_once('.').unwrap().0.to_owned();
    let (_, sealed) = victim.cookie.value().expose().split_once('.').unwrap();
    for secret in [secret_of(&attacker), String::new(), "0".repeat(64)] {
        let bench = Bench::new();
        let cookie = format!("{secret}.{sealed}");
        let result = bench.complete_with("main", callback(&victim), Some(&cookie)).await;
        assert_eq!(fault(result), AttemptFault::OtherBrowser);
        assert!(bench.exchanges().is_empty());
        // It was opened, so it was used.
        let value = victim.cookie.value().expose();
        let again = bench.complete_with("main", callback(&victim), Some(value)).await;
        assert_eq!(fault(again), AttemptFault::AlreadyUsed);
    }
}

#[tokio::test]
async fn what_another_version_wrote_ends_without_a_claim() {
    let bench = Bench::new();
    let key = Digest::of("5tate");
    for content in ["", "{}", "[1]", "{\"state\":\"5tate\"}"] {
        let sealed = MemoryAttempts::new().seal(&key, &Secret::new(content)).unwrap();
        let cookie = format!("{}.{}", "0".repeat(64), sealed.expose());
        let parameters = [("state", "5tate"), ("code", CODE)].into_iter().collect();
        let stopped = bench.complete_with("main", parameters, Some(&cookie)).await.unwrap_err();
        assert!(stopped.is_over && stopped.error.message().contains("another version"), "{stopped}");
    }
    assert_eq!(bench.attempts.claimed(), 0);
}
