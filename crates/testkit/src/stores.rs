//! Conformance suites for storage: what every backend of a port must do, written once. A backend's own test file makes its store, implements the small
//! trait that writes rows as an administrator with SQL would, and calls the suite.
//!
//! The suites want a runtime with several threads (`#[tokio::test(flavor = "multi_thread")]`) and an empty store.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use vestibule_login::{AttemptStore, ProviderRows, StoredAttempt, Taken};
use vestibule_oauth_provider::{CertResolver, Digest, ErrorKind, Secret};

/// How many callers race for one attempt.
const RACERS: usize = 64;

/// The owner whose cert records everybody may use, in [`cert_resolver`].
pub const SHARED_OWNER: &str = "admin";

/// Spellings of "alipay" that must not find it: letter case, spaces, and letters that only look or sort alike.
const LOOKALIKES: [&str; 6] = ["Alipay", "ALIPAY", "alipay ", " alipay", "al\u{131}pay", "alipa\u{fd}"];

/// An attempt that begins at `seconds` and lasts 600, under the digest of `state`.
pub fn stored_attempt(state: &str, content: &str, seconds: u64) -> StoredAttempt {
    StoredAttempt {
        key: Digest::of(state),
        content: Secret::new(content),
        created_at: at(seconds),
        expires_at: at(seconds + 600),
    }
}

/// The time `seconds` after 1970-01-01T00:00:00Z.
pub fn at(seconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(seconds)
}

/// What every [`AttemptStore`] does.
///
/// # Panics
/// When it does something else.
pub async fn attempts(store: Arc<dyn AttemptStore>) {
    an_attempt_is_handed_out_once(&*store).await;
    one_of_many_racers_wins(&store).await;
    expired_attempts_are_swept_and_others_stay(&*store).await;
}

async fn an_attempt_is_handed_out_once(store: &dyn AttemptStore) {
    put(store, stored_attempt("once", "the content of 支付宝", 1_000)).await;
    assert_eq!(take(store, "other").await, "unknown");
    assert_eq!(take(store, "once").await, "fresh: the content of 支付宝");
    assert_eq!(take(store, "once").await, "already used");
    assert_eq!(take(store, "once").await, "already used", "until it is swept");
}

async fn one_of_many_racers_wins(store: &Arc<dyn AttemptStore>) {
    for round in 0..4 {
        let state = format!("race {round}");
        put(&**store, stored_attempt(&state, "prize", 1_000)).await;
        let racers: Vec<_> = (0..RACERS)
            .map(|_| {
                let (store, state) = (store.clone(), state.clone());
                tokio::spawn(async move { take(&*store, &state).await })
            })
            .collect();
        let mut winners = 0;
        for racer in racers {
            match racer.await.expect("a racer finishes").as_str() {
                "fresh: prize" => winners += 1,
                other => assert_eq!(other, "already used"),
            }
        }
        assert_eq!(winners, 1, "of {RACERS} callers exactly one gets the attempt");
    }
}

async fn expired_attempts_are_swept_and_others_stay(store: &dyn AttemptStore) {
    sweep(store, 1_000_000).await;
    for (state, seconds) in [("old", 2_000), ("old and taken", 2_000), ("young", 3_000)] {
        put(store, stored_attempt(state, state, seconds)).await;
    }
    assert_eq!(take(store, "old and taken").await, "fresh: old and taken");
    assert_eq!(sweep(store, 2_599).await, 0);
    assert_eq!(sweep(store, 2_600).await, 0, "at its last second it has not expired before");
    assert_eq!(sweep(store, 2_601).await, 2);
    assert_eq!(take(store, "old").await, "unknown");
    assert_eq!(take(store, "old and taken").await, "unknown");
    assert_eq!(take(store, "young").await, "fresh: young");
}

async fn put(store: &dyn AttemptStore, attempt: StoredAttempt) {
    store.put(attempt).await.expect("an attempt is stored");
}

async fn take(store: &dyn AttemptStore, state: &str) -> String {
    match store.take(&Digest::of(state)).await.expect("the store answers") {
        Taken::Fresh(content) => format!("fresh: {}", content.expose()),
        Taken::AlreadyUsed => "already used".to_owned(),
        Taken::Unknown => "unknown".to_owned(),
    }
}

async fn sweep(store: &dyn AttemptStore, now: u64) -> u64 {
    store.sweep(at(now)).await.expect("the store sweeps")
}

/// A backend of [`ProviderRows`], and the way in which its administrator changes rows.
#[async_trait]
pub trait ProviderBackend: Send + Sync {
    /// What is tested.
    fn rows(&self) -> &dyn ProviderRows;
    /// Adds an enabled row.
    async fn insert(&self, owner: &str, name: &str, kind: &str, config: &str);
    /// Replaces a row's config.
    async fn set_config(&self, owner: &str, name: &str, config: &str);
    /// Disables a row.
    async fn disable(&self, owner: &str, name: &str);
    /// Deletes a row.
    async fn delete(&self, owner: &str, name: &str);
}

/// What all [`ProviderRows`] do.
///
/// # Panics
/// When these do something else.
pub async fn provider_rows(backend: &dyn ProviderBackend) {
    let find = async |owner: &str, name: &str| backend.rows().find(owner, name).await.expect("the store answers");
    assert!(find("acme", "alipay").await.is_none());

    backend.insert("acme", "alipay", "Test", r#"{"id":"1"}"#).await;
    let row = find("acme", "alipay").await.expect("a row that was added is found");
    assert_eq!((row.row.owner.as_str(), row.row.name.as_str(), row.kind.as_str()), ("acme", "alipay", "Test"));
    assert_eq!((row.category.as_str(), row.enabled), ("OAuth", true));
    assert_eq!(row.config.expose(), r#"{"id":"1"}"#);

    for name in LOOKALIKES {
        assert!(find("acme", name).await.is_none(), "{name:?} found \"alipay\"");
    }
    for owner in ["Acme", "acme ", "other", ""] {
        assert!(find(owner, "alipay").await.is_none(), "{owner:?} found a row of \"acme\"");
    }
    backend.insert("acme", "Alipay", "Test", r#"{"id":"2"}"#).await;
    backend.insert("other", "alipay", "Test", r#"{"id":"3"}"#).await;
    for (owner, name, config) in
        [("acme", "alipay", r#"{"id":"1"}"#), ("acme", "Alipay", r#"{"id":"2"}"#), ("other", "alipay", r#"{"id":"3"}"#)]
    {
        assert_eq!(find(owner, name).await.expect("each is a row of its own").config.expose(), config);
    }

    backend.set_config("acme", "alipay", r#"{"id":"4"}"#).await;
    let changed = find("acme", "alipay").await.expect("a changed row is found");
    assert_eq!(changed.config.expose(), r#"{"id":"4"}"#, "a change holds at the next look");
    assert_eq!(changed.row.id, row.row.id, "a change keeps the id");

    backend.disable("acme", "alipay").await;
    assert!(!find("acme", "alipay").await.expect("a disabled row is found, and says so").enabled);

    backend.delete("acme", "alipay").await;
    assert!(find("acme", "alipay").await.is_none());
    backend.insert("acme", "alipay", "Test", "{}").await;
    let again = find("acme", "alipay").await.expect("a row may have the name of a deleted one");
    assert_ne!(again.row.id, row.row.id, "an id is never used again");
}

/// A backend of [`CertResolver`] whose shared owner is [`SHARED_OWNER`], and the way in which its administrator changes records.
#[async_trait]
pub trait CertBackend: Send + Sync {
    /// What is tested.
    fn certs(&self) -> &dyn CertResolver;
    /// Adds a record. Any text may stand in the fields; it is not judged here.
    async fn insert(&self, owner: &str, name: &str, certificate: &str, private_key: Option<&str>);
    /// Deletes a record.
    async fn delete(&self, owner: &str, name: &str);
}

/// What every [`CertResolver`] does.
///
/// # Panics
/// When this one does something else.
pub async fn cert_resolver(backend: &dyn CertBackend) {
    let resolve = async |owner: &str, name: &str| backend.certs().resolve(owner, name).await;
    let certificate =
        async |owner: &str, name: &str| resolve(owner, name).await.expect("the record is there").certificate;

    let error = resolve("acme", "alipay").await.expect_err("there is none yet");
    assert_eq!(*error.kind(), ErrorKind::Configuration);
    for named in ["alipay", "acme", SHARED_OWNER] {
        assert!(error.message().contains(&format!("\"{named}\"")), "{error}");
    }

    backend.insert(SHARED_OWNER, "alipay", "the shared one", Some("its key")).await;
    let shared = resolve("acme", "alipay").await.expect("the shared owner's record is found");
    assert_eq!((shared.owner.as_str(), shared.name.as_str()), (SHARED_OWNER, "alipay"));
    assert_eq!(shared.certificate, "the shared one");
    assert!(shared.private_key.expect("it has one").same_as("its key"));

    backend.insert("acme", "alipay", "acme's", None).await;
    let own = resolve("acme", "alipay").await.expect("the owner's record is found");
    assert_eq!((own.owner.as_str(), own.certificate.as_str()), ("acme", "acme's"), "the row's owner comes first");
    assert!(own.private_key.is_none());
    assert_ne!(own.id, shared.id);
    assert_eq!(certificate("other", "alipay").await, "the shared one", "one owner's record is not another's");
    assert_eq!(certificate(SHARED_OWNER, "alipay").await, "the shared one");

    for name in LOOKALIKES {
        assert!(resolve("acme", name).await.is_err(), "{name:?} found \"alipay\"");
    }
    assert_eq!(certificate("Acme", "alipay").await, "the shared one", "\"Acme\" is not \"acme\"");
    assert_eq!(certificate("acme ", "alipay").await, "the shared one", "\"acme \" is not \"acme\"");

    backend.delete("acme", "alipay").await;
    assert_eq!(certificate("acme", "alipay").await, "the shared one");
    backend.delete(SHARED_OWNER, "alipay").await;
    assert!(resolve("acme", "alipay").await.is_err());
    backend.insert("acme", "alipay", "again", None).await;
    let again = resolve("acme", "alipay").await.expect("a record may have the name of a deleted one");
    assert_ne!(again.id, own.id, "an id is never used again");
}
