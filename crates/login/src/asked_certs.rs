//! Which cert records a provider asks for while it is opened.

use std::collections::BTreeSet;
use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use vestibule_oauth_provider::{CertRecord, CertResolver, Result};

/// Names of cert records, in order: whoever asks for the same ones asks in the same words.
pub(crate) type Names = BTreeSet<String>;

/// The records that were read with a row, and a note of the names that are asked for.
#[derive(Debug)]
pub(crate) struct AskedCerts {
    read: Arc<dyn CertResolver>,
    note: Mutex<Note>,
}

#[derive(Debug)]
enum Note {
    Taking(Names),
    /// The provider is open. What it asks for later is not noted: it may go on for as long as the provider lives.
    Closed,
}

impl AskedCerts {
    pub(crate) fn new(read: Arc<dyn CertResolver>) -> Self {
        Self { read, note: Mutex::new(Note::Taking(Names::new())) }
    }

    /// What was asked for until here.
    pub(crate) fn close(&self) -> Names {
        match mem::replace(&mut *self.note(), Note::Closed) {
            Note::Taking(names) => names,
            Note::Closed => Names::new(),
        }
    }

    fn note(&self) -> MutexGuard<'_, Note> {
        self.note.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl CertResolver for AskedCerts {
    async fn resolve(&self, owner: &str, name: &str) -> Result<CertRecord> {
        if let Note::Taking(names) = &mut *self.note() {
            names.insert(name.to_owned());
        }
        self.read.resolve(owner, name).await
    }
}
