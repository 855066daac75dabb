//! The server's own pages: which ways there are to sign in, and who you are.

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, SET_COOKIE};
use axum::http::{HeaderMap, HeaderName, StatusCode};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use vestibule::{AllowedHost, Error, Logins, ProviderStore};

use crate::server::base_path;
use crate::session::{Session, Sessions};

/// The most rows that the front page lists.
const MOST_BUTTONS: u32 = 100;

/// What the pages are made from.
#[derive(Debug)]
pub struct Pages {
    providers: Arc<ProviderStore>,
    sessions: Arc<Sessions>,
    logins: Arc<Logins>,
    policy: String,
}

impl Pages {
    /// The pages of a server with these logins; pictures may come from anywhere over https, and from `allowed` upstreams.
    pub fn new(
        providers: Arc<ProviderStore>,
        sessions: Arc<Sessions>,
        logins: Arc<Logins>,
        allowed: &[AllowedHost],
    ) -> Self {
        let pictures: String = allowed.iter().map(|host| format!(" http://{host}")).collect();
        let policy = format!(
            "default-src 'none'; style-src 'self'; img-src https:{pictures}; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
        );
        Self { providers, sessions, logins, policy }
    }

    /// `/`, `/me`, `/logout` and the style sheet.
    pub fn router(self) -> Router {
        Router::new()
            .route("/", get(index))
            .route("/me", get(me))
            .route("/logout", post(logout))
            .route("/style.css", get(style))
            .with_state(Arc::new(self))
    }

    /// The path under which browsers see this server: empty, or `/prefix`.
    fn base(&self) -> &str {
        base_path(&self.logins.settings().public_url)
    }

    fn show(&self, status: StatusCode, page: &impl Template) -> Response {
        let headers = [
            (CONTENT_SECURITY_POLICY, self.policy.as_str()),
            (CACHE_CONTROL, "no-store"),
            (REFERRER_POLICY, "no-referrer"),
            (HeaderName::from_static("x-content-type-options"), "nosniff"),
        ];
        match page.render() {
            Ok(html) => (status, headers, Html(html)).into_response(),
            Err(error) => {
                tracing::error!(%error, "a page could not be made");
                StatusCode::INTERNAL_SERVER_ERROR.into_response()
            }
        }
    }
}

#[derive(Template)]
#[template(path = "index.html")]
struct Index<'a> {
    base: &'a str,
    signed_in: Option<String>,
    groups: Vec<Group>,
}

struct Group {
    owner: String,
    buttons: Vec<Button>,
}

struct Button {
    owner: String,
    name: String,
    label: String,
    href: String,
}

async fn index(State(pages): State<Arc<Pages>>, headers: HeaderMap) -> Response {
    let rows = match pages.providers.sign_in_options(MOST_BUTTONS).await {
        Ok(rows) => rows,
        Err(error) => {
            tracing::error!(report = %Error::from(error).report(), "the provider rows could not be listed");
            return StatusCode::SERVICE_UNAVAILABLE.into_response();
        }
    };
    let mut groups: Vec<Group> = Vec::new();
    for row in rows {
        // A row that plain SQL gave a name without a URL has no button.
        let Ok(href) = pages.logins.login_url(&row.owner, &row.name) else { continue };
        let button = Button { owner: row.owner.clone(), name: row.name, label: row.display_name, href: href.into() };
        match groups.last_mut().filter(|group| group.owner == row.owner) {
            Some(group) => group.buttons.push(button),
            None => groups.push(Group { owner: row.owner, buttons: vec![button] }),
        }
    }
    let signed_in = pages.sessions.of(&headers).map(|session| name_of(&session).to_owned());
    pages.show(StatusCode::OK, &Index { base: pages.base(), signed_in, groups })
}

#[derive(Template)]
#[template(path = "me.html")]
struct Me<'a> {
    base: &'a str,
    name: &'a str,
    avatar: Option<&'a str>,
    kind: &'a str,
    row: &'a str,
    subject: &'a str,
    subject_kind: &'a str,
    others: Vec<(&'a str, &'a str)>,
    attributes: Vec<(&'a str, &'a str)>,
}

#[derive(Template)]
#[template(path = "signed_out.html")]
struct SignedOut<'a> {
    base: &'a str,
}

async fn me(State(pages): State<Arc<Pages>>, headers: HeaderMap) -> Response {
    let Some(session) = pages.sessions.of(&headers) else {
        return pages.show(StatusCode::UNAUTHORIZED, &SignedOut { base: pages.base() });
    };
    let user = &session.user;
    let page = Me {
        base: pages.base(),
        name: name_of(&session),
        avatar: user.avatar.as_ref().map(vestibule::Url::as_str),
        kind: &session.kind,
        row: &session.row,
        subject: &user.subject.value,
        subject_kind: user.subject.kind.as_str(),
        others: user.subject.others.iter().map(|(kind, value)| (kind.as_str(), value.as_str())).collect(),
        attributes: user.attributes.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect(),
    };
    pages.show(StatusCode::OK, &page)
}

fn name_of(session: &Session) -> &str {
    session.user.name.as_deref().filter(|name| !name.trim().is_empty()).unwrap_or("Somebody without a name")
}

async fn logout(State(pages): State<Arc<Pages>>, headers: HeaderMap) -> Response {
    // A form of another site must not sign anybody out; browsers say where a form came from.
    let site = headers.get("sec-fetch-site").and_then(|value| value.to_str().ok());
    if site.is_some_and(|site| site != "same-origin") {
        return StatusCode::FORBIDDEN.into_response();
    }
    ([(SET_COOKIE, pages.sessions.end())], Redirect::to(&format!("{}/", pages.base()))).into_response()
}

async fn style() -> Response {
    let headers = [(CONTENT_TYPE, "text/css; charset=utf-8"), (CACHE_CONTROL, "public, max-age=3600")];
    (headers, include_str!("../templates/style.css")).into_response()
}
