//! Provider rows on every database.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "a test that panics has failed"
)]

mod examining;
mod finding;
mod history;
mod house;
mod listing;
mod records;
mod references;
mod resealing;
mod rows;
mod sealing;
mod sign_in_options;
