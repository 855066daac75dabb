//! What the routes read of a request's header.

use axum::http::{HeaderMap, header};
use vestibule_oauth_provider::{Error, Result};

use crate::{AttemptCookie, CookieName, Logins};

/// How many unfinished attempts one browser may hold. Their cookies go to the server with every request, 1.2 KB each as a rule, and common proxies refuse a
/// header line of more than 8 KB, in which the host's own cookies are too.
const MOST_COOKIES: usize = 4;
/// How many bytes the cookies of unfinished attempts may take in the header together: four as they are as a rule, or one of the longest and little else.
const MOST_BYTES: usize = 5_000;

/// What an answer does with the cookie of an attempt.
pub(super) enum Beside<'a> {
    /// It sets this one.
    Set(&'a AttemptCookie),
    /// It decides by itself about the one of its own attempt.
    Current(&'a CookieName),
    /// There is none.
    Nothing,
}

pub(super) struct Request<'a> {
    logins: &'a Logins,
    headers: &'a HeaderMap,
}

impl<'a> Request<'a> {
    pub(super) fn new(logins: &'a Logins, headers: &'a HeaderMap) -> Self {
        Self { logins, headers }
    }

    pub(super) fn headers(&self) -> &'a HeaderMap {
        self.headers
    }

    /// Whether a program asks, not a person.
    pub(super) fn wants_json(&self) -> bool {
        let mut json = false;
        for value in self.headers.get_all(header::ACCEPT) {
            for range in value.to_str().unwrap_or_default().split(',') {
                match range.split(';').next().unwrap_or_default().trim() {
                    "text/html" => return false,
                    "application/json" => json = true,
                    _ => {}
                }
            }
        }
        json
    }

    /// Only a navigation, or a script that wants the beginning as JSON, begins a login: not a frame or an image of another site, not a prefetch.
    pub(super) fn may_begin(&self) -> Result<()> {
        let said = |name| self.headers.get(name).map(|value| value.to_str().unwrap_or("unreadable"));
        if let Some(destination) = said("sec-fetch-dest")
            && !matches!(destination, "document" | "empty")
        {
            return Err(Error::unsupported(format!(
                "a page asked for a sign-in as {destination:?}; a sign-in begins by a navigation of the whole window"
            )));
        }
        for name in ["sec-purpose", "purpose"] {
            if said(name).is_some_and(|purpose| purpose.contains("prefetch")) {
                return Err(Error::unsupported("the browser fetched a sign-in in advance; it begins by a click"));
            }
        }
        Ok(())
    }

    /// The value of a cookie, when the browser sent it exactly once.
    pub(super) fn cookie(&self, name: &CookieName) -> Option<&'a str> {
        let mut values = self.cookies().filter(|(have, _)| *have == name.as_str());
        let (_, value) = values.next()?;
        values.next().is_none().then_some(value)
    }

    /// The cookies of attempts for which there is no room `beside` what the answer does: the oldest. Browsers send those first (RFC 6265 section 5.4).
    pub(super) fn surplus_cookies(&self, beside: &Beside<'_>) -> Vec<CookieName> {
        let (current, mut count, mut bytes) = match beside {
            Beside::Set(cookie) => (None, 1, in_header(cookie.name().as_str(), cookie.value().expose())),
            Beside::Current(name) => (Some(*name), 0, 0),
            Beside::Nothing => (None, 0, 0),
        };
        let mut ours: Vec<_> = self
            .cookies()
            .filter_map(|(name, value)| Some((self.logins.recognise_cookie(name)?, in_header(name, value))))
            .filter(|(name, _)| Some(name) != current)
            .collect();
        ours.reverse();
        let mut surplus = Vec::new();
        for (name, length) in ours {
            // From the first that does not fit all older ones go, so that a short one does not outlive a younger one.
            if surplus.is_empty() && count < MOST_COOKIES && bytes + length <= MOST_BYTES {
                (count, bytes) = (count + 1, bytes + length);
            } else {
                surplus.push(name);
            }
        }
        surplus
    }

    /// Other cookies on the site may hold anything; what is not UTF-8 is not ours.
    fn cookies(&self) -> impl Iterator<Item = (&'a str, &'a str)> + use<'a> {
        self.headers
            .get_all(header::COOKIE)
            .iter()
            .flat_map(|line| line.as_bytes().split(|byte| *byte == b';'))
            .filter_map(|pair| str::from_utf8(pair).ok()?.trim().split_once('='))
    }
}

/// How long a cookie is in the header, with the `=` and the `; ` before the next one.
fn in_header(name: &str, value: &str) -> usize {
    name.len() + value.len() + 3
}
