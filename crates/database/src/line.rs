//! The line to a database that is reached over a network: how long is waited for what, and whether there is reason to doubt it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// How a database that is reached over a network is used. A file has none of these limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The most connections of one process, 1 at least. PostgreSQL has 100 for all of its clients, unless it is told otherwise.
    pub connections: u32,
    /// How long is waited for a connection.
    pub acquire: Duration,
    /// How long a statement may take. A server that was stopped, or that is behind a broken network, would otherwise keep its callers waiting for as long
    /// as TCP does.
    pub statement: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { connections: 16, acquire: Duration::from_secs(3), statement: Duration::from_secs(5) }
    }
}

/// The line of one database. Clones share what is doubted.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    pub(crate) limits: Limits,
    /// How many connections are still to be tried before they are used, however fresh they are.
    doubts: Arc<AtomicU32>,
}

impl Line {
    #[cfg(any(feature = "postgres", feature = "mysql"))]
    pub(crate) fn new(limits: Limits) -> Self {
        Self { limits, doubts: Arc::default() }
    }

    /// Remembers that a connection failed: the others may have failed as well.
    pub(crate) fn doubt(&self) {
        self.doubts.store(self.limits.connections, Ordering::Relaxed);
    }

    #[cfg(any(feature = "postgres", feature = "mysql"))]
    /// Whether the next connection is to be tried for that reason.
    pub(crate) fn take_doubt(&self) -> bool {
        self.doubts.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |doubts| doubts.checked_sub(1)).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(any(feature = "postgres", feature = "mysql"))]
    #[test]
    fn one_failure_makes_each_of_the_others_doubtful_once() {
        let line = Line::new(Limits { connections: 2, ..Limits::default() });
        assert!(!line.take_doubt());
        line.clone().doubt();
        assert!(line.take_doubt() && line.take_doubt() && !line.take_doubt());
    }
}
