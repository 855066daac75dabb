//! What the routes ask of the host.

use std::fmt;

use axum::http::HeaderMap;
use vestibule_oauth_provider::{Result, async_trait};

use crate::SignedIn;

/// The server that embeds the routes: it owns accounts and sessions.
#[async_trait]
pub trait Host: fmt::Debug + Send + Sync + 'static {
    /// Decides about a login that the upstream vouches for, and says where the browser goes.
    ///
    /// An identity is the row's id together with the subject, never an e-mail address, a phone number or a name. `login.intent` says what the login is
    /// for: for a link, see from `headers` (of the callback's request) that the user who began it is still the one signed in.
    ///
    /// # Errors
    /// Any; the browser gets the page of [`Error::disclosure`](vestibule_oauth_provider::Error::disclosure), the log the message.
    async fn on_login(&self, login: SignedIn, headers: &HeaderMap) -> Result<Landing>;
}

/// Where the browser goes after a login, and what it takes along. Its `Debug` does not show cookies.
#[derive(Clone, Default)]
pub struct Landing {
    /// The `Location`; nothing for the `return_to` of the login.
    pub location: Option<String>,
    /// Values for `Set-Cookie`, attributes included.
    pub set_cookies: Vec<String>,
}

impl Landing {
    /// Where the login was asked to return to.
    pub fn return_to() -> Self {
        Self::default()
    }

    /// Another place. It is taken as it is: do not make it from what a browser sent.
    pub fn at(location: impl Into<String>) -> Self {
        Self { location: Some(location.into()), set_cookies: Vec::new() }
    }

    /// Adds a `Set-Cookie` value, attributes included.
    #[must_use]
    pub fn set_cookie(mut self, line: impl Into<String>) -> Self {
        self.set_cookies.push(line.into());
        self
    }
}

impl fmt::Debug for Landing {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Landing")
            .field("location", &self.location)
            .field("set_cookies", &self.set_cookies.len())
            .finish()
    }
}
