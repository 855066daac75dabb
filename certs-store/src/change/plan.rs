//! What one change writes.

use vestibule_database::{Record, StoreError};
use vestibule_oauth_provider::VersionState;

use crate::field::Content;
use crate::row::{CertRow, Version};

/// What one change writes; whatever is not in it stays.
pub(crate) struct Plan {
    /// The word for it in the history.
    pub(crate) action: &'static str,
    /// The version that it is about.
    pub(crate) version: Option<i64>,
    /// What else the history says of it.
    pub(crate) detail: String,
    /// The versions that are no longer beside the active one.
    pub(crate) goes: Vec<Version>,
    /// Those that are from now on.
    pub(crate) comes: Vec<Version>,
    /// The new active version.
    pub(crate) active: Option<Active>,
    pub(crate) name: Option<String>,
    pub(crate) display_name: Option<String>,
    /// The columns `key_owners` and `key_hosts`.
    pub(crate) sharing: Option<(String, String)>,
}

/// What becomes the active version.
pub(crate) struct Active {
    pub(crate) number: i64,
    pub(crate) content: Content,
    pub(crate) not_after: Option<i64>,
}

impl Plan {
    pub(crate) fn new(action: &'static str) -> Self {
        Self {
            action,
            version: None,
            detail: String::new(),
            goes: Vec::new(),
            comes: Vec::new(),
            active: None,
            name: None,
            display_name: None,
            sharing: None,
        }
    }

    pub(crate) fn about(mut self, version: i64) -> Self {
        self.version = Some(version);
        self
    }

    /// The revision that `row` has afterwards: greater than before, and not less than any number that a version of the record ever had. So the number of a
    /// version that was removed is not given to another.
    pub(crate) fn revision(&self, row: &CertRow) -> i64 {
        let numbers = self.comes.iter().map(|version| version.number).chain(self.active.as_ref().map(|new| new.number));
        numbers.fold(highest_number(row), i64::max).max(row.revision.saturating_add(1))
    }
}

/// The greatest number that a version of the record has or, as far as it was changed by our kind, ever had.
fn highest_number(row: &CertRow) -> i64 {
    row.others.iter().map(|version| version.number).fold(row.head.version, i64::max)
}

/// The number of a version that is new.
///
/// # Errors
/// [`StoreError::Refused`], when plain SQL used the numbers up.
pub(crate) fn next_number(row: &CertRow) -> Result<i64, StoreError> {
    let highest = highest_number(row).max(row.revision);
    highest.checked_add(1).ok_or_else(|| {
        let record = row.record();
        StoreError::Refused(format!(
            "{record}: has a version of the number {highest}, after which there is none; correct it by SQL"
        ))
    })
}

/// When a version that retires at `now` did so: after all that retired before, also where the clock's second is the same.
pub(crate) fn retired_at(row: &CertRow, now: i64) -> i64 {
    let retired = row.others.iter().filter(|version| version.state == VersionState::Retired);
    retired.map(|version| version.since.saturating_add(1)).fold(now, i64::max)
}

/// That there is no such version.
pub(crate) fn no_version(record: Record<'_>, number: i64) -> StoreError {
    StoreError::Refused(format!("{record}: has no version {number} beside the active one; look at its versions"))
}
