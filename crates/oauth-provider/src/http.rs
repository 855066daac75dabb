//! What a provider asks of the network, without naming an HTTP library.

use std::fmt;

use async_trait::async_trait;
use serde::de::DeserializeOwned;
use url::Url;
use url::form_urlencoded;

use crate::{Error, Result, Secret, UpstreamCode};

/// The error codes of RFC 6749 section 5.2.
const TOKEN_ERRORS: [&str; 6] = [
    "invalid_client",
    "invalid_grant",
    "invalid_request",
    "invalid_scope",
    "unauthorized_client",
    "unsupported_grant_type",
];

/// The way to an upstream. Its one implementation keeps the guard (no private addresses, no redirects) and the limits on time and size, so that no
/// provider can forget them.
#[async_trait]
pub trait HttpClient: fmt::Debug + Send + Sync + 'static {
    /// Sends `request` and returns the whole answer, whatever its status. A redirect is an answer, not followed.
    ///
    /// # Errors
    /// [`ErrorKind::Network`](crate::ErrorKind::Network) when nothing, too much or nothing in time arrives; `Configuration` when the guard refuses the
    /// address. No error repeats the URL's path or query.
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse>;

    /// Whether this installation lets its providers talk to `url`: `https`, no user name in it, no private or loopback address; exceptions are the
    /// installation's to make. Names are resolved later, and judged again, when a connection is made.
    ///
    /// # Errors
    /// `Configuration`, with what would be right.
    fn permit(&self, url: &Url) -> Result<()>;

    /// Whether the person who runs this installation has named `url`'s host as trusted. The owner of a row cannot: what is asked of a host that only a row
    /// names must be harmless even if that host is hostile.
    fn is_vouched_for(&self, url: &Url) -> bool;
}

/// The methods that upstreams use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// `GET`
    Get,
    /// `POST`
    Post,
}

/// A request to an upstream. Its `Debug` shows where it goes, never what it carries.
#[derive(Clone)]
pub struct HttpRequest {
    /// `GET` or `POST`.
    pub method: Method,
    /// Where it goes, query included.
    pub url: Url,
    /// Header fields in the order in which they are sent.
    pub headers: Vec<(String, Secret)>,
    /// The body's bytes; empty for none.
    pub body: Vec<u8>,
}

impl HttpRequest {
    /// A `GET` of `url`.
    pub fn get(url: Url) -> Self {
        Self { method: Method::Get, url, headers: Vec::new(), body: Vec::new() }
    }

    /// A `POST` of `body` to `url`.
    pub fn post(url: Url, content_type: &str, body: Vec<u8>) -> Self {
        Self { method: Method::Post, url, headers: Vec::new(), body }.header("content-type", content_type)
    }

    /// A `POST` of an `application/x-www-form-urlencoded` body (RFC 6749 appendix B), in UTF-8.
    pub fn post_form<'a>(url: Url, fields: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        Self::post(url, "application/x-www-form-urlencoded", body.into_bytes())
    }

    /// Adds a header field.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), Secret::new(value)));
        self
    }

    /// Adds `Authorization: Bearer …` (RFC 6750 section 2.1).
    #[must_use]
    pub fn bearer(self, token: &Secret) -> Self {
        self.header("authorization", &format!("Bearer {}", token.expose()))
    }
}

impl fmt::Debug for HttpRequest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("HttpRequest")
            .field("method", &self.method)
            .field("origin", &self.url.origin().ascii_serialization())
            .finish_non_exhaustive()
    }
}

/// An upstream's answer. Its `Debug` shows how much came, never what.
#[derive(Clone)]
pub struct HttpResponse {
    /// The status code, for example 200.
    pub status: u16,
    /// Header fields, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body, decompressed, within the client's limit.
    pub body: Vec<u8>,
}

impl HttpResponse {
    /// The first header field of that name (lower case).
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(have, _)| have == name).map(|(_, value)| value.as_str())
    }

    /// The answer, when its status is a success (2xx).
    ///
    /// # Errors
    /// `Upstream` with the code, for an error of RFC 6749 section 5.2; `Network` for every other status. Free text is not repeated.
    pub fn success(self) -> Result<Self> {
        #[derive(serde::Deserialize)]
        struct Refusal {
            error: String,
        }
        if (200..300).contains(&self.status) {
            return Ok(self);
        }
        let refusal = serde_json::from_slice::<Refusal>(&self.body).ok();
        let code = refusal.and_then(|refusal| TOKEN_ERRORS.iter().find(|known| **known == refusal.error));
        Err(match code {
            Some(code) => Error::upstream(
                UpstreamCode { code: (*code).to_owned(), ..UpstreamCode::default() },
                format!("the upstream refused with \"{code}\" (status {})", self.status),
            ),
            None => Error::network(format!("the upstream answered with status {}", self.status)),
        })
    }

    /// Reads the body as JSON, whatever the status.
    ///
    /// # Errors
    /// `Network`: the upstream does not speak its protocol. The body is not repeated.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T> {
        serde_json::from_slice(&self.body).map_err(|error| {
            Error::network(format!(
                "the upstream answered with status {} and something that is not the expected json (line {}, column {})",
                self.status,
                error.line(),
                error.column()
            ))
        })
    }
}

impl fmt::Debug for HttpResponse {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("HttpResponse")
            .field("status", &self.status)
            .field("bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;

    fn answer(status: u16, body: &str) -> Result<HttpResponse> {
        HttpResponse { status, headers: Vec::new(), body: body.into() }.success()
    }

    #[test]
    fn an_error_of_the_token_endpoint_is_the_upstreams_and_others_are_not() {
        assert!(answer(201, "{}").is_ok());
        let error = answer(400, r#"{"error":"invalid_grant","error_description":"<b>c0de"}"#).unwrap_err();
        let code = UpstreamCode { code: "invalid_grant".to_owned(), ..UpstreamCode::default() };
        assert_eq!(*error.kind(), ErrorKind::Upstream(code));
        assert!(!error.message().contains("c0de"));
        for (status, body) in [(400, r#"{"error":"c0de"}"#), (502, "<html>c0de"), (302, ""), (400, "[]")] {
            let error = answer(status, body).unwrap_err();
            assert_eq!(*error.kind(), ErrorKind::Network);
            assert!(error.message().contains(&status.to_string()) && !error.message().contains("c0de"));
        }
    }

    #[test]
    fn debug_shows_neither_query_nor_headers_nor_body() {
        let url = Url::parse("https://example.com/token?code=c0de").unwrap();
        let request = HttpRequest::post_form(url, [("client_secret", "s3cr3t")]).bearer(&Secret::new("t0ken"));
        let shown = format!("{request:?}");
        assert!(shown.contains("https://example.com"));
        for hidden in ["c0de", "s3cr3t", "t0ken"] {
            assert!(!shown.contains(hidden), "{shown}");
        }
    }
}
