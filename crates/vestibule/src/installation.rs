//! An installation: the rooms, wired.

use std::sync::Arc;
use std::time::Duration;

use vestibule_attempt_store::{DEFAULT_CAP, SqlAttempts};
use vestibule_certs_store::CertStore;
use vestibule_database::{Database, Keyring};
use vestibule_http_client::{GuardedClient, Settings as HttpSettings};
#[cfg(feature = "routes")]
use vestibule_login::routes::Host;
use vestibule_login::{Logins, PublicUrl, ReturnTo, Settings as LoginSettings};
use vestibule_oauth_provider::{
    Clock, Context, Finding, Random, Registry, Result, Services, SystemClock, SystemRandom,
};
use vestibule_provider_store::{OpenedProvider, ProviderStore};

use crate::upkeep::{self, Upkeep};

/// Whose cert records every owner's rows may name, unless the installation says otherwise.
const SHARED_OWNER: &str = "admin";

/// What an installation is made of.
#[derive(Debug)]
pub struct Setup {
    /// Where rows, records and attempts are.
    pub database: Database,
    /// What seals private keys and secrets, and opens them.
    pub keyring: Keyring,
    /// The provider types that rows may have.
    pub registry: Registry,
    /// Under which URL browsers reach the routes.
    pub public_url: PublicUrl,
    /// Where a finished login may send the browser.
    pub return_to: ReturnTo,
    /// How long there is between click and callback. Ten minutes, unless set.
    pub attempt_lifetime: Duration,
    /// The most attempts that are remembered as used; when there are more, those that are over go first, then those that end soonest. Attempts that
    /// were begun and not finished take no place. [`DEFAULT_CAP`] (200 000), unless set.
    pub attempt_cap: u32,
    /// How many rows' providers stay open between sign-ins. 1 024, unless set.
    pub opened_providers: usize,
    /// Whose cert records every owner's rows may name. `admin`, unless set.
    pub shared_owner: String,
    /// The way to upstreams.
    pub http: HttpSettings,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Unpredictable bytes.
    pub random: Arc<dyn Random>,
}

impl Setup {
    /// A setup with the defaults: places on this site to return to, ten minutes for a login, `admin` as the shared owner, public https upstreams only.
    ///
    /// `keyring` is one, or a [`MasterKey`](crate::MasterKey) that is the only one.
    pub fn new(database: Database, keyring: impl Into<Keyring>, registry: Registry, public_url: PublicUrl) -> Self {
        let LoginSettings { public_url, return_to, attempt_lifetime, opened_providers } =
            LoginSettings::new(public_url);
        Self {
            database,
            keyring: keyring.into(),
            registry,
            public_url,
            return_to,
            attempt_lifetime,
            attempt_cap: DEFAULT_CAP,
            opened_providers,
            shared_owner: SHARED_OWNER.to_owned(),
            http: HttpSettings::default(),
            clock: Arc::new(SystemClock),
            random: Arc::new(SystemRandom::new()),
        }
    }
}

/// An installation: database, stores and engine.
#[derive(Debug, Clone)]
pub struct Vestibule {
    database: Database,
    keyring: Keyring,
    certs: Arc<CertStore>,
    providers: Arc<ProviderStore>,
    logins: Arc<Logins>,
    registry: Arc<Registry>,
    services: Services,
    shared_owner: String,
}

impl Vestibule {
    /// Wires an installation. Nothing is read yet.
    ///
    /// # Errors
    /// `Internal`, when the HTTP client cannot be made.
    pub fn new(setup: Setup) -> Result<Self> {
        let Setup { database, keyring, registry, shared_owner, http, clock, random, .. } = setup;
        let Setup { public_url, return_to, attempt_lifetime, attempt_cap, opened_providers, .. } = setup;
        let registry = Arc::new(registry);
        let providers = Arc::new(ProviderStore::new(
            database.clone(),
            keyring.clone(),
            registry.clone(),
            shared_owner.clone(),
            clock.clone(),
            random.clone(),
        ));
        let certs =
            CertStore::new(database.clone(), keyring.clone(), shared_owner.clone(), clock.clone(), random.clone());
        let certs = Arc::new(certs.with_users(providers.clone()));
        let attempts = SqlAttempts::new(database.clone(), keyring.clone(), random.clone()).with_cap(attempt_cap);
        let services = Services { http: Arc::new(GuardedClient::new(http)?), certs: certs.clone(), clock, random };
        let settings = LoginSettings { public_url, return_to, attempt_lifetime, opened_providers };
        let logins = Logins::new(providers.clone(), Arc::new(attempts), registry.clone(), services.clone(), settings);
        Ok(Self { database, keyring, certs, providers, logins: Arc::new(logins), registry, services, shared_owner })
    }

    /// The routes `/login/{owner}/{provider}` and `/callback/{owner}/{provider}`, for any axum application; `host` decides about accounts and sessions.
    #[cfg(feature = "routes")]
    pub fn router<S: Clone + Send + Sync + 'static>(&self, host: Arc<dyn Host>) -> axum::Router<S> {
        vestibule_login::routes::router(self.logins.clone(), host)
    }

    /// The engine.
    pub fn logins(&self) -> &Arc<Logins> {
        &self.logins
    }

    /// Cert records.
    pub fn certs(&self) -> &Arc<CertStore> {
        &self.certs
    }

    /// Provider rows.
    pub fn providers(&self) -> &Arc<ProviderStore> {
        &self.providers
    }

    /// The provider types.
    pub fn registry(&self) -> &Arc<Registry> {
        &self.registry
    }

    /// The database.
    pub fn database(&self) -> &Database {
        &self.database
    }

    /// What seals and opens.
    pub fn keyring(&self) -> &Keyring {
        &self.keyring
    }

    /// Whose cert records every owner's rows may name.
    pub fn shared_owner(&self) -> &str {
        &self.shared_owner
    }

    /// HTTP, certs, time and random bytes, as providers get them.
    pub fn services(&self) -> &Services {
        &self.services
    }

    /// Every fault of a provider row that can be found without network.
    pub async fn check(&self, row: &OpenedProvider) -> Vec<Finding> {
        let context = Context::new(row.row.clone(), self.services.clone());
        match self.registry.get(&row.kind) {
            Ok(factory) => factory.check(&row.config, &context).await,
            Err(error) => vec![Finding::fatal(error.report())],
        }
    }

    /// Starts the background work: attempts that are over are removed, clear secrets in rows are reported and sealed. It ends when the handle is
    /// dropped.
    #[must_use = "the background work ends when the handle is dropped"]
    pub fn start_upkeep(&self) -> Upkeep {
        upkeep::start(self.clone())
    }

    /// One round of the background work.
    pub async fn upkeep(&self) {
        upkeep::round(self).await;
    }
}
