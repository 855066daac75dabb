//! The engine and its routes, against rows and attempts in memory and an upstream that is played here.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "a test that panics has failed"
)]

mod attacks;
mod bench;
mod cookies;
mod counting;
mod engine_begins;
mod engine_completes;
mod logs;
mod opened;
mod page;
mod routes_answer;
mod site;
mod unavailable;
