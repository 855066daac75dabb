//! How an attempt gets to the browser and back: sealed in the cookie, opened at the callback, claimed once.
//!
//! The cookie holds the browser's secret and the sealed attempt, `<secret>.<sealed>`. What is sealed opens under the digest of its own `state` only, so
//! the cookie of one attempt says nothing at the callback of another, and it holds the digest of the browser's secret, so one browser's secret does
//! not go with another's attempt. Nothing is stored until an attempt comes back that we have sealed: who guesses a `state`, or has only seen a callback
//! go by, uses nothing up.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use vestibule_oauth_provider::{Attempt, AttemptFault, BrowserSecret, Digest, Error, Parameters, Result, Secret};

use crate::cookie::LONGEST_COOKIE;
use crate::{AttemptCookie, AttemptStore, Claim, CookieName, PublicUrl};

/// The way of attempts to browsers and back.
#[derive(Debug)]
pub(crate) struct Handover {
    attempts: Arc<dyn AttemptStore>,
    site: PublicUrl,
}

/// An attempt that came back and is claimed. Whether it may go on is [`Attempt::admit`]'s to say.
pub(crate) struct Received {
    pub(crate) attempt: Attempt,
    pub(crate) browser: BrowserSecret,
}

/// Why a callback ends here.
pub(crate) enum NotReceived {
    /// The attempt is over, or there is none.
    Over(Error),
    /// The storage failed before the attempt was claimed: nothing of it was used.
    Unused(Error),
}

/// What fails once an attempt is claimed ends it.
impl From<Error> for NotReceived {
    fn from(error: Error) -> Self {
        Self::Over(error)
    }
}

impl Handover {
    pub(crate) fn new(attempts: Arc<dyn AttemptStore>, site: PublicUrl) -> Self {
        Self { attempts, site }
    }

    /// The cookie of an attempt that begins.
    pub(crate) fn give(&self, attempt: &Attempt, browser: &BrowserSecret, lifetime: Duration) -> Result<AttemptCookie> {
        let key = attempt.key();
        let sealed = self.attempts.seal(&key, &attempt.to_json()?)?;
        let value = Secret::new(format!("{}.{}", browser.expose(), sealed.expose()));
        let cookie = AttemptCookie { name: CookieName::of(&key, &self.site), value, max_age: lifetime };
        let length = cookie.set_cookie().len();
        if length > LONGEST_COOKIE {
            return Err(Error::configuration(format!(
                "the cookie of the sign-in would be {length} bytes long, and browsers keep {LONGEST_COOKIE}; shorten the public url, the provider's \
                 owner and name, or what it is asked to return to"
            )));
        }
        Ok(cookie)
    }

    /// The attempt that a callback belongs to, claimed.
    pub(crate) async fn receive(&self, parameters: &Parameters, cookie: Option<&str>) -> Result<Received, NotReceived> {
        let key = key(parameters)?;
        let (browser, sealed) = parts(cookie)?;
        let content = self.attempts.open(&key, &sealed).await.map_err(NotReceived::Unused)?;
        let content = content.ok_or_else(|| {
            let message = "the cookie of the sign-in is not the one that was handed out with the callback's \"state\"";
            Error::attempt(AttemptFault::Unknown, message)
        })?;
        // We have sealed it ourselves, so it is another version of this program that wrote it otherwise.
        let attempt = Attempt::from_json(&content).map_err(|error| {
            let message = "the sign-in was begun by another version of this program, which writes attempts otherwise";
            Error::attempt(AttemptFault::Unknown, message).caused_by(error)
        })?;
        match self.attempts.claim(&key, attempt.expires_at()).await.map_err(NotReceived::Unused)? {
            Claim::First => Ok(Received { attempt, browser }),
            Claim::AlreadyUsed => {
                Err(Error::attempt(AttemptFault::AlreadyUsed, "the callback's \"state\" was used before").into())
            }
        }
    }

    pub(crate) async fn sweep(&self, now: SystemTime) -> Result<u64> {
        self.attempts.sweep(now).await
    }
}

fn key(parameters: &Parameters) -> Result<Digest> {
    match parameters.single("state") {
        Ok(Some(state)) => Ok(Digest::of(state)),
        _ => Err(Error::attempt(AttemptFault::Unknown, "the callback must have exactly one \"state\" parameter")),
    }
}

fn parts(cookie: Option<&str>) -> Result<(BrowserSecret, Secret)> {
    let cookie = cookie.ok_or_else(|| {
        let message = "the callback came without the cookie of its sign-in: from another browser than the one that began it, or the cookie was lost";
        Error::attempt(AttemptFault::OtherBrowser, message)
    })?;
    let parts = cookie.split_once('.').filter(|_| cookie.len() <= LONGEST_COOKIE);
    let (browser, sealed) = parts.ok_or_else(|| {
        Error::attempt(AttemptFault::Unknown, "the cookie of the sign-in is not one that was handed out")
    })?;
    Ok((BrowserSecret::received(browser), Secret::new(sealed)))
}
