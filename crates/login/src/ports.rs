//! What the engine asks of storage. The stores implement these; so can an embedding host that keeps its rows elsewhere.

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use async_trait::async_trait;
use vestibule_oauth_provider::{CertResolver, Config, Digest, Result, RowRef, Secret};

/// The provider rows of an installation, and the cert records that they name.
#[async_trait]
pub trait ProviderRows: fmt::Debug + Send + Sync + 'static {
    /// The row `name` of `owner` as it is stored now, enabled or not, and with it the records called `certs` as its owner sees them (absent ones
    /// included, and those of the shared owner that others shadow); nothing when there is no such row. One query. Names compare byte by byte. Nothing is
    /// cached that a plain SQL statement, or another instance, could have changed.
    ///
    /// # Errors
    /// `Configuration`, naming the row, when its id is no UUID; `Unavailable` or `Internal` when the store fails. What cannot be opened is said by
    /// [`StoredContent::open`].
    async fn find(&self, owner: &str, name: &str, certs: &[String]) -> Result<Option<StoredRow>>;
}

/// One provider row as it is stored, unopened.
#[derive(Debug)]
pub struct StoredRow {
    /// Its immutable id, owner and name.
    pub row: RowRef,
    /// What people see on the button.
    pub display_name: String,
    /// What kind of service it is; this house knows `OAuth`.
    pub category: String,
    /// The provider type, for example `Alipay`.
    pub kind: String,
    /// Whether anybody may sign in with it.
    pub enabled: bool,
    /// The digest of all that is stored of the row's type and config and of the records that were asked for: as long as it is the same, so is
    /// what would be opened.
    pub stamp: Digest,
    /// The names of the cert records that its config names, as far as its type's schema tells. Whoever wants to open the row asks for it with these.
    pub certs: Vec<String>,
    /// What can be opened of it.
    pub content: Box<dyn StoredContent>,
}

/// What is stored of a row and of the records that were asked for with it, still sealed.
#[async_trait]
pub trait StoredContent: fmt::Debug + Send + Sync {
    /// Opens the sealed values. Asks the database for nothing.
    ///
    /// # Errors
    /// `Configuration`, naming the row and the field, when a value of the row's config does not open. What is wrong with a record is said when it is
    /// resolved.
    async fn open(&self) -> Result<Opened>;
}

/// A row, opened.
#[derive(Debug, Clone)]
pub struct Opened {
    /// The type's own config, secrets opened.
    pub config: Config,
    /// The records that were asked for with the row, and no others: of those it says that they were not asked for (`Internal`).
    pub certs: Arc<dyn CertResolver>,
}

/// Attempts between click and callback. The browser keeps the attempt, sealed; what is stored is only which ones were used, so that nobody who begins
/// sign-ins and abandons them takes anybody's place.
#[async_trait]
pub trait AttemptStore: fmt::Debug + Send + Sync + 'static {
    /// Seals an attempt for the browser: letters, digits, `-`, `_`, `.` and `:` only, which may stand in a cookie. It opens under the same `key` only, on any
    /// instance.
    ///
    /// # Errors
    /// `Internal`, when there are no random bytes.
    fn seal(&self, key: &Digest, content: &Secret) -> Result<Secret>;

    /// Opens what [`AttemptStore::seal`] sealed under `key`; nothing when it is anything else: it came from a browser.
    ///
    /// # Errors
    /// `Unavailable`, when it says that it was sealed with a master key that is not here: another instance may have it, or this one in a moment.
    async fn open(&self, key: &Digest, sealed: &Secret) -> Result<Option<Secret>>;

    /// Claims the attempt of `key`, which is over at `expires_at`. Of any number of callers, on any number of instances, exactly one is the first. The
    /// store keeps its size bounded by itself.
    ///
    /// # Errors
    /// `Unavailable` or `Internal`, when the store fails.
    async fn claim(&self, key: &Digest, expires_at: SystemTime) -> Result<Claim>;

    /// Forgets claims of attempts that were over before `now`, and says how many. What is over at `now` stays.
    ///
    /// # Errors
    /// `Unavailable` or `Internal`, when the store fails.
    async fn sweep(&self, now: SystemTime) -> Result<u64>;
}

/// What [`AttemptStore::claim`] says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claim {
    /// The caller is the first, and nobody else will be.
    First,
    /// Somebody claimed it before.
    AlreadyUsed,
}
