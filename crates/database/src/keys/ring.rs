//! The keys that are in use.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::SystemTime;

use tokio::sync::Mutex;
use vestibule_oauth_provider::{Clock, Random, Secret};

use crate::keys::KeySource;
use crate::keys::source::Stamp;
use crate::seal::{self, Sealed};
use crate::{DbError, MasterKey, Place, SealError, StoreError};

/// The master keys of an installation: the first seals, all open. Clones share them, and what they learn.
#[derive(Clone)]
pub struct Keyring {
    shared: Arc<Shared>,
}

struct Shared {
    keys: RwLock<Arc<Vec<NamedKey>>>,
    origin: Option<Origin>,
}

/// A key and its id.
#[derive(Clone)]
struct NamedKey {
    id: String,
    key: MasterKey,
}

/// Where the keys came from, and when that was asked last.
#[derive(Debug)]
struct Origin {
    source: KeySource,
    clock: Arc<dyn Clock>,
    asked: Mutex<Asked>,
}

#[derive(Debug)]
struct Asked {
    at: SystemTime,
    stamp: Option<Stamp>,
}

/// Why a value could not be sealed anew.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ResealError {
    /// It does not open. A store adds of which record and field it is.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// It opens, and could not be sealed.
    #[error(transparent)]
    Database(#[from] DbError),
}

impl ResealError {
    /// The error of a store, whose message for a value that does not open is `said`.
    pub fn of_store(self, said: impl FnOnce(SealError) -> String) -> StoreError {
        match self {
            Self::Seal(error) => StoreError::Unreadable(said(error)),
            Self::Database(error) => error.into(),
        }
    }
}

impl Keyring {
    /// A keyring with the key that seals.
    pub fn new(key: MasterKey) -> Self {
        Self::over(named([key]), None)
    }

    /// A keyring with the keys of `source`, which is asked again by [`Keyring::reload`] and [`Keyring::open_or_reload`]. A file that others than its owner
    /// may read is reported to the log.
    ///
    /// # Errors
    /// [`DbError::File`], [`DbError::MasterKey`]: the source cannot be read, or gives no key, or something that is none.
    pub async fn load(source: KeySource, clock: Arc<dyn Clock>) -> Result<Self, DbError> {
        let asked = Asked { at: clock.now(), stamp: source.stamp() };
        let keys = named(source.read().await?);
        source.report_open_to_others();
        Ok(Self::over(keys, Some(Origin { source, clock, asked: Mutex::new(asked) })))
    }

    fn over(keys: Vec<NamedKey>, origin: Option<Origin>) -> Self {
        Self { shared: Arc::new(Shared { keys: RwLock::new(Arc::new(keys)), origin }) }
    }

    /// A keyring of its own with one more key, that opens what it sealed earlier and seals nothing. It has no source.
    #[must_use]
    pub fn with_former(self, key: MasterKey) -> Self {
        let former = named(self.keys().iter().map(|known| known.key.clone()).chain([key]));
        Self::over(former, None)
    }

    fn keys(&self) -> Arc<Vec<NamedKey>> {
        self.shared.keys.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The id of the key that seals, as it stands in sealed values.
    pub fn key_id(&self) -> String {
        self.keys().first().map(|first| first.id.clone()).unwrap_or_default()
    }

    /// The ids of all keys; the first seals.
    pub fn key_ids(&self) -> Vec<String> {
        self.keys().iter().map(|known| known.id.clone()).collect()
    }

    fn has(&self, id: &str) -> bool {
        self.keys().iter().any(|known| known.id == id)
    }

    /// Seals `clear` for `place`, with the first key.
    ///
    /// # Errors
    /// [`DbError::Random`], when there are no random bytes.
    pub fn seal(&self, clear: &Secret, place: &Place<'_>, random: &dyn Random) -> Result<String, DbError> {
        let keys = self.keys();
        let first = keys.first().ok_or_else(|| DbError::MasterKey("there is none".to_owned()))?;
        seal::seal(&first.key, &first.id, clear, place, random)
    }

    /// Opens what [`Keyring::seal`] sealed for `place`, with the keys that are here. A server that may be one of several uses
    /// [`Keyring::open_or_reload`].
    ///
    /// # Errors
    /// [`SealError`].
    pub fn open(&self, sealed: &str, place: &Place<'_>) -> Result<Secret, SealError> {
        let sealed = Sealed::read(sealed)?;
        let keys = self.keys();
        let Some(known) = keys.iter().find(|known| known.id == sealed.key_id) else {
            let have = keys.iter().map(|known| known.id.clone()).collect();
            return Err(SealError::UnknownKey { sealed_with: sealed.key_id.to_owned(), have });
        };
        sealed.open(&known.key, place)
    }

    /// As [`Keyring::open`]; for a key that is not here the source is asked again, because somebody may have added it there since. Of many that
    /// miss a key at the same time one asks and all learn. A file is read again when it was changed, and otherwise once a second at most; a command
    /// is run every 30 seconds at most; a text does not change.
    ///
    /// # Errors
    /// [`SealError`]. That the source could not be read is said in the log.
    pub async fn open_or_reload(&self, sealed: &str, place: &Place<'_>) -> Result<Secret, SealError> {
        match self.open(sealed, place) {
            Err(SealError::UnknownKey { sealed_with, .. }) if self.can_change() => {
                self.learn(sealed_with).await;
                self.open(sealed, place)
            }
            done => done,
        }
    }

    /// Whether a sealed value was sealed with the first key. What is no sealed value was not.
    pub fn is_current(&self, sealed: &str) -> bool {
        Sealed::read(sealed).is_ok_and(|sealed| self.keys().first().is_some_and(|first| first.id == sealed.key_id))
    }

    /// Seals a value of `place` anew, with the first key; nothing, when it is sealed with that already.
    ///
    /// # Errors
    /// [`ResealError`].
    pub async fn reseal(
        &self,
        sealed: &str,
        place: &Place<'_>,
        random: &dyn Random,
    ) -> Result<Option<String>, ResealError> {
        if self.is_current(sealed) {
            return Ok(None);
        }
        let clear = self.open_or_reload(sealed, place).await?;
        Ok(Some(self.seal(&clear, place, random)?))
    }

    /// Asks the source again, and says whether it has other keys than before. From then on the ring has those keys and no others.
    ///
    /// # Errors
    /// As [`Keyring::load`]; the ring then stays as it is.
    pub async fn reload(&self) -> Result<bool, DbError> {
        match &self.shared.origin {
            Some(origin) if origin.source.can_change() => {
                let mut asked = origin.asked.lock().await;
                self.ask(origin, &mut asked).await
            }
            _ => Ok(false),
        }
    }

    fn can_change(&self) -> bool {
        self.shared.origin.as_ref().is_some_and(|origin| origin.source.can_change())
    }

    /// Asks the source for a key, unless that was done just now.
    async fn learn(&self, id: String) {
        let ring = self.clone();
        // A task of its own: cut off together with its caller, it would have used up the turn of all others.
        let learning = tokio::spawn(async move {
            let Some(origin) = &ring.shared.origin else { return };
            let mut asked = origin.asked.lock().await;
            if ring.has(&id) || !origin.may_be_asked(&asked) {
                return;
            }
            if let Err(error) = ring.ask(origin, &mut asked).await {
                tracing::warn!(
                    key = id,
                    %error,
                    "a value is sealed with a master key that is not here, and the keys could not be read again"
                );
            }
        });
        // It has nothing to say, and it does not panic.
        let _ = learning.await;
    }

    async fn ask(&self, origin: &Origin, asked: &mut Asked) -> Result<bool, DbError> {
        // Before it is read: what is written meanwhile is read again.
        *asked = Asked { at: origin.clock.now(), stamp: origin.source.stamp() };
        let keys = named(origin.source.read().await?);
        Ok(self.replace(keys))
    }

    fn replace(&self, keys: Vec<NamedKey>) -> bool {
        let before = self.key_ids();
        let now: Vec<String> = keys.iter().map(|known| known.id.clone()).collect();
        if before == now {
            return false;
        }
        *self.shared.keys.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(keys);
        let dropped: Vec<_> = before.into_iter().filter(|id| !now.contains(id)).collect();
        tracing::info!(
            keys = now.join(", "),
            dropped = dropped.join(", "),
            "the master keys changed; the first one seals"
        );
        true
    }
}

impl Origin {
    fn may_be_asked(&self, asked: &Asked) -> bool {
        let stamp = self.source.stamp();
        // A clock that was set back says nothing.
        let since = self.clock.now().duration_since(asked.at);
        (stamp.is_some() && stamp != asked.stamp) || since.map_or(true, |since| since >= self.source.rest())
    }
}

impl From<MasterKey> for Keyring {
    fn from(key: MasterKey) -> Self {
        Self::new(key)
    }
}

fn named(keys: impl IntoIterator<Item = MasterKey>) -> Vec<NamedKey> {
    keys.into_iter().map(|key| NamedKey { id: key.id(), key }).collect()
}

impl fmt::Debug for Keyring {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_list().entries(self.key_ids()).finish()
    }
}
