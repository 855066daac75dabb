//! What the stores rely on, on every database.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "a test that panics has failed"
)]

mod clear_text;
mod cut_off;
mod embedded;
mod errors;
mod history;
mod master_keys;
mod migrations;
mod names;
mod outage;
mod proxy;
mod schema;
mod sealed_values;
mod settings;
mod statements;
mod transactions;
mod upgrade;
