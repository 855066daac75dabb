//! How far long work is.

/// How far long work is, in rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// How many are done.
    pub done: u64,
    /// How many there are; nothing, while that is not known.
    pub total: Option<u64>,
}

/// Counts rows, and tells somebody.
pub(crate) struct Counted<'p> {
    done: u64,
    total: Option<u64>,
    tell: &'p mut (dyn FnMut(Progress) + Send),
}

impl<'p> Counted<'p> {
    pub(crate) fn new(total: Option<u64>, tell: &'p mut (dyn FnMut(Progress) + Send)) -> Self {
        Self { done: 0, total, tell }
    }

    pub(crate) fn one_more(&mut self) {
        self.done += 1;
        // Rows may come while others are counted.
        (self.tell)(Progress { done: self.done, total: self.total.map(|total| total.max(self.done)) });
    }
}
