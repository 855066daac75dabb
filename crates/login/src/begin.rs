//! A click: what it asks for, and what the browser is sent away with.

use std::fmt;
use std::time::Duration;

use url::{Url, form_urlencoded};
use vestibule_oauth_provider::{Binding, BrowserSecret, Error, Intent, NewAttempt, Result, Step};

use crate::logins::label;
use crate::{AttemptCookie, Logins};

/// A click.
#[derive(Debug, Clone)]
pub struct Begin<'a> {
    /// The row's owner.
    pub owner: &'a str,
    /// The row's name.
    pub provider: &'a str,
    /// What the login is for.
    pub intent: Intent,
    /// Where the browser goes when it is done; nothing for the home of the site. Anybody may have written it.
    pub return_to: Option<&'a str>,
}

/// A login that has begun. Its `Debug` shows no secret.
#[derive(Clone)]
pub struct Begun {
    /// Where the browser goes. It carries the `state`: not for a log.
    pub authorize_url: Url,
    /// What the browser has to keep until it comes back.
    pub cookie: AttemptCookie,
    /// How long there is until the callback.
    pub expires_in: Duration,
}

impl Logins {
    /// Begins a login: the caller sends the browser to the URL and gives it the cookie. Nothing is stored.
    ///
    /// # Errors
    /// `Unsupported` for a `return_to` that is not allowed; `Attempt` when the row is disabled or not there; `Configuration` when the attempt does not fit
    /// into a cookie; `Unavailable` when the storage does not answer; what opening the provider and writing the URL can fail with; `Internal`, also when the
    /// provider forgot the `state`. The message names the row.
    pub async fn begin(&self, begin: Begin<'_>) -> Result<Begun> {
        let label = label(begin.owner, begin.provider);
        self.begin_attempt(begin).await.map_err(|error| error.at(Step::Authorize).within(label))
    }

    async fn begin_attempt(&self, begin: Begin<'_>) -> Result<Begun> {
        let return_to = match begin.return_to.filter(|asked| !asked.is_empty()) {
            Some(asked) => self.settings().return_to.judge(asked)?,
            None => self.settings().return_to.home().to_owned(),
        };
        let open = self.providers().open(begin.owner, begin.provider).await?;
        let redirect_uri = self.callback_url(begin.owner, begin.provider)?;
        let random = &*self.services().random;
        let new = NewAttempt::mint(open.provider.flow(), redirect_uri, random)?;
        let authorization = open.provider.authorize(&new).await?;
        check_authorize_url(&authorization.url, new.state())?;

        let browser = BrowserSecret::mint(random)?;
        let lifetime = self.settings().attempt_lifetime;
        let attempt = new.into_attempt(Binding {
            row: open.row,
            upstream: open.provider.upstream(),
            browser: browser.digest(),
            intent: begin.intent,
            return_to,
            remember: authorization.remember,
            expires_at: self.services().clock.now() + lifetime,
        });
        let cookie = self.handover().give(&attempt, &browser, lifetime)?;
        Ok(Begun { authorize_url: authorization.url, cookie, expires_in: lifetime })
    }
}

impl<'a> Begin<'a> {
    /// Somebody wants in; afterwards they go to the home of the site.
    pub fn sign_in(owner: &'a str, provider: &'a str) -> Self {
        Self { owner, provider, intent: Intent::SignIn, return_to: None }
    }

    /// The same login for something else.
    #[must_use]
    pub fn intent(mut self, intent: Intent) -> Self {
        self.intent = intent;
        self
    }

    /// The same login, going elsewhere afterwards.
    #[must_use]
    pub fn return_to(mut self, return_to: &'a str) -> Self {
        self.return_to = Some(return_to);
        self
    }
}

impl fmt::Debug for Begun {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Begun")
            .field("upstream", &self.authorize_url.origin().ascii_serialization())
            .field("cookie", &self.cookie)
            .field("expires_in", &self.expires_in)
            .finish()
    }
}

/// A provider that writes no `state`, or another one, has a defect that would show only at the callback, or never.
fn check_authorize_url(url: &Url, state: &str) -> Result<()> {
    if !matches!(url.scheme(), "https" | "http") {
        return Err(Error::internal("the provider's authorize url is neither https nor http"));
    }
    let fragment = url.fragment().unwrap_or_default();
    let fragment = fragment.split_once('?').map_or(fragment, |(_, query)| query);
    let mut states = url
        .query_pairs()
        .chain(form_urlencoded::parse(fragment.as_bytes()))
        .filter(|(name, _)| name == "state")
        .map(|(_, value)| value);
    match (states.next(), states.next()) {
        (Some(written), None) if written == state => Ok(()),
        _ => Err(Error::internal(
            "the provider's authorize url must carry the attempt's \"state\" exactly once; this is a defect of the provider type",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_state_must_be_in_the_authorize_url_once_and_unchanged() {
        let check = |url: &str| check_authorize_url(&Url::parse(url).unwrap(), "5tate");
        for url in [
            "https://up.example/authorize?client_id=a&state=5tate",
            "https://up.example/authorize?state=5tate#wechat_redirect",
            "https://up.example/#state=5tate",
            "https://up.example/#/authorize?client_id=a&state=5tate",
        ] {
            assert!(check(url).is_ok(), "{url}");
        }
        for url in [
            "https://up.example/authorize",
            "https://up.example/authorize?state=",
            "https://up.example/authorize?state=5tate0",
            "https://up.example/authorize?State=5tate",
            "https://up.example/authorize?state=5tate&state=5tate",
            "https://up.example/authorize?state=5tate#state=5tate",
            "javascript:alert(1)//?state=5tate",
        ] {
            assert!(check(url).is_err(), "{url}");
        }
    }
}
