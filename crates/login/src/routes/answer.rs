//! Answers that are no page: redirects, the beginning as JSON, and the header fields that every answer has.

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;
use vestibule_oauth_provider::{Error, Result};

use crate::Begun;

/// 303: the browser goes to `location` with a GET, whatever it came with.
pub(super) fn see_other(location: &str, cookies: impl IntoIterator<Item = String>) -> Result<Response> {
    let location = HeaderValue::from_str(location)
        .map_err(|_| Error::internal("the place to go to holds characters that cannot stand in a header"))?;
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SEE_OTHER;
    response.headers_mut().insert(header::LOCATION, sensitive(location));
    for cookie in cookies {
        add_cookie(&mut response, &cookie)?;
    }
    Ok(response)
}

/// The beginning of a login, for a page that loads first or an app.
pub(super) fn begun(begun: &Begun) -> Result<Response> {
    let body = json!({
        "authorize_url": begun.authorize_url.as_str(),
        "expires_in": begun.expires_in.as_secs(),
    });
    let mut response = json_response(StatusCode::OK, &body);
    add_cookie(&mut response, &begun.cookie.set_cookie())?;
    Ok(response)
}

pub(super) fn json_response(status: StatusCode, body: &serde_json::Value) -> Response {
    (status, [(header::CONTENT_TYPE, "application/json")], body.to_string()).into_response()
}

/// Adds cookies of our own making, which are always fit for a header.
pub(super) fn with_cookies(mut response: Response, cookies: impl Iterator<Item = String>) -> Response {
    for value in cookies.filter_map(|cookie| HeaderValue::try_from(cookie).ok()) {
        response.headers_mut().append(header::SET_COOKIE, value);
    }
    response
}

fn add_cookie(response: &mut Response, cookie: &str) -> Result<()> {
    let value = HeaderValue::from_str(cookie)
        .map_err(|_| Error::internal("a cookie to be set holds characters that cannot stand in a header"))?;
    response.headers_mut().append(header::SET_COOKIE, sensitive(value));
    Ok(())
}

fn sensitive(mut value: HeaderValue) -> HeaderValue {
    value.set_sensitive(true);
    value
}

/// What every answer says: keep nothing, tell nobody where you came from (the callback's URL holds the code), run nothing, frame nothing.
pub(super) async fn secure(State(policy): State<HeaderValue>, mut response: Response) -> Response {
    let fields: [(HeaderName, HeaderValue); 5] = [
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
        (header::CONTENT_SECURITY_POLICY, policy),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    ];
    for (name, value) in fields {
        response.headers_mut().insert(name, value);
    }
    response
}
