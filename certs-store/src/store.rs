//! Saving, showing and deleting records.

use std::fmt;
use std::sync::Arc;

use vestibule_database::{
    Change, Database, DbError, Keyring, Record, RowKind, StoreError, Unsealable, check_name, sql, unix_time,
};
use vestibule_oauth_provider::{Clock, KeyGrant, Random, Secret};

use crate::change::Edit;
use crate::examine::Examined;
use crate::grant;
use crate::judge::judge;
use crate::private_key::VersionOf;
use crate::row::{CertRow, record};
use crate::users::CertUsers;
use crate::view::CertView;

/// The longest display name, in letters.
const LONGEST_DISPLAY_NAME: usize = 200;
/// How many rows are named when a record is in use.
const NAMED_USERS: usize = 10;

/// Cert records in the tables `vestibule_cert` and `vestibule_cert_version`. Clones share the database.
#[derive(Clone)]
pub struct CertStore {
    pub(crate) database: Database,
    pub(crate) keyring: Keyring,
    pub(crate) shared_owner: String,
    clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
    pub(crate) unsealable: Unsealable,
    pub(crate) examined: Examined,
    pub(crate) users: Option<Arc<dyn CertUsers>>,
}

/// A record to be saved.
#[derive(Clone)]
pub struct NewCert {
    /// Whose record it is.
    pub owner: String,
    /// Its name, unique for its owner.
    pub name: String,
    /// What people call it. May be empty.
    pub display_name: String,
    /// The Certificate field: certificates. May be empty when the other is not.
    pub certificate: String,
    /// The Private key field: a private key, certificates, or nothing. In [`CertStore::replace`], the mask `***` keeps what is stored.
    pub private_key: Option<Secret>,
    /// For whom and towards which hosts the private key signs. Nothing: as it is stored; for a record that is new, every owner's rows, towards the hosts that
    /// are the vendor's own or that the installation vouches for.
    pub sharing: Option<KeyGrant>,
}

impl NewCert {
    pub(crate) fn record(&self) -> Record<'_> {
        record(&self.owner, &self.name)
    }
}

impl CertStore {
    /// The records in `database`, sealed with `keyring`. The records of `shared_owner` (by custom `admin`) are there for every owner.
    pub fn new(
        database: Database,
        keyring: Keyring,
        shared_owner: impl Into<String>,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
    ) -> Self {
        Self {
            database,
            keyring,
            shared_owner: shared_owner.into(),
            clock,
            random,
            unsealable: Unsealable::default(),
            examined: Examined::default(),
            users: None,
        }
    }

    /// The store, knowing whom to ask which rows name a record. Without that nobody is asked: a record is deleted, and renamed, whoever names it.
    #[must_use]
    pub fn with_users(self, users: Arc<dyn CertUsers>) -> Self {
        Self { users: Some(users), ..self }
    }

    /// Judges and stores a new record, which `by` made.
    ///
    /// # Errors
    /// [`StoreError::Refused`], naming record, field, what was found and what belongs there; [`StoreError::AlreadyExists`]; [`StoreError::Database`].
    pub async fn save(&self, cert: NewCert, by: &str) -> Result<CertView, StoreError> {
        check_name("owner", &cert.owner)?;
        check_name("name", &cert.name)?;
        check_display_name(cert.record(), &cert.display_name)?;
        let sharing = cert.sharing.clone().unwrap_or_else(KeyGrant::every_owner);
        let (key_owners, key_hosts) = grant::write(cert.record(), &sharing)?;
        let judged = judge(cert.record(), &cert.certificate, cert.private_key.as_ref())?;
        let id = self.random.uuid().map_err(DbError::Random)?;
        let version = VersionOf { record: cert.record(), id, number: 1 };
        let private_key = self.sealed(version, cert.private_key.as_ref())?;
        let (id, now) = (id.to_string(), self.now());
        let mut transaction = self.database.begin().await?;
        sql("INSERT INTO vestibule_cert
                (id, owner, name, display_name, type, certificate, private_key, version, revision, key_owners, key_hosts, not_after, created_at, updated_at)
            VALUES (?, ?, ?, ?, 'x509', ?, ?, 1, 1, ?, ?, ?, ?, ?)")
        .bind(&id)
        .bind(&cert.owner)
        .bind(&cert.name)
        .bind(&cert.display_name)
        .bind(&cert.certificate)
        .bind(private_key)
        .bind(key_owners)
        .bind(key_hosts)
        .bind(judged.not_after)
        .bind(now)
        .bind(now)
        .execute(&mut transaction)
        .await
        .map_err(|error| cert.record().not_inserted(error))?;
        let change = Change {
            actor: by,
            action: "create",
            what: RowKind::Cert,
            row_id: &id,
            owner: &cert.owner,
            name: &cert.name,
            version: Some(1),
            detail: "",
        };
        change.note(&mut transaction, now).await?;
        transaction.commit().await?;
        self.get(&cert.owner, &cert.name).await
    }

    /// The record `name` of `owner`, with its versions; the shared owner's is not looked for.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::Database`]. What cannot be opened or read in it is said in the view.
    pub async fn get(&self, owner: &str, name: &str) -> Result<CertView, StoreError> {
        Ok(CertView::of(&CertRow::find(&self.database, owner, name).await?, &self.keyring).await)
    }

    /// Deletes a record with all its versions. No record that is saved here gets its id again. Rows are asked first; one that begins to name the record at the
    /// same moment is left without it.
    ///
    /// # Errors
    /// [`StoreError::InUse`], when rows name it; [`StoreError::NotFound`]; [`StoreError::Changed`]; [`StoreError::Database`].
    pub async fn delete(&self, edit: &Edit<'_>) -> Result<(), StoreError> {
        let row = CertRow::find(&self.database, edit.owner, edit.name).await?;
        let record = row.record();
        if edit.revision.is_some_and(|expected| expected != row.revision) {
            return Err(StoreError::Changed(record.to_string()));
        }
        self.is_unused(record).await?;
        if row.holds_clear_text() {
            self.database.note_clear_text();
        }
        let mut transaction = self.database.begin().await?;
        let deleted = sql("DELETE FROM vestibule_cert WHERE id = ? AND owner = ? AND name = ? AND revision = ?")
            .bind(&row.head.id)
            .bind(edit.owner)
            .bind(edit.name)
            .bind(row.revision)
            .execute(&mut transaction)
            .await?;
        record.unchanged(deleted)?;
        let change = Change {
            actor: edit.by,
            action: "delete",
            what: RowKind::Cert,
            row_id: &row.head.id,
            owner: edit.owner,
            name: edit.name,
            version: None,
            detail: "",
        };
        change.note(&mut transaction, self.now()).await?;
        transaction.commit().await?;
        Ok(())
    }

    async fn is_unused(&self, record: Record<'_>) -> Result<(), StoreError> {
        let Some(users) = &self.users else { return Ok(()) };
        let rows = users.users_of(record.owner, record.name, &self.shared_owner).await?;
        if rows.is_empty() {
            return Ok(());
        }
        let count = rows.len();
        let users = rows.iter().take(NAMED_USERS).map(ToString::to_string).collect();
        Err(StoreError::InUse { record: record.to_string(), users, count })
    }

    pub(crate) fn now(&self) -> i64 {
        unix_time(self.clock.now())
    }

    /// A text of a Private key field that stands in the clear, sealed where it stands; nothing when it is empty.
    pub(crate) fn sealed_as_it_stands(
        &self,
        version: VersionOf<'_>,
        clear: &Secret,
    ) -> Result<Option<String>, DbError> {
        let seal = || self.keyring.seal(clear, &version.place(), &*self.random);
        (!clear.is_empty()).then(seal).transpose()
    }

    /// A Private key field as it is to be stored for `version`; nothing when it is empty.
    pub(crate) fn sealed(&self, version: VersionOf<'_>, clear: Option<&Secret>) -> Result<Option<String>, DbError> {
        clear
            .filter(|clear| !clear.expose().trim().is_empty())
            .map(|clear| self.keyring.seal(clear, &version.place(), &*self.random))
            .transpose()
    }
}

/// # Errors
/// [`StoreError::Refused`].
pub(crate) fn check_display_name(record: Record<'_>, display_name: &str) -> Result<(), StoreError> {
    let letters = display_name.chars().count();
    if letters > LONGEST_DISPLAY_NAME {
        return Err(StoreError::Refused(format!(
            "{record}, field Display name: has {letters} characters; {LONGEST_DISPLAY_NAME} are allowed"
        )));
    }
    if display_name.chars().any(char::is_control) {
        return Err(StoreError::Refused(format!(
            "{record}, field Display name: has a control character in it, such as a line break; type it again"
        )));
    }
    Ok(())
}

impl fmt::Debug for CertStore {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("CertStore").field("shared_owner", &self.shared_owner).finish_non_exhaustive()
    }
}

impl fmt::Debug for NewCert {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("NewCert").field("owner", &self.owner).field("name", &self.name).finish_non_exhaustive()
    }
}
