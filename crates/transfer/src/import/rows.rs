//! The rows of a file, understood.

use std::fmt;
use std::sync::Arc;

use ring::digest::{SHA256, digest};
use tokio::sync::mpsc::Receiver;
use vestibule_oauth_provider::Registry;

use super::{Import, Origin};
use crate::TransferError;
use crate::casdoor::{self, Taken};
use crate::entry::{CertEntry, ProviderEntry};
use crate::file_key::FileKey;
use crate::read::{Found, List, read};

/// The digest of a row's text, by which a row of another file is noticed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Digest([u8; 32]);

impl Digest {
    fn of(json: &str) -> Self {
        let mut sha = [0; 32];
        sha.copy_from_slice(digest(&SHA256, json.as_bytes()).as_ref());
        Self(sha)
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Digest(..)")
    }
}

/// The rows of one list of a file.
pub(super) struct Rows<'i> {
    import: &'i Import,
    found: Receiver<Result<Found, TransferError>>,
    origin: Option<Origin>,
    key: Option<Arc<FileKey>>,
    position: u64,
}

/// A row, and where it stands in its list, counted from 0.
pub(super) struct ReadRow<T> {
    pub(super) position: u64,
    pub(super) digest: Digest,
    pub(super) row: T,
}

impl<'i> Rows<'i> {
    pub(super) fn of(import: &'i Import, list: List) -> Self {
        Self { import, found: read(&import.source, list), origin: None, key: None, position: 0 }
    }

    /// Who wrote the file; known after the first row, or the last.
    pub(super) fn origin(&self) -> Origin {
        self.origin.unwrap_or(Origin::Vestibule)
    }

    pub(super) async fn next_cert(&mut self) -> Result<Option<ReadRow<Taken<CertEntry>>>, TransferError> {
        let Some(ReadRow { position, digest, row: json }) = self.next().await? else { return Ok(None) };
        let row = match self.origin() {
            Origin::Casdoor => casdoor::cert(&json),
            Origin::Vestibule => ours(CertEntry::read(&json, self.key.as_deref())),
        };
        Ok(Some(ReadRow { position, digest, row }))
    }

    pub(super) async fn next_provider(
        &mut self,
        registry: &Registry,
    ) -> Result<Option<ReadRow<Taken<ProviderEntry>>>, TransferError> {
        let Some(ReadRow { position, digest, row: json }) = self.next().await? else { return Ok(None) };
        let row = match self.origin() {
            Origin::Casdoor => casdoor::provider(&json, registry, &self.import.told),
            Origin::Vestibule => ours(ProviderEntry::read(&json, self.key.as_deref())),
        };
        Ok(Some(ReadRow { position, digest, row }))
    }

    async fn next(&mut self) -> Result<Option<ReadRow<String>>, TransferError> {
        loop {
            match self.found.recv().await {
                None => return Ok(None),
                Some(Err(error)) => return Err(error),
                Some(Ok(Found::Casdoors)) => self.origin = Some(Origin::Casdoor),
                Some(Ok(Found::Ours(head))) => {
                    self.origin = Some(Origin::Vestibule);
                    self.key = self.import.key(&head)?;
                }
                Some(Ok(Found::Row(json))) => {
                    let position = self.position;
                    self.position += 1;
                    return Ok(Some(ReadRow {
                        position,
                        digest: Digest::of(json.get()),
                        row: String::from(Box::<str>::from(json)),
                    }));
                }
            }
        }
    }
}

fn ours<E>(read: Result<E, (Option<crate::entry::Named>, String)>) -> Taken<E> {
    match read {
        Ok(entry) => Taken::Entry(entry, Vec::new()),
        Err((named, why)) => Taken::Refused(named, why),
    }
}
