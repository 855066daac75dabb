//! The command line, as a person at a terminal meets it: what it answers, what it refuses, and whether a refusal says what to do.

mod inspect;
mod installation;
mod keys;
mod refusals;
mod shell;
mod store;
mod transfer;
