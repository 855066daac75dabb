//! Carrying out a plan.

use serde::Serialize;
use uuid::Uuid;
use vestibule_database::StoreError;
use vestibule_provider_store::NewProvider;

use super::Import;
use super::plan::{Judged, Outcome, Plan, PlannedRow, RowKind};
use super::rows::{Digest, Rows};
use crate::casdoor::Taken;
use crate::compare::Verdict;
use crate::progress::Counted;
use crate::read::List;
use crate::{Installation, Progress, TransferError};

/// What was done.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Applied {
    /// How many rows are new.
    pub new: u64,
    /// How many were changed.
    pub changed: u64,
    /// The rows that the plan would have changed and that were left as they are.
    pub not_applied: Vec<NotApplied>,
}

/// A row that was left as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NotApplied {
    /// What it is.
    pub kind: RowKind,
    /// Whose it is.
    pub owner: String,
    /// Its name.
    pub name: String,
    /// Why, and what to do.
    pub why: String,
}

impl Installation {
    /// Does what `plan`, which was made of this file, says; `by` is who does it, for the history. Each row is compared again and written in one transaction,
    /// or left as it is when it is not what the plan saw.
    ///
    /// # Errors
    /// As [`Installation::plan`]; [`TransferError::Format`] also when the file is another than that of the plan. The rows before are taken in; the same again
    /// takes in the others.
    pub async fn apply(
        &self,
        import: &Import,
        plan: &Plan,
        by: &str,
        progress: &mut (dyn FnMut(Progress) + Send),
    ) -> Result<Applied, TransferError> {
        let mut applied = Applied::default();
        let mut progress = Counted::new(u64::try_from(plan.rows.len()).ok(), progress);
        let of = |kind| plan.rows.iter().filter(move |row| row.kind == kind);

        let (mut rows, mut planned) = (Rows::of(import, List::Certs), of(RowKind::Cert).peekable());
        while let Some(read) = rows.next_cert().await? {
            let Some(planned) = planned.next_if(|planned| planned.position == read.position) else { continue };
            progress.one_more();
            if let (true, Taken::Entry(entry, _)) = (is_wanted(planned, &read.digest)?, read.row) {
                let judged = self.judge_cert(&entry).await?;
                let done = match planned.still(judged) {
                    Err(why) => Err(why),
                    Ok(Write::New(cert)) => outcome(self.certs.add_whole(&cert, by).await)?,
                    Ok(Write::Changed(cert)) => outcome(self.certs.replace_whole(&cert, by).await)?,
                };
                applied.count(planned, done);
            }
        }
        whole(planned.next())?;

        let (mut rows, mut planned) = (Rows::of(import, List::Providers), of(RowKind::Provider).peekable());
        while let Some(read) = rows.next_provider(&self.registry).await? {
            let Some(planned) = planned.next_if(|planned| planned.position == read.position) else { continue };
            progress.one_more();
            if let (true, Taken::Entry(entry, _)) = (is_wanted(planned, &read.digest)?, read.row) {
                let judged = self.judge_provider(&entry).await?;
                let done = match planned.still(judged) {
                    Err(why) => Err(why),
                    Ok(write) => outcome(self.write_provider(write, entry.id, planned.seen, by).await)?,
                };
                applied.count(planned, done);
            }
        }
        whole(planned.next())?;
        Ok(applied)
    }

    async fn write_provider(
        &self,
        write: Write<NewProvider>,
        id: Option<Uuid>,
        seen: Option<i64>,
        by: &str,
    ) -> Result<(), StoreError> {
        match (write, id) {
            (Write::New(row), Some(id)) => self.providers.add_as(id, row, by).await?,
            (Write::New(row), None) => self.providers.add(row, by).await?,
            (Write::Changed(row), _) => self.providers.replace(row, seen, by).await?,
        };
        Ok(())
    }
}

enum Write<W> {
    New(W),
    Changed(W),
}

/// Why a row was left as it is.
type Why = String;

impl PlannedRow {
    /// What is to be written, when the row is what the plan saw.
    fn still<W>(&self, judged: Judged<W>) -> Result<Write<W>, Why> {
        let Judged { compared, seen } = judged;
        if seen != self.seen || Outcome::of(&compared.verdict) != self.outcome {
            return Err("is another than when the plan was made; look at a new plan, then repeat".to_owned());
        }
        match compared.verdict {
            Verdict::New(write) => Ok(Write::New(write)),
            Verdict::Changed { write, .. } => Ok(Write::Changed(write)),
            Verdict::Unchanged | Verdict::Refused(_) => Err("is not to be changed".to_owned()),
        }
    }
}

impl Applied {
    fn count(&mut self, planned: &PlannedRow, done: Result<(), Why>) {
        match (done, &planned.outcome) {
            (Ok(()), Outcome::New) => self.new += 1,
            (Ok(()), _) => self.changed += 1,
            (Err(why), _) => {
                let PlannedRow { kind, owner, name, .. } = planned;
                self.not_applied.push(NotApplied { kind: *kind, owner: owner.clone(), name: name.clone(), why });
            }
        }
    }
}

/// Whether the plan changes the row.
fn is_wanted(planned: &PlannedRow, digest: &Digest) -> Result<bool, TransferError> {
    if planned.digest != *digest {
        return Err(another_file());
    }
    Ok(planned.outcome.is_change())
}

/// That the file has no fewer rows than the plan.
fn whole(left: Option<&PlannedRow>) -> Result<(), TransferError> {
    left.map_or(Ok(()), |_| Err(another_file()))
}

fn another_file() -> TransferError {
    TransferError::Format("the file is another than the one of which the plan was made; make a new plan".to_owned())
}

/// What a store answers about a row; that the database fails ends the import.
fn outcome<T>(result: Result<T, StoreError>) -> Result<Result<(), Why>, TransferError> {
    match result {
        Ok(_) => Ok(Ok(())),
        Err(error @ StoreError::Database(_)) => Err(error.into()),
        Err(error) => Ok(Err(error.to_string())),
    }
}
