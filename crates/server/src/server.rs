//! A running server: pages, login routes, health, and the background work.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::middleware;
use axum::routing::get;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use vestibule::{Clock, Database, Error, HttpSettings, PublicUrl, Result, ReturnTo, Setup, Upkeep, Vestibule};

use crate::access_log;
use crate::options::Options;
use crate::pages::{self, Pages};
use crate::providers;
use crate::serving;
use crate::session::Sessions;
use crate::storage::{Absent, Patience, Storage};
use crate::unreadable;

/// How long running requests may take to finish when the server is told to stop.
const PATIENCE: Duration = Duration::from_secs(10);

/// A server that runs until it is told to stop.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    public_url: PublicUrl,
    vestibule: Vestibule,
    stop: watch::Sender<bool>,
    serving: JoinHandle<()>,
    _upkeep: Upkeep,
}

/// The installation that `options` describe, for browsers that reach it under `public_url`.
///
/// # Errors
/// `Configuration` or `Internal`, naming what is wrong.
pub fn installation(options: &Options, public_url: &PublicUrl, storage: Storage) -> Result<Vestibule> {
    let Storage { database, keyring, .. } = storage;
    let mut setup = Setup::new(database, keyring, providers::registry()?, public_url.clone());
    if let Some(owner) = &options.shared_owner {
        setup.shared_owner.clone_from(owner);
    }
    setup.http = HttpSettings { allow: options.allowed_upstreams()?, ..HttpSettings::default() };
    setup.return_to = options
        .allow_return_to
        .iter()
        .try_fold(ReturnTo::this_site(public_url), |rules, origin| rules.allow_origin(origin))
        .map_err(|error| error.within("--allow-return-to"))?
        .with_home(&format!("{}/", base_path(public_url)))?;
    Vestibule::new(setup)
}

/// The path under which browsers see the server: empty, or `/prefix`.
pub(crate) fn base_path(public_url: &PublicUrl) -> &str {
    public_url.as_url().path().trim_end_matches('/')
}

impl Server {
    /// Starts a server on `listener`. A database that does not answer is waited for, half a minute at the most.
    ///
    /// # Errors
    /// `Configuration` or `Internal`, naming what is wrong; `Unavailable`, when the database does not answer.
    pub async fn start(options: &Options, listener: TcpListener) -> Result<Self> {
        // Nothing is made for a server that has no public URL.
        options.public_url(address_of(&listener)?)?;
        let storage = Storage::open_patiently(options, Absent::Make, Patience::OF_A_SERVER).await?;
        Self::start_on(storage, options, listener).await
    }

    /// The same on a storage that is open already; where `options` say that it is makes no difference.
    ///
    /// # Errors
    /// As [`Server::start`].
    pub async fn start_on(storage: Storage, options: &Options, listener: TcpListener) -> Result<Self> {
        let address = address_of(&listener)?;
        let public_url = options.public_url(address)?;
        let place = storage.place.clone();
        let vestibule = installation(options, &public_url, storage)?;
        let services = vestibule.services();
        let sessions = Arc::new(Sessions::new(
            vestibule.keyring().clone(),
            services.clock.clone(),
            services.random.clone(),
            &public_url,
        ));
        let allowed = options.allowed_upstreams()?;
        let pages = Pages::new(vestibule.providers().clone(), sessions.clone(), vestibule.logins().clone(), &allowed);
        let pages = Arc::new(pages);
        let clock: Arc<dyn Clock> = services.clock.clone();
        let router = pages::router(pages.clone()).merge(vestibule.router(sessions));
        // Under a prefix of the public URL everything that browsers ask for stands under it too.
        let router = match base_path(&public_url) {
            "" => router,
            // Without the checks, which are for people who knew axum's older patterns: a prefix may begin with ":" or "*".
            prefix => Router::new()
                .without_v07_checks()
                .nest(prefix, router)
                .merge(pages::front_page(pages.clone(), &format!("{prefix}/"))),
        };
        let router = router
            .merge(health(vestibule.database().clone()))
            .merge(pages::no_page(pages))
            .layer(middleware::from_fn_with_state(clock, access_log::log));
        unreadable::report(&vestibule).await;
        let (stop, stopped) = watch::channel(false);
        let serving = tokio::spawn(serving::serve(listener, router, stopped));
        let upkeep = vestibule.start_upkeep();
        tracing::info!(%address, %public_url, database = %place, "listening");
        Ok(Self { address, public_url, vestibule, stop, serving, _upkeep: upkeep })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Under which URL browsers reach it.
    pub fn public_url(&self) -> &PublicUrl {
        &self.public_url
    }

    /// The installation behind it.
    pub fn vestibule(&self) -> &Vestibule {
        &self.vestibule
    }

    /// Takes no new connections, lets running requests finish, for ten seconds at the most, and closes the database.
    pub async fn stop(self) {
        self.stop_within(PATIENCE).await;
    }

    /// The same with another time for running requests.
    pub async fn stop_within(mut self, patience: Duration) {
        self.stop.send_replace(true);
        if tokio::time::timeout(patience, &mut self.serving).await.is_err() {
            tracing::warn!("requests that were still running were cut off");
            self.serving.abort();
        }
        self.vestibule.database().close().await;
    }
}

/// Listens on `address`.
///
/// # Errors
/// `Configuration`, with what can be done when another program does so already.
pub async fn listen(address: SocketAddr) -> Result<TcpListener> {
    TcpListener::bind(address).await.map_err(|error| {
        let remedy = match error.kind() {
            std::io::ErrorKind::AddrInUse => {
                "; another program listens there (another vestibule?); stop it or choose another --listen"
            }
            _ => "",
        };
        Error::configuration(format!("cannot listen on {address}: {error}{remedy}"))
    })
}

fn address_of(listener: &TcpListener) -> Result<SocketAddr> {
    listener.local_addr().map_err(|error| Error::internal("the listening socket has no address").caused_by(error))
}

/// `/healthz` answers while the process runs, `/readyz` while the database does.
fn health(database: Database) -> Router {
    Router::new().route("/healthz", get(async || "ok\n")).route("/readyz", get(ready)).with_state(database)
}

async fn ready(State(database): State<Database>) -> (StatusCode, &'static str) {
    match database.ping().await {
        Ok(()) => (StatusCode::OK, "ready\n"),
        Err(error) => {
            tracing::warn!(report = %Error::from(error).report(), "not ready");
            (StatusCode::SERVICE_UNAVAILABLE, "the database does not answer\n")
        }
    }
}

/// Waits until the process is asked to end: SIGTERM, or Ctrl-C.
pub async fn asked_to_stop() {
    let interrupted = async {
        // Without a handler there is nobody to wait for.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    #[cfg(unix)]
    let terminated = async {
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(mut signal) => {
                signal.recv().await;
            }
            Err(_) => std::future::pending().await,
        }
    };
    #[cfg(not(unix))]
    let terminated = std::future::pending::<()>();
    tokio::select! {
        () = interrupted => {}
        () = terminated => {}
    }
}
