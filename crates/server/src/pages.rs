//! The server's own pages: which ways there are to sign in, and who you are.

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, RETRY_AFTER, SET_COOKIE,
};
use axum::http::{HeaderMap, HeaderName, StatusCode};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use vestibule::{AllowedHost, Error, ErrorKind, Logins, ProviderStore};

use crate::server::base_path;
use crate::session::{Session, Sessions};

/// The most rows that the front page lists.
const MOST_BUTTONS: u32 = 100;
/// After how many seconds to come again when the database does not answer.
const SECONDS_TO_RETRY: &str = "5";

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

/// `/`, `/me`, `/logout` and the style sheet.
pub fn router(pages: Arc<Pages>) -> Router {
    Router::new()
        .route("/", get(index))
        .route("/me", get(me))
        .route("/logout", post(logout))
        .route("/style.css", get(style))
        .with_state(pages)
}

/// The front page at `path`. A nested router has it without a slash at the end only, and links to it have one.
pub fn front_page(pages: Arc<Pages>, path: &str) -> Router {
    Router::new().without_v07_checks().route(path, get(index)).with_state(pages)
}

/// What everybody gets who asks for something else.
pub fn no_page(pages: Arc<Pages>) -> Router {
    Router::new().fallback(not_found).with_state(pages)
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
    id: String,
    label: String,
    href: String,
}

async fn index(State(pages): State<Arc<Pages>>, headers: HeaderMap) -> Response {
    let rows = match pages.providers.sign_in_options(MOST_BUTTONS).await {
        Ok(rows) => rows,
        Err(error) => return no_list(&pages, &error.into()),
    };
    let mut groups: Vec<Group> = Vec::new();
    for row in rows {
        // A row that plain SQL gave a name without a URL has no button.
        let Ok(href) = pages.logins.login_url(&row.owner, &row.name) else { continue };
        let button = Button { id: id_of(&row.owner, &row.name), label: row.display_name, href: href.into() };
        match groups.last_mut().filter(|group| group.owner == row.owner) {
            Some(group) => group.buttons.push(button),
            None => groups.push(Group { owner: row.owner, buttons: vec![button] }),
        }
    }
    let signed_in = pages.sessions.of(&headers).await.map(|session| name_of(&session).to_owned());
    pages.show(StatusCode::OK, &Index { base: pages.base(), signed_in, groups })
}

#[derive(Template)]
#[template(path = "no_list.html")]
struct NoList<'a> {
    base: &'a str,
}

/// The front page while the rows cannot be read. Where that is for a moment, it says when to come again (RFC 9110 section 10.2.3).
fn no_list(pages: &Pages, error: &Error) -> Response {
    let report = error.report();
    let page = |status| pages.show(status, &NoList { base: pages.base() });
    if *error.kind() == ErrorKind::Unavailable {
        tracing::warn!(report, "the provider rows cannot be listed at the moment");
        return ([(RETRY_AFTER, SECONDS_TO_RETRY)], page(StatusCode::SERVICE_UNAVAILABLE)).into_response();
    }
    tracing::error!(report, "the provider rows cannot be listed");
    page(StatusCode::INTERNAL_SERVER_ERROR)
}

/// The id of a row's button, such as `sign-in-acme-alipay`. No two rows have the same, and none has white space in it (HTML, section 3.2.6): what is neither
/// a letter nor a digit of ASCII, and every hyphen in an owner, is written as `_` and two hex digits for each byte.
fn id_of(owner: &str, name: &str) -> String {
    let mut id = String::from("sign-in-");
    let mut push = |text: &str, plain: &str| {
        for byte in text.bytes() {
            if byte.is_ascii_alphanumeric() || plain.as_bytes().contains(&byte) {
                id.push(char::from(byte));
            } else {
                id.push_str(&format!("_{byte:02x}"));
            }
        }
    };
    push(owner, "");
    push("-", "-");
    push(name, "-");
    id
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
    let Some(session) = pages.sessions.of(&headers).await else {
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

#[derive(Template)]
#[template(path = "not_found.html")]
struct NotFound<'a> {
    base: &'a str,
}

async fn not_found(State(pages): State<Arc<Pages>>) -> Response {
    pages.show(StatusCode::NOT_FOUND, &NotFound { base: pages.base() })
}

async fn style() -> Response {
    let headers = [(CONTENT_TYPE, "text/css; charset=utf-8"), (CACHE_CONTROL, "public, max-age=3600")];
    (headers, include_str!("../templates/style.css")).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buttons_have_ids_of_their_own_without_white_space() {
        assert_eq!(id_of("demo", "alipay"), "sign-in-demo-alipay");
        assert_eq!(id_of("demo", "alipay-2"), "sign-in-demo-alipay-2");
        assert_eq!(id_of("my shop", "支\""), "sign-in-my_20shop-_e6_94_af_22");
        assert_ne!(id_of("a-b", "c"), id_of("a", "b-c"));
        assert_ne!(id_of("a", "_20"), id_of("a", " "));
    }
}
