//! What all provider rows do, with the cert records that are read with them.

use async_trait::async_trait;
use vestibule_login::{ProviderRows, StoredRow};
use vestibule_oauth_provider::{Digest, ErrorKind, VersionState};

use super::{CertBackend, LOOKALIKES, SHARED_OWNER};

/// A backend of [`ProviderRows`], and the way in which its administrator changes rows.
///
/// It knows the type `Test`, whose schema has the fields `id` (a text) and `cert` (a cert record), neither of them required.
#[async_trait]
pub trait ProviderBackend: Send + Sync {
    /// What is tested.
    fn rows(&self) -> &dyn ProviderRows;
    /// The cert records that the rows name.
    fn records(&self) -> &dyn CertBackend;
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
    a_row_is_found_by_its_very_name(backend).await;
    a_change_holds_at_the_next_look(backend).await;
    records_come_with_the_row_that_asks_for_them(backend).await;
    the_stamp_is_of_all_that_is_opened_and_of_nothing_else(backend).await;
}

async fn find(backend: &dyn ProviderBackend, owner: &str, name: &str, certs: &[&str]) -> Option<StoredRow> {
    let certs: Vec<_> = certs.iter().map(|name| (*name).to_owned()).collect();
    backend.rows().find(owner, name, &certs).await.expect("the store answers")
}

async fn config(row: &StoredRow) -> String {
    row.content.open().await.expect("the row opens").config.expose().to_owned()
}

async fn a_row_is_found_by_its_very_name(backend: &dyn ProviderBackend) {
    assert!(find(backend, "acme", "alipay", &[]).await.is_none());
    backend.insert("acme", "alipay", "Test", r#"{"id":"1"}"#).await;
    let row = find(backend, "acme", "alipay", &[]).await.expect("a row that was added is found");
    assert_eq!((row.row.owner.as_str(), row.row.name.as_str(), row.kind.as_str()), ("acme", "alipay", "Test"));
    assert_eq!((row.category.as_str(), row.enabled), ("OAuth", true));
    assert!(row.certs.is_empty());
    assert_eq!(config(&row).await, r#"{"id":"1"}"#);

    for name in LOOKALIKES {
        assert!(find(backend, "acme", name, &[]).await.is_none(), "{name:?} found \"alipay\"");
    }
    for owner in ["Acme", "acme ", "acme\0", "other", ""] {
        assert!(find(backend, owner, "alipay", &[]).await.is_none(), "{owner:?} found a row of \"acme\"");
    }
    backend.insert("acme", "Alipay", "Test", r#"{"id":"2"}"#).await;
    backend.insert("other", "alipay", "Test", r#"{"id":"3"}"#).await;
    for (owner, name, stored) in
        [("acme", "alipay", r#"{"id":"1"}"#), ("acme", "Alipay", r#"{"id":"2"}"#), ("other", "alipay", r#"{"id":"3"}"#)]
    {
        let row = find(backend, owner, name, &[]).await.expect("each is a row of its own");
        assert_eq!(config(&row).await, stored);
    }
}

async fn a_change_holds_at_the_next_look(backend: &dyn ProviderBackend) {
    let before = find(backend, "acme", "alipay", &[]).await.expect("the row is there");
    backend.set_config("acme", "alipay", r#"{"id":"4"}"#).await;
    let changed = find(backend, "acme", "alipay", &[]).await.expect("a changed row is found");
    assert_eq!(config(&changed).await, r#"{"id":"4"}"#, "a change holds at the next look");
    assert_eq!(config(&before).await, r#"{"id":"1"}"#, "what was read is what is opened");
    assert_eq!(changed.row, before.row, "a change keeps the id");

    backend.disable("acme", "alipay").await;
    let disabled = find(backend, "acme", "alipay", &[]).await.expect("a disabled row is found");
    assert!(!disabled.enabled, "and says so");

    backend.delete("acme", "alipay").await;
    assert!(find(backend, "acme", "alipay", &[]).await.is_none());
    backend.insert("acme", "alipay", "Test", "{}").await;
    let again = find(backend, "acme", "alipay", &[]).await.expect("a row may have the name of a deleted one");
    assert_ne!(again.row.id, before.row.id, "an id is never used again");
}

async fn records_come_with_the_row_that_asks_for_them(backend: &dyn ProviderBackend) {
    let records = backend.records();
    backend.insert("acme", "with certs", "Test", r#"{"cert":"one"}"#).await;
    let row = find(backend, "acme", "with certs", &[]).await.expect("the row is there");
    assert_eq!(row.certs, ["one"], "the schema tells which field names a record");

    records.insert(SHARED_OWNER, "one", "shared one", None).await;
    records.insert("acme", "two", "acme's two", None).await;
    records.insert(SHARED_OWNER, "two", "shared two", None).await;
    records.insert("other", "three", "nobody else's", None).await;
    let names = ["one", "two", "Two", "three", "absent\0", "absent"];
    let row = find(backend, "acme", "with certs", &names).await.expect("the row is there");
    let certs = row.content.open().await.expect("the row opens").certs;
    for (name, certificate) in [("one", "shared one"), ("two", "acme's two")] {
        let record = certs.resolve("acme", name).await.expect("it was asked for");
        assert_eq!((record.name.as_str(), record.certificate.as_str()), (name, certificate));
        let alone = records.certs().resolve("acme", name).await.expect("it is there");
        assert_eq!((record.id, record.version), (alone.id, alone.version), "both ways lead to one record");
    }
    for name in ["Two", "three", "absent", "absent\0"] {
        let error = certs.resolve("acme", name).await.expect_err("there is none that this owner may use");
        assert_eq!(*error.kind(), ErrorKind::Configuration, "{name:?}: {error}");
    }
    let error = certs.resolve("acme", "four").await.expect_err("it was not asked for");
    assert_eq!(*error.kind(), ErrorKind::Internal, "{error}");
    assert!(error.message().contains("\"four\""), "{error}");
}

async fn the_stamp_is_of_all_that_is_opened_and_of_nothing_else(backend: &dyn ProviderBackend) {
    let (one, two) = (r#"{"cert":"kept"}"#, r#"{"cert":"kept","id":"5"}"#);
    let records = backend.records();
    backend.insert("acme", "stamped", "Test", one).await;
    let mut stamp = Stamp { backend, last: read_stamp(backend).await };

    stamp.is_the_same("nothing happened").await;
    backend.insert("other", "stamped", "Test", two).await;
    stamp.is_the_same("another owner added a row").await;
    records.insert("other", "kept", "x", Some("k")).await;
    records.insert("acme", "not named", "x", Some("k")).await;
    records.insert(SHARED_OWNER, "Kept", "x", Some("k")).await;
    stamp.is_the_same("records were added that the row does not see").await;

    records.insert(SHARED_OWNER, "kept", "shared", Some("key")).await;
    stamp.changed("the record that it names appeared").await;
    records.set_certificate(SHARED_OWNER, "kept", "shared, changed").await;
    stamp.changed("a certificate changed").await;
    records.set_private_key(SHARED_OWNER, "kept", "another key").await;
    stamp.changed("a private key changed").await;
    records.grant(SHARED_OWNER, "kept", "acme;other", "").await;
    stamp.changed("the owners of the key changed").await;
    records.grant(SHARED_OWNER, "kept", "acme;other", "gate.example").await;
    stamp.changed("the hosts of the key changed").await;
    records.add_version(SHARED_OWNER, "kept", 101, VersionState::Next, "next").await;
    stamp.changed("a version was staged").await;
    records.add_version(SHARED_OWNER, "kept", 100, VersionState::Retired, "retired").await;
    stamp.changed("a version was retired").await;
    records.delete_version(SHARED_OWNER, "kept", 101).await;
    stamp.changed("a version was removed").await;

    records.insert("acme", "kept", "shared, changed", Some("another key")).await;
    stamp.changed("the owner's own record shadows the shared one").await;
    records.set_certificate("acme", "kept", "acme's").await;
    stamp.changed("it changed").await;
    records.delete("acme", "kept").await;
    stamp.changed("it went away").await;
    records.set_certificate("other", "kept", "y").await;
    records.delete("acme", "not named").await;
    stamp.is_the_same("records changed that the row does not see").await;
    records.delete(SHARED_OWNER, "kept").await;
    stamp.changed("the record that it names went away").await;

    backend.set_config("acme", "stamped", two).await;
    stamp.changed("the config changed").await;
    backend.set_config("acme", "stamped", one).await;
    stamp.changed("the config changed back").await;
    stamp.is_the_same("nothing happened").await;
}

async fn read_stamp(backend: &dyn ProviderBackend) -> Digest {
    find(backend, "acme", "stamped", &["kept"]).await.expect("the row is there").stamp
}

/// The stamp that was seen last.
struct Stamp<'a> {
    backend: &'a dyn ProviderBackend,
    last: Digest,
}

impl Stamp<'_> {
    async fn is_the_same(&self, because: &str) {
        assert_eq!(read_stamp(self.backend).await, self.last, "{because}, and the stamp changed");
    }

    async fn changed(&mut self, because: &str) {
        let stamp = read_stamp(self.backend).await;
        assert_ne!(stamp, self.last, "{because}, and the stamp did not change");
        self.last = stamp;
    }
}
