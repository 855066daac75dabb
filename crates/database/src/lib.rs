//! One pool per database, our migrations with their own bookkeeping, and sealed values.
//!
//! The stores (certs, providers, attempts) know their tables; this room knows what they share.
//!
//! **Opening.** [`Database::open`] takes a URL, whose scheme chooses the database: SQLite, PostgreSQL, or MySQL and MariaDB, each a feature of this crate. A file
//! is created for its owner only. One starter at a time migrates (a lock beside the file, an advisory lock, a named lock), and each migration is noted in
//! `vestibule_migration`. All our tables begin with `vestibule_`, so they can stand in a host's own database. A schema that is newer than this program is
//! refused: what it means is unknown here. A user who may only read and write rows is enough when there is nothing to migrate.
//!
//! **Statements.** [`sql`] is written once, for every database, and bound; a [`Row`] is read without trust. [`Database::begin`] begins a [`Transaction`], which is
//! over after its first failure. [`DbError::AlreadyThere`] and [`DbError::Unavailable`] are told apart from what is wrong; no error holds a value.
//!
//! **Over a network.** Nothing waits for ever ([`Limits`]): 3 seconds for a connection, 5 for a statement, 16 connections in each process. What took longer is
//! [`DbError::Unavailable`]; whether it happened is then not known. A server that was started again costs one failed statement at most, not one for each connection.
//!
//! - *TLS.* `sslmode=verify-full` (PostgreSQL) or `ssl-mode=VERIFY_IDENTITY` (MySQL, MariaDB) asks for it and checks whom it speaks to, by the authorities of the
//!   operating system or `sslrootcert`/`ssl-ca`. Without the parameter TLS is used where the server offers it, and nobody is checked.
//! - *MySQL 8* asks for its password (`caching_sha2_password`) over TLS or a Unix socket only: the exchange by RSA over plain connections is not built in.
//! - `PgBouncer` in session mode needs nothing. In transaction mode it must keep track of prepared statements (1.21 or newer, `max_prepared_statements` above 0);
//!   `statement-cache-capacity=0` in the URL does not replace that. Neither was tried.
//! - *A standby* that may only be read can be opened once its tables are there. What writes is [`DbError::Unavailable`], until it is promoted.
//! - *MySQL itself* was not tried: the tests run on MariaDB.
//!
//! **Sealing.** A [`MasterKey`] (32 bytes, from text or a file, or made on the first start) goes into a [`Keyring`]. [`Keyring::seal`] turns a
//! [`Secret`](vestibule_oauth_provider::Secret) into a text that can stand in a column or inside a JSON string:
//!
//! ```text
//! vsealed:1:<id of the master key>:<base64url of salt, digest of the place, ciphertext, tag>
//! ```
//!
//! Key and nonce are derived by HKDF-SHA256 (RFC 5869) from the master key and a random salt of 32 bytes, so that no nonce is used twice whatever the
//! number of values; the cipher is AES-256-GCM. The associated data is the digest of the value's [`Place`]: table, owner, row, version, column. The digest
//! is carried too, which is how a value that was moved ([`SealError::WrongPlace`]) is told from one that was damaged ([`SealError::Damaged`]).
//!
//! A keyring holds several keys: the first seals, all open. It is filled from a [`KeySource`] and asks it again when it misses a key, so that a running
//! installation learns a key that somebody adds ([`Keyring::open_or_reload`]). A [`ResealingPass`] seals with the first key what others sealed.
//!
//! What sealing protects: a copy of the database, or write access to it without the key. What it does not: whoever can read the master key as well.
//!
//! **Named rows.** Certs and providers have the same first columns ([`RowHead`]), answer to owner and name ([`Record`]), and are gone through in the same
//! way for what is to be sealed ([`SealingPass`]). What is said in a row's own columns is its store's matter.
//!
//! **Clear values.** A secret that plain SQL put there works, and a store's [`SealingPass`] replaces it. [`Database::erase_clear_text`] then empties
//! SQLite's write-ahead log; with `secure_delete` on, the freed cells of the file are overwritten. What a foreign client left in the file before we saw
//! the row, for example by updating the clear value itself, is out of reach of both, and so is what the other databases keep.
//!
//! **History, settings, pages.** [`Change::note`] says in the transaction of a change who made it; [`keep_setting`] remembers a value of the installation's;
//! [`Page`], [`Paged`] and [`Order`] are the words for lists.
//!
//! No type here makes a host use our version of sqlx; what the stores need of it is hidden from the documentation.

mod clear_text;
mod database;
mod driver;
mod error;
mod failure;
mod file;
mod history;
mod keys;
mod lease;
mod line;
mod master_key;
mod migration;
mod name;
mod page;
mod pools;
#[cfg(any(feature = "postgres", feature = "mysql"))]
mod remote;
mod resealing;
mod row;
mod row_head;
mod said;
mod seal;
mod sealing_pass;
mod settings;
mod sql;
#[cfg(feature = "sqlite")]
mod sqlite;
mod time;
mod transaction;
mod url;

#[cfg(not(any(feature = "sqlite", feature = "postgres", feature = "mysql")))]
compile_error!("choose a database: one of the features \"sqlite\", \"postgres\", \"mysql\"");

pub use crate::database::Database;
pub use crate::error::{DbError, StoreError};
pub use crate::history::{Change, ChangeView, ChangesOf, RowKind, changes};
pub use crate::keys::{KeyCommand, KeyFile, KeyOrigin, KeySource, Keyring, ResealError};
pub use crate::line::Limits;
pub use crate::master_key::MasterKey;
pub use crate::name::{Record, check_name};
pub use crate::page::{Order, Page, Paged};
pub use crate::pools::Dialect;
pub use crate::resealing::{Resealed, ResealingPass, ResealingProgress, SealedRows};
pub use crate::row::Row;
pub use crate::row_head::RowHead;
pub use crate::seal::{MASK, Place, SealError, is_sealed, key_ids_in, sealed_prefix};
pub use crate::sealing_pass::{ClearRows, SealingPass, Unsealable};
pub use crate::settings::{keep_setting, setting};
pub use crate::sql::{Bind, On, Sql, containing, count, places, sql};
pub use crate::time::unix_time;
pub use crate::transaction::Transaction;
pub use crate::url::describe_url;
