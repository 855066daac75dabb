//! A row of a file beside the row that is stored: what would change.

mod cert;
mod provider;

use uuid::Uuid;

pub(crate) use self::cert::compare_cert;
pub(crate) use self::provider::compare_provider;
use crate::entry::Refusal;

/// What is to be done with a row, and what `W` is to be written.
pub(crate) enum Verdict<W> {
    New(W),
    Changed { fields: Vec<String>, write: W },
    Unchanged,
    Refused(Refusal),
}

/// A verdict and what else people should know.
pub(crate) struct Compared<W> {
    pub(crate) verdict: Verdict<W>,
    pub(crate) notes: Vec<String>,
}

impl<W> Compared<W> {
    fn refused(why: impl Into<String>) -> Self {
        Self { verdict: Verdict::Refused(why.into()), notes: Vec::new() }
    }

    /// New where nothing is stored, and otherwise what has changed.
    fn of(known: Known, fields: Vec<String>, write: W, mut notes: Vec<String>) -> Self {
        if known == Known::Stored && fields.is_empty() {
            // They are about what comes in.
            notes.clear();
        }
        let verdict = match (known, fields.is_empty()) {
            (Known::New, _) => Verdict::New(write),
            (Known::Stored, true) => Verdict::Unchanged,
            (Known::Stored, false) => Verdict::Changed { fields, write },
        };
        Self { verdict, notes }
    }

    /// Says where a row keeps its id although the file has another.
    fn keeping_id(mut self, in_file: Option<Uuid>, stored: Uuid) -> Self {
        if let Some(other) = in_file.filter(|id| *id != stored) {
            self.notes.push(format!("keeps its id {stored}; the file has {other}"));
        }
        self
    }
}

/// Whether a row of that name is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Known {
    New,
    Stored,
}
