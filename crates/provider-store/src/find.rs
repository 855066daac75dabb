//! Rows by name, for the engine: one query reads the row and the records that it names.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use ring::digest;
use vestibule_certs_store::{StoredRecords, select_records};
use vestibule_database::{DbError, Keyring, Row, RowHead, Sql, StoreError, sql};
use vestibule_login::{Opened, ProviderRows, StoredContent, StoredRow};
use vestibule_oauth_provider::{Config, Digest, Error, Registry, Result, RowRef};

use crate::ProviderStore;
use crate::fields::Fields;
use crate::references::named;
use crate::row::{LONGEST_CONFIG, ProviderRow, StoredConfig, WHAT};

/// The most letters of a name.
const LONGEST_NAME: usize = 100;

/// What stands in the column `part` for the row itself; the records' rows say something else.
const PART: &str = "provider";

/// The row's part of the query, with the columns of [`select_records`].
const ROW: &str = "SELECT 'provider' AS part, id, owner, name, substr(display_name, 1, 200) AS display_name, substr(type, 1, 100) AS type,
        substr(category, 1, 100) AS category, version, enabled, CASE WHEN octet_length(config) <= ? THEN config ELSE '' END AS text1, '' AS text2,
        '' AS state, '' AS key_owners, '' AS key_hosts, octet_length(config) AS size1, 0 AS size2
    FROM vestibule_provider WHERE owner = ? AND name = ?";

#[async_trait]
impl ProviderRows for ProviderStore {
    async fn find(&self, owner: &str, name: &str, certs: &[String]) -> Result<Option<StoredRow>> {
        if ![owner, name].into_iter().all(may_be_a_name) {
            return Ok(None);
        }
        let mut rows =
            query(owner, name, &self.shared_owner, certs).fetch_all(&self.database).await.map_err(Error::from)?;
        let Some(at) = rows.iter().position(|row| row.text("part").is_ok_and(|part| part == PART)) else {
            return Ok(None);
        };
        let row = rows.swap_remove(at);
        Ok(Some(self.stored(&row, &rows, certs)?))
    }
}

/// Whether a row can have this as its owner or name. No other text is put to a database: PostgreSQL does not take all of them.
fn may_be_a_name(name: &str) -> bool {
    !name.contains('\0') && name.chars().count() <= LONGEST_NAME
}

pub(crate) fn query(owner: &str, name: &str, shared_owner: &str, certs: &[String]) -> Sql {
    let row = sql(ROW).bind(LONGEST_CONFIG).bind(owner).bind(name);
    if certs.is_empty() { row } else { row.union_all(select_records(owner, shared_owner, certs)) }
}

impl ProviderStore {
    fn stored(&self, found: &Row, records: &[Row], certs: &[String]) -> Result<StoredRow, StoreError> {
        let (row, size) = read(found)?;
        let records = StoredRecords::read(records)?;
        let stamp = stamp(&row, size, &records, certs);
        let names = match row.stored_config().and_then(|config| row.text(config)) {
            Ok(text) => named(&text, Fields::of(&self.registry, &row.head.kind)).into_iter().collect(),
            // What is wrong with it is said when it is opened.
            Err(_) => Vec::new(),
        };
        let RowHead { owner, name, display_name, kind, .. } = row.head.clone();
        Ok(StoredRow {
            row: RowRef { id: row.head.uuid()?, owner, name },
            display_name,
            category: row.category.clone(),
            kind,
            enabled: row.enabled,
            stamp,
            certs: names,
            content: Box::new(Content {
                row,
                records,
                asked: certs.to_vec(),
                shared_owner: self.shared_owner.clone(),
                registry: self.registry.clone(),
                keyring: self.keyring.clone(),
            }),
        })
    }
}

/// The row, and how many bytes its config has.
fn read(row: &Row) -> Result<(ProviderRow, i64), DbError> {
    let (name, display_name, size) = (row.text("name")?, row.text("display_name")?, row.int("size1")?);
    let head = RowHead {
        what: WHAT,
        id: row.text("id")?,
        owner: row.text("owner")?,
        display_name: if display_name.is_empty() { name.clone() } else { display_name },
        name,
        kind: row.text("type")?,
        version: row.int("version")?,
        created_at: 0,
        updated_at: 0,
    };
    let config = if size <= LONGEST_CONFIG { StoredConfig::read(row, "text1") } else { StoredConfig(None) };
    Ok((ProviderRow { head, category: row.text("category")?, enabled: row.int("enabled")? != 0, config }, size))
}

/// The digest of all that is opened. What people see on the button, and whether the row is enabled, is read each time and opens nothing.
fn stamp(row: &ProviderRow, size: i64, records: &StoredRecords, certs: &[String]) -> Digest {
    let mut context = digest::Context::new(&digest::SHA256);
    let ProviderRow { head, category, config, .. } = row;
    let (version, size) = (head.version.to_string(), size.to_string());
    let config = config.0.as_ref().map_or("", |config| config.expose());
    part(&mut context, "vestibule provider row 1");
    for text in [&*head.id, &head.owner, &head.name, &head.kind, category, &version, config, &size] {
        part(&mut context, text);
    }
    let asked: BTreeSet<_> = certs.iter().collect();
    part(&mut context, &asked.len().to_string());
    for name in &asked {
        part(&mut context, name);
    }
    records.digest_into(&mut context);
    // The seam makes digests of texts.
    Digest::of(&hex::encode(context.finish()))
}

/// With its length, so that no two rows read the same.
fn part(context: &mut digest::Context, text: &str) {
    context.update(&u64::try_from(text.len()).unwrap_or(u64::MAX).to_be_bytes());
    context.update(text.as_bytes());
}

/// A row and its records, still sealed.
struct Content {
    row: ProviderRow,
    records: StoredRecords,
    asked: Vec<String>,
    shared_owner: Arc<str>,
    registry: Arc<Registry>,
    keyring: Keyring,
}

#[async_trait]
impl StoredContent for Content {
    async fn open(&self) -> Result<Opened> {
        let config = self.row.opened_config(&self.registry, &self.keyring).await?;
        let certs = self.records.clone().resolver(self.asked.clone(), &*self.shared_owner, self.keyring.clone());
        Ok(Opened { config: Config::new(config.expose()), certs: Arc::new(certs) })
    }
}

impl fmt::Debug for Content {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Content").field("row", &self.row.head.record().to_string()).finish_non_exhaustive()
    }
}
