//! Provider rows in SQL: the columns every provider has, and one JSON config per type.
//!
//! One more provider type needs no column and no migration: what a type's config holds is its factory's
//! [`Schema`](vestibule_oauth_provider::Schema), and this room takes from it only which fields are secrets.
//!
//! **A config is text.** What an administrator wrote stays as it was written: field order, white space, spelling of numbers. Only the strings in secret
//! fields are exchanged in place (`config_text`), for sealed ones when the row is stored, for the clear ones when it is read, for `***` when it is shown:
//!
//! ```text
//! {"clientId": "a", "clientSecret": "s3cr3t"}   ⇄   {"clientId": "a", "clientSecret": "vsealed:1:…"}
//! ```
//!
//! **Reading** ([`ProviderRows`](vestibule_login::ProviderRows)) asks the tables each time, in one query for the row and for the cert records that it names,
//! so that a row or record inserted or changed by plain SQL holds at the next sign-in, and never writes. The stamp of what was read says whether what was
//! opened before still stands. Whether the config is good for its type is for the factory to say when the engine opens it; a row of an unknown type is handed
//! out as well, so that the message about it comes from the registry, which knows the known ones.
//!
//! **Plain SQL** may write rows as well, with secrets in the clear. They work. Each row remembers the config that was examined last (`examined`); where it is
//! another, [`ProviderStore::examine`], called now and then, seals the secrets and notes which records the row names, by compare-and-swap on the whole
//! config: when two instances try, or somebody edits the row meanwhile, nothing is lost. A type whose secret or cert fields change has its rows examined anew.
//!
//! **References** stand in `vestibule_provider_cert`. By them a record's store learns who uses it before it is deleted, and has a new name carried into the
//! rows ([`CertUsers`](vestibule_certs_store::CertUsers)).
//!
//! **Strangers** ask which ways there are to sign in. [`ProviderStore::sign_in_options`] answers from an index, bounded, without a look at any config.
//!
//! A sealed value opens only in the row, owner, version and field for which it was sealed. Replacing a row counts its version up and seals anew; whoever edits a
//! row with plain SQL leaves `version` and `owner` alone, and empties `examined` when it is the `type` that changes.

mod cert_users;
mod config_text;
mod examine;
mod fields;
mod find;
mod known_fields;
mod list;
mod opened;
#[cfg(test)]
mod plans;
mod references;
mod reseal;
mod row;
mod sealed_config;
mod sealed_elsewhere;
mod sign_in_options;
mod store;
mod view;
mod whole;
mod write;

pub use crate::list::{ProviderFilter, ProviderSummary, Sort};
pub use crate::opened::OpenedProvider;
pub use crate::sealed_elsewhere::SealedElsewhere;
pub use crate::sign_in_options::SignInOption;
pub use crate::store::{NewProvider, ProviderStore};
pub use crate::view::ProviderView;
pub use crate::whole::WholeProvider;
