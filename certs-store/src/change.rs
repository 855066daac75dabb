//! Changing a record: each operation is planned from what is stored, judged, and written in one transaction with its note, or not at all.
//!
//! ```text
//! read ─ plan (pure: what goes, what comes, what is active) ─ write, if all of it still stands ─ otherwise read again
//! ```
//!
//! Writing compares what was read with what stands there: `revision` for changes by our kind, the texts themselves for those by plain SQL and by the sealing
//! pass. A change of the former ends the operation with [`StoreError::Changed`], for the caller decided by what it saw; one of the latter lets it be planned
//! anew.

mod plan;
mod record;
mod versions;
mod whole;
mod write;

use vestibule_database::StoreError;
use vestibule_oauth_provider::KeyGrant;

use crate::row::CertRow;
use crate::{CertStore, CertView, NewCert, WholeCert};
use plan::Plan;
pub(crate) use versions::nothing_staged;
pub use versions::{NewVersion, RollBack, WhenStaged};

/// How often an operation is planned anew because plain SQL, or the sealing pass, was faster.
const TRIES: usize = 4;

/// Which record is changed, and who does it.
#[derive(Debug, Clone, Copy)]
pub struct Edit<'a> {
    /// Whose record it is.
    pub owner: &'a str,
    /// Its name.
    pub name: &'a str,
    /// The revision that the caller saw, [`CertView::revision`]: when the record has another by now, nothing is written. Nothing: whatever it has.
    pub revision: Option<i64>,
    /// Who does it, as the history shall have it.
    pub by: &'a str,
}

impl<'a> Edit<'a> {
    /// The record `name` of `owner`, whatever its revision, by `by`.
    pub const fn of(owner: &'a str, name: &'a str, by: &'a str) -> Self {
        Self { owner, name, revision: None, by }
    }

    /// Only as long as the record has this revision.
    #[must_use]
    pub const fn at(self, revision: i64) -> Self {
        Self { revision: Some(revision), ..self }
    }
}

/// What is done to a record.
enum Operation<'a> {
    Replace(&'a NewCert),
    Stage(&'a NewVersion, WhenStaged),
    Unstage,
    Switch,
    RollBack(RollBack),
    RemoveVersion(i64),
    SetSharing(&'a KeyGrant),
    SetDisplayName(&'a str),
    Rename(&'a str),
    TakeIn(&'a WholeCert),
}

impl CertStore {
    async fn change(&self, edit: &Edit<'_>, operation: Operation<'_>) -> Result<CertView, StoreError> {
        let mut expected = edit.revision;
        for _ in 0..TRIES {
            let row = CertRow::find(&self.database, edit.owner, edit.name).await?;
            if expected.is_some_and(|expected| expected != row.revision) {
                return Err(StoreError::Changed(row.record().to_string()));
            }
            expected = Some(row.revision);
            let Some(plan) = self.plan(&row, &operation).await? else {
                return Ok(CertView::of(&row, &self.keyring).await);
            };
            if self.write(&row, &plan, edit.by).await? {
                return self.get(edit.owner, plan.name.as_deref().unwrap_or(edit.name)).await;
            }
        }
        Err(StoreError::Changed(crate::row::record(edit.owner, edit.name).to_string()))
    }

    /// What is to be written; nothing when the record is as it shall be.
    async fn plan(&self, row: &CertRow, operation: &Operation<'_>) -> Result<Option<Plan>, StoreError> {
        match *operation {
            Operation::Replace(cert) => self.plan_replace(row, cert).await,
            Operation::Stage(version, when) => self.plan_stage(row, version, when).await.map(Some),
            Operation::Unstage => versions::plan_unstage(row).map(Some),
            Operation::Switch => self.plan_switch(row).await.map(Some),
            Operation::RollBack(to) => self.plan_roll_back(row, to).await.map(Some),
            Operation::RemoveVersion(number) => versions::plan_remove(row, number).map(Some),
            Operation::SetSharing(sharing) => record::plan_sharing(row, sharing),
            Operation::SetDisplayName(display_name) => record::plan_display_name(row, display_name),
            Operation::Rename(name) => record::plan_rename(row, name),
            Operation::TakeIn(cert) => self.plan_take_in(row, cert).await,
        }
    }
}
