//! A person at a browser without eyes, who signs in as fast as the servers let them.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use hyper::body::Body as _;
use hyper::header::{COOKIE, LOCATION, RETRY_AFTER, SET_COOKIE};
use hyper::{HeaderMap, Request, StatusCode};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use url::Url;
use vestibule_alipay_simulator::Simulator;

use crate::failure::Outcome;

/// How long an answer may take before it counts as none.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// The connections that many browsers share.
#[derive(Clone, Debug)]
pub(crate) struct Web(Client<HttpConnector, String>);

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Web {
    pub(crate) fn new() -> Self {
        Self(Client::builder(TokioExecutor::new()).pool_max_idle_per_host(64).build_http())
    }

    /// A GET; redirects are not followed.
    pub(crate) async fn get(&self, url: &Url, cookies: &Cookies) -> Outcome<Answer> {
        let mut request = Request::get(url.as_str());
        if !cookies.0.is_empty() {
            let cookies: Vec<_> = cookies.0.iter().map(|(name, value)| format!("{name}={value}")).collect();
            request = request.header(COOKIE, cookies.join("; "));
        }
        let request = request.body(String::new())?;
        let answered = async {
            let (head, mut body) = self.0.request(request).await?.into_parts();
            let mut bytes = Vec::new();
            while let Some(frame) = std::future::poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
                bytes.extend_from_slice(&frame?.into_data().unwrap_or_default());
            }
            let body = String::from_utf8_lossy(&bytes).into_owned();
            Outcome::Ok(Answer { status: head.status, headers: head.headers, body })
        };
        let answer = tokio::time::timeout(PATIENCE, answered).await;
        answer.map_err(|_| format!("no answer to {} within {} s", url.path(), PATIENCE.as_secs()))?
    }
}

/// What a browser keeps.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cookies(BTreeMap<String, String>);

impl Cookies {
    fn keep(&mut self, headers: &HeaderMap) {
        for line in headers.get_all(SET_COOKIE).iter().filter_map(|line| line.to_str().ok()) {
            let Some((name, value)) = line.split(';').next().and_then(|pair| pair.split_once('=')) else { continue };
            self.0.insert(name.to_owned(), value.to_owned());
        }
    }
}

/// Somebody who is at the upstream, between click and callback.
#[derive(Debug)]
pub(crate) struct Begun {
    pub(crate) authorize: Url,
    cookies: Cookies,
}

/// What went wrong with a sign-in.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// The server answered otherwise than it should.
    Answer {
        status: StatusCode,
        /// What the page says.
        said: String,
        /// Whether there was such a header.
        retry_after: bool,
    },
    /// There was no answer.
    Nothing(String),
}

impl Refusal {
    /// Whether it is the answer of a server that says it will be better soon: 503, with `Retry-After`.
    pub(crate) fn is_retryable(&self) -> bool {
        matches!(self, Self::Answer { status: StatusCode::SERVICE_UNAVAILABLE, retry_after: true, .. })
    }
}

impl std::error::Error for Refusal {}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Answer { status, said, .. } => write!(f, "{status}: {said}"),
            Self::Nothing(why) => write!(f, "no answer: {why}"),
        }
    }
}

/// Who signs in, and where.
#[derive(Clone, Debug)]
pub(crate) struct Person {
    pub(crate) web: Web,
    pub(crate) simulator: Arc<Simulator>,
    /// The provider row, as `owner/name`.
    pub(crate) row: String,
}

impl Person {
    /// Presses "Sign in" at the server `at`.
    pub(crate) async fn begin(&self, at: &Url) -> Result<Begun, Refusal> {
        let nothing = |error: String| Refusal::Nothing(error);
        let url = at.join(&format!("/login/{}", self.row)).map_err(|error| nothing(error.to_string()))?;
        let mut cookies = Cookies::default();
        let answer = self.web.get(&url, &cookies).await.map_err(|error| nothing(error.to_string()))?;
        cookies.keep(&answer.headers);
        let authorize = location(&answer)?;
        let authorize = Url::parse(&authorize).map_err(|error| nothing(error.to_string()))?;
        Ok(Begun { authorize, cookies })
    }

    /// Agrees at the upstream: the way back.
    pub(crate) fn agree(&self, begun: &Begun) -> Result<Url, Refusal> {
        let agreed = self.simulator.agree(&begun.authorize, "zhangsan");
        agreed.map_err(|fault| Refusal::Nothing(format!("the upstream refuses: {fault:?}")))
    }

    /// Comes back from the upstream, to the server `at`, which may be another one than that of the beginning.
    pub(crate) async fn come_back(&self, begun: &Begun, agreed: &Url, at: &Url) -> Result<(), Refusal> {
        let mut callback = at.clone();
        callback.set_path(agreed.path());
        callback.set_query(agreed.query());
        let answer = self.web.get(&callback, &begun.cookies).await;
        let answer = answer.map_err(|error| Refusal::Nothing(error.to_string()))?;
        location(&answer).map(drop)
    }

    /// All of it.
    pub(crate) async fn sign_in(&self, begin_at: &Url, come_back_to: &Url) -> Result<(), Refusal> {
        let begun = self.begin(begin_at).await?;
        let agreed = self.agree(&begun)?;
        self.come_back(&begun, &agreed, come_back_to).await
    }
}

/// Where a redirect leads; everything else is a refusal.
fn location(answer: &Answer) -> Result<String, Refusal> {
    let location = answer.headers.get(LOCATION).and_then(|location| location.to_str().ok());
    match location.filter(|_| answer.status == StatusCode::SEE_OTHER) {
        Some(location) => Ok(location.to_owned()),
        None => Err(Refusal::Answer {
            status: answer.status,
            said: words(&answer.body),
            retry_after: answer.headers.contains_key(RETRY_AFTER),
        }),
    }
}

/// The beginning of a page's text, without its tags.
fn words(page: &str) -> String {
    let body = page.split_once("<body").map_or(page, |(_, body)| body);
    let text: String = body.split('<').filter_map(|piece| piece.split_once('>').map(|(_, text)| text)).collect();
    let text = if body.contains('<') { text } else { body.to_owned() };
    let text: Vec<_> = text.split_whitespace().collect();
    text.join(" ").chars().take(300).collect()
}
