//! One error for every plugin, sorted by who must act.

use std::error::Error as StdError;
use std::fmt;

/// What the provider traits return.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong in a sign-in, and whose turn it is.
///
/// `message` is written for the administrator: lower case, the thing in quotes, what would be right. It never holds a secret, a token, an
/// authorization code or an upstream's raw text. A browser gets [`Error::disclosure`] and nothing else; the message and its sources go to the log.
#[derive(Debug)]
pub struct Error(Box<Inner>);

#[derive(Debug)]
struct Inner {
    kind: ErrorKind,
    step: Option<Step>,
    message: String,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

/// Who must act.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The administrator: a row, a record or a setting is wrong. Nothing a user or a retry can do.
    Configuration,
    /// The user: they refused, or the upstream says they may not.
    Denied,
    /// The user: this attempt is over; a new one has to be started.
    Attempt(AttemptFault),
    /// The upstream answered with an error of its own.
    Upstream(UpstreamCode),
    /// Nobody: what was received cannot be trusted and was thrown away.
    Signature,
    /// A retry: the upstream could not be reached, or did not answer as its protocol says.
    Network,
    /// The caller: it asked for something that this provider does not do.
    Unsupported,
    /// A retry: our own storage does not answer at the moment. Nothing was changed, or what was begun is undone.
    Unavailable,
    /// The operator: our own storage or machine failed; a retry may help.
    Internal,
}

/// Why a callback was not admitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum AttemptFault {
    /// The callback's parameters cannot be read: too many, one twice, one missing.
    Malformed,
    /// The callback carries no `state`, several, or one that was never handed out (or was swept away).
    Unknown,
    /// The attempt was already completed once.
    AlreadyUsed,
    /// The attempt's time is over.
    Expired,
    /// The browser that came back is not the one that left.
    OtherBrowser,
    /// The attempt was begun for another provider row.
    OtherProvider,
    /// The row now points at another application or upstream than when the attempt was begun.
    Repointed,
    /// The provider row is disabled or gone.
    ProviderGone,
}

/// An upstream's own words for its error, as far as they are codes: free text may hold what must not be repeated.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct UpstreamCode {
    /// The error code, for example `invalid_grant` (RFC 6749 section 5.2) or Alipay's `40002`.
    pub code: String,
    /// The finer code, where the vendor has one, for example `isv.code-invalid`.
    pub sub_code: Option<String>,
    /// The vendor's id of this answer, to be quoted to its support.
    pub trace_id: Option<String>,
    /// Whether the answer's signature was verified. Always false for vendors that do not sign.
    pub verified: bool,
}

/// Where in a login it happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Step {
    /// A row and its certificates were made into a provider.
    Open,
    /// The authorize URL was made.
    Authorize,
    /// A callback was matched with its attempt.
    Callback,
    /// The authorization code was exchanged for tokens.
    Exchange,
    /// The user was asked for.
    UserInfo,
    /// Tokens were refreshed.
    Refresh,
    /// The host decided about account and session.
    Host,
}

/// All that a browser may be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Disclosure {
    /// The HTTP status to answer with.
    pub status: u16,
    /// A stable word for programs.
    pub code: &'static str,
    /// A short heading for people.
    pub title: &'static str,
    /// One or two plain sentences: what happened, and what the reader can do.
    pub advice: &'static str,
}

impl Error {
    /// An error of `kind` with the administrator's message.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self(Box::new(Inner { kind, step: None, message: message.into(), source: None }))
    }

    /// A row, record or setting is wrong.
    pub fn configuration(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Configuration, message)
    }

    /// The user refused.
    pub fn denied(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Denied, message)
    }

    /// The attempt cannot be continued.
    pub fn attempt(fault: AttemptFault, message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Attempt(fault), message)
    }

    /// The upstream answered with an error.
    pub fn upstream(code: UpstreamCode, message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Upstream(code), message)
    }

    /// Something received cannot be trusted.
    pub fn signature(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Signature, message)
    }

    /// The upstream could not be reached or does not speak its protocol.
    pub fn network(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Network, message)
    }

    /// This provider does not do that.
    pub fn unsupported(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Unsupported, message)
    }

    /// Our own storage does not answer at the moment.
    pub fn unavailable(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Unavailable, message)
    }

    /// Our own storage or machine failed.
    pub fn internal(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Internal, message)
    }

    /// Says at which step it happened, unless that was said already.
    #[must_use]
    pub fn at(mut self, step: Step) -> Self {
        self.0.step.get_or_insert(step);
        self
    }

    /// Puts `context` before the message: `context: message`.
    #[must_use]
    pub fn within(mut self, context: impl fmt::Display) -> Self {
        self.0.message = format!("{context}: {}", self.0.message);
        self
    }

    /// Adds the cause. It must not carry URLs or texts with secrets in them: it is logged.
    #[must_use]
    pub fn caused_by(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// Who must act.
    pub fn kind(&self) -> &ErrorKind {
        &self.0.kind
    }

    /// Where it happened, when known.
    pub fn step(&self) -> Option<Step> {
        self.0.step
    }

    /// The administrator's message, without the causes.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The message with all its causes, for the log and the command line.
    pub fn report(&self) -> String {
        let mut report = self.to_string();
        let mut cause = self.source();
        while let Some(error) = cause {
            report.push_str(": ");
            report.push_str(&error.to_string());
            cause = error.source();
        }
        report
    }

    /// What a browser may be told: enough for a person to act, nothing for an attacker. No part of the message is in it.
    pub fn disclosure(&self) -> Disclosure {
        match &self.0.kind {
            ErrorKind::Denied => Disclosure {
                status: 403,
                code: "denied",
                title: "Sign-in was refused",
                advice: "You did not agree to share your account, so you are not signed in. You can try again or choose another way to sign in.",
            },
            ErrorKind::Attempt(AttemptFault::ProviderGone) => Disclosure {
                status: 404,
                code: "provider_unavailable",
                title: "This way to sign in is not available",
                advice: "It does not exist or has been switched off. Choose another way to sign in.",
            },
            ErrorKind::Attempt(AttemptFault::Expired) => Disclosure {
                status: 400,
                code: "attempt_expired",
                title: "This sign-in took too long",
                advice: "For your safety a sign-in must be finished within a few minutes. Please start again.",
            },
            ErrorKind::Attempt(_) => Disclosure {
                status: 400,
                code: "attempt_invalid",
                title: "This sign-in cannot be continued",
                advice: "It was already finished, or it was started in another browser or window. Please start again.",
            },
            ErrorKind::Configuration => Disclosure {
                status: 503,
                code: "misconfigured",
                title: "This way to sign in is not set up correctly",
                advice: "The administrator of this site has to look at it; trying again will not help. Give them the number below.",
            },
            ErrorKind::Upstream(_) => Disclosure {
                status: 502,
                code: "upstream_error",
                title: "The sign-in service answered with an error",
                advice: "Please start again. If it keeps happening, give the administrator the number below.",
            },
            ErrorKind::Signature => Disclosure {
                status: 502,
                code: "upstream_untrusted",
                title: "The answer of the sign-in service could not be trusted",
                advice: "It was thrown away and you are not signed in. If it keeps happening, give the administrator the number below.",
            },
            ErrorKind::Network => Disclosure {
                status: 504,
                code: "upstream_unreachable",
                title: "The sign-in service could not be reached",
                advice: "Please try again in a moment.",
            },
            ErrorKind::Unsupported => Disclosure {
                status: 400,
                code: "unsupported",
                title: "This cannot be done here",
                advice: "The link that led you here asks for something that this site does not offer. Go back and choose another way.",
            },
            ErrorKind::Unavailable => Disclosure {
                status: 503,
                code: "unavailable",
                title: "Sign-in is not available at the moment",
                advice: "It will be back soon. Please try again in a few seconds.",
            },
            ErrorKind::Internal => Disclosure {
                status: 500,
                code: "internal",
                title: "Something went wrong on our side",
                advice: "Please try again in a moment. If it keeps happening, give the administrator the number below.",
            },
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0.message)
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|source| source as &(dyn StdError + 'static))
    }
}

impl fmt::Display for Step {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Open => "open",
            Self::Authorize => "authorize",
            Self::Callback => "callback",
            Self::Exchange => "exchange",
            Self::UserInfo => "user_info",
            Self::Refresh => "refresh",
            Self::Host => "host",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browser_is_told_nothing_of_the_message() {
        let secret = "the private key of record \"app-cert\"";
        let kinds = [
            ErrorKind::Configuration,
            ErrorKind::Denied,
            ErrorKind::Attempt(AttemptFault::OtherBrowser),
            ErrorKind::Upstream(UpstreamCode { code: secret.to_owned(), ..UpstreamCode::default() }),
            ErrorKind::Signature,
            ErrorKind::Network,
            ErrorKind::Unsupported,
            ErrorKind::Unavailable,
            ErrorKind::Internal,
        ];
        for kind in kinds {
            let disclosure = Error::new(kind, secret).disclosure();
            assert!((400..600).contains(&disclosure.status));
            assert!(!format!("{disclosure:?}").contains("app-cert"));
        }
    }

    #[test]
    fn the_first_step_said_is_kept() {
        let error = Error::network("no answer").at(Step::Exchange).at(Step::Callback);
        assert_eq!(error.step(), Some(Step::Exchange));
    }

    #[test]
    fn a_report_holds_every_cause() {
        let inner = Error::internal("disk full");
        let outer = Error::internal("could not store the attempt").caused_by(inner);
        assert_eq!(outer.report(), "could not store the attempt: disk full");
    }
}
