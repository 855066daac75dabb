//! What the tests need: a house to sign in to, a browser to sign in with, and the program as a process.

// Each kind of test needs its own part of it.
#![allow(dead_code, reason = "not every method has a caller in every state of the tests")]

mod browser;
mod house;
mod log;
mod program;
mod search;
mod tap;

pub(crate) use self::browser::{Answered, Browser};
pub(crate) use self::house::{APP_CERT, House, NAME, OWNER, ROOT_CERT, add_cert, add_row, authority, config};
pub(crate) use self::log::{Log, everything_logged};
pub(crate) use self::program::{Program, run, run_with};
pub(crate) use self::search::holds;
pub(crate) use self::tap::Tap;
