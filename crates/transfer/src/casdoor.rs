//! Rows of Casdoor's `init_data.json`: wide rows, with a column for everything that any vendor needs.
//!
//! Casdoor writes such a file itself (its data dump has the same form), and people write them by hand: members are left out, lists stand in any order. A
//! provider's config is built from the schema of its type, whose fields say in which column their value stands
//! ([`Field::in_column`](vestibule_oauth_provider::Field::in_column)); so this room knows no vendor. Casdoor's server masks secrets as `***` in what it
//! answers: such a secret was left out.

mod cert;
mod provider;
mod told;
mod wide;

pub(crate) use self::cert::cert;
pub(crate) use self::provider::provider;
pub use self::told::Told;
use crate::entry::{Named, Refusal};

/// What becomes of a wide row.
pub(crate) enum Taken<E> {
    /// It is one that is wanted here, and what of it has no place here.
    Entry(E, Vec<String>),
    /// It is of a kind that is not wanted here.
    PassedOver(String),
    /// It is one that is wanted, and cannot be used.
    Refused(Option<Named>, Refusal),
}

/// What Casdoor's answers have in the place of a secret.
const MASK: &str = "***";
