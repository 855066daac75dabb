//! All rows of an installation as one file: [export](Installation::export), [plan](Installation::plan) of an import, and
//! [the import itself](Installation::apply). What a file holds is told, member by member, in `docs/transfer.md`.
//!
//! **A file** is one JSON object, a row a line. It is written and read row by row: 100,000 rows are never in memory, and a bound on one row keeps a hostile
//! file from filling it. Rows carry their ids, because an identity is (row id, subject): people who signed in there are the same people here.
//!
//! **Secrets** are sealed one by one, each for its place in the file, under a key that Argon2id makes of a passphrase; or they are left out. What is public
//! and stands where secrets do, such as a root bundle in a Private key field, is written as it is.
//!
//! **An import** compares each row with the one that is stored and says what would change, by the names of fields and never by a secret's value. Carrying it
//! out compares again, writes each row in one transaction of its store's, and leaves alone what is not what the plan saw. Nothing is deleted; nothing that
//! works stops working because a file leaves out a secret.
//!
//! **Casdoor's** `init_data.json` is taken as well. What its wide rows mean is asked of the provider types' schemas, so no vendor is named here.

mod casdoor;
mod compare;
mod config_text;
mod entry;
mod export;
mod fault;
mod file;
mod file_key;
mod import;
mod installation;
mod passphrase;
mod progress;
mod read;
mod secret_text;

mod write;

pub use crate::casdoor::Told;
pub use crate::export::Exported;
pub use crate::fault::TransferError;
pub use crate::import::{Applied, Import, NotApplied, Origin, Outcome, Plan, PlannedRow, RowKind};
pub use crate::installation::Installation;
pub use crate::passphrase::Passphrase;
pub use crate::progress::Progress;
pub use crate::read::Source;
pub use crate::write::Secrets;
