//! Rows are moved between installations: on every database, with every kind of file, and with files that somebody spoilt.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test that panics has failed"
)]

mod casdoor;
mod house;
mod import;
mod killed;
mod round_trip;
mod secrets;
mod spoilt;
