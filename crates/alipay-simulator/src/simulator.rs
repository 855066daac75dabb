//! Starting, asking and stopping a simulator.

use std::{
    fmt, io,
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex, atomic::Ordering},
    time::{Duration, SystemTime},
};

use tokio::{net::TcpListener, sync::watch, task::JoinHandle};
use url::Url;

use crate::{
    authority::Authority,
    authorize::{AuthorizationRequest, AuthorizeFault, Decision},
    certificate::{Certificate, IssuedCertificate},
    connection::{CuttableListener, Scissors},
    control::Control,
    enrolment::{Enrolment, Rotation, UnknownApp},
    fault::FaultPlan,
    key::RsaKey,
    record::RecordedRequest,
    registration::AppRegistration,
    server::{self, AUTHORIZE_PATH, GATEWAY_PATH},
    state::{Ledger, World},
    user::TestUser,
};

/// What time it is.
pub type Clock = Arc<dyn Fn() -> SystemTime + Send + Sync>;

/// How long [`Simulator::shutdown`] waits for answers that are still being sent.
const SHUTDOWN_PATIENCE: Duration = Duration::from_secs(2);

/// A running Alipay. Dropping it stops it as well, without waiting.
#[derive(Debug)]
pub struct Simulator {
    world: Arc<World>,
    default_app: AppRegistration,
    closing: watch::Sender<bool>,
    server: JoinHandle<io::Result<()>>,
    control: Option<Control>,
}

/// What a simulator is to be.
#[derive(Clone)]
pub struct Builder {
    listen: SocketAddr,
    redirect_domain: String,
    apps: Vec<AppRegistration>,
    users: Vec<TestUser>,
    clock: Clock,
    control: Option<(SocketAddr, &'static Authority)>,
}

impl Builder {
    /// Where to listen; a free port of 127.0.0.1 unless given.
    #[must_use]
    pub fn listen(mut self, address: SocketAddr) -> Self {
        self.listen = address;
        self
    }

    /// The host to which redirects may go, for every application; `127.0.0.1` unless given.
    #[must_use]
    pub fn redirect_domain(mut self, host: impl Into<String>) -> Self {
        self.redirect_domain = host.into();
        self
    }

    /// Registers an application. May be called again; without any, [`AppRegistration::simulated`] is registered.
    #[must_use]
    pub fn app(mut self, app: AppRegistration) -> Self {
        self.apps.push(app);
        self
    }

    /// Adds a person to [`TestUser::all`].
    #[must_use]
    pub fn user(mut self, user: TestUser) -> Self {
        self.users.push(user);
        self
    }

    /// The clock by which timestamps are judged and codes expire; the system's unless given.
    #[must_use]
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// Listens at a second address, on loopback, for orders to change certificates while the simulator runs; `authority` issues the new ones, and should be
    /// the one that issued those of the applications. Off unless given. The crate's page describes the orders.
    #[must_use]
    pub fn control(mut self, address: SocketAddr, authority: &'static Authority) -> Self {
        self.control = Some((address, authority));
        self
    }

    /// Listens. Must be called within a tokio runtime.
    ///
    /// # Errors
    /// When an address cannot be listened on, when that for orders is not on loopback, or keys and certificates could not be made.
    pub async fn start(mut self) -> io::Result<Simulator> {
        if self.apps.is_empty() {
            self.apps.push(AppRegistration::simulated().map_err(io::Error::other)?);
        }
        let default_app = self.apps.first().cloned().ok_or(io::ErrorKind::InvalidInput)?;
        let listener = TcpListener::bind(self.listen).await?;
        let base = Url::parse(&format!("http://{}/", listener.local_addr()?)).map_err(io::Error::other)?;
        let (closing, closing_seen) = watch::channel(false);
        let world = Arc::new(World {
            enrolments: Mutex::new(self.apps.into_iter().map(Enrolment::new).collect()),
            redirect_domain: self.redirect_domain,
            users: self.users,
            base,
            clock: self.clock,
            closing: closing_seen,
            elsewhere_visits: 0.into(),
            ledger: Mutex::new(Ledger::new()),
        });
        let control = match self.control {
            Some((address, authority)) => Some(Control::listen(address, authority, Arc::clone(&world)).await?),
            None => None,
        };
        let router = server::router(Arc::clone(&world)).into_make_service_with_connect_info::<Scissors>();
        let until = Arc::clone(&world);
        let serving =
            axum::serve(CuttableListener(listener), router).with_graceful_shutdown(async move { until.closed().await });
        let server = tokio::spawn(async move { serving.await });
        Ok(Simulator { world, default_app, closing, server, control })
    }
}

impl Simulator {
    /// Describes a simulator on a free port of 127.0.0.1 with one application and the usual people.
    #[must_use]
    pub fn builder() -> Builder {
        Builder {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            redirect_domain: Ipv4Addr::LOCALHOST.to_string(),
            apps: Vec::new(),
            users: TestUser::all(),
            clock: Arc::new(system_clock),
            control: None,
        }
    }

    /// Address of the authorize page, without parameters.
    #[must_use]
    pub fn authorize_url(&self) -> Url {
        self.at(AUTHORIZE_PATH)
    }

    /// Address of the gateway.
    #[must_use]
    pub fn gateway_url(&self) -> Url {
        self.at(GATEWAY_PATH)
    }

    /// Where orders are taken, if [`Builder::control`] was called.
    #[must_use]
    pub fn control_url(&self) -> Option<Url> {
        self.control.as_ref().map(|control| control.url().clone())
    }

    /// The first application that was registered, as it was when the simulator started.
    #[must_use]
    pub fn app(&self) -> &AppRegistration {
        &self.default_app
    }

    /// The application as it is registered at this moment.
    #[must_use]
    pub fn registration(&self, app_id: &str) -> Option<AppRegistration> {
        self.world.app(app_id).map(|app| AppRegistration::clone(&app))
    }

    /// Registers one more certificate of an application, as while a merchant renews: requests may name the old or the new one.
    ///
    /// # Errors
    /// When there is no such application.
    pub fn register_app_certificate(&self, app_id: &str, certificate: Certificate) -> Result<(), UnknownApp> {
        self.world.change(app_id, |enrolment| enrolment.register(certificate))
    }

    /// Signs the answers to an application with another certificate from some moment on: the same key, re-issued, or a new one. What was asked before that
    /// moment is answered under the old one.
    ///
    /// # Errors
    /// When there is no such application.
    pub fn rotate_alipay_certificate(
        &self,
        app_id: &str,
        key: RsaKey,
        certificate: IssuedCertificate,
        from: SystemTime,
    ) -> Result<(), UnknownApp> {
        self.world.change(app_id, |enrolment| enrolment.rotate(Rotation { from, key, certificate }))
    }

    /// The people who can sign in.
    #[must_use]
    pub fn users(&self) -> &[TestUser] {
        &self.world.users
    }

    /// Does what a person does who opens the authorize address, picks `user` (a [`TestUser::key`]) and agrees: the address to which the browser
    /// is sent. The same rules hold as for the page.
    ///
    /// # Errors
    /// What the page would say.
    pub fn agree(&self, authorize_url: &Url, user: &str) -> Result<Url, AuthorizeFault> {
        self.visit(authorize_url, &Decision::Agree(user.to_owned()))
    }

    /// The same for a person who refuses.
    ///
    /// # Errors
    /// What the page would say.
    pub fn refuse(&self, authorize_url: &Url) -> Result<Url, AuthorizeFault> {
        self.visit(authorize_url, &Decision::Refuse)
    }

    /// Orders a misbehaviour of the gateway: a [`crate::Fault`], which lasts until it is cleared or replaced, or a [`FaultPlan`].
    pub fn set_fault(&self, plan: impl Into<FaultPlan>) {
        self.world.ledger().fault = Some(plan.into());
    }

    /// Ends the misbehaviour.
    pub fn clear_fault(&self) {
        self.world.ledger().fault = None;
    }

    /// What the gateway was asked so far, oldest first; the last 10,000 requests.
    #[must_use]
    pub fn requests(&self) -> Vec<RecordedRequest> {
        self.world.ledger().requests.iter().cloned().collect()
    }

    /// How often somebody followed [`crate::Fault::Redirect`].
    #[must_use]
    pub fn elsewhere_visits(&self) -> u32 {
        self.world.elsewhere_visits.load(Ordering::SeqCst)
    }

    /// Stops. Requests that hang are dropped; answers that are being sent have two seconds.
    pub async fn shutdown(mut self) {
        self.closing.send_replace(true);
        if tokio::time::timeout(SHUTDOWN_PATIENCE, &mut self.server).await.is_err() {
            self.server.abort();
        }
        if let Some(control) = self.control {
            control.stop();
        }
    }

    fn at(&self, path: &str) -> Url {
        let mut url = self.world.base.clone();
        url.set_path(path);
        url
    }

    fn visit(&self, authorize_url: &Url, decision: &Decision) -> Result<Url, AuthorizeFault> {
        let page = self.authorize_url();
        if authorize_url.origin() != page.origin() || authorize_url.path() != page.path() {
            return Err(AuthorizeFault::Address(format!(
                "{}{}",
                authorize_url.origin().ascii_serialization(),
                authorize_url.path()
            )));
        }
        AuthorizationRequest::from_query(&self.world, authorize_url.query().unwrap_or_default())?
            .decide(&self.world, decision)
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Builder")
            .field("listen", &self.listen)
            .field("redirect_domain", &self.redirect_domain)
            .field("apps", &self.apps)
            .finish_non_exhaustive()
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the one place of this crate that reads the wall clock; it must not import the other home's"
)]
fn system_clock() -> SystemTime {
    SystemTime::now()
}
