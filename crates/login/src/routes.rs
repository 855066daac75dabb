//! The routes of a login, for a server that speaks `axum`.
//!
//! | Route | Answer |
//! |---|---|
//! | `GET /login/{owner}/{provider}?return_to=…` | 303 to the upstream, and the attempt's cookie. For `Accept: application/json`, for a page that loads first or an app: 200 with `authorize_url` and `expires_in` (seconds), and the cookie |
//! | `GET /callback/{owner}/{provider}?…` | the login is completed, [`Host::on_login`] is asked, and 303 to where it says |
//!
//! The answer to a failure is a page that tells a person what to do and an attacker nothing, or, for `Accept: application/json`, `error`, `advice`
//! and `reference`. The reference is in the log line that has the whole story. No log line holds a query, a cookie or a token.
//!
//! Redirects are 303 and never 307, which would post a form again at the next site (RFC 9700 section 4.12). `HEAD` neither begins nor completes anything:
//! link checkers send it. A frame, an image or a prefetch does not begin a login either.
//!
//! The routes are relative: a host that has configured a public URL with a path nests the router under that path, or has its proxy take the path off.

mod answer;
mod host;
mod page;
mod request;

use std::sync::Arc;

use axum::Router;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::map_response_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde::Deserialize;
use vestibule_oauth_provider::{AttemptFault, Error, Intent, Parameters, Result, Step};

pub use self::host::{Host, Landing};
use self::page::{Failure, Pages};
use self::request::{Beside, Request};
use crate::logins::{label, row_name};
use crate::{Again, Begin, Complete, CookieName, Logins, SignedIn};

/// The routes, for a host with any state.
pub fn router<S: Clone + Send + Sync + 'static>(logins: Arc<Logins>, host: Arc<dyn Host>) -> Router<S> {
    let pages = Pages::new();
    let policy = pages.content_security_policy();
    let routes = Routes { logins, host, pages: Arc::new(pages) };
    Router::new()
        .route("/login/{owner}/{provider}", get(login).head(only_get))
        .route("/callback/{owner}/{provider}", get(callback).head(only_get))
        .route_layer(map_response_with_state(policy, answer::secure))
        .with_state(routes)
}

/// Whoever wrote the link is at fault, not an upstream.
fn unreadable_click(error: Error) -> Error {
    Error::unsupported("the query of the link that begins a sign-in cannot be read")
        .at(Step::Authorize)
        .caused_by(error)
}

/// No upstream writes so much; a person with such a URL begins anew.
fn unreadable_callback(error: Error) -> Error {
    Error::attempt(AttemptFault::Unknown, "the query of the callback cannot be read")
        .at(Step::Callback)
        .caused_by(error)
}

#[derive(Clone)]
struct Routes {
    logins: Arc<Logins>,
    host: Arc<dyn Host>,
    pages: Arc<Pages>,
}

/// Which row the path names.
#[derive(Deserialize)]
struct Names {
    owner: String,
    provider: String,
}

async fn only_get() -> Response {
    (StatusCode::METHOD_NOT_ALLOWED, [(header::ALLOW, "GET")]).into_response()
}

async fn login(
    State(routes): State<Routes>,
    path: Result<Path<Names>, PathRejection>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let request = Request::new(&routes.logins, &headers);
    let Ok(Path(names)) = path else {
        return routes.unreadable_path(&request);
    };
    let query = query.unwrap_or_default();
    match routes.begin(&names, &query, &request).await {
        Ok(answer) => answer,
        Err(error) => routes.fail(&error, &request, Some(&names), routes.asked(&query).as_ref()),
    }
}

async fn callback(
    State(routes): State<Routes>,
    path: Result<Path<Names>, PathRejection>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let request = Request::new(&routes.logins, &headers);
    let Ok(Path(names)) = path else {
        return routes.unreadable_path(&request);
    };
    match Parameters::from_urlencoded(&query.unwrap_or_default()) {
        Ok(parameters) => routes.complete(&names, parameters, &request).await,
        Err(error) => routes.fail(&unreadable_callback(error), &request, Some(&names), None),
    }
}

impl Routes {
    async fn begin(&self, names: &Names, query: &str, request: &Request<'_>) -> Result<Response> {
        let label = || label(&names.owner, &names.provider);
        request.may_begin().map_err(|error| error.at(Step::Authorize).within(label()))?;
        let parameters = Parameters::from_urlencoded(query).map_err(unreadable_click)?;
        let mut begin = Begin::sign_in(&names.owner, &names.provider);
        begin.return_to = parameters.single("return_to").map_err(unreadable_click)?;
        let begun = self.logins.begin(begin).await?;
        tracing::debug!(row = row_name(&names.owner, &names.provider), "sign-in begun");
        let answer = if request.wants_json() {
            answer::begun(&begun)
        } else {
            answer::see_other(begun.authorize_url.as_str(), [begun.cookie.set_cookie()])
        };
        let surplus = request.surplus_cookies(&Beside::Set(&begun.cookie));
        answer.map(|answer| answer::with_cookies(answer, surplus.iter().map(CookieName::clear)))
    }

    /// What a click that failed had asked for, as far as it may be asked for again.
    fn asked(&self, query: &str) -> Option<Again> {
        let parameters = Parameters::from_urlencoded(query).ok()?;
        let return_to = parameters.single("return_to").ok().flatten()?;
        Some(Again { intent: Intent::SignIn, return_to: self.logins.settings().return_to.judge(return_to).ok()? })
    }

    async fn complete(&self, names: &Names, parameters: Parameters, request: &Request<'_>) -> Response {
        let cookie = self.logins.cookie_name(&parameters);
        let complete = Complete {
            owner: &names.owner,
            provider: &names.provider,
            parameters,
            cookie: cookie.as_ref().and_then(|name| request.cookie(name)),
        };
        let (answer, is_over) = match self.logins.complete(complete).await {
            Ok(login) => (self.welcome(login, names, request).await, true),
            Err(stopped) => (self.fail(&stopped.error, request, Some(names), stopped.again.as_ref()), stopped.is_over),
        };
        let surplus = request.surplus_cookies(&cookie.as_ref().map_or(Beside::Nothing, Beside::Current));
        // Of an attempt that is not over, the browser keeps the cookie: the same callback may come again.
        let cleared = cookie.iter().filter(|_| is_over).chain(&surplus);
        answer::with_cookies(answer, cleared.map(CookieName::clear))
    }

    async fn welcome(&self, login: SignedIn, names: &Names, request: &Request<'_>) -> Response {
        let again = Again { intent: login.intent.clone(), return_to: login.return_to.clone() };
        self.land(login, request).await.unwrap_or_else(|error| {
            let error = error.at(Step::Host).within(label(&names.owner, &names.provider));
            self.fail(&error, request, Some(names), Some(&again))
        })
    }

    async fn land(&self, login: SignedIn, request: &Request<'_>) -> Result<Response> {
        let (row, row_id, kind) = (login.row.to_string(), login.row.id, login.kind.clone());
        let return_to = login.return_to.clone();
        let landing = self.host.on_login(login, request.headers()).await?;
        let location = landing.location.unwrap_or(return_to);
        let answer = answer::see_other(&location, landing.set_cookies)?;
        tracing::info!(row, %row_id, kind, "login completed");
        Ok(answer)
    }

    fn unreadable_path(&self, request: &Request<'_>) -> Response {
        let error = Error::attempt(AttemptFault::ProviderGone, "the path's names are not UTF-8");
        self.fail(&error, request, None, None)
    }

    /// Logs the failure and answers it.
    fn fail(&self, error: &Error, request: &Request<'_>, names: Option<&Names>, again: Option<&Again>) -> Response {
        let random = &*self.logins.services().random;
        let failure = Failure::new(error, random);
        let row = names.map_or_else(String::new, |names| row_name(&names.owner, &names.provider));
        failure.log(error, &row);
        if request.wants_json() {
            return failure.json();
        }
        let try_again = names.and_then(|names| self.try_again(error, names, again));
        self.pages.failure(&failure, try_again.as_deref(), self.logins.settings().return_to.home())
    }

    /// The link "Try again", where another try can help and these routes can make it.
    fn try_again(&self, error: &Error, names: &Names, again: Option<&Again>) -> Option<String> {
        if !page::another_try_helps(error) || again.is_some_and(|again| again.intent != Intent::SignIn) {
            return None;
        }
        let mut url = self.logins.login_url(&names.owner, &names.provider).ok()?;
        if let Some(again) = again {
            url.query_pairs_mut().append_pair("return_to", &again.return_to);
        }
        Some(url.into())
    }
}
