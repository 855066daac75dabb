//! Taking in a file: what it would change first, then row by row.
//!
//! ```text
//! file ─ rows, one by one ─ compared with what is stored ─► Plan       nothing is written
//! file ─ rows, one by one ─ compared again: as planned? ─► one transaction each
//! ```
//!
//! The file is read twice, and never in memory. Cert records go before the provider rows that name them. Nothing is deleted. A program that is killed in the
//! middle has taken in some rows and not the others; the same file again takes in the rest, and a third time changes nothing.

mod apply;
mod plan;
mod rows;

use std::fmt;
use std::sync::{Arc, Mutex};

pub use self::apply::{Applied, NotApplied};
pub use self::plan::{Origin, Outcome, Plan, PlannedRow, RowKind};
use crate::file::SecretsHead;
use crate::file_key::FileKey;
use crate::passphrase::Kdf;
use crate::{Passphrase, Source, Told, TransferError};

/// A file that is to be taken in.
#[derive(Clone)]
pub struct Import {
    source: Source,
    passphrase: Option<Passphrase>,
    told: Told,
    /// The key is made once: that is meant to take its time.
    key: Arc<Mutex<Option<Made>>>,
}

/// A key, and of what it was made.
type Made = (Kdf, Arc<FileKey>);

impl Import {
    /// The file `source`.
    pub fn new(source: Source) -> Self {
        Self { source, passphrase: None, told: Told::default(), key: Arc::default() }
    }

    /// With the passphrase under which its secrets are sealed.
    #[must_use]
    pub fn with_passphrase(self, passphrase: Passphrase) -> Self {
        Self { passphrase: Some(passphrase), ..self }
    }

    /// With values for fields that rows of other systems lack.
    #[must_use]
    pub fn told(self, told: Told) -> Self {
        Self { told, ..self }
    }

    /// The key of the file with this head; nothing, when its secrets are left out.
    fn key(&self, head: &SecretsHead) -> Result<Option<Arc<FileKey>>, TransferError> {
        let SecretsHead::Sealed { kdf, check, .. } = head else { return Ok(None) };
        let mut known = self.key.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let key = match &*known {
            Some((of, key)) if of == kdf => Arc::clone(key),
            _ => {
                let passphrase = self.passphrase.as_ref().ok_or_else(|| {
                    TransferError::Passphrase(
                        "the file's secrets are sealed; give the passphrase with which it was made".to_owned(),
                    )
                })?;
                Arc::new(FileKey::new(kdf, passphrase)?)
            }
        };
        key.made(check)?;
        *known = Some((kdf.clone(), Arc::clone(&key)));
        Ok(Some(key))
    }
}

impl fmt::Debug for Import {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Import").field("source", &self.source).field("told", &self.told).finish_non_exhaustive()
    }
}
