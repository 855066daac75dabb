//! The master keys of an installation: where they come from, and how they are changed.
//!
//! A [`Keyring`] holds several keys. The first seals, all open. [`Keyring::load`] remembers the [`KeySource`] that it was filled from and asks it
//! again when a value was sealed with a key that is not in it, so that a running server learns a key that was added elsewhere. A [`KeyFile`] is a
//! source that can be written to.

mod command;
mod file;
mod ring;
mod source;
#[cfg(test)]
mod tests;
mod text;

pub use command::KeyCommand;
pub use file::{KeyFile, KeyOrigin};
pub use ring::{Keyring, ResealError};
pub use source::KeySource;

pub(crate) use file::{make_unless_there, read as read_file};
