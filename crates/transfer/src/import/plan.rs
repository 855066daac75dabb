//! What a file would change.

use std::collections::{BTreeMap, HashSet};

use serde::Serialize;
use uuid::Uuid;
use vestibule_certs_store::WholeCert;
use vestibule_database::StoreError;
use vestibule_provider_store::NewProvider;

use super::Import;
use super::rows::{Digest, ReadRow, Rows};
use crate::casdoor::Taken;
use crate::compare::{Compared, Verdict, compare_cert, compare_provider};
use crate::entry::{CertEntry, ProviderEntry};
use crate::fault::shown;
use crate::progress::Counted;
use crate::read::List;
use crate::{Installation, Progress, TransferError};

/// What a file would change. No secret is in it.
#[derive(Debug, Clone, Serialize)]
pub struct Plan {
    /// Who wrote the file.
    pub origin: Origin,
    /// Its rows, cert records first, in the order of the file.
    pub rows: Vec<PlannedRow>,
    /// Rows that are not wanted here, counted by what they are. Only files of other systems have such.
    pub passed_over: BTreeMap<String, u64>,
}

/// Who wrote a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// We.
    Vestibule,
    /// Casdoor, or somebody for it: its `init_data.json`.
    Casdoor,
}

/// What a row is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RowKind {
    /// A cert record.
    Cert,
    /// A provider row.
    Provider,
}

/// What would become of a row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PlannedRow {
    /// What it is.
    pub kind: RowKind,
    /// Where it stands in its list of the file, counted from 0.
    pub position: u64,
    /// Whose it is; empty when that cannot be read.
    pub owner: String,
    /// Its name; empty when it cannot be read.
    pub name: String,
    /// What would become of it.
    pub outcome: Outcome,
    /// What else to know.
    pub notes: Vec<String>,
    #[serde(skip)]
    pub(super) digest: Digest,
    /// The revision or version that was compared with.
    #[serde(skip)]
    pub(super) seen: Option<i64>,
}

/// What would become of a row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    /// There is none of that name.
    New,
    /// There is one, and it differs.
    Changed {
        /// In what. Names only.
        fields: Vec<String>,
    },
    /// There is one, and it is the same.
    Unchanged,
    /// It is not taken in.
    Refused {
        /// Why not, and what to do.
        why: String,
    },
}

impl Plan {
    /// How many rows would change something.
    pub fn changes(&self) -> usize {
        self.rows.iter().filter(|row| row.outcome.is_change()).count()
    }

    /// The rows that are not taken in.
    pub fn refused(&self) -> impl Iterator<Item = &PlannedRow> {
        self.rows.iter().filter(|row| matches!(row.outcome, Outcome::Refused { .. }))
    }
}

impl Outcome {
    pub(super) fn is_change(&self) -> bool {
        matches!(self, Self::New | Self::Changed { .. })
    }

    pub(super) fn of<W>(verdict: &Verdict<W>) -> Self {
        match verdict {
            Verdict::New(_) => Self::New,
            Verdict::Changed { fields, .. } => Self::Changed { fields: fields.clone() },
            Verdict::Unchanged => Self::Unchanged,
            Verdict::Refused(why) => Self::Refused { why: why.clone() },
        }
    }
}

/// A row compared, and the revision or version that it was compared with.
pub(super) struct Judged<W> {
    pub(super) compared: Compared<W>,
    pub(super) seen: Option<i64>,
}

impl Installation {
    /// Says what a file would change. Nothing is written.
    ///
    /// # Errors
    /// [`TransferError::Format`], when the file is not whole or not what it should be; [`TransferError::Passphrase`]; [`TransferError::File`];
    /// [`TransferError::Store`], when the database fails. What is wrong with one row is said in the plan.
    pub async fn plan(
        &self,
        import: &Import,
        progress: &mut (dyn FnMut(Progress) + Send),
    ) -> Result<Plan, TransferError> {
        let mut planning = Planning::default();
        let mut progress = Counted::new(None, progress);
        let mut certs = Rows::of(import, List::Certs);
        while let Some(read) = certs.next_cert().await? {
            let place = Place { kind: RowKind::Cert, position: read.position, digest: read.digest };
            if let Some((entry, notes)) = planning.take(place, read, |entry| (entry.id, &entry.owner, &entry.name)) {
                let judged = self.judge_cert(&entry).await?;
                planning.add(place, (entry.owner, entry.name), judged, notes);
            }
            progress.one_more();
        }
        let origin = certs.origin();
        let mut providers = Rows::of(import, List::Providers);
        while let Some(read) = providers.next_provider(&self.registry).await? {
            let place = Place { kind: RowKind::Provider, position: read.position, digest: read.digest };
            if let Some((entry, notes)) = planning.take(place, read, |entry| (entry.id, &entry.owner, &entry.name)) {
                let judged = self.judge_provider(&entry).await?;
                planning.add(place, (entry.owner, entry.name), judged, notes);
            }
            progress.one_more();
        }
        Ok(Plan { origin, rows: planning.rows, passed_over: planning.passed_over })
    }

    pub(super) async fn judge_cert(&self, entry: &CertEntry) -> Result<Judged<WholeCert>, TransferError> {
        let stored = match self.certs.whole(&entry.owner, &entry.name).await {
            Ok(stored) => stored,
            Err(error) => return Judged::unreadable(error),
        };
        let holder = match (&stored, entry.id) {
            (None, Some(id)) => self.certs.name_of(&id).await?,
            _ => None,
        };
        if let Some(why) = taken(entry.id, holder, "cert record") {
            return Ok(Judged::refused(why));
        }
        let seen = stored.as_ref().map(|stored| stored.revision);
        let fresh_id = self.random.uuid().map_err(TransferError::Random)?;
        Ok(Judged { compared: compare_cert(entry, stored.as_ref(), fresh_id), seen })
    }

    pub(super) async fn judge_provider(&self, entry: &ProviderEntry) -> Result<Judged<NewProvider>, TransferError> {
        let stored = match self.providers.whole(&entry.owner, &entry.name).await {
            Ok(stored) => stored,
            Err(error) => return Judged::unreadable(error),
        };
        let holder = match (&stored, entry.id) {
            (None, Some(id)) => self.providers.name_of(&id).await?,
            _ => None,
        };
        if let Some(why) = taken(entry.id, holder, "provider row") {
            return Ok(Judged::refused(why));
        }
        let seen = stored.as_ref().map(|stored| stored.version);
        Ok(Judged { compared: compare_provider(entry, stored.as_ref(), &self.registry), seen })
    }
}

impl<W> Judged<W> {
    fn refused(why: String) -> Self {
        Self { compared: Compared { verdict: Verdict::Refused(why), notes: Vec::new() }, seen: None }
    }

    /// A stored row that cannot be read cannot be compared; that the database fails is another matter.
    fn unreadable(error: StoreError) -> Result<Self, TransferError> {
        match error {
            StoreError::Database(_) => Err(error.into()),
            error => Ok(Self::refused(format!("the stored row cannot be compared: {error}"))),
        }
    }
}

/// Why a row cannot have its id, which another row has.
fn taken(id: Option<Uuid>, holder: Option<(String, String)>, what: &str) -> Option<String> {
    let (id, (owner, name)) = (id?, holder?);
    Some(format!(
        "its id {id} is that of the {what} \"{}/{}\" here; rename that one, or take the id out of the file and let the row be another one",
        shown(&owner, 100),
        shown(&name, 100)
    ))
}

#[derive(Clone, Copy)]
struct Place {
    kind: RowKind,
    position: u64,
    digest: Digest,
}

#[derive(Default)]
struct Planning {
    rows: Vec<PlannedRow>,
    passed_over: BTreeMap<String, u64>,
    names: HashSet<(RowKind, String, String)>,
    ids: HashSet<(RowKind, Uuid)>,
}

impl Planning {
    /// The entry of a row that is to be compared; what becomes of any other is settled here.
    fn take<E>(
        &mut self,
        place: Place,
        read: ReadRow<Taken<E>>,
        names: impl Fn(&E) -> (Option<Uuid>, &String, &String),
    ) -> Option<(E, Vec<String>)> {
        let (named, why) = match read.row {
            Taken::PassedOver(what) => {
                *self.passed_over.entry(what).or_default() += 1;
                return None;
            }
            Taken::Refused(named, why) => (named.map(|named| (named.owner, named.name)), why),
            Taken::Entry(entry, notes) => {
                let (id, owner, name) = names(&entry);
                let named = (owner.clone(), name.clone());
                let second = if !self.names.insert((place.kind, named.0.clone(), named.1.clone())) {
                    "stands in the file twice; take one of them out"
                } else if id.is_some_and(|id| !self.ids.insert((place.kind, id))) {
                    "has the id of another row of the file; take one of them out"
                } else {
                    return Some((entry, notes));
                };
                (Some(named), second.to_owned())
            }
        };
        let (owner, name) = named.unwrap_or_default();
        // What is refused here may have any name.
        let names = (shown(&owner, 100), shown(&name, 100));
        self.add(place, names, Judged::<()>::refused(why), Vec::new());
        None
    }

    fn add<W>(&mut self, place: Place, (owner, name): (String, String), judged: Judged<W>, mut notes: Vec<String>) {
        let Place { kind, position, digest } = place;
        let Judged { compared: Compared { verdict, notes: more }, seen } = judged;
        notes.extend(more);
        let outcome = Outcome::of(&verdict);
        self.rows.push(PlannedRow { kind, position, owner, name, outcome, notes, digest, seen });
    }
}
