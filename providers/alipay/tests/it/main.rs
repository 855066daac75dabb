//! The provider from outside: shared test data, cert records that are right and wrong, answers that are not Alipay's, and whole logins over loopback.
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
mod fixtures;
mod gbk_answers;
mod house;
mod public_key_mode;
mod rotation;
mod scripted;
mod sign_in;
mod signing_key;
mod slots;
mod table;
mod versions;
mod world;
