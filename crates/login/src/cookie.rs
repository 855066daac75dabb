//! The cookie in which the browser keeps an attempt, sealed, and which binds the attempt to it. Every attempt has one of its own, so that two tabs do not disturb each other.

use std::fmt;
use std::time::Duration;

use vestibule_oauth_provider::{Digest, Secret};

use crate::PublicUrl;

/// How many hex digits of the state's digest are in the name.
const DIGITS: usize = 16;
/// The longest cookie, attributes included, in bytes. Browsers keep 4,096 (RFC 6265 section 6.1), and not all count alike.
pub(crate) const LONGEST_COOKIE: usize = 4_000;

/// The name of an attempt's cookie. It follows from the `state`, so that the callback finds it, and does not tell the `state`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CookieName {
    name: String,
    is_https: bool,
}

impl CookieName {
    pub(crate) fn of(state: &Digest, site: &PublicUrl) -> Self {
        let mut name = prefix(site).to_owned();
        name.extend(state.to_string().chars().take(DIGITS));
        Self { name, is_https: site.is_https() }
    }

    pub(crate) fn recognise(name: &str, site: &PublicUrl) -> Option<Self> {
        let digits = name.strip_prefix(prefix(site))?;
        let is_ours =
            digits.len() == DIGITS && digits.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
        is_ours.then(|| Self { name: name.to_owned(), is_https: site.is_https() })
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.name
    }

    /// The `Set-Cookie` value that removes the cookie.
    pub fn clear(&self) -> String {
        self.line("", Duration::ZERO)
    }

    /// `__Host-` (RFC 6265bis section 4.1.3) keeps other hosts of the same domain from planting one. `Lax`, not `Strict`: the callback is a navigation that
    /// another site begins.
    fn line(&self, value: &str, max_age: Duration) -> String {
        let secure = if self.is_https { "; Secure" } else { "" };
        format!("{}={value}; Path=/; Max-Age={}; HttpOnly; SameSite=Lax{secure}", self.name, max_age.as_secs())
    }
}

/// Browsers refuse `__Host-` over plain http, which is for loopback.
fn prefix(site: &PublicUrl) -> &'static str {
    if site.is_https() { "__Host-vestibule-" } else { "vestibule-" }
}

impl fmt::Display for CookieName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.name)
    }
}

/// The cookie of one attempt. Its `Debug` does not show the value.
#[derive(Clone)]
pub struct AttemptCookie {
    pub(crate) name: CookieName,
    pub(crate) value: Secret,
    pub(crate) max_age: Duration,
}

impl AttemptCookie {
    /// The name.
    pub fn name(&self) -> &CookieName {
        &self.name
    }

    /// The value, a secret between this browser and the engine: the browser's secret and the sealed attempt.
    pub fn value(&self) -> &Secret {
        &self.value
    }

    /// The whole `Set-Cookie` value, attributes included, 4,000 bytes at most. It holds the secret.
    pub fn set_cookie(&self) -> String {
        self.name.line(self.value.expose(), self.max_age)
    }
}

impl fmt::Debug for AttemptCookie {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("AttemptCookie").field("name", &self.name.name).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_cookies_are_recognised() {
        let site = PublicUrl::parse("https://id.example").unwrap();
        let name = CookieName::of(&Digest::of("state"), &site);
        assert_eq!(CookieName::recognise(name.as_str(), &site), Some(name));
        for name in [
            "__Host-vestibule-session",
            "__Host-vestibule-0123456789abcdeF",
            "__Host-vestibule-0123456789abcdef0",
            "vestibule-0123456789abcdef",
            "",
        ] {
            assert_eq!(CookieName::recognise(name, &site), None);
        }
    }
}
