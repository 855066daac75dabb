//! The server as a whole: a sign-in from the first page to the last, what plain SQL does, what goes wrong upstream
//! or with the database, several servers at once, and that nothing leaks.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test that panics has failed"
)]

mod cli;
mod faults;
mod instances;
mod leaks;
mod outage;
mod pages;
mod sign_in;
mod sql;
mod support;
mod walk;
