//! Cert records in SQL: judged when saved, sealed, resolved by name.
//!
//! A record has two texts, **Certificate** and **Private key**, pasted by a person. What they are is decided by their content, never by a label or a file
//! name. Two layouts are in use, and both are good:
//!
//! | record | Certificate | Private key |
//! |---|---|---|
//! | a key pair | the certificate, or it and its issuers' | its private key |
//! | trusted certificates | a certificate or a bundle | nothing |
//! | both in one, as Casdoor's guide for Alipay has it | Alipay's certificate | the root bundle |
//!
//! So the Certificate field holds certificates, and the Private key field a private key, certificates, or nothing. Whatever stands in the Private key
//! field is sealed, public or not: nobody has to be asked.
//!
//! **Saving** ([`CertStore::save`], [`CertStore::replace`]) reads both fields first and refuses what cannot be meant (`judge`): a key in the Certificate
//! field, a key that is encrypted, cut off or of another certificate. The message names the record, the field, what was found, what belongs there. A
//! refused save writes nothing.
//!
//! **Versions.** A record has one active version, which signs, at most one that is staged, and retired ones, which go on verifying what names them:
//!
//! ```text
//!            stage               switch              remove_version
//! (a file) ─────────► next ────────────────► active ◄───────► retired ─────────► gone
//!            unstage: gone                      roll_back
//! ```
//!
//! [`CertStore::check_next`] says what would become of sign-ins; [`CertStore::switch`] does not switch to what would break them. Each operation is one
//! transaction with its note in the history, and takes the revision that its caller saw ([`Edit`]). A program that is killed in the middle leaves the record
//! as it was, or as it shall be.
//!
//! **Resolving** ([`CertResolver`](vestibule_oauth_provider::CertResolver)) finds the record of the row's owner, or else the shared owner's. It reads
//! the tables each time, so that a change by plain SQL holds at the next sign-in, and never writes. [`select_records`] is the same as a part of a bigger
//! query, [`StoredRecords`] what it answers: so one query tells whether what was opened still stands. A private key is handed out with the
//! record's sharing ([`CertStore::set_sharing`]), a version that is not the active one without its private key.
//!
//! **References.** With [`CertStore::with_users`] a record that rows name is not deleted, and a new name is carried into them.
//!
//! **Plain SQL** may insert records and versions as well. They are not judged, so reading trusts nothing about them: sizes are capped in the query, and every
//! error names the record. A private key that came in the clear works, and [`CertStore::seal_clear_values`], called now and then, seals it by
//! compare-and-swap: when two instances try, or somebody edits the row meanwhile, nothing is lost. It also finds out when such a certificate ends; who
//! changes a certificate by SQL sets `not_after` to NULL.
//!
//! A view ([`CertView`]) tells what stands in each field, a summary ([`CertSummary`]) does not even look; neither has a place for a key.

mod change;
mod examine;
mod field;
mod findings;
mod grant;
mod judge;
mod list;
#[cfg(test)]
mod plans;
mod private_key;
mod reseal;
mod resolve;
mod row;
mod seal_clear;
mod sealed_elsewhere;
mod store;
mod stored;
mod users;
mod view;
mod whole;

pub use crate::change::{Edit, NewVersion, RollBack, WhenStaged};
pub use crate::findings::NextCheck;
pub use crate::list::{CertFilter, CertSummary, Sort};
pub use crate::resolve::ReadRecords;
pub use crate::sealed_elsewhere::SealedElsewhere;
pub use crate::store::{CertStore, NewCert};
pub use crate::stored::{StoredRecords, select_records};
pub use crate::users::{CertUsers, RowName};
pub use crate::view::{CertView, CertificateView, FieldView, KeyView, SharingView, VersionView};
pub use crate::whole::{WholeCert, WholeVersion};
