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
//! **Resolving** ([`CertResolver`](vestibule_oauth_provider::CertResolver)) asks once for the row's owner and the shared owner; the former wins. It reads
//! the table each time, so that a change by plain SQL holds at the next sign-in, and never writes.
//!
//! **Plain SQL** may insert records as well. They are not judged, so reading trusts nothing about them: sizes are capped in the query, and every error
//! names the record. A private key that came in the clear works, and [`CertStore::seal_clear_values`], called now and then, seals it by compare-and-swap:
//! when two instances try, or somebody edits the row meanwhile, nothing is lost.
//!
//! A view ([`CertView`]) tells what stands in each field and has no place for a key.

mod judge;
mod resolve;
mod row;
mod seal_clear;
mod store;
mod view;

pub use crate::store::{CertStore, NewCert};
pub use crate::view::{CertView, CertificateView, FieldView, KeyView};
