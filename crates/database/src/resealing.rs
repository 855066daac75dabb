//! A pass that seals anew, with the first key of a keyring, what is sealed with another one.
//!
//! It looks only for values that are not sealed with the first key. So it can be cut off at any moment and begun again, and several may run at once: each
//! value is exchanged by compare-and-swap and opens before and after. A value that cannot be opened stays what it is.

use crate::{Keyring, StoreError};

/// How many of the values that cannot be opened are named; the rest are counted.
const NAMED: usize = 20;
/// How often rows are gone through when somebody else changed some of them meanwhile.
const ROUNDS: u32 = 3;

/// Rows that hold sealed values.
pub trait SealedRows: Sync {
    /// What is sealed there: `private keys`.
    const WHAT: &'static str;

    /// A row, read.
    type Row: Send + Sync;

    /// How many rows hold a value that is not sealed with the key of that id.
    fn count(&self, key_id: &str) -> impl Future<Output = Result<u64, StoreError>> + Send;

    /// The next few of those rows after `last`, in an order that does not change; none at the end.
    fn after(
        &self,
        last: Option<&Self::Row>,
        key_id: &str,
    ) -> impl Future<Output = Result<Vec<Self::Row>, StoreError>> + Send;

    /// Seals a row's values anew ([`Keyring::reseal`]) by compare-and-swap on what was read, and says whether it was this call that did it, and not
    /// somebody else who changed the row meanwhile. What opens is sealed anew although something else in the row does not.
    fn reseal(&self, row: &Self::Row) -> impl Future<Output = Result<bool, StoreError>> + Send;
}

/// How far a pass is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ResealingProgress {
    /// What is sealed anew: `private keys`.
    pub what: &'static str,
    /// How many rows were gone through.
    pub done: u64,
    /// How many there were when the pass began.
    pub total: u64,
}

/// What a pass did.
#[derive(Debug, Default)]
pub struct Resealed {
    /// In how many rows something was sealed anew.
    pub rows: u64,
    /// What could not be opened, with the record and the reason: the first twenty.
    pub failed: Vec<String>,
    /// How many more could not be opened.
    pub others: u64,
    /// How many rows somebody else changed each time that they were looked at. They may be sealed with a former key still.
    pub changed: u64,
}

/// A pass under way.
#[expect(missing_debug_implementations, reason = "a function has no Debug")]
pub struct ResealingPass<'p> {
    keyring: &'p Keyring,
    progress: &'p mut (dyn FnMut(ResealingProgress) + Send),
    resealed: Resealed,
}

impl<'p> ResealingPass<'p> {
    /// Begins a pass; `progress` is told now and then how far it is.
    pub fn begin(keyring: &'p Keyring, progress: &'p mut (dyn FnMut(ResealingProgress) + Send)) -> Self {
        Self { keyring, progress, resealed: Resealed::default() }
    }

    /// Seals these rows anew.
    ///
    /// # Errors
    /// [`StoreError::Database`], when the database fails; what is wrong with a row is only kept for the end.
    pub async fn reseal<R: SealedRows>(&mut self, rows: &R) -> Result<(), StoreError> {
        for round in 1..=ROUNDS {
            let changed = self.round(rows, round).await?;
            if changed == 0 {
                break;
            }
            if round == ROUNDS {
                self.resealed.changed += changed;
            }
        }
        Ok(())
    }

    /// Goes through the rows once, and says how many somebody else changed meanwhile.
    async fn round<R: SealedRows>(&mut self, rows: &R, round: u32) -> Result<u64, StoreError> {
        let total = rows.count(&self.keyring.key_id()).await?;
        let (mut done, mut changed) = (0, 0);
        let mut last = None;
        loop {
            (self.progress)(ResealingProgress { what: R::WHAT, done, total });
            let mut batch = rows.after(last.as_ref(), &self.keyring.key_id()).await?;
            for row in &batch {
                match rows.reseal(row).await {
                    Ok(true) => self.resealed.rows += 1,
                    Ok(false) => changed += 1,
                    Err(StoreError::Database(error)) => return Err(error.into()),
                    // It was said in the first round.
                    Err(_) if round > 1 => {}
                    Err(error) => self.note(&error),
                }
                done += 1;
            }
            last = batch.pop();
            if last.is_none() {
                return Ok(changed);
            }
        }
    }

    fn note(&mut self, error: &StoreError) {
        if self.resealed.failed.len() < NAMED {
            self.resealed.failed.push(error.to_string());
        } else {
            self.resealed.others += 1;
        }
    }

    /// What was done.
    pub fn finish(self) -> Resealed {
        self.resealed
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::Mutex;

    use vestibule_oauth_provider::Secret;
    use vestibule_testkit::SeededRandom;

    use super::*;
    use crate::{MasterKey, Place};

    /// A table in memory.
    struct Table {
        keyring: Keyring,
        rows: Mutex<BTreeMap<u64, String>>,
        /// How many rows are changed by somebody else just before they are exchanged.
        changes: Mutex<u64>,
    }

    impl SealedRows for Table {
        const WHAT: &'static str = "rows";
        type Row = (u64, String);

        async fn count(&self, key_id: &str) -> Result<u64, StoreError> {
            let mark = format!(":{key_id}:");
            Ok(self.rows.lock().unwrap().values().filter(|text| !text.contains(&mark)).count() as u64)
        }

        async fn after(&self, last: Option<&(u64, String)>, key_id: &str) -> Result<Vec<(u64, String)>, StoreError> {
            let (mark, after) = (format!(":{key_id}:"), last.map_or(0, |(id, _)| *id));
            let rows = self.rows.lock().unwrap();
            let found = rows.range(after + 1..).filter(|(_, text)| !text.contains(&mark));
            Ok(found.take(3).map(|(id, text)| (*id, text.clone())).collect())
        }

        async fn reseal(&self, (id, text): &(u64, String)) -> Result<bool, StoreError> {
            let random = SeededRandom::new(*id + 1000);
            let anew = self.keyring.reseal(text, &place(&id.to_be_bytes()), &random).await;
            let anew = anew.map_err(|error| error.of_store(|error| format!("row {id}: {error}")))?;
            let mut changes = self.changes.lock().unwrap();
            if *changes > 0 {
                *changes -= 1;
                return Ok(false);
            }
            Ok(anew.map(|anew| self.rows.lock().unwrap().insert(*id, anew)).is_some())
        }
    }

    fn place(row: &[u8]) -> Place<'_> {
        Place { table: "rows", owner: "acme", row, version: 1, column: "secret" }
    }

    fn key(digit: &str) -> MasterKey {
        MasterKey::from_text(&Secret::new(digit.repeat(64))).unwrap()
    }

    /// Ten rows, the even ones sealed with the former key, the fifth with one that is not here.
    fn table() -> Table {
        let rows = (1..=10_u64).map(|id| {
            let sealing = Keyring::new(key(if id == 5 {
                "c"
            } else if id % 2 == 0 {
                "a"
            } else {
                "b"
            }));
            let clear = Secret::new(format!("secret {id}"));
            (id, sealing.seal(&clear, &place(&id.to_be_bytes()), &SeededRandom::new(id)).unwrap())
        });
        let keyring = Keyring::new(key("b")).with_former(key("a"));
        Table { keyring, rows: Mutex::new(rows.collect()), changes: Mutex::new(0) }
    }

    async fn reseal(table: &Table) -> (Resealed, Vec<ResealingProgress>) {
        let mut told = Vec::new();
        let mut progress = |progress| told.push(progress);
        let mut pass = ResealingPass::begin(&table.keyring, &mut progress);
        pass.reseal(table).await.unwrap();
        (pass.finish(), told)
    }

    #[tokio::test]
    async fn what_a_former_key_sealed_is_sealed_anew_and_the_rest_is_named() {
        let table = table();
        let before = table.rows.lock().unwrap().clone();
        let (resealed, told) = reseal(&table).await;
        assert_eq!((resealed.rows, resealed.others, resealed.changed), (5, 0, 0));
        assert_eq!(resealed.failed.len(), 1);
        assert!(resealed.failed[0].starts_with("row 5: is sealed with the master key"), "{:?}", resealed.failed);
        assert_eq!(told.first(), Some(&ResealingProgress { what: "rows", done: 0, total: 6 }));
        assert_eq!(told.last(), Some(&ResealingProgress { what: "rows", done: 6, total: 6 }));
        let after = table.rows.lock().unwrap().clone();
        for (id, text) in &after {
            let opened = Keyring::new(key("b")).open(text, &place(&id.to_be_bytes()));
            assert_eq!(opened.is_ok_and(|opened| opened.same_as(&format!("secret {id}"))), *id != 5);
            assert_eq!(before[id] == *text, id % 2 == 1, "{id}");
        }
        // Again, there is nothing left to do.
        let (resealed, _) = reseal(&table).await;
        assert_eq!((resealed.rows, resealed.failed.len()), (0, 1));
    }

    #[tokio::test]
    async fn a_row_that_somebody_else_changed_is_looked_at_again() {
        let table = table();
        *table.changes.lock().unwrap() = 7;
        let (resealed, _) = reseal(&table).await;
        assert_eq!((resealed.rows, resealed.changed), (5, 0));

        *table.rows.lock().unwrap() = self::table().rows.into_inner().unwrap();
        *table.changes.lock().unwrap() = 1000;
        let (resealed, _) = reseal(&table).await;
        assert_eq!((resealed.rows, resealed.changed, resealed.failed.len()), (0, 5, 1));
    }
}
