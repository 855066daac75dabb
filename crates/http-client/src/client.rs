//! The client itself.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use reqwest::header::{HeaderName, HeaderValue};
use rustls::RootCertStore;
use url::Url;
use vestibule_oauth_provider::{Error, HttpClient, HttpRequest, HttpResponse, Method, Result};

use crate::failure::failure;
use crate::guard::{Guard, Passage, authority};
use crate::resolver::{JudgedNames, Resolver, SystemResolver};
use crate::{Settings, tls};

/// The [`HttpClient`] of an installation. Cheap to share behind an `Arc`; connections are kept and used again.
pub struct GuardedClient {
    guard: Guard,
    settings: Settings,
    // Two clients, so that neither the resolver nor a kept connection can mix up what was allowed for one host with what holds for all.
    strict: reqwest::Client,
    exempt: reqwest::Client,
}

impl GuardedClient {
    /// A client with the operating system's resolver.
    ///
    /// # Errors
    /// `Internal` when TLS cannot be set up.
    pub fn new(settings: Settings) -> Result<Self> {
        Self::with_resolver(settings, SystemResolver)
    }

    /// A client that asks `resolver` for the addresses of names.
    ///
    /// # Errors
    /// `Internal` when TLS cannot be set up.
    pub fn with_resolver(settings: Settings, resolver: impl Resolver) -> Result<Self> {
        Self::with_roots(settings, resolver, tls::public_roots())
    }

    fn with_roots(settings: Settings, resolver: impl Resolver, roots: RootCertStore) -> Result<Self> {
        let tls = tls::config(roots)?;
        let resolver: Arc<dyn Resolver> = Arc::new(resolver);
        let client = |passage| {
            let resolver = Arc::clone(&resolver);
            build(&settings, tls.clone(), JudgedNames { resolver, passage })
        };
        Ok(Self {
            guard: Guard::new(settings.allow.clone()),
            strict: client(Passage::Strict)?,
            exempt: client(Passage::Exempt)?,
            settings,
        })
    }

    async fn exchange(&self, passage: Passage, request: HttpRequest, upstream: &str) -> Result<HttpResponse> {
        let client = match passage {
            Passage::Strict => &self.strict,
            Passage::Exempt => &self.exempt,
        };
        let method = match request.method {
            Method::Get => reqwest::Method::GET,
            Method::Post => reqwest::Method::POST,
        };
        let mut sending = client.request(method, request.url);
        for (name, value) in &request.headers {
            let mut field = HeaderValue::from_str(value.expose()).map_err(|_| unsendable(name, upstream))?;
            field.set_sensitive(true);
            let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| unsendable(name, upstream))?;
            sending = sending.header(name, field);
        }
        if request.method == Method::Post || !request.body.is_empty() {
            sending = sending.body(request.body);
        }
        let response = sending.send().await.map_err(|error| failure(error, upstream, &self.settings))?;
        let status = response.status().as_u16();
        let headers = response
            .headers()
            .iter()
            .map(|(name, value)| (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
            .collect();
        let body = self.read(response, upstream).await?;
        Ok(HttpResponse { status, headers, body })
    }

    /// Reads the body. The limit counts bytes as they come out of decompression, so neither a wrong `Content-Length` nor a gzip bomb passes it.
    async fn read(&self, mut response: reqwest::Response, upstream: &str) -> Result<Vec<u8>> {
        let largest = self.settings.largest_body;
        let too_large = || {
            Error::network(format!(
                "the upstream \"{upstream}\" sends more than the {largest} bytes an answer may have: check that its address is an api's and not a page's"
            ))
        };
        if response
            .content_length()
            .is_some_and(|announced| usize::try_from(announced).map_or(true, |announced| announced > largest))
        {
            return Err(too_large());
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| failure(error, upstream, &self.settings))? {
            if body.len().saturating_add(chunk.len()) > largest {
                return Err(too_large());
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }
}

#[async_trait]
impl HttpClient for GuardedClient {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse> {
        let passage = self.guard.judge(&request.url)?;
        let upstream = authority(&request.url);
        let limit = self.settings.total_timeout;
        let answer = tokio::time::timeout(limit, self.exchange(passage, request, &upstream))
            .await
            .map_err(|_| {
                Error::network(format!(
                    "the upstream \"{upstream}\" did not finish its answer within {limit:?}: try again, and look into its own log if that stays so"
                ))
            })
            .and_then(|answer| answer);
        match &answer {
            Ok(response) => {
                tracing::debug!(upstream, status = response.status, bytes = response.body.len(), "upstream answered");
            }
            Err(error) => tracing::debug!(upstream, error = error.message(), "request to upstream failed"),
        }
        answer
    }

    fn permit(&self, url: &Url) -> Result<()> {
        self.guard.judge(url).map(|_| ())
    }

    fn is_vouched_for(&self, url: &Url) -> bool {
        self.guard.exempts(url)
    }
}

impl fmt::Debug for GuardedClient {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("GuardedClient").field("settings", &self.settings).finish_non_exhaustive()
    }
}

/// The one place where a client of reqwest is made.
fn build(settings: &Settings, tls: rustls::ClientConfig, names: JudgedNames) -> Result<reqwest::Client> {
    let https_only = names.passage == Passage::Strict;
    #[expect(clippy::disallowed_methods, reason = "this is the one home of the HTTP client")]
    reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .https_only(https_only)
        .dns_resolver(names)
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        .retry(reqwest::retry::never())
        .http1_max_headers(MOST_HEADERS)
        .connect_timeout(settings.connect_timeout)
        .user_agent(concat!("vestibule/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(|error| Error::internal("the http client could not be set up").caused_by(error))
}

/// How many header fields an answer may have. hyper bounds their size (about 400 KiB for all of them).
const MOST_HEADERS: usize = 100;

/// Values are not repeated: they may be tokens.
fn unsendable(name: &str, upstream: &str) -> Error {
    Error::configuration(format!(
        "the header field \"{}\" of a request to upstream \"{upstream}\" holds characters that no header field may have: control characters, for example \
         a line break in a token or a secret",
        name.escape_debug()
    ))
}

#[cfg(test)]
#[path = "client_tls_tests.rs"]
mod tls_tests;
