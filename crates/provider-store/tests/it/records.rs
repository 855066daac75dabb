//! Cert records beside the rows, written by plain SQL.

use std::sync::Arc;

use async_trait::async_trait;
use vestibule_certs_store::{CertStore, Edit};
use vestibule_oauth_provider::{CertResolver, SystemRandom, VersionState};
use vestibule_testkit::FixedClock;
use vestibule_testkit::databases::Value;
use vestibule_testkit::stores::{CertBackend, SHARED_OWNER};

use crate::house::*;

impl House {
    /// The records, which know who uses them.
    pub(crate) fn certs(&self) -> CertStore {
        let (clock, random) = (Arc::new(FixedClock::new()), Arc::new(SystemRandom::new()));
        let certs = CertStore::new(self.database.clone(), keyring("1"), SHARED_OWNER, clock, random);
        certs.with_users(Arc::new(self.store.clone()))
    }

    /// A record that plain SQL inserts.
    pub(crate) async fn insert_cert(&self, owner: &str, name: &str) {
        let insert = "INSERT INTO vestibule_cert (owner, name, certificate) VALUES (?, ?, 'a certificate')";
        self.sql(insert, &[owner.into(), name.into()]).await;
    }
}

/// A change of a record by Anna.
pub(crate) fn edit<'a>(owner: &'a str, name: &'a str) -> Edit<'a> {
    Edit::of(owner, name, ANNA)
}

/// Records that plain SQL writes.
pub(crate) struct PlainCerts<'h> {
    pub(crate) house: &'h House,
    pub(crate) certs: CertStore,
}

impl PlainCerts<'_> {
    async fn sql(&self, statement: &str, values: &[&str]) {
        let values: Vec<_> = values.iter().map(|value| Value::Text(value)).collect();
        self.house.sql(statement, &values).await;
    }
}

#[async_trait]
impl CertBackend for PlainCerts<'_> {
    fn certs(&self) -> &dyn CertResolver {
        &self.certs
    }

    async fn insert(&self, owner: &str, name: &str, certificate: &str, private_key: Option<&str>) {
        let insert =
            "INSERT INTO vestibule_cert (owner, name, certificate, private_key) VALUES (?, ?, ?, NULLIF(?, ''))";
        self.sql(insert, &[owner, name, certificate, private_key.unwrap_or_default()]).await;
    }

    async fn set_certificate(&self, owner: &str, name: &str, certificate: &str) {
        let update = "UPDATE vestibule_cert SET certificate = ? WHERE owner = ? AND name = ?";
        self.sql(update, &[certificate, owner, name]).await;
    }

    async fn set_private_key(&self, owner: &str, name: &str, private_key: &str) {
        let update = "UPDATE vestibule_cert SET private_key = ? WHERE owner = ? AND name = ?";
        self.sql(update, &[private_key, owner, name]).await;
    }

    async fn grant(&self, owner: &str, name: &str, owners: &str, hosts: &str) {
        let update = "UPDATE vestibule_cert SET key_owners = ?, key_hosts = ? WHERE owner = ? AND name = ?";
        self.sql(update, &[owners, hosts, owner, name]).await;
    }

    async fn add_version(&self, owner: &str, name: &str, number: i64, state: VersionState, certificate: &str) {
        let insert = "INSERT INTO vestibule_cert_version (cert_id, version, state, certificate)
            SELECT id, ?, ?, ? FROM vestibule_cert WHERE owner = ? AND name = ?";
        let values = [number.into(), state.as_str().into(), certificate.into(), owner.into(), name.into()];
        self.house.sql(insert, &values).await;
    }

    async fn delete_version(&self, owner: &str, name: &str, number: i64) {
        let delete = "DELETE FROM vestibule_cert_version
            WHERE version = ? AND cert_id IN (SELECT id FROM vestibule_cert WHERE owner = ? AND name = ?)";
        self.house.sql(delete, &[number.into(), owner.into(), name.into()]).await;
    }

    async fn delete(&self, owner: &str, name: &str) {
        self.sql("DELETE FROM vestibule_cert WHERE owner = ? AND name = ?", &[owner, name]).await;
    }
}
