use std::time::Duration;

use vestibule_login::{Again, Begin};
use vestibule_oauth_provider::{AttemptFault, ErrorKind, Intent, Step};
use vestibule_testkit::MemoryRows;

use crate::bench::{ACCESS_TOKEN, Bench, CODE, config, fault};

#[tokio::test]
async fn who_comes_back_as_they_left_is_signed_in() {
    let bench = Bench::new();
    let intent = Intent::Link { host_user: "7".to_owned() };
    let begin = Begin::sign_in("acme", "main").intent(intent.clone()).return_to("/me?a=b");
    let begun = bench.logins.begin(begin).await.unwrap();
    let login = bench.complete(&begun).await.unwrap();
    assert_eq!(login.row.id.as_u128(), 1);
    assert_eq!((login.row.owner.as_str(), login.row.name.as_str()), ("acme", "main"));
    assert_eq!((login.kind.as_str(), login.display_name.as_str()), ("Played", "main"));
    assert_eq!(login.user.subject.value, "person-1");
    assert!(login.tokens.access_token.same_as(ACCESS_TOKEN));
    assert_eq!((login.intent, login.return_to.as_str()), (intent, "/me?a=b"));
    let exchanged = bench.exchanges().remove(0);
    assert_eq!(exchanged.redirect_uri, "https://id.example/callback/acme/main");
    assert_eq!(exchanged.remembered.as_deref(), Some("cn"));
}

#[tokio::test]
async fn a_state_is_good_once() {
    let bench = Bench::new();
    let begun = bench.begin().await;
    bench.complete(&begun).await.unwrap();
    assert_eq!(fault(bench.complete(&begun).await), AttemptFault::AlreadyUsed);
    assert_eq!(bench.exchanges().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_callbacks_that_race_exactly_one_wins() {
    let bench = std::sync::Arc::new(Bench::new());
    let begun = bench.begin().await;
    let racers: Vec<_> = (0..16)
        .map(|_| {
            let (bench, begun) = (bench.clone(), begun.clone());
            tokio::spawn(async move { bench.complete(&begun).await })
        })
        .collect();
    let mut wins = 0;
    for racer in racers {
        match racer.await.unwrap() {
            Ok(_) => wins += 1,
            lost => assert_eq!(fault(lost), AttemptFault::AlreadyUsed),
        }
    }
    assert_eq!(wins, 1);
    assert_eq!(bench.exchanges().len(), 1);
}

#[tokio::test]
async fn the_callback_of_another_row_is_refused_and_ends_the_attempt() {
    let bench = Bench::new();
    let begun = bench.begin().await;
    let result = bench.complete_at("other", &begun, [("code", CODE)]).await;
    assert_eq!(fault(result), AttemptFault::OtherProvider);
    assert_eq!(fault(bench.complete(&begun).await), AttemptFault::AlreadyUsed);
    assert!(bench.exchanges().is_empty());
}

#[tokio::test]
async fn an_attempt_ends_with_its_time() {
    let bench = Bench::new();
    let (in_time, late) = (bench.begin().await, bench.begin().await);
    bench.clock.advance(Duration::from_secs(599));
    assert!(bench.complete(&in_time).await.is_ok());
    bench.clock.advance(Duration::from_secs(1));
    assert_eq!(fault(bench.complete(&late).await), AttemptFault::Expired);
}

#[tokio::test]
async fn a_row_that_was_disabled_or_deleted_in_between_ends_the_login() {
    let bench = Bench::new();
    let (one, two) = (bench.begin().await, bench.begin().await);
    bench.rows.change("acme", "main", |row| row.enabled = false);
    assert_eq!(fault(bench.complete(&one).await), AttemptFault::ProviderGone);
    bench.rows.remove("acme", "main");
    assert_eq!(fault(bench.complete(&two).await), AttemptFault::ProviderGone);
    assert!(bench.exchanges().is_empty());
}

#[tokio::test]
async fn a_row_that_was_recreated_under_the_same_name_ends_the_login() {
    let bench = Bench::new();
    let begun = bench.begin().await;
    bench.rows.remove("acme", "main");
    bench.rows.put(MemoryRows::row(3, "acme", "main", "Played", &config("app", "openid", None)));
    assert_eq!(fault(bench.complete(&begun).await), AttemptFault::OtherProvider);
    assert!(bench.exchanges().is_empty());
}

#[tokio::test]
async fn a_row_that_was_pointed_elsewhere_in_between_ends_the_login() {
    let bench = Bench::new();
    let begun = bench.begin().await;
    bench.reconfigure(&config("another-app", "openid", None));
    assert_eq!(fault(bench.complete(&begun).await), AttemptFault::Repointed);
    assert!(bench.exchanges().is_empty());
}

#[tokio::test]
async fn a_change_that_does_not_point_elsewhere_lets_the_login_pass() {
    let bench = Bench::new();
    let begun = bench.begin().await;
    bench.rows.change("acme", "main", |row| row.display_name = "Ours".to_owned());
    assert_eq!(bench.complete(&begun).await.unwrap().display_name, "Ours");
}

#[tokio::test]
async fn a_refusal_is_told_with_what_had_been_asked_for() {
    let bench = Bench::new();
    let begin = Begin::sign_in("acme", "main").return_to("/me");
    let begun = bench.logins.begin(begin).await.unwrap();
    let stopped = bench.complete_at("main", &begun, [("error", "access_denied")]).await.unwrap_err();
    assert_eq!(*stopped.error.kind(), ErrorKind::Denied);
    let again = Again { intent: Intent::SignIn, return_to: "/me".to_owned() };
    assert_eq!(stopped.again, Some(again));
    assert!(bench.exchanges().is_empty());
}

#[tokio::test]
async fn an_error_says_row_and_step() {
    for (broken, kind, step) in
        [("unreachable", ErrorKind::Network, Step::Exchange), ("untrusted", ErrorKind::Signature, Step::UserInfo)]
    {
        let bench = Bench::with_fault(broken);
        let begun = bench.begin().await;
        let error = bench.complete(&begun).await.unwrap_err().error;
        assert_eq!((error.kind(), error.step()), (&kind, Some(step)));
        assert!(error.message().starts_with("provider \"acme/main\": the "), "{error}");
        assert_eq!(fault(bench.complete(&begun).await), AttemptFault::AlreadyUsed);
    }
}
