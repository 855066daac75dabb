//! Stands in for certs-store's `stored` until it is there.
use std::sync::Arc;

use async_trait::async_trait;
use ring::digest::Context;
use vestibule_database::{DbError, Keyring, Row, Sql, sql};
use vestibule_oauth_provider::{CertRecord, CertResolver, Error, Result};

pub(crate) fn select_records(_: &str, _: &str, _: &[String]) -> Sql {
    sql("SELECT '' AS part, '' AS id, '' AS owner, '' AS name, '' AS display_name, '' AS type, '' AS category, 0 AS version, 0 AS enabled,
        '' AS text1, '' AS text2, '' AS state, '' AS key_owners, '' AS key_hosts, 0 AS size1, 0 AS size2 FROM vestibule_cert WHERE 1 = 0")
}

#[derive(Debug)]
pub(crate) struct StoredRecords;

impl StoredRecords {
    #[allow(clippy::unnecessary_wraps, reason = "as certs-store has it")]
    pub(crate) fn read(_: &[Row]) -> std::result::Result<Self, DbError> {
        Ok(Self)
    }

    #[allow(clippy::unused_self, reason = "as certs-store has it")]
    pub(crate) fn digest_into(&self, _: &mut Context, _: &[String]) {}

    pub(crate) fn resolver(self: Arc<Self>, _: &str, _: &str, _: &[String], _: &Keyring) -> Arc<dyn CertResolver> {
        Arc::new(Nothing)
    }
}

#[derive(Debug)]
struct Nothing;

#[async_trait]
impl CertResolver for Nothing {
    async fn resolve(&self, _: &str, name: &str) -> Result<CertRecord> {
        Err(Error::internal(format!("cert record \"{name}\" was not asked for with the row")))
    }
}
