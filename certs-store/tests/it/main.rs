//! Cert records on every database.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    missing_docs,
    reason = "a test that panics has failed"
)]

mod house;
mod lists;
mod races;
mod records;
mod references;
mod resealing;
mod sealing;
mod sharing;
mod stored;
mod transitions;
mod versions;
mod whole;
