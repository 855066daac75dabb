//! The answer to a failure: a page for a person, JSON for a program, a line for the log.

use askama::Template;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use vestibule_oauth_provider::{AttemptFault, Digest, Disclosure, Error, ErrorKind, Random};

use super::answer;

/// After how many seconds a program may ask again when our own storage does not answer.
const RETRY_AFTER: &str = "5";

/// The page's only style. It stands in the page; the policy names its digest.
const STYLE: &str = include_str!("../../assets/failure.css");

/// Crockford's alphabet: no letter in it is read as a digit on the telephone.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// One failure as a browser is told of it.
pub(super) struct Failure {
    disclosure: Disclosure,
    reference: String,
    is_unavailable: bool,
}

impl Failure {
    pub(super) fn new(error: &Error, random: &dyn Random) -> Self {
        let is_unavailable = *error.kind() == ErrorKind::Unavailable;
        Self { disclosure: error.disclosure(), reference: reference(random), is_unavailable }
    }

    /// One line with the whole story, under the reference that the browser was told. A field that is a string is written quoted and escaped.
    pub(super) fn log(&self, error: &Error, row: &str) {
        let reference = self.reference.as_str();
        let code = self.disclosure.code;
        let step = error.step().map(|step| step.to_string()).unwrap_or_default();
        let report = error.report();
        let upstream = match error.kind() {
            ErrorKind::Upstream(upstream) => upstream.clone(),
            _ => Default::default(),
        };
        let (upstream_code, sub_code) = (upstream.code, upstream.sub_code.unwrap_or_default());
        let trace_id = upstream.trace_id.unwrap_or_default();
        match error.kind() {
            ErrorKind::Configuration | ErrorKind::Signature | ErrorKind::Internal => {
                tracing::error!(reference, code, step, row, report, "login failed");
            }
            ErrorKind::Upstream(_) => {
                tracing::warn!(
                    reference,
                    code,
                    step,
                    row,
                    report,
                    upstream_code,
                    sub_code,
                    trace_id,
                    verified = upstream.verified,
                    "login failed"
                );
            }
            ErrorKind::Network | ErrorKind::Unavailable => {
                tracing::warn!(reference, code, step, row, report, "login failed");
            }
            // A person changed their mind, or came late: nobody has to act.
            _ => tracing::info!(reference, code, step, row, report, "login not completed"),
        }
    }

    pub(super) fn json(&self) -> Response {
        let body = json!({
            "error": self.disclosure.code,
            "advice": self.disclosure.advice,
            "reference": self.reference,
        });
        self.with_retry(answer::json_response(self.status(), &body))
    }

    /// Says when to come again, where that alone helps (RFC 9110 section 10.2.3).
    fn with_retry(&self, mut response: Response) -> Response {
        if self.is_unavailable {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static(RETRY_AFTER));
        }
        response
    }

    fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.disclosure.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }
}

/// Whether the person can do something by beginning anew.
pub(super) fn another_try_helps(error: &Error) -> bool {
    !matches!(
        error.kind(),
        ErrorKind::Configuration | ErrorKind::Unsupported | ErrorKind::Attempt(AttemptFault::ProviderGone)
    )
}

/// The pages, with the policy under which they are shown.
pub(super) struct Pages {
    policy: HeaderValue,
}

impl Pages {
    pub(super) fn new() -> Self {
        let digest = STANDARD.encode(Digest::of(STYLE).as_bytes());
        let policy = format!(
            "default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        );
        Self { policy: HeaderValue::try_from(policy).unwrap_or(HeaderValue::from_static("default-src 'none'")) }
    }

    pub(super) fn content_security_policy(&self) -> HeaderValue {
        self.policy.clone()
    }

    pub(super) fn failure(&self, failure: &Failure, try_again: Option<&str>, home: &str) -> Response {
        let page = FailurePage {
            style: STYLE,
            title: failure.disclosure.title,
            advice: failure.disclosure.advice,
            reference: &failure.reference,
            try_again,
            home,
        };
        failure.with_retry(match page.render() {
            Ok(html) => (failure.status(), Html(html)).into_response(),
            // Writing to a string does not fail; if it did, the plain words still stand.
            Err(_) => (failure.status(), failure.disclosure.advice).into_response(),
        })
    }
}

#[derive(Template)]
#[template(path = "failure.html")]
struct FailurePage<'a> {
    style: &'a str,
    title: &'a str,
    advice: &'a str,
    reference: &'a str,
    try_again: Option<&'a str>,
    home: &'a str,
}

/// Eight letters, to be read out on the telephone and found in the log. It proves nothing, so 40 bits are plenty.
fn reference(random: &dyn Random) -> String {
    let mut bytes = [0; 8];
    if random.fill(&mut bytes).is_err() {
        return "none".to_owned();
    }
    let mut letters: String = bytes
        .iter()
        .filter_map(|byte| ALPHABET.get(usize::from(byte & 31)))
        .map(|letter| char::from(*letter))
        .collect();
    letters.insert(4, '-');
    letters
}
