//! What the engine asks of storage. The stores implement these; so can an embedding host that keeps its rows elsewhere.

use std::fmt;
use std::time::SystemTime;

use async_trait::async_trait;
use vestibule_oauth_provider::{Config, Digest, Result, RowRef, Secret};

/// The provider rows of an installation.
#[async_trait]
pub trait ProviderRows: fmt::Debug + Send + Sync + 'static {
    /// The row `name` of `owner` as it is now, enabled or not; nothing when there is none. Names compare byte by byte. Nothing is cached that a plain SQL
    /// statement could have changed.
    ///
    /// # Errors
    /// `Configuration`, naming the row, when it cannot be read (its id is no UUID, a sealed value does not open); `Internal` when the store fails.
    async fn find(&self, owner: &str, name: &str) -> Result<Option<ProviderRow>>;
}

/// One provider row, read and opened.
#[derive(Debug, Clone)]
pub struct ProviderRow {
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
    /// The type's own config, secrets opened.
    pub config: Config,
}

/// Attempts between click and callback.
#[async_trait]
pub trait AttemptStore: fmt::Debug + Send + Sync + 'static {
    /// Stores an attempt. The store keeps its size bounded by itself: expired attempts go first, then the oldest.
    ///
    /// # Errors
    /// `Internal`, when the store fails.
    async fn put(&self, attempt: StoredAttempt) -> Result<()>;

    /// Takes the attempt stored under `key`, expired or not. Of any number of callers, on any number of instances, exactly one gets it.
    ///
    /// # Errors
    /// `Internal`, when the store fails.
    async fn take(&self, key: &Digest) -> Result<Taken>;

    /// Removes what expired before `now`, and says how many. What expires at `now` stays.
    ///
    /// # Errors
    /// `Internal`, when the store fails.
    async fn sweep(&self, now: SystemTime) -> Result<u64>;
}

/// An attempt as it is stored.
#[derive(Clone)]
#[expect(missing_debug_implementations, reason = "the content is secret until the store has sealed it")]
pub struct StoredAttempt {
    /// The digest of its `state`.
    pub key: Digest,
    /// The attempt itself, as JSON. To be stored sealed.
    pub content: Secret,
    /// When it was begun.
    pub created_at: SystemTime,
    /// When it is over.
    pub expires_at: SystemTime,
}

/// What [`AttemptStore::take`] found.
#[expect(missing_debug_implementations, reason = "it may hold the attempt")]
pub enum Taken {
    /// The attempt; nobody else gets it. It may be expired: that is the caller's to judge.
    Fresh(Secret),
    /// Somebody took it before.
    AlreadyUsed,
    /// There is none: it was never begun, or it was swept away.
    Unknown,
}
