//! Provider rows and attempts held in memory.

mod attempts;
mod rows;

use std::sync::{Mutex, MutexGuard, PoisonError};

pub use self::attempts::MemoryAttempts;
pub use self::rows::{MemoryRow, MemoryRows};

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
