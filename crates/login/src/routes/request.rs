//! What the routes read of a request's header.

use axum::http::{HeaderMap, header};
use vestibule_oauth_provider::{Error, Result};

use crate::{CookieName, Logins};

/// How many unfinished attempts one browser may hold. Their cookies go to the server with every request, and headers are limited.
const MOST_COOKIES: usize = 8;

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

    /// The cookies of attempts beyond the newest eight, but not `current`. Browsers send the oldest first (RFC 6265 section 5.4).
    pub(super) fn surplus_cookies(&self, current: Option<&CookieName>) -> Vec<CookieName> {
        let ours: Vec<_> = self
            .cookies()
            .filter_map(|(name, _)| self.logins.recognise_cookie(name))
            .filter(|name| Some(name) != current)
            .collect();
        let surplus = ours.len().saturating_sub(MOST_COOKIES);
        ours.into_iter().take(surplus).collect()
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
