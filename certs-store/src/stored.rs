//! Records as they are stored, still sealed: read with whatever names them, in one query.
//!
//! Whoever opens a provider asks for its row and for the records that it names at once, and needs to know whether all of it is what it was the last time:
//! [`select_records`] is a part of that query, [`StoredRecords`] reads its rows, [`StoredRecords::digest_into`] tells them from others, and
//! [`StoredRecords::resolver`] opens what a provider asks for.

use std::fmt;
use std::sync::Arc;

use ring::digest::Context;
use vestibule_database::{DbError, Record, Row, Sql, places, sql};
use vestibule_oauth_provider::{KeyGrant, VersionState};

use crate::field::{Content, sizes, texts};
use crate::grant::{self, grant};

/// How messages call a row.
pub(crate) const WHAT: &str = "cert record";

/// How many versions of a record are read besides the active one: the staged one, and the newest of the others.
pub(crate) const MOST_OTHERS: usize = 16;

/// What stands in the column `part` for a record, and for a version of one.
const CERT: &str = "cert";
const VERSION: &str = "version";

/// The statement for the records `names` of `owner` and of `shared_owner`, and for their versions: the staged one and the newest retired ones, 16 at most of
/// each record. Its columns, in this order:
///
/// | column | of a record | of a version |
/// |---|---|---|
/// | `part` | `cert` | `version` |
/// | `id`, `owner`, `name` | its own | its record's |
/// | `display_name`, `type` | its own | empty |
/// | `category` | empty | empty |
/// | `version` | the active version's number | its number |
/// | `enabled` | 0 | 0 |
/// | `text1`, `text2` | Certificate and Private key of the active version; empty when too long | the same of the version |
/// | `state` | empty | `next` or `retired` |
/// | `key_owners`, `key_hosts` | its own | empty |
/// | `size1`, `size2` | how many bytes the two texts have; -1 for NULL | the same of the version |
pub fn select_records(owner: &str, shared_owner: &str, names: &[String]) -> Sql {
    // PostgreSQL takes no NUL, and no name has one.
    let in_table = |name: &&str| !name.contains('\0');
    let owners: Vec<&str> = [owner, shared_owner].into_iter().filter(in_table).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).filter(in_table).collect();
    let of_these = format!("owner IN ({}) AND name IN ({})", places(owners.len()), places(names.len()));
    let bound = |statement: Sql| bind_list(bind_list(statement, &owners), &names);
    let records = bound(sql(format!("{RECORDS} WHERE {of_these}")));
    let versions = sql(format!(
        "{VERSIONS} FROM (
            SELECT cert_id, version,
                ROW_NUMBER() OVER (PARTITION BY cert_id ORDER BY CASE WHEN state = 'next' THEN 0 ELSE 1 END, version DESC) AS turn
            FROM vestibule_cert_version
            WHERE cert_id IN (SELECT id FROM vestibule_cert WHERE {of_these})
        ) AS newest
        JOIN vestibule_cert AS cert ON cert.id = newest.cert_id
        JOIN vestibule_cert_version AS other ON other.cert_id = newest.cert_id AND other.version = newest.version
        WHERE newest.turn <= {MOST_OTHERS}"
    ));
    records.union_all(bound(versions))
}

const RECORDS: &str = concat!(
    "SELECT 'cert' AS part, id, owner, name, substr(display_name, 1, 200) AS display_name, substr(type, 1, 100) AS type, '' AS category, version,
        0 AS enabled, ",
    texts!("vestibule_cert"),
    ", '' AS state, ",
    grant!(),
    ", ",
    sizes!("vestibule_cert"),
    " FROM vestibule_cert"
);

const VERSIONS: &str = concat!(
    "SELECT 'version' AS part, cert.id, cert.owner, cert.name, '' AS display_name, '' AS type, '' AS category, other.version, 0 AS enabled, ",
    texts!("other"),
    ", other.state, '' AS key_owners, '' AS key_hosts, ",
    sizes!("other")
);

fn bind_list(statement: Sql, list: &[&str]) -> Sql {
    // `places` has one at least, and nothing is called the empty text.
    if list.is_empty() { statement.bind("") } else { statement.bind_all(list.iter().copied()) }
}

/// Records as they are stored, with their versions. Clones share them.
#[derive(Clone, Default)]
pub struct StoredRecords {
    /// In the order of owner and name.
    records: Arc<Vec<StoredRecord>>,
}

/// A record as it is stored.
pub(crate) struct StoredRecord {
    pub(crate) id: String,
    pub(crate) owner: String,
    pub(crate) name: String,
    pub(crate) kind: String,
    pub(crate) version: i64,
    pub(crate) content: Content,
    pub(crate) key_owners: Option<String>,
    pub(crate) key_hosts: Option<String>,
    /// Newest first.
    pub(crate) others: Vec<StoredVersion>,
}

/// A version that is not the active one, as it is stored.
pub(crate) struct StoredVersion {
    pub(crate) number: i64,
    pub(crate) state: VersionState,
    pub(crate) content: Content,
}

impl StoredRecord {
    pub(crate) fn record(&self) -> Record<'_> {
        Record { what: WHAT, owner: &self.owner, name: &self.name }
    }

    pub(crate) fn grant(&self) -> KeyGrant {
        grant::read(self.key_owners.as_deref(), self.key_hosts.as_deref())
    }
}

impl StoredRecords {
    /// Reads the rows of [`select_records`]; rows of other parts of a query are passed over.
    ///
    /// # Errors
    /// [`DbError::Failed`], when a column is missing. What is wrong with a text is said when the record is resolved.
    pub fn read<'r>(rows: impl IntoIterator<Item = &'r Row>) -> Result<Self, DbError> {
        let (mut records, mut versions) = (Vec::<StoredRecord>::new(), Vec::new());
        for row in rows {
            match row.text("part")?.as_str() {
                CERT => records.push(StoredRecord {
                    id: row.text("id")?,
                    owner: row.text("owner")?,
                    name: row.text("name")?,
                    kind: row.text("type")?,
                    version: row.int("version")?,
                    content: Content::read(row)?,
                    key_owners: row.utf8("key_owners").ok().flatten(),
                    key_hosts: row.utf8("key_hosts").ok().flatten(),
                    others: Vec::new(),
                }),
                VERSION => versions.push((row.text("id")?, read_version(row)?)),
                _ => {}
            }
        }
        versions.sort_by_key(|(_, version)| std::cmp::Reverse(version.number));
        for (id, version) in versions {
            if let Some(record) = records.iter_mut().find(|record| record.id == id) {
                record.others.push(version);
            }
        }
        records.sort_by(|one, other| (&one.owner, &one.name).cmp(&(&other.owner, &other.name)));
        Ok(Self { records: Arc::new(records) })
    }

    /// Adds to a digest all that is stored of these records and that opening them depends on: as long as it is the same, so is what is opened. The order of the
    /// rows does not matter, and a record that is absent is told from one that is empty.
    pub fn digest_into(&self, context: &mut Context) {
        let mut add = |bytes: &[u8]| {
            context.update(&u64::try_from(bytes.len()).unwrap_or(u64::MAX).to_be_bytes());
            context.update(bytes);
        };
        add(b"cert records 1");
        add(&self.records.len().to_be_bytes());
        for record in &*self.records {
            for text in [&record.id, &record.owner, &record.name, &record.kind] {
                add(text.as_bytes());
            }
            add(&record.version.to_be_bytes());
            for column in [&record.key_owners, &record.key_hosts] {
                add(column.as_ref().map_or(b"unreadable", |_| b"readable__"));
                add(column.as_deref().unwrap_or_default().as_bytes());
            }
            record.content.parts(&mut add);
            add(&record.others.len().to_be_bytes());
            for version in &record.others {
                add(&version.number.to_be_bytes());
                add(version.state.as_str().as_bytes());
                version.content.parts(&mut add);
            }
        }
    }

    /// The record `name` as `owner` sees it.
    pub(crate) fn nearest(&self, owner: &str, shared_owner: &str, name: &str) -> Option<&StoredRecord> {
        let of = |owner: &str| self.records.iter().find(|record| record.owner == owner && record.name == name);
        of(owner).or_else(|| of(shared_owner))
    }
}

fn read_version(row: &Row) -> Result<StoredVersion, DbError> {
    let state =
        if row.text("state")? == VersionState::Next.as_str() { VersionState::Next } else { VersionState::Retired };
    Ok(StoredVersion { number: row.int("version")?, state, content: Content::read(row)? })
}

impl fmt::Debug for StoredRecords {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_list().entries(self.records.iter().map(|record| record.record().to_string())).finish()
    }
}
