//! Sealing anew with the first master key what another one sealed.

use vestibule_database::{ResealingPass, RowHead, SealError, SealedRows, StoreError, sql};
use vestibule_oauth_provider::Secret;

use crate::ProviderStore;
use crate::row::{ProviderRow, column, secret_place};
use crate::sealed_elsewhere::{other_key, sealed_with_other_keys};

impl ProviderStore {
    /// Seals with the first master key every value of a config that is sealed with another one, in rows of unknown types too: a value says of itself that
    /// it is sealed. Sign-ins and changes go on meanwhile.
    ///
    /// # Errors
    /// [`StoreError::Database`]. What cannot be opened is kept in `pass`.
    pub async fn reseal(&self, pass: &mut ResealingPass<'_>) -> Result<(), StoreError> {
        pass.reseal(&SealedConfigs { store: self }).await
    }
}

/// Rows that hold something to be sealed anew.
struct SealedConfigs<'s> {
    store: &'s ProviderStore,
}

impl SealedRows for SealedConfigs<'_> {
    const WHAT: &'static str = "provider rows";
    type Row = ProviderRow;

    async fn count(&self, key_id: &str) -> Result<u64, StoreError> {
        self.store.count_sealed_with_other_keys(&[key_id.to_owned()]).await
    }

    async fn after(&self, last: Option<&ProviderRow>, key_id: &str) -> Result<Vec<ProviderRow>, StoreError> {
        let key_ids = [key_id.to_owned()];
        let mut after = last.map_or_else(String::new, |last| last.head.id.clone());
        loop {
            let rows = self.store.rows_sealed_with_other_keys(&key_ids, &after).await?;
            let Some(last) = rows.last() else { return Ok(Vec::new()) };
            after.clone_from(&last.head.id);
            // A text may look like a sealed value in the middle, and be none.
            let holds_one = |row: &ProviderRow| !sealed_with_other_keys(row, &key_ids).is_empty();
            let found: Vec<_> = rows.into_iter().filter(holds_one).collect();
            if !found.is_empty() {
                return Ok(found);
            }
        }
    }

    async fn reseal(&self, row: &ProviderRow) -> Result<bool, StoreError> {
        let store = self.store;
        let RowHead { id, owner, kind, version, .. } = &row.head;
        let (stored, uuid, current) = (row.stored_config()?, row.head.uuid()?, [store.keyring.key_id()]);
        let text = row.text(stored)?;
        let (mut anew, mut failed) = (Vec::new(), None);
        for (field, value) in text.values().filter(|(_, value)| other_key(value, &current).is_some()) {
            let column = column(field);
            let place = secret_place(owner, &uuid, *version, &column);
            anew.push(match store.keyring.reseal(value.expose(), &place, &*store.random).await {
                Ok(sealed) => sealed.map(Secret::new),
                Err(error) => {
                    let said = |error: SealError| format!("{}, config: \"{field}\" {error}", row.head.record());
                    match error.of_store(said) {
                        // What else is in the row is sealed anew all the same.
                        error @ StoreError::Unreadable(_) => failed = Some(error),
                        error => return Err(error),
                    }
                    None
                }
            });
        }
        let is_any = anew.iter().any(Option::is_some);
        let mut anew = anew.into_iter();
        let config = text.rewrite(|_, value| {
            Ok::<_, StoreError>(if other_key(value, &current).is_some() { anew.next().flatten() } else { None })
        })?;
        let mut swapped = 0;
        if is_any {
            // `examined` first: MySQL sets one column after the other. What nobody examined is not examined by this.
            let swap = sql("UPDATE vestibule_provider SET examined = CASE WHEN examined = config THEN ? ELSE examined END, config = ?
                 WHERE id = ? AND owner = ? AND version = ? AND type = ? AND config = ?");
            let swap = swap.bind(config.expose()).bind(config.expose());
            let swap = swap.bind(id).bind(owner).bind(*version).bind(kind).bind(stored.expose());
            swapped = swap.execute(&store.database).await?;
        }
        match failed {
            Some(error) => Err(error),
            None => Ok(swapped > 0),
        }
    }
}
