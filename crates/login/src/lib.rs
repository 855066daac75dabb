//! The order of a login for any provider and any host: begin and complete.

mod ports;

pub use crate::ports::{AttemptStore, ProviderRow, ProviderRows, StoredAttempt, Taken};
