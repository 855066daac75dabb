//! The engine: begin and complete.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use url::{Url, form_urlencoded};
use vestibule_oauth_provider::{
    Attempt, AttemptFault, Binding, BrowserSecret, Context, Digest, Error, Intent, NewAttempt, OAuthProvider,
    Parameters, Registry, Result, RowRef, Services, Step, Tokens, UserInfo,
};

use crate::{AttemptCookie, AttemptStore, CookieName, ProviderRow, ProviderRows, Settings, StoredAttempt, Taken};

/// The category of rows that people sign in with.
const CATEGORY: &str = "OAuth";
/// The longest owner or name that is looked up, in bytes: beyond that it is somebody's experiment.
const LONGEST_NAME: usize = 255;

/// The login engine of an installation.
#[derive(Debug)]
pub struct Logins {
    rows: Arc<dyn ProviderRows>,
    attempts: Arc<dyn AttemptStore>,
    registry: Arc<Registry>,
    services: Services,
    settings: Settings,
}

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

/// A callback.
#[expect(missing_debug_implementations, reason = "it holds the authorization code")]
pub struct Complete<'a> {
    /// The owner in the callback's path.
    pub owner: &'a str,
    /// The provider's name in the callback's path.
    pub provider: &'a str,
    /// The callback's parameters.
    pub parameters: Parameters,
    /// The value of the cookie that [`Logins::cookie_name`] names, when the browser sent it, once.
    pub browser: Option<BrowserSecret>,
}

/// A login that the upstream vouches for. Accounts and sessions are the host's.
#[derive(Debug, Clone)]
pub struct SignedIn {
    /// The row. An identity is its id together with the user's subject; owner and name may change.
    pub row: RowRef,
    /// The row's provider type, for example `Alipay`.
    pub kind: String,
    /// What people see on the row's button.
    pub display_name: String,
    /// Who signed in.
    pub user: UserInfo,
    /// The tokens. They are not kept anywhere else.
    pub tokens: Tokens,
    /// What the login is for. For [`Intent::Link`] the host must see that the same user is still signed in, and for [`Intent::DryRun`] it signs nobody in.
    pub intent: Intent,
    /// Where the browser goes when it is done; judged when the login was begun.
    pub return_to: String,
}

/// A login that was not completed, and what is known for another try.
#[derive(Debug)]
pub struct Stopped {
    /// Why.
    pub error: Error,
    /// What was asked for, once it is certain that this browser asked for it.
    pub again: Option<Again>,
}

/// What a stopped login had asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Again {
    /// What it was for.
    pub intent: Intent,
    /// Where the browser would have gone; judged.
    pub return_to: String,
}

impl Logins {
    /// The engine over these rows and attempts, with these provider types.
    pub fn new(
        rows: Arc<dyn ProviderRows>,
        attempts: Arc<dyn AttemptStore>,
        registry: Arc<Registry>,
        services: Services,
        settings: Settings,
    ) -> Self {
        Self { rows, attempts, registry, services, settings }
    }

    /// Begins a login: the caller sends the browser to the URL and gives it the cookie.
    ///
    /// # Errors
    /// `Unsupported` for a `return_to` that is not allowed; `Attempt` when the row is disabled or not there; what opening the provider and writing the
    /// URL can fail with; `Internal`, also when the provider forgot the `state`. The message names the row.
    pub async fn begin(&self, begin: Begin<'_>) -> Result<Begun> {
        let label = label(begin.owner, begin.provider);
        self.begin_attempt(begin).await.map_err(|error| error.at(Step::Authorize).within(label))
    }

    async fn begin_attempt(&self, begin: Begin<'_>) -> Result<Begun> {
        let return_to = match begin.return_to.filter(|asked| !asked.is_empty()) {
            Some(asked) => self.settings.return_to.judge(asked)?,
            None => self.settings.return_to.home().to_owned(),
        };
        let (row, provider) = self.open(begin.owner, begin.provider).await?;
        let redirect_uri = self.callback_url(begin.owner, begin.provider)?;
        let random = &*self.services.random;
        let new = NewAttempt::mint(provider.flow(), redirect_uri, random)?;
        let authorization = provider.authorize(&new).await?;
        check_authorize_url(&authorization.url, new.state())?;

        let browser = BrowserSecret::mint(random)?;
        let now = self.services.clock.now();
        let lifetime = self.settings.attempt_lifetime;
        let attempt = new.into_attempt(Binding {
            row: row.row,
            upstream: provider.upstream(),
            browser: browser.digest(),
            intent: begin.intent,
            return_to,
            remember: authorization.remember,
            expires_at: now + lifetime,
        });
        let key = attempt.key();
        self.attempts
            .put(StoredAttempt { key, content: attempt.to_json()?, created_at: now, expires_at: attempt.expires_at() })
            .await?;
        Ok(Begun {
            authorize_url: authorization.url,
            cookie: AttemptCookie {
                name: CookieName::of(&key, &self.settings.public_url),
                value: browser,
                max_age: lifetime,
            },
            expires_in: lifetime,
        })
    }

    /// Which cookie belongs to a callback; nothing, when the callback has no `state` or several. Whatever comes of the callback, the answer clears it.
    pub fn cookie_name(&self, parameters: &Parameters) -> Option<CookieName> {
        let state = parameters.single("state").ok().flatten()?;
        Some(CookieName::of(&Digest::of(state), &self.settings.public_url))
    }

    /// A cookie of ours, by its name: so that those of attempts that were never finished can be cleared when they become many.
    pub fn recognise_cookie(&self, name: &str) -> Option<CookieName> {
        CookieName::recognise(name, &self.settings.public_url)
    }

    /// Completes a login. The attempt is over, whatever comes of this.
    ///
    /// # Errors
    /// `Attempt`, with the fault; `Denied` or `Upstream`, when the upstream sent the browser back with an error; what opening the provider, the exchange and
    /// asking for the user can fail with; `Internal`. The message names the row of the callback's path.
    pub async fn complete(&self, complete: Complete<'_>) -> Result<SignedIn, Stopped> {
        let label = label(complete.owner, complete.provider);
        let mut again = None;
        self.complete_attempt(complete, &mut again)
            .await
            .map_err(|error| Stopped { error: error.at(Step::Callback).within(label), again })
    }

    async fn complete_attempt(&self, complete: Complete<'_>, again: &mut Option<Again>) -> Result<SignedIn> {
        let Complete { owner, provider: name, parameters, browser } = complete;
        // Taken before anything is looked at: what fails below cannot be tried a second time.
        let stored = self.take(&parameters).await?;
        let (row, provider) = self.open(owner, name).await?;
        let callback = Attempt::admit(
            stored,
            parameters,
            browser.as_ref(),
            &row.row,
            &provider.upstream(),
            self.services.clock.now(),
        )?;
        *again = Some(Again { intent: callback.intent().clone(), return_to: callback.return_to().to_owned() });
        callback.refusal()?;
        let tokens = provider.exchange(&callback).await.map_err(|error| error.at(Step::Exchange))?;
        let user = provider.user_info(&tokens, &callback).await.map_err(|error| error.at(Step::UserInfo))?;
        Ok(SignedIn {
            row: row.row,
            kind: row.kind,
            display_name: row.display_name,
            user,
            tokens,
            intent: callback.intent().clone(),
            return_to: callback.return_to().to_owned(),
        })
    }

    async fn take(&self, parameters: &Parameters) -> Result<Attempt> {
        let Ok(Some(state)) = parameters.single("state") else {
            return Err(Error::attempt(
                AttemptFault::Unknown,
                "the callback must have exactly one \"state\" parameter",
            ));
        };
        match self.attempts.take(&Digest::of(state)).await? {
            Taken::Fresh(content) => Attempt::from_json(&content),
            Taken::AlreadyUsed => {
                Err(Error::attempt(AttemptFault::AlreadyUsed, "the callback's \"state\" was used before"))
            }
            Taken::Unknown => Err(Error::attempt(
                AttemptFault::Unknown,
                "the callback's \"state\" was never handed out, or its sign-in was swept away since",
            )),
        }
    }

    async fn open(&self, owner: &str, name: &str) -> Result<(ProviderRow, Arc<dyn OAuthProvider>)> {
        let gone = |why| Error::attempt(AttemptFault::ProviderGone, why);
        if [owner, name].iter().any(|part| part.len() > LONGEST_NAME) {
            return Err(gone("there is no such provider row"));
        }
        let found = self.rows.find(owner, name).await.map_err(|error| error.at(Step::Open))?;
        let row = found.ok_or_else(|| gone("there is no such provider row"))?;
        if !row.enabled {
            return Err(gone("the provider row is disabled"));
        }
        self.open_row(&row).await.map(|provider| (row, provider)).map_err(|error| error.at(Step::Open))
    }

    async fn open_row(&self, row: &ProviderRow) -> Result<Arc<dyn OAuthProvider>> {
        if row.category != CATEGORY {
            return Err(Error::configuration(format!(
                "nobody can sign in with a row of category {:?}; it must be \"{CATEGORY}\"",
                row.category
            )));
        }
        let context = Context::new(row.row.clone(), self.services.clone());
        self.registry.get(&row.kind)?.open(&row.config, &context).await
    }

    /// The callback URL of a row: what an administrator registers at the upstream, and the `redirect_uri` of every login with it. Each row has its own, so
    /// that one upstream's answer cannot be passed to another (RFC 9700 section 4.4).
    ///
    /// # Errors
    /// `Configuration`: a name that is empty, `.` or `..` cannot stand in a URL.
    pub fn callback_url(&self, owner: &str, provider: &str) -> Result<Url> {
        self.settings.public_url.route("callback", owner, provider)
    }

    /// The URL that begins a login with a row.
    ///
    /// # Errors
    /// As [`Logins::callback_url`].
    pub fn login_url(&self, owner: &str, provider: &str) -> Result<Url> {
        self.settings.public_url.route("login", owner, provider)
    }

    /// What the installation decided.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Removes attempts that are over, and says how many. For a background task, every few minutes.
    ///
    /// # Errors
    /// `Internal`, when the store fails.
    pub async fn sweep(&self) -> Result<u64> {
        self.attempts.sweep(self.services.clock.now()).await
    }

    #[cfg(feature = "routes")]
    pub(crate) fn services(&self) -> &Services {
        &self.services
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

impl fmt::Display for Stopped {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(formatter)
    }
}

impl std::error::Error for Stopped {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.error.source()
    }
}

impl From<Stopped> for Error {
    fn from(stopped: Stopped) -> Self {
        stopped.error
    }
}

/// How messages name a row that a path names.
pub(crate) fn label(owner: &str, provider: &str) -> String {
    format!("provider \"{}\"", row_name(owner, provider))
}

/// A row that a path names, as log lines have it. Anybody can write the path, so it is escaped, and not repeated at any length.
pub(crate) fn row_name(owner: &str, provider: &str) -> String {
    if owner.len() > LONGEST_NAME || provider.len() > LONGEST_NAME {
        return "an overlong name".to_owned();
    }
    format!("{}/{}", owner.escape_debug(), provider.escape_debug())
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

    #[test]
    fn a_label_is_quoted_and_short() {
        assert_eq!(label("acme", "alipay"), "provider \"acme/alipay\"");
        assert_eq!(label("a\n", "\""), "provider \"a\\n/\\\"\"");
        assert!(label(&"a".repeat(9_999), "b").len() < 100);
    }
}
