//! What every store of cert records does when it is asked by name.

use async_trait::async_trait;
use vestibule_oauth_provider::{
    CertRecord, CertResolver, Context, Destination, ErrorKind, NamedBy, RowRef, Url, Uuid, VersionState,
};

use super::LOOKALIKES;
use crate::{ScriptedHttp, StaticCerts, services};

/// The owner whose cert records everybody may use.
pub const SHARED_OWNER: &str = "admin";

/// A backend of [`CertResolver`] whose shared owner is [`SHARED_OWNER`], and the way in which its administrator changes records.
#[async_trait]
pub trait CertBackend: Send + Sync {
    /// What is tested.
    fn certs(&self) -> &dyn CertResolver;
    /// Adds a record. Any text may stand in the fields; it is not judged here.
    async fn insert(&self, owner: &str, name: &str, certificate: &str, private_key: Option<&str>);
    /// Replaces the certificate of a record's active version.
    async fn set_certificate(&self, owner: &str, name: &str, certificate: &str);
    /// Replaces the private key of a record's active version.
    async fn set_private_key(&self, owner: &str, name: &str, private_key: &str);
    /// Says which owners may use a record's private key, and towards which hosts: names, separated by `;`.
    async fn grant(&self, owner: &str, name: &str, owners: &str, hosts: &str);
    /// Adds a version to a record, without a private key.
    async fn add_version(&self, owner: &str, name: &str, number: i64, state: VersionState, certificate: &str);
    /// Deletes a version that is not the active one.
    async fn delete_version(&self, owner: &str, name: &str, number: i64);
    /// Deletes a record.
    async fn delete(&self, owner: &str, name: &str);
}

/// What every [`CertResolver`] does.
///
/// # Panics
/// When this one does something else.
pub async fn cert_resolver(backend: &dyn CertBackend) {
    the_rows_owner_comes_first(backend).await;
    versions_come_with_their_record(backend).await;
    a_key_signs_for_whom_and_towards_where_its_record_says(backend).await;
}

/// The private key that a row of `owner` gets from `record`, to sign what is sent to `url`; nothing, when it gets none.
fn key_for(record: &CertRecord, owner: &str, url: &str) -> Option<String> {
    let row = RowRef { id: Uuid::from_u128(1), owner: owner.to_owned(), name: "row".to_owned() };
    let context = Context::new(row, services(StaticCerts::new(), ScriptedHttp::new([])));
    let url = Url::parse(url).expect("a test writes urls");
    let key = context.signing_key(record, &[Destination { url: &url, named_by: NamedBy::Row }]).ok()??;
    Some(key.expose().to_owned())
}

async fn the_rows_owner_comes_first(backend: &dyn CertBackend) {
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
    assert_eq!(key_for(&shared, SHARED_OWNER, "https://up.example").as_deref(), Some("its key"));
    assert!(shared.private_key.beside().is_none(), "what is no certificate may be a key");

    backend.insert("acme", "alipay", "acme's", None).await;
    let own = resolve("acme", "alipay").await.expect("the owner's record is found");
    assert_eq!((own.owner.as_str(), own.certificate.as_str()), ("acme", "acme's"), "the row's owner comes first");
    assert!(own.private_key.is_empty());
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

async fn versions_come_with_their_record(backend: &dyn CertBackend) {
    let resolve = async || backend.certs().resolve("acme", "versions").await.expect("the record is there");
    backend.insert("acme", "versions", "active", Some("key")).await;
    backend.insert("acme", "another", "another", None).await;
    let alone = resolve().await;
    assert!(alone.others.is_empty());

    let (retired, next) = (alone.version + 1, alone.version + 2);
    backend.add_version("acme", "versions", retired, VersionState::Retired, "retired").await;
    backend.add_version("acme", "versions", next, VersionState::Next, "next").await;
    backend.add_version("acme", "another", next, VersionState::Next, "not of this record").await;
    let record = resolve().await;
    assert_eq!((record.version, record.certificate.as_str()), (alone.version, "active"));
    let others: Vec<_> =
        record.others.iter().map(|other| (other.number, other.state, other.certificate.as_str())).collect();
    assert_eq!(others, [(next, VersionState::Next, "next"), (retired, VersionState::Retired, "retired")]);

    backend.delete_version("acme", "versions", next).await;
    let others: Vec<_> = resolve().await.others.iter().map(|other| other.number).collect();
    assert_eq!(others, [retired]);
}

async fn a_key_signs_for_whom_and_towards_where_its_record_says(backend: &dyn CertBackend) {
    let resolve = async |owner: &str| backend.certs().resolve(owner, "granted").await.expect("the record is there");
    let (gate, elsewhere) = ("https://gate.example/x", "https://elsewhere.example/x");
    backend.insert(SHARED_OWNER, "granted", "", Some("first key")).await;
    let record = resolve("acme").await;
    assert_eq!(key_for(&record, "acme", gate).as_deref(), Some("first key"), "unless it says otherwise, for everybody");

    backend.grant(SHARED_OWNER, "granted", "acme;other", "gate.example").await;
    for owner in ["acme", "other", SHARED_OWNER] {
        assert!(key_for(&resolve(owner).await, owner, gate).is_some(), "{owner} is named");
    }
    for owner in ["third", "Acme", "acme;other", ""] {
        assert!(key_for(&resolve(owner).await, owner, gate).is_none(), "{owner:?} is not named");
    }
    assert!(key_for(&resolve("acme").await, "acme", elsewhere).is_none(), "this host is not named");
    assert!(key_for(&resolve(SHARED_OWNER).await, SHARED_OWNER, elsewhere).is_some(), "it is the owner's own key");

    backend.set_private_key(SHARED_OWNER, "granted", "second key").await;
    assert_eq!(key_for(&resolve("acme").await, "acme", gate).as_deref(), Some("second key"), "a change holds at once");
    assert_eq!(key_for(&record, "acme", gate).as_deref(), Some("first key"), "what was read stays as it was read");
    backend.grant(SHARED_OWNER, "granted", "*", "").await;
    assert!(key_for(&resolve("third").await, "third", elsewhere).is_some());
}
