//! The walk of a sign-in against the simulator, over real sockets, with a client written here.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    missing_docs,
    reason = "a test that panics has failed"
)]

mod charsets;
mod client;
mod faults;
mod gateway_errors;
mod page;
mod program;
mod public_key_mode;
mod rotation;
mod walk;
