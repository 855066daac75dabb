//! For tests: a clock that stands still, random numbers that repeat, stand-ins for the services of the house, and conformance suites that every backend
//! runs. A dev-dependency only.
#![expect(clippy::expect_used, clippy::panic, reason = "in a test, what cannot go on has failed")]

mod clock;
pub mod databases;
mod files;
mod memory;
mod outside;
mod random;
mod stand_ins;
pub mod stores;

pub use crate::clock::FixedClock;
pub use crate::files::files_with;
pub use crate::memory::{MemoryAttempts, MemoryRow, MemoryRows};
pub use crate::outside::{fixtures, require, skip};
pub use crate::random::SeededRandom;
pub use crate::stand_ins::{Answer, ScriptedHttp, StaticCerts, services};
