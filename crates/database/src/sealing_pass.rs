//! One pass over a table that seals what plain SQL put there in the clear.
//!
//! ```text
//! begin ─ seal(rows of one kind) ─ seal(rows of another) ─ finish
//! ```
//!
//! A row that cannot be sealed does not stop the others, and stays what it is until somebody corrects it. The log names it once and not at every pass:
//! [`Unsealable`], kept by the store, remembers it until it is sealed or gone.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use crate::{Database, RowHead, StoreError};

/// How many rows that cannot be sealed one pass names in the log; the rest are counted.
const NAMED: usize = 5;
/// How many of them are remembered.
const REMEMBERED: usize = 1_000;

/// Rows that have something in the clear.
pub trait ClearRows: Sync {
    /// What stands in the clear, with its article: `a private key`.
    const WHAT: &'static str;

    /// A row, read.
    type Row: AsRef<RowHead> + Send + Sync;

    /// The next few of them whose id is greater than `id`, ordered by id; none at the end.
    fn after(&self, id: &str) -> impl Future<Output = Result<Vec<Self::Row>, StoreError>> + Send;

    /// Seals a row by compare-and-swap, and says whether it was this call that did it, and not somebody else who sealed or changed the row meanwhile.
    fn seal(&self, row: &Self::Row) -> impl Future<Output = Result<bool, StoreError>> + Send;
}

/// The rows that the last pass could not seal. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct Unsealable {
    last: Arc<Mutex<Found>>,
}

/// What one pass could not seal.
#[derive(Debug, Default)]
struct Found {
    /// Which: [`REMEMBERED`] at most.
    ids: BTreeSet<String>,
    /// How many. A row with several secrets counts once for each when it is not among the remembered.
    count: u64,
}

impl Unsealable {
    /// Whether the log has this row already.
    fn has(&self, id: &str) -> bool {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).ids.contains(id)
    }

    /// Remembers what a pass found, and whether that is nothing new although not all of it was remembered.
    fn replace(&self, found: Found) -> bool {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let same = last.ids.len() >= REMEMBERED && last.count == found.count;
        *last = found;
        same
    }
}

/// A pass under way.
#[derive(Debug)]
pub struct SealingPass<'s> {
    database: &'s Database,
    unsealable: &'s Unsealable,
    sealed: u64,
    found: Found,
    /// Of what is new: the first, to be named, and the number of the others.
    named: Vec<(&'static str, StoreError)>,
    others: u64,
}

impl<'s> SealingPass<'s> {
    /// Begins a pass; `unsealable` is what the last one of the same store left.
    pub fn begin(database: &'s Database, unsealable: &'s Unsealable) -> Self {
        Self { database, unsealable, sealed: 0, found: Found::default(), named: Vec::new(), others: 0 }
    }

    /// Seals these rows, and names in the log each that it sealed.
    ///
    /// # Errors
    /// [`StoreError::Database`], when the database fails; what is wrong with a row is only reported.
    pub async fn seal<R: ClearRows>(&mut self, rows: &R) -> Result<(), StoreError> {
        let mut after = String::new();
        loop {
            let batch = rows.after(&after).await?;
            let Some(last) = batch.last() else { return Ok(()) };
            after.clone_from(&last.as_ref().id);
            for row in &batch {
                let head = row.as_ref();
                // Before, because a caller that is cancelled does not come to the line after it, and what was begun may be committed all the same.
                self.database.note_clear_text();
                match rows.seal(row).await {
                    Ok(true) => {
                        self.sealed += 1;
                        // Again, because somebody else may have emptied the log before it was committed.
                        self.database.note_clear_text();
                        let (record, what) = (head.record(), R::WHAT);
                        tracing::warn!(%record, "{what} stood in the clear and was sealed; backups of the database may still hold it");
                    }
                    // Read with U+FFFD in the place of its bytes, such an owner is not found again.
                    Ok(false) if head.owner.contains(char::REPLACEMENT_CHARACTER) => {
                        let said = format!("{}: its owner is not UTF-8 text; insert the row again", head.record());
                        self.note(R::WHAT, &head.id, StoreError::Unreadable(said));
                    }
                    Ok(false) => {}
                    Err(StoreError::Database(error)) => return Err(error.into()),
                    Err(error) => self.note(R::WHAT, &head.id, error),
                }
            }
        }
    }

    fn note(&mut self, what: &'static str, id: &str, error: StoreError) {
        if self.found.ids.contains(id) {
            return;
        }
        self.found.count += 1;
        if self.found.ids.len() < REMEMBERED {
            self.found.ids.insert(id.to_owned());
        }
        if self.unsealable.has(id) {
            return;
        }
        if self.named.len() < NAMED {
            self.named.push((what, error));
        } else {
            self.others += 1;
        }
    }

    /// Reports what could not be sealed, erases the clear text that was replaced, and says how many rows were sealed.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn finish(self) -> Result<u64, StoreError> {
        if !self.unsealable.replace(self.found) {
            for (what, error) in self.named {
                tracing::warn!(%error, "{what} stands in the clear and cannot be sealed");
            }
            if self.others > 0 {
                tracing::warn!(rows = self.others, "further rows hold something in the clear that cannot be sealed");
            }
        }
        self.database.erase_clear_text().await?;
        Ok(self.sealed)
    }
}
