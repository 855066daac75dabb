//! What a provider can do.

use std::collections::BTreeMap;
use std::fmt;

use async_trait::async_trait;
use url::Url;

use crate::{Callback, Finding, NewAttempt, Result, Secret, Tokens, UserInfo};

/// An upstream at which people sign in, opened from one row.
///
/// The engine calls, in this order, [`authorize`](Self::authorize), then for the callback of the same attempt [`exchange`](Self::exchange) and
/// [`user_info`](Self::user_info). State, PKCE, nonce, expiry and the binding to the browser are the engine's: a provider cannot skip or weaken them.
/// Abilities that not every upstream has are objects, so that one cannot be claimed and missing.
#[async_trait]
pub trait OAuthProvider: fmt::Debug + Send + Sync + 'static {
    /// What this upstream's authorization request takes.
    fn flow(&self) -> Flow;

    /// Which application at which upstream this is. A login that was begun for another is not completed here.
    fn upstream(&self) -> Upstream;

    /// Where the browser is sent (RFC 6749 section 4.1.1), and what has to be remembered until it comes back.
    ///
    /// # Errors
    /// `Configuration` or, for upstreams that have to be asked first, `Network`.
    async fn authorize(&self, attempt: &NewAttempt) -> Result<Authorization>;

    /// Exchanges what the callback brought for tokens (RFC 6749 section 4.1.3).
    ///
    /// # Errors
    /// `Attempt` or `Upstream` when the code is refused; `Signature`, `Network`.
    async fn exchange(&self, callback: &Callback) -> Result<Tokens>;

    /// Says who signed in. `callback` is the one that the tokens were exchanged for: some vendors tell of the person only there.
    ///
    /// # Errors
    /// `Upstream`, `Signature`, `Network`; `Configuration` when the subject that the row asks for is not among what the upstream tells.
    async fn user_info(&self, tokens: &Tokens, callback: &Callback) -> Result<UserInfo>;

    /// Refreshing tokens (RFC 6749 section 6), where the upstream does that.
    fn refresh(&self) -> Option<&dyn Refresh> {
        None
    }

    /// Revoking tokens (RFC 7009), where the upstream does that.
    fn revoke(&self) -> Option<&dyn Revoke> {
        None
    }

    /// Login through the vendor's app on the same device, where there is one.
    fn native(&self) -> Option<&dyn NativeLogin> {
        None
    }

    /// Asking the upstream whether the credentials are good, without a user, where that is possible.
    fn probe(&self) -> Option<&dyn Probe> {
        None
    }
}

/// Refreshing tokens.
#[async_trait]
pub trait Refresh: Send + Sync {
    /// New tokens for a refresh token. Some upstreams let each be used only once: store what comes back.
    ///
    /// # Errors
    /// `Upstream` when it is refused: the user has to sign in again.
    async fn refresh(&self, refresh_token: &Secret) -> Result<Tokens>;
}

/// Revoking tokens.
#[async_trait]
pub trait Revoke: Send + Sync {
    /// Tells the upstream that these tokens are no longer needed.
    ///
    /// # Errors
    /// `Upstream`, `Network`.
    async fn revoke(&self, tokens: &Tokens) -> Result<()>;
}

/// Login through the vendor's app on the same device.
#[async_trait]
pub trait NativeLogin: Send + Sync {
    /// What the host's app hands to the vendor's SDK.
    ///
    /// # Errors
    /// As [`OAuthProvider::authorize`].
    async fn begin(&self, attempt: &NewAttempt) -> Result<NativeAuthorization>;
}

/// Asking the upstream whether the credentials are good.
#[async_trait]
pub trait Probe: Send + Sync {
    /// Asks, over the network, and says what the answer proves.
    ///
    /// # Errors
    /// Those of the request itself; a bad credential is a finding.
    async fn probe(&self) -> Result<Vec<Finding>>;
}

/// What an upstream's authorization request takes. The engine makes what is taken, and checks it at the callback.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Flow {
    /// PKCE with S256 (RFC 7636). On, unless the upstream refuses unknown parameters or documents none.
    pub pkce: bool,
    /// OpenID Connect's `nonce`.
    pub nonce: bool,
}

impl Flow {
    /// The authorization code flow with PKCE: what RFC 9700 asks for.
    pub const CODE_WITH_PKCE: Self = Self { pkce: true, nonce: false };

    /// The authorization code flow of an upstream that knows neither PKCE nor nonce: `state`, bound to the browser, is all there is.
    pub const CODE: Self = Self { pkce: false, nonce: false };

    /// The authorization code flow of an OpenID provider.
    pub const OPENID: Self = Self { pkce: true, nonce: true };

    /// The same for an upstream that refuses unknown parameters.
    #[must_use]
    pub const fn without_pkce(self) -> Self {
        Self { pkce: false, ..self }
    }

    /// The same with OpenID Connect's `nonce`.
    #[must_use]
    pub const fn with_nonce(self) -> Self {
        Self { nonce: true, ..self }
    }
}

/// Which application at which upstream a provider stands for.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Upstream {
    /// The issuer, or the endpoints that take its place.
    pub authority: String,
    /// The application's id there.
    pub client_id: String,
}

impl Upstream {
    /// The application `client_id` at `authority`.
    pub fn new(authority: impl Into<String>, client_id: impl Into<String>) -> Self {
        Self { authority: authority.into(), client_id: client_id.into() }
    }
}

/// The beginning of a login.
#[derive(Clone)]
pub struct Authorization {
    /// Where the browser goes.
    pub url: Url,
    /// What this provider needs again at the callback; sealed until then.
    pub remember: BTreeMap<String, String>,
}

impl Authorization {
    /// A beginning with nothing to remember.
    pub fn to(url: Url) -> Self {
        Self { url, remember: BTreeMap::new() }
    }
}

impl fmt::Debug for Authorization {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Authorization")
            .field("origin", &self.url.origin().ascii_serialization())
            .finish_non_exhaustive()
    }
}

/// The beginning of a login in the vendor's app.
#[derive(Clone)]
#[expect(missing_debug_implementations, reason = "the payload is signed and carries the state")]
pub struct NativeAuthorization {
    /// What the vendor's SDK takes, as it takes it.
    pub payload: Secret,
    /// What this provider needs again at the callback; sealed until then.
    pub remember: BTreeMap<String, String>,
}
