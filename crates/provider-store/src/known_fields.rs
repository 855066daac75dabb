//! When a type's secret or cert fields change, its rows are examined anew.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde::{Deserialize, Serialize};
use vestibule_database::{StoreError, keep_setting, setting, sql};
use vestibule_oauth_provider::Schema;

use crate::ProviderStore;

/// The setting that keeps what the rows of each type were examined for, in JSON.
const SETTING: &str = "provider_fields";
/// How many rows one statement touches.
const BATCH: u32 = 1_000;

/// Whether this program's types were compared with what the rows were examined for. Once is enough, and keeps two programs that know a type differently from
/// undoing each other's work for as long as both run. Clones share it.
#[derive(Debug, Clone, Default)]
pub(crate) struct FieldsNoted(Arc<AtomicBool>);

/// What the rows of a type are examined for.
#[derive(PartialEq, Eq, Serialize, Deserialize)]
struct ExaminedFor {
    secrets: Vec<String>,
    certs: Vec<String>,
}

impl ExaminedFor {
    fn of(schema: &Schema) -> Self {
        let sorted = |mut names: Vec<String>| {
            names.sort_unstable();
            names
        };
        Self {
            secrets: sorted(schema.secrets().map(str::to_owned).collect()),
            certs: sorted(schema.certs().map(str::to_owned).collect()),
        }
    }
}

impl ProviderStore {
    /// Compares this program's types with what their rows were examined for; where they differ, the rows of the type are to be examined anew. A program that
    /// does not know a type leaves what is noted of it.
    pub(crate) async fn note_fields(&self) -> Result<(), StoreError> {
        if self.fields_noted.0.load(Ordering::Relaxed) {
            return Ok(());
        }
        let noted = setting(&self.database, SETTING).await?.unwrap_or_default();
        // What cannot be read is as good as nothing: everything is examined once more.
        let mut noted: BTreeMap<String, ExaminedFor> = serde_json::from_str(&noted).unwrap_or_default();
        let mut differs = false;
        for factory in self.registry.factories() {
            let known = ExaminedFor::of(factory.schema());
            if noted.get(factory.kind()) != Some(&known) {
                self.forget_examined(factory.kind()).await?;
                noted.insert(factory.kind().to_owned(), known);
                differs = true;
            }
        }
        if differs {
            // After the rows, so that whoever was interrupted does it again.
            let noted = serde_json::to_string(&noted).unwrap_or_default();
            keep_setting(&self.database, SETTING, &noted).await?;
        }
        self.fields_noted.0.store(true, Ordering::Relaxed);
        Ok(())
    }

    /// Some rows at a time: a statement over all of them would lock them, and may take longer than a statement is given.
    async fn forget_examined(&self, kind: &str) -> Result<(), StoreError> {
        let mut after = String::new();
        loop {
            let next = sql("SELECT id FROM vestibule_provider WHERE type = ? AND id > ? ORDER BY id LIMIT ?");
            let ids = next.bind(kind).bind(&after).bind(BATCH).fetch_all(&self.database).await?;
            let Some(last) = ids.last() else { return Ok(()) };
            let last = last.text("id")?;
            let forget = sql(
                "UPDATE vestibule_provider SET examined = '' WHERE type = ? AND id > ? AND id <= ? AND examined <> ''",
            );
            forget.bind(kind).bind(after).bind(&last).execute(&self.database).await?;
            after = last;
        }
    }
}
