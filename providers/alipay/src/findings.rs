//! What is found wrong, or worth knowing, while a row is judged: all of it, in the order in which it was found.

use vestibule_oauth_provider::{Error, Finding};

/// Faults and warnings, as they are found.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    faults: Vec<Error>,
    others: Vec<Finding>,
}

impl Findings {
    pub(crate) fn fault(&mut self, message: impl Into<String>) {
        self.faults.push(Error::configuration(message));
    }

    pub(crate) fn error(&mut self, error: Error) {
        self.faults.push(error);
    }

    pub(crate) fn add(&mut self, finding: Finding) {
        self.others.push(finding);
    }

    /// Takes over what was found about something that can be left out: its faults become warnings, each with what follows from it.
    pub(crate) fn add_as_warnings(&mut self, found: Self, consequence: &str) {
        let faults = found.faults.iter().map(|fault| Finding::warning(format!("{}; {consequence}", fault.report())));
        self.others.extend(faults);
        self.others.extend(found.others);
    }

    /// How many faults there are so far.
    pub(crate) fn fault_count(&self) -> usize {
        self.faults.len()
    }

    /// The first fault, if there is one.
    pub(crate) fn into_first_fault(self) -> Option<Error> {
        self.faults.into_iter().next()
    }

    pub(crate) fn into_all(self) -> Vec<Finding> {
        let faults = self.faults.iter().map(|fault| Finding::fatal(fault.report()));
        faults.chain(self.others).collect()
    }
}
