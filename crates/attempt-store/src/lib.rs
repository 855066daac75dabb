//! Sign-in attempts over SQL: sealed for the browser, claimed once in the database.
//!
//! An attempt lives from the click to the callback, a few minutes at most. Anybody can begin one, so nothing is stored of those that have begun: the
//! browser keeps the attempt in its cookie, sealed with the installation's master key, bound to the digest of its own `state`. What the database holds is a
//! claim for each attempt that came back: the digest of the `state` and when the attempt is over. A copy of the database finishes nobody's sign-in.
//!
//! - [`AttemptStore::claim`] is one `INSERT`; the key is the table's primary key. The database lets one caller win, of however many, on however many
//!   instances; that needs no transaction and reads the same on every database.
//! - Claims that are over are swept. Between sweeps the table is capped: every so many claims (not at each: counting costs) the rows are counted, and when
//!   there are too many, those that end soonest go. What is under way meanwhile comes on top, and of each further instance one batch.
//!
//! **What a flood can do.** A claim is only made for an attempt that was sealed here, so each costs whoever floods two requests, a click and a callback.
//! Nobody is turned away when the table is full. What is lost with a forgotten claim is that the same callback is refused here when it is repeated by the
//! same browser, before its time is over; the upstream still takes each code once (RFC 6749 section 4.1.2). With the default cap and sign-ins of ten
//! minutes that begins at 333 finished callbacks per second, for ten minutes on end.

mod room;

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use async_trait::async_trait;
use vestibule_database::{Database, DbError, Keyring, Place, SealError, sql, unix_time};
use vestibule_login::{AttemptStore, Claim};
use vestibule_oauth_provider::{Digest, Error, Random, Result, Secret};

use crate::room::Room;

/// The most claims that are kept, unless [`SqlAttempts::with_cap`] says otherwise: some 20 MB.
pub const DEFAULT_CAP: u32 = 200_000;

/// Attempts whose claims are in the table `vestibule_used_attempt`.
pub struct SqlAttempts {
    database: Database,
    keyring: Keyring,
    random: Arc<dyn Random>,
    room: Room,
}

impl SqlAttempts {
    /// Attempts sealed with `keyring`, [`DEFAULT_CAP`] claims at most in `database`.
    pub fn new(database: Database, keyring: Keyring, random: Arc<dyn Random>) -> Self {
        Self { room: Room::new(database.clone(), DEFAULT_CAP), database, keyring, random }
    }

    /// The same with another cap, 2 at least.
    #[must_use]
    pub fn with_cap(mut self, claims: u32) -> Self {
        self.room = Room::new(self.database.clone(), claims.max(2));
        self
    }

    async fn insert(&self, key: &Digest, expires_at: SystemTime) -> Result<Claim, DbError> {
        self.room.for_one_more().await?;
        let inserted = sql("INSERT INTO vestibule_used_attempt (attempt_key, expires_at) VALUES (?, ?)")
            .bind(key.to_string())
            .bind(unix_time(expires_at))
            .execute(&self.database)
            .await;
        match inserted {
            Ok(_) => Ok(Claim::First),
            Err(DbError::AlreadyThere) => Ok(Claim::AlreadyUsed),
            Err(error) => Err(error),
        }
    }
}

#[async_trait]
impl AttemptStore for SqlAttempts {
    fn seal(&self, key: &Digest, content: &Secret) -> Result<Secret> {
        let sealed = self.keyring.seal(content, &place(key), &*self.random);
        sealed.map(Secret::new).map_err(|error| Error::from(error).within("cannot seal a sign-in attempt"))
    }

    async fn open(&self, key: &Digest, sealed: &Secret) -> Result<Option<Secret>> {
        match self.keyring.open_or_reload(sealed.expose(), &place(key)).await {
            Ok(content) => Ok(Some(content)),
            Err(SealError::UnknownKey { sealed_with, .. }) => Err(Error::unavailable(format!(
                "the sign-in attempt in a browser's cookie is sealed with the master key \"{sealed_with}\", which this instance does not have"
            ))),
            Err(_) => Ok(None),
        }
    }

    async fn claim(&self, key: &Digest, expires_at: SystemTime) -> Result<Claim> {
        let claimed = self.insert(key, expires_at).await;
        claimed.map_err(|error| Error::from(error).within("cannot claim a sign-in attempt"))
    }

    async fn sweep(&self, now: SystemTime) -> Result<u64> {
        let swept = self.room.sweep(unix_time(now)).await;
        swept.map_err(|error| Error::from(error).within("cannot sweep the claims of sign-in attempts"))
    }
}

impl fmt::Debug for SqlAttempts {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("SqlAttempts").field("room", &self.room).finish_non_exhaustive()
    }
}

/// Where the attempt of `key` is sealed for: no table, a browser.
fn place(key: &Digest) -> Place<'_> {
    Place { table: "attempt", owner: "", row: key.as_bytes(), version: 1, column: "content" }
}
