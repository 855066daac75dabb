//! The client against upstreams on loopback that behave, misbehave, or should never have been asked.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    missing_docs,
    reason = "a test that panics has failed"
)]

mod answers;
mod guard;
mod logs;
mod names;
mod upstream;
