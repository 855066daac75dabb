//! A clock that stands still until it is told.

use std::sync::Mutex;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use vestibule_oauth_provider::Clock;

/// A clock that stands still until it is told.
#[derive(Debug)]
pub struct FixedClock(Mutex<SystemTime>);

impl FixedClock {
    /// Stands at 2026-11-22T00:00:00Z.
    pub fn new() -> Self {
        Self::at(1_795_305_600)
    }

    /// Stands at `seconds` since 1970-01-01T00:00:00Z.
    pub fn at(seconds: u64) -> Self {
        Self(Mutex::new(UNIX_EPOCH + Duration::from_secs(seconds)))
    }

    /// Moves on.
    pub fn advance(&self, by: Duration) {
        *self.0.lock().expect("no test panics with the clock in hand") += by;
    }
}

impl Default for FixedClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for FixedClock {
    fn now(&self) -> SystemTime {
        *self.0.lock().expect("no test panics with the clock in hand")
    }
}
