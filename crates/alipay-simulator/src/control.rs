//! Orders to a running simulator: what a merchant and Alipay do to certificates while people sign in.
//!
//! The crate's page has the table of orders. A refusal is a status with a line of text. Whoever reaches the address may order, so it is on loopback, and
//! web pages in a browser are sent away.

use std::{
    io,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime},
};

use axum::{
    Json, Router,
    extract::{Path, RawQuery, Request, State},
    http::{
        StatusCode,
        header::{HOST, ORIGIN},
    },
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde_json::{Value, json};
use tokio::{net::TcpListener, task::JoinHandle};
use url::Url;

use crate::{
    authority::{Authority, AuthorityError, LeafRequest},
    certificate::{Certificate, IssuedCertificate},
    charset::Charset,
    enrolment::{Rotation, UnknownApp},
    kept::Kept,
    key::RsaKey,
    parameters::{ParameterFault, Parameters, split},
    state::World,
};

/// How many certificates of Alipay may wait to be used.
const WAITING: usize = 64;

/// A second listener, for orders.
#[derive(Debug)]
pub(crate) struct Control {
    url: Url,
    serving: JoinHandle<io::Result<()>>,
}

struct Desk {
    world: Arc<World>,
    authority: &'static Authority,
    host: String,
    /// Issued and not used yet, by app id and serial number.
    waiting: Mutex<Kept<(RsaKey, IssuedCertificate)>>,
}

impl Control {
    pub(crate) async fn listen(
        address: SocketAddr,
        authority: &'static Authority,
        world: Arc<World>,
    ) -> io::Result<Self> {
        if !address.ip().is_loopback() {
            let message = format!("orders are taken on loopback only, and \"{address}\" is not; take 127.0.0.1");
            return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
        }
        let listener = TcpListener::bind(address).await?;
        let host = listener.local_addr()?.to_string();
        let url = Url::parse(&format!("http://{host}/")).map_err(io::Error::other)?;
        let waiting = Mutex::new(Kept::at_most(WAITING));
        let desk = Arc::new(Desk { world: Arc::clone(&world), authority, host, waiting });
        let serving = axum::serve(listener, router(desk)).with_graceful_shutdown(async move { world.closed().await });
        Ok(Self { url, serving: tokio::spawn(async move { serving.await }) })
    }

    pub(crate) fn url(&self) -> &Url {
        &self.url
    }

    pub(crate) fn stop(&self) {
        self.serving.abort();
    }
}

fn router(desk: Arc<Desk>) -> Router {
    Router::new()
        .route("/apps/{app_id}", get(show_app))
        .route("/apps/{app_id}/app-certificates", post(issue_app_certificate))
        .route("/apps/{app_id}/alipay-certificates", post(issue_alipay_certificate))
        .route("/apps/{app_id}/alipay-certificates/{sn}/use", post(use_alipay_certificate))
        .layer(middleware::from_fn_with_state(Arc::clone(&desk), refuse_web_pages))
        .with_state(desk)
}

/// A page that a browser on this machine shows may post to loopback, and says so; one that gave its own name this address names itself as the host.
async fn refuse_web_pages(State(desk): State<Arc<Desk>>, request: Request, next: Next) -> Response {
    let headers = request.headers();
    let is_ours = headers.get(HOST).is_some_and(|host| host.as_bytes() == desk.host.as_bytes());
    if !is_ours || headers.contains_key(ORIGIN) {
        return (StatusCode::FORBIDDEN, "orders are taken from programs, not from web pages\n").into_response();
    }
    next.run(request).await
}

async fn show_app(State(desk): State<Arc<Desk>>, Path(app_id): Path<String>) -> Result<Json<Value>, Refusal> {
    let app = desk.world.app(&app_id).ok_or(UnknownApp(app_id))?;
    let ledger = desk.world.ledger();
    let last = ledger.requests.iter().rev().find(|request| request.parameter("app_id") == Some(app.app_id()));
    Ok(Json(json!({
        "app_id": app.app_id(),
        "pid": app.pid(),
        "alipay_cert_sn": app.alipay_certificate().certificate().sn(),
        "alipay_root_cert_sn": app.root_cert_sn(),
        "app_cert_sns": app.app_certificates().map(Certificate::sn).collect::<Vec<_>>(),
        "last_app_cert_sn": last.and_then(|request| request.parameter("app_cert_sn")),
    })))
}

async fn issue_app_certificate(
    State(desk): State<Arc<Desk>>,
    Path(app_id): Path<String>,
) -> Result<(StatusCode, Json<Value>), Refusal> {
    let app = desk.world.app(&app_id).ok_or_else(|| UnknownApp(app_id.clone()))?;
    let key = new_key().await?;
    let issued = desk.authority.issue(&LeafRequest::app(app.pid(), app.app_id()), &key)?;
    let answer = json!({
        "app_cert_sn": issued.certificate().sn(),
        "app_cert": issued.pem(),
        "app_private_key": key.pkcs8_base64(),
    });
    desk.world.change(&app_id, |enrolment| enrolment.register(issued.leaf))?;
    Ok((StatusCode::CREATED, Json(answer)))
}

async fn issue_alipay_certificate(
    State(desk): State<Arc<Desk>>,
    Path(app_id): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<(StatusCode, Json<Value>), Refusal> {
    let app = desk.world.app(&app_id).ok_or_else(|| UnknownApp(app_id.clone()))?;
    let key = match read(query.as_deref())?.get("key") {
        None | Some("new") => new_key().await?,
        Some("same") => app.alipay_key().clone(),
        Some(_) => return Err(Refusal::Parameter("\"key\" must be \"new\" or \"same\"")),
    };
    let issued = desk.authority.issue(&LeafRequest::alipay(app.pid()), &key)?;
    let sn = issued.certificate().sn().to_owned();
    let answer = json!({ "alipay_cert_sn": sn, "alipay_cert": issued.chain_pem() });
    desk.waiting().insert(waiting_name(&app_id, &sn), (key, issued));
    Ok((StatusCode::CREATED, Json(answer)))
}

async fn use_alipay_certificate(
    State(desk): State<Arc<Desk>>,
    Path((app_id, sn)): Path<(String, String)>,
    RawQuery(query): RawQuery,
) -> Result<StatusCode, Refusal> {
    let from = match read(query.as_deref())?.get("from") {
        None => desk.world.now(),
        Some(text) => moment(text).ok_or(Refusal::Parameter("\"from\" must be whole seconds since 1970"))?,
    };
    let waiting = desk.waiting().get(&waiting_name(&app_id, &sn)).cloned();
    let (key, certificate) = waiting.ok_or(Refusal::NotIssued)?;
    desk.world.change(&app_id, |enrolment| enrolment.rotate(Rotation { from, key, certificate }))?;
    Ok(StatusCode::NO_CONTENT)
}

impl Desk {
    fn waiting(&self) -> std::sync::MutexGuard<'_, Kept<(RsaKey, IssuedCertificate)>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn waiting_name(app_id: &str, sn: &str) -> String {
    format!("{app_id}/{sn}")
}

fn read(query: Option<&str>) -> Result<Parameters, ParameterFault> {
    Parameters::gather(&split(query.unwrap_or_default().as_bytes())?, Charset::Utf8)
}

fn moment(text: &str) -> Option<SystemTime> {
    SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(text.parse().ok()?))
}

/// Making a key takes a tenth of a second and more, which the people who sign in meanwhile do not wait for.
async fn new_key() -> Result<RsaKey, AuthorityError> {
    tokio::task::spawn_blocking(RsaKey::generate)
        .await
        .map_err(|_| AuthorityError::new("an RSA key could not be made"))?
}

/// Why an order is not followed.
#[derive(Debug, thiserror::Error)]
enum Refusal {
    #[error(transparent)]
    UnknownApp(#[from] UnknownApp),
    #[error("no such certificate waits to be used; issue one first")]
    NotIssued,
    #[error("{0}")]
    Parameter(&'static str),
    #[error(transparent)]
    Parameters(#[from] ParameterFault),
    #[error(transparent)]
    Authority(#[from] AuthorityError),
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let status = match self {
            Self::UnknownApp(_) | Self::NotIssued => StatusCode::NOT_FOUND,
            Self::Parameter(_) | Self::Parameters(_) => StatusCode::BAD_REQUEST,
            Self::Authority(_) => StatusCode::INTERNAL_SERVER_ERROR,
        };
        (status, format!("{self}\n")).into_response()
    }
}
