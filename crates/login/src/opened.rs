//! Providers stay open between sign-ins, as long as what is stored of them is the same.
//!
//! Every step of a sign-in asks for the row once. The answer carries the digest of everything stored that the provider was made from; while that is the
//! same, what was opened before is used, and nothing is unsealed or parsed. A change by any instance or by plain SQL changes the digest, and so holds at the
//! next step. What is kept is never a reason to skip the question, so it cannot be out of date: it may at most have to be opened once more.

use std::sync::Arc;

use quick_cache::sync::Cache;
use vestibule_oauth_provider::{
    AttemptFault, Context, Digest, Error, OAuthProvider, Registry, Result, RowRef, Services, Step,
};

use crate::asked_certs::{AskedCerts, Names};
use crate::logins::LONGEST_NAME;
use crate::{ProviderRows, StoredRow};

/// The category of rows that people sign in with.
const CATEGORY: &str = "OAuth";
/// How often a row is opened to learn which records its provider asks for. The schema tells most; a type that finds further names in one record or another
/// asks for them the second time.
const ROUNDS: usize = 4;

/// The providers of an installation, opened when somebody signs in with them.
#[derive(Debug)]
pub(crate) struct OpenedProviders {
    rows: Arc<dyn ProviderRows>,
    registry: Arc<Registry>,
    services: Services,
    kept: Cache<RowName, Arc<Kept>>,
}

/// A row with its provider.
pub(crate) struct OpenRow {
    pub(crate) row: RowRef,
    pub(crate) kind: String,
    pub(crate) display_name: String,
    pub(crate) provider: Arc<dyn OAuthProvider>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct RowName {
    owner: String,
    name: String,
}

/// A provider, and what it was made from.
#[derive(Debug)]
struct Kept {
    row: RowRef,
    /// The records that were read with the row; the stamp is of them too.
    read: Names,
    /// Which of them the type's schema does not tell.
    beyond: Names,
    stamp: Digest,
    provider: Arc<dyn OAuthProvider>,
}

impl OpenedProviders {
    /// None yet, and at most `most` that stay open.
    pub(crate) fn new(rows: Arc<dyn ProviderRows>, registry: Arc<Registry>, services: Services, most: usize) -> Self {
        Self { rows, registry, services, kept: Cache::new(most) }
    }

    /// The row `name` of `owner` and its provider, as they are now.
    pub(crate) async fn open(&self, owner: &str, name: &str) -> Result<OpenRow> {
        if [owner, name].iter().any(|part| part.len() > LONGEST_NAME) {
            return Err(no_such_row());
        }
        let name = RowName { owner: owner.to_owned(), name: name.to_owned() };
        let kept = self.kept.get(&name);
        let (read, beyond) = kept.as_ref().map(|kept| (kept.read.clone(), kept.beyond.clone())).unwrap_or_default();
        let stored = self.find(&name, &read).await?;
        if let Some(kept) = kept.filter(|kept| kept.stamp.same_as(&stored.stamp) && kept.row == stored.row) {
            return Ok(OpenRow::of(stored, kept.provider.clone()));
        }
        self.open_anew(name, stored, read, beyond).await.map_err(|error| error.at(Step::Open))
    }

    /// The row as it is stored, when people may sign in with it.
    async fn find(&self, name: &RowName, certs: &Names) -> Result<StoredRow> {
        let certs: Vec<_> = certs.iter().cloned().collect();
        let found = self.rows.find(&name.owner, &name.name, &certs).await.map_err(|error| error.at(Step::Open))?;
        let admitted = found.ok_or_else(no_such_row).and_then(admit);
        if admitted.is_err() {
            self.kept.remove(name);
        }
        admitted
    }

    async fn open_anew(
        &self,
        name: RowName,
        mut stored: StoredRow,
        mut read: Names,
        mut beyond: Names,
    ) -> Result<OpenRow> {
        for _ in 0..ROUNDS {
            let wanted: Names = stored.certs.iter().chain(&beyond).cloned().collect();
            if wanted != read {
                stored = self.find(&name, &wanted).await?;
                read = wanted;
            }
            let opening = self.open_stored(&stored).await?;
            let missed: Names = opening.asked.difference(&read).cloned().collect();
            if missed.is_empty() {
                let provider = opening.provider?;
                let told: Names = stored.certs.iter().cloned().collect();
                let beyond = opening.asked.difference(&told).cloned().collect();
                let (row, stamp) = (stored.row.clone(), stored.stamp);
                self.kept.insert(name, Arc::new(Kept { row, read, beyond, stamp, provider: provider.clone() }));
                return Ok(OpenRow::of(stored, provider));
            }
            beyond.extend(missed);
        }
        Err(Error::internal(format!(
            "the provider type {:?} asked for other cert records each of the {ROUNDS} times that the row was opened; this is a defect of the type",
            stored.kind
        )))
    }

    /// Opens what is stored, and notes which records that takes.
    async fn open_stored(&self, stored: &StoredRow) -> Result<Opening> {
        let factory = self.registry.get(&stored.kind)?;
        let opened = stored.content.open().await?;
        let certs = Arc::new(AskedCerts::new(opened.certs));
        let services = Services { certs: certs.clone(), ..self.services.clone() };
        let provider = factory.open(&opened.config, &Context::new(stored.row.clone(), services)).await;
        Ok(Opening { provider, asked: certs.close() })
    }
}

/// What came of one opening.
struct Opening {
    /// The provider; a failure may have no other reason than that a record was not read with the row.
    provider: Result<Arc<dyn OAuthProvider>>,
    asked: Names,
}

impl OpenRow {
    fn of(stored: StoredRow, provider: Arc<dyn OAuthProvider>) -> Self {
        Self { row: stored.row, kind: stored.kind, display_name: stored.display_name, provider }
    }
}

fn no_such_row() -> Error {
    Error::attempt(AttemptFault::ProviderGone, "there is no such provider row")
}

/// Whether people may sign in with a row. Asked before anything of it is unsealed.
fn admit(stored: StoredRow) -> Result<StoredRow> {
    if !stored.enabled {
        return Err(Error::attempt(AttemptFault::ProviderGone, "the provider row is disabled"));
    }
    if stored.category != CATEGORY {
        let message =
            format!("nobody can sign in with a row of category {:?}; it must be \"{CATEGORY}\"", stored.category);
        return Err(Error::configuration(message).at(Step::Open));
    }
    Ok(stored)
}
