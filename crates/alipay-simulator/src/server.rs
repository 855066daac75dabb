//! The routes: authorize page, gateway, pictures.

use std::sync::Arc;

use askama::Template as _;
use axum::{
    Router,
    body::Bytes,
    extract::{ConnectInfo, DefaultBodyLimit, Path, RawQuery, State},
    http::{
        HeaderMap, HeaderValue, StatusCode,
        header::{
            CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, LOCATION, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
        },
    },
    response::{IntoResponse as _, Response},
    routing::{get, post},
};

use crate::{
    authorize::{AuthorizationRequest, AuthorizeFault, Decision, Scope},
    avatar,
    charset::Charset,
    connection::Scissors,
    fault::Fault,
    gateway::{self, incoming::Incoming, spoil},
    parameters::{Parameters, split},
    record::RecordedRequest,
    state::World,
    user::{Avatar, TestUser},
};

/// Path of the authorize page, as in production.
pub(crate) const AUTHORIZE_PATH: &str = "/oauth2/publicAppAuthorize.htm";
/// Path of the gateway, as in production.
pub(crate) const GATEWAY_PATH: &str = "/gateway.do";

/// The longest body that is read, in bytes: requests are remembered.
const LONGEST_BODY: usize = 64 * 1024;

/// No script, nothing from elsewhere, no frame. `form-action` stays open to http and https because browsers apply it to the redirects after the
/// form as well, and where the relying party sends the person next is its own affair.
const PAGE_POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self' http: https:; base-uri 'none'; frame-ancestors 'none'";

pub(crate) fn router(world: Arc<World>) -> Router {
    Router::new()
        .route(AUTHORIZE_PATH, get(show_page).post(take_decision))
        .route(GATEWAY_PATH, post(answer_gateway))
        .route("/avatars/{file}", get(show_avatar))
        .route("/assets/simulator.css", get(show_stylesheet))
        .route("/elsewhere", get(elsewhere).post(elsewhere))
        .layer(DefaultBodyLimit::max(LONGEST_BODY))
        .with_state(world)
}

#[derive(askama::Template)]
#[template(path = "authorize.html")]
struct AuthorizePage<'a> {
    action: &'a str,
    app_id: &'a str,
    redirect_uri: &'a str,
    redirect_host: String,
    scope: &'a str,
    state: Option<&'a str>,
    asks_profile: bool,
    users: Vec<UserView<'a>>,
}

struct UserView<'a> {
    key: &'a str,
    name: &'a str,
    ids: String,
    has_picture: bool,
    is_first: bool,
}

#[derive(askama::Template)]
#[template(path = "fault.html")]
struct FaultPage<'a> {
    code: &'a str,
    /// The reason in Chinese and in English.
    reasons: (&'a str, &'a str),
}

async fn show_page(State(world): State<Arc<World>>, RawQuery(query): RawQuery) -> Response {
    match AuthorizationRequest::from_query(&world, query.as_deref().unwrap_or_default()) {
        Ok(request) => authorize_page(&world, &request),
        Err(fault) => fault_page(&fault),
    }
}

/// The page's form repeats the request, and the request is judged again: the form is as untrusted as the address was. The request may stay in the address
/// instead, so that a client without a browser needs one call: it posts `user` and `decision` to the address to which it was sent.
async fn take_decision(State(world): State<Arc<World>>, RawQuery(query): RawQuery, body: Bytes) -> Response {
    match decide(&world, query.as_deref().unwrap_or_default(), &body) {
        Ok(callback) => match HeaderValue::try_from(callback) {
            Ok(location) => {
                (StatusCode::SEE_OTHER, [(LOCATION, location), (CACHE_CONTROL, HeaderValue::from_static("no-store"))])
                    .into_response()
            }
            Err(error) => fault_page(&AuthorizeFault::System(error.to_string())),
        },
        Err(fault) => fault_page(&fault),
    }
}

fn decide(world: &World, query: &str, body: &[u8]) -> Result<String, AuthorizeFault> {
    let form = Parameters::gather(&[split(query.as_bytes())?, split(body)?].concat(), Charset::Utf8)?;
    let request = AuthorizationRequest::read(world, &form)?;
    let decision = match form.get("decision") {
        Some("agree") => Decision::Agree(form.get("user").unwrap_or_default().to_owned()),
        Some("refuse") => Decision::Refuse,
        _ => return Err(AuthorizeFault::Decision),
    };
    Ok(request.decide(world, &decision)?.into())
}

async fn answer_gateway(
    State(world): State<Arc<World>>,
    ConnectInfo(scissors): ConnectInfo<Scissors>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let content_type = headers.get(CONTENT_TYPE).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
    let incoming = Incoming::new(content_type, query.unwrap_or_default().as_bytes(), &body);
    let (query, body) = incoming.legible();
    let method = query.iter().chain(&body).find(|(name, _)| name == "method").map(|(_, value)| value.clone());
    let fault = world.take_fault(method.as_deref());
    let mut judgement = match spoil::stand_in(fault.as_ref()) {
        Some(error) => gateway::not_judged(&world, &incoming, &query, &body, error),
        None => gateway::judge(&world, &incoming),
    };
    if fault == Some(Fault::InGbk) {
        judgement.charset = Charset::Gbk;
    }
    world.ledger().record(RecordedRequest {
        at: world.now(),
        content_type: incoming.content_type,
        query,
        body,
        outcome: judgement.verdict.outcome().to_owned(),
    });
    spoil::respond(&world, &judgement, fault, &scissors).await
}

async fn show_avatar(State(world): State<Arc<World>>, Path(file): Path<String>) -> Response {
    let user = file.strip_suffix(".svg").and_then(|key| world.user(key)).filter(|user| user.avatar == Avatar::Initial);
    match user {
        Some(user) => {
            ([(CONTENT_TYPE, "image/svg+xml"), (CONTENT_SECURITY_POLICY, "default-src 'none'")], avatar::svg(user))
                .into_response()
        }
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

async fn show_stylesheet() -> Response {
    ([(CONTENT_TYPE, "text/css; charset=utf-8")], include_str!("../assets/simulator.css")).into_response()
}

async fn elsewhere(State(world): State<Arc<World>>) -> &'static str {
    world.visit_elsewhere();
    "elsewhere"
}

fn authorize_page(world: &World, request: &AuthorizationRequest) -> Response {
    let users = world.users.iter().enumerate().map(|(position, user)| UserView::new(user, position == 0)).collect();
    let page = AuthorizePage {
        action: AUTHORIZE_PATH,
        app_id: &request.app_id,
        redirect_uri: &request.redirect_uri_text,
        redirect_host: request.redirect_uri.origin().ascii_serialization(),
        scope: &request.scope_text,
        state: request.state.as_deref(),
        asks_profile: request.scope == Scope::User,
        users,
    };
    html(StatusCode::OK, page.render())
}

/// Status 400 is the simulator's own: what production answers with is not known.
fn fault_page(fault: &AuthorizeFault) -> Response {
    let reason = fault.to_string();
    let reasons = reason.split_once(" / ").unwrap_or((&reason, ""));
    html(StatusCode::BAD_REQUEST, FaultPage { code: fault.code(), reasons }.render())
}

fn html(status: StatusCode, page: askama::Result<String>) -> Response {
    let Ok(page) = page else { return StatusCode::INTERNAL_SERVER_ERROR.into_response() };
    let headers = [
        (CONTENT_TYPE, "text/html; charset=utf-8"),
        (CONTENT_SECURITY_POLICY, PAGE_POLICY),
        (CACHE_CONTROL, "no-store"),
        (REFERRER_POLICY, "no-referrer"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (status, headers, page).into_response()
}

impl<'a> UserView<'a> {
    fn new(user: &'a TestUser, is_first: bool) -> Self {
        // The key first: it is what a machine without Chinese fonts can show, and what tests ask for.
        let mut ids = vec![user.key.as_str(), "open_id"];
        ids.extend(user.user_id.as_ref().map(|_| "user_id"));
        ids.extend(user.union_id.as_ref().map(|_| "union_id"));
        Self {
            key: &user.key,
            name: user.display_name(),
            ids: ids.join(" · "),
            has_picture: user.avatar == Avatar::Initial,
            is_first,
        }
    }
}
