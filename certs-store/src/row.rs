//! A record and all its versions, read without trust, to be shown or changed.

use vestibule_database::{Database, DbError, Record, Row, RowHead, StoreError, sql};
use vestibule_oauth_provider::{KeyGrant, VersionState};

use crate::field::{Content, sizes, texts};
use crate::grant::{self, grant};
use crate::private_key::VersionOf;
use crate::stored::WHAT;

/// A record with its versions.
pub(crate) struct CertRow {
    /// With the number of the active version.
    pub(crate) head: RowHead,
    pub(crate) revision: i64,
    pub(crate) grant: KeyGrant,
    pub(crate) active: Content,
    pub(crate) not_after: Option<i64>,
    /// Newest first.
    pub(crate) others: Vec<Version>,
}

/// A version that is not the active one.
#[derive(Clone)]
pub(crate) struct Version {
    pub(crate) number: i64,
    pub(crate) state: VersionState,
    pub(crate) content: Content,
    pub(crate) not_after: Option<i64>,
    /// Since when it is what it is, in Unix seconds.
    pub(crate) since: i64,
}

const SELECT: &str = concat!(
    "SELECT 'cert' AS part, id, owner, name, substr(display_name, 1, 200) AS display_name, substr(type, 1, 100) AS type, version, created_at,
        updated_at, '' AS state, revision, not_after, ",
    grant!(),
    ", ",
    texts!("vestibule_cert"),
    ", ",
    sizes!("vestibule_cert"),
    " FROM vestibule_cert WHERE owner = ? AND name = ?
    UNION ALL
    SELECT 'version', cert.id, cert.owner, cert.name, '', '', other.version, other.created_at, other.created_at, other.state, 0, other.not_after, '', '', ",
    texts!("other"),
    ", ",
    sizes!("other"),
    " FROM vestibule_cert AS cert JOIN vestibule_cert_version AS other ON other.cert_id = cert.id WHERE cert.owner = ? AND cert.name = ?"
);

impl CertRow {
    /// The record `name` of `owner`, in one query: all of it is of the same moment.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::Database`]. What is wrong with a field is an error when the field is asked for.
    pub(crate) async fn find(database: &Database, owner: &str, name: &str) -> Result<Self, StoreError> {
        // PostgreSQL takes no NUL, and no name has one.
        if owner.contains('\0') || name.contains('\0') {
            return Err(record(owner, name).not_found());
        }
        let rows = sql(SELECT).bind(owner).bind(name).bind(owner).bind(name).fetch_all(database).await?;
        let (mut found, mut others) = (None, Vec::new());
        for row in &rows {
            if row.text("part")? == "cert" {
                found = Some(Self::read(row)?);
            } else {
                others.push(Version::read(row)?);
            }
        }
        let found = found.ok_or_else(|| record(owner, name).not_found())?;
        others.sort_by_key(|version| std::cmp::Reverse(version.number));
        Ok(Self { others, ..found })
    }

    fn read(row: &Row) -> Result<Self, DbError> {
        Ok(Self {
            head: RowHead::read(row, WHAT)?,
            revision: row.int("revision")?,
            grant: grant::read(
                row.utf8("key_owners").ok().flatten().as_deref(),
                row.utf8("key_hosts").ok().flatten().as_deref(),
            ),
            active: Content::read(row)?,
            not_after: row.opt_int("not_after")?,
            others: Vec::new(),
        })
    }

    pub(crate) fn record(&self) -> Record<'_> {
        self.head.record()
    }

    /// Whether a private key of any version stands there in the clear.
    pub(crate) fn holds_clear_text(&self) -> bool {
        self.active.is_clear() || self.others.iter().any(|version| version.content.is_clear())
    }

    /// The staged version.
    pub(crate) fn next(&self) -> Option<&Version> {
        self.others.iter().find(|version| version.state == VersionState::Next)
    }

    /// The version that was the active one last.
    pub(crate) fn last_retired(&self) -> Option<&Version> {
        let retired = self.others.iter().filter(|version| version.state == VersionState::Retired);
        retired.max_by_key(|version| (version.since, version.number))
    }

    /// What is said of the version `number`.
    ///
    /// # Errors
    /// [`StoreError::Unreadable`], when the record's id is no UUID.
    pub(crate) fn version(&self, number: i64) -> Result<VersionOf<'_>, StoreError> {
        Ok(VersionOf { record: self.record(), id: self.head.uuid()?, number })
    }
}

impl Version {
    fn read(row: &Row) -> Result<Self, DbError> {
        let is_next = row.text("state")? == VersionState::Next.as_str();
        Ok(Self {
            number: row.int("version")?,
            state: if is_next { VersionState::Next } else { VersionState::Retired },
            content: Content::read(row)?,
            not_after: row.opt_int("not_after")?,
            since: row.int("created_at")?,
        })
    }
}

pub(crate) fn record<'a>(owner: &'a str, name: &'a str) -> Record<'a> {
    Record { what: WHAT, owner, name }
}
