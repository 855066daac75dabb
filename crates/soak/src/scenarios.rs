//! What is checked.

pub(crate) mod flood;
pub(crate) mod kill;
pub(crate) mod outage;
pub(crate) mod rotation;
pub(crate) mod scale;
