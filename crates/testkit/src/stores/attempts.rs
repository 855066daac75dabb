//! What every store of attempts does.

use std::sync::Arc;

use vestibule_login::{AttemptStore, Claim};
use vestibule_oauth_provider::{Digest, Secret};

use super::at;

/// How many callers race for one attempt.
const RACERS: usize = 64;

/// What every [`AttemptStore`] does. `instances` are two of them on one storage, as two servers have them, or the same one twice.
///
/// # Panics
/// When it does something else.
pub async fn attempts<S: AttemptStore>(instances: [Arc<S>; 2]) {
    what_is_sealed_opens_under_its_key_on_every_instance(&instances).await;
    what_is_not_our_own_does_not_open(&*instances[0]).await;
    an_attempt_is_claimed_once(&instances).await;
    one_of_many_racers_wins(&instances).await;
    old_claims_are_swept_and_others_stay(&*instances[0]).await;
}

/// What an [`AttemptStore`] does that keeps `most` claims at most.
///
/// # Panics
/// When it does something else.
pub async fn bounded_attempts<S: AttemptStore>(store: &S, most: u64) {
    sweep(store, 1_000_000).await;
    for number in 0..most * 3 {
        // Those that come first end last.
        let ends = 10_000 + most * 3 - number;
        assert_eq!(claim(store, &format!("flood {number}"), ends).await, Claim::First, "nobody is refused");
    }
    assert_eq!(claim(store, "flood 0", 10_000 + most * 3).await, Claim::AlreadyUsed, "what ends last is kept longest");
    let kept = sweep(store, 1_000_000).await;
    assert!(kept <= most, "{kept} claims are kept, and {most} are the most");
    assert!(kept > most / 2, "no more is dropped than has to be: {kept} of {most} are left");
}

async fn what_is_sealed_opens_under_its_key_on_every_instance<S: AttemptStore>(instances: &[Arc<S>; 2]) {
    let (key, content) = (Digest::of("state"), Secret::new("the content of 支付宝 \" \\ ; ,"));
    let sealed = instances[0].seal(&key, &content).expect("it is sealed");
    let fit = |letter: char| letter.is_ascii_alphanumeric() || "-_.:".contains(letter);
    assert!(sealed.expose().chars().all(fit), "it may stand in a cookie");
    assert!(!sealed.expose().contains("content"));
    assert!(sealed.expose().len() < 200 + content.expose().len() * 3 / 2, "cookies are short");
    for instance in instances {
        let opened = instance.open(&key, &sealed).await.expect("the store answers").expect("it opens");
        assert!(opened.same_as(content.expose()));
    }
    let again = instances[0].open(&key, &sealed).await.expect("the store answers");
    assert!(again.is_some(), "opening uses nothing up");
}

async fn what_is_not_our_own_does_not_open<S: AttemptStore>(store: &S) {
    let key = Digest::of("state");
    let sealed = store.seal(&key, &Secret::new("content")).expect("it is sealed");
    let sealed = sealed.expose();
    let open = async |key: &Digest, sealed: &str| {
        store.open(key, &Secret::new(sealed)).await.expect("a browser's text is no failure of the store")
    };
    assert!(open(&Digest::of("other"), sealed).await.is_none(), "it opens under its own key only");
    assert!(open(&key, "").await.is_none());
    assert!(open(&key, "content").await.is_none());
    assert!(open(&key, &"a".repeat(100_000)).await.is_none());
    assert!(open(&key, &format!("{sealed}A")).await.is_none());
    assert!(open(&key, &sealed.to_uppercase()).await.is_none());
    for (place, letter) in sealed.chars().enumerate() {
        let other = if letter == 'A' { 'B' } else { 'A' };
        let before: String = sealed.chars().take(place).collect();
        let changed: String =
            sealed.chars().enumerate().map(|(at, kept)| if at == place { other } else { kept }).collect();
        // A key id that nobody has may be an error of the store's own; it must not open.
        for text in [before, changed] {
            let opened = store.open(&key, &Secret::new(text)).await;
            assert!(!matches!(opened, Ok(Some(_))), "changed or cut off at letter {place} it opens");
        }
    }
}

async fn an_attempt_is_claimed_once<S: AttemptStore>(instances: &[Arc<S>; 2]) {
    let [one, two] = instances;
    assert_eq!(claim(&**one, "once", 1_600).await, Claim::First);
    assert_eq!(claim(&**one, "once", 1_600).await, Claim::AlreadyUsed);
    assert_eq!(claim(&**two, "once", 1_600).await, Claim::AlreadyUsed, "on another instance too");
    assert_eq!(claim(&**two, "once", 9_600).await, Claim::AlreadyUsed, "whenever it is said to end");
    assert_eq!(claim(&**two, "other", 1_600).await, Claim::First);
}

async fn one_of_many_racers_wins<S: AttemptStore>(instances: &[Arc<S>; 2]) {
    for round in 0..4 {
        let state = format!("race {round}");
        let racers: Vec<_> = instances
            .iter()
            .cycle()
            .take(RACERS)
            .map(|store| {
                let (store, state) = (store.clone(), state.clone());
                tokio::spawn(async move { claim(&*store, &state, 1_600).await })
            })
            .collect();
        let mut winners = 0;
        for racer in racers {
            winners += usize::from(racer.await.expect("a racer finishes") == Claim::First);
        }
        assert_eq!(winners, 1, "of {RACERS} callers exactly one gets the attempt");
    }
}

async fn old_claims_are_swept_and_others_stay<S: AttemptStore>(store: &S) {
    sweep(store, 1_000_000).await;
    for (state, ends) in [("old", 2_600), ("young", 3_600)] {
        assert_eq!(claim(store, state, ends).await, Claim::First);
    }
    assert_eq!(sweep(store, 2_599).await, 0);
    assert_eq!(sweep(store, 2_600).await, 0, "at its last second it was not over before");
    assert_eq!(sweep(store, 2_601).await, 1);
    assert_eq!(claim(store, "young", 3_600).await, Claim::AlreadyUsed);
    assert_eq!(claim(store, "old", 2_600).await, Claim::First, "it is forgotten");
}

async fn claim<S: AttemptStore>(store: &S, state: &str, ends: u64) -> Claim {
    store.claim(&Digest::of(state), at(ends)).await.expect("the store answers")
}

async fn sweep<S: AttemptStore>(store: &S, now: u64) -> u64 {
    store.sweep(at(now)).await.expect("the store sweeps")
}
