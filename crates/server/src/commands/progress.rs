//! How far long work is, for the person at the terminal.

use std::io::{IsTerminal as _, Write as _};

use vestibule_transfer::Progress;

/// How many rows pass between two lines where lines cannot be written over.
const STEP: u64 = 10_000;

/// One line that is written over, or one for every so many rows.
pub(super) struct Shown {
    what: &'static str,
    is_terminal: bool,
    last: u64,
}

impl Shown {
    /// What is done to rows: `exported`.
    pub(super) fn new(what: &'static str) -> Self {
        Self { what, is_terminal: std::io::stderr().is_terminal(), last: 0 }
    }

    pub(super) fn show(&mut self, Progress { done, total }: Progress) {
        let is_end = total == Some(done);
        // A terminal is slow.
        let step = if self.is_terminal { 100 } else { STEP };
        if !(done.is_multiple_of(step) || is_end && (self.is_terminal || self.last > 0)) {
            return;
        }
        self.last = done;
        let of = total.map(|total| format!(" of {total}")).unwrap_or_default();
        let (begin, end) = if self.is_terminal { ("\r", "") } else { ("", "\n") };
        let mut stderr = std::io::stderr();
        // Nobody is worse off when this cannot be written.
        let _ = write!(stderr, "{begin}{done}{of} rows {}{end}", self.what);
        let _ = stderr.flush();
    }
}

impl Drop for Shown {
    fn drop(&mut self) {
        if self.is_terminal && self.last > 0 {
            let _ = writeln!(std::io::stderr());
        }
    }
}
