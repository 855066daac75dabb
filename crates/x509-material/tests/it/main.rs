//! One binary for all integration tests of this crate. `tests/data` is made by `tests/data/make.sh`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    missing_docs,
    reason = "a test that panics has failed"
)]

mod certificates;
mod forms;
mod keys;
mod refusals;
mod robustness;
mod samples;
mod sha1_signer;
mod shared_fixtures;
mod trust;
