//! Upstream sign-in as plugins, for an IAM server to embed.
//!
//! This is what a host depends on. It opens an installation (database, stores, engine) and hands out what a host uses of it:
//!
//! - [`Vestibule::router`]: the routes that begin and complete logins, to be mounted in an axum application; the host's [`Host`](login::routes::Host) decides
//!   about accounts and sessions.
//! - [`Vestibule::logins`]: the engine itself, for a host with another framework, or for linking a login to a user who is signed in already.
//! - [`Vestibule::certs`] and [`Vestibule::providers`]: the stores, for a host's own administration.
//! - [`Vestibule::start_upkeep`]: the background work: sweeping attempts, sealing clear secrets that plain SQL put into rows.
//!
//! Which provider types there are is the host's to say: it fills the [`Registry`].
//!
//! ```no_run
//! use std::sync::Arc;
//! use vestibule::{Database, Keyring, MasterKey, PublicUrl, Registry, Secret, Setup, Vestibule};
//!
//! # async fn open() -> vestibule::Result<()> {
//! let mut registry = Registry::new();
//! registry.add(vestibule::alipay::Alipay)?;
//! let database = Database::open("sqlite:iam.db").await?;
//! let master_key = MasterKey::from_text(&Secret::new(std::env::var("MASTER_KEY").unwrap_or_default()))?;
//! let public_url = PublicUrl::parse("https://login.example.com")?;
//! let vestibule = Vestibule::new(Setup::new(database, Keyring::new(master_key), registry, public_url))?;
//! let upkeep = vestibule.start_upkeep();
//! # Ok(())
//! # }
//! ```

mod doctor;
mod installation;
mod keys;
mod upkeep;

pub use vestibule_certs_store as certs_store;
pub use vestibule_login as login;
#[cfg(feature = "alipay")]
pub use vestibule_provider_alipay as alipay;
pub use vestibule_provider_store as provider_store;

pub use vestibule_certs_store::CertStore;
pub use vestibule_database::{
    ChangeView, ChangesOf, Database, KeyCommand, KeyFile, KeyOrigin, KeySource, Keyring, MasterKey, Order, Page, Paged,
    Place, Resealed, ResealingProgress, RowKind, StoreError, changes, describe_url,
};
pub use vestibule_http_client::{AllowedHost, GuardedClient, Settings as HttpSettings};
pub use vestibule_login::{Logins, PublicUrl, ReturnTo};
pub use vestibule_oauth_provider::{
    About, AttemptFault, BrowserSecret, Clock, Config, Digest, Error, ErrorKind, Fact, Finding, HttpClient,
    HttpRequest, HttpResponse, Intent, KeyGrant, Owners, Random, Registry, Result, RowRef, Secret, Severity, Subject,
    SystemClock, SystemRandom, Tokens, Url, UserInfo, Uuid, unix_seconds,
};
pub use vestibule_provider_store::ProviderStore;

pub use crate::doctor::{Diagnosis, Examined, Progress};
pub use crate::installation::{Setup, Vestibule};
pub use crate::upkeep::Upkeep;
