//! The session of the server's own pages: a sealed cookie. Nothing is stored; whoever embeds the crates keeps sessions of their own.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use axum::http::HeaderMap;
use axum::http::header::COOKIE;
use cookie::{Cookie, SameSite};
use serde::{Deserialize, Serialize};
use vestibule::login::{SignedIn, routes};
use vestibule::{
    Clock, Error, Intent, Keyring, Place, PublicUrl, Random, Result, Secret, UserInfo, Uuid, unix_seconds,
};

use crate::server::base_path;

/// How long somebody stays signed in.
const LIFETIME: Duration = Duration::from_secs(8 * 60 * 60);
/// Browsers drop cookies past 4,096 bytes, name and attributes included.
const LARGEST: usize = 3_800;

/// Who is signed in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// The person, as the upstream told.
    pub user: UserInfo,
    /// The provider row's id: with the subject, the identity's key.
    pub row_id: Uuid,
    /// The provider row, as `owner/name`.
    pub row: String,
    /// The provider type.
    pub kind: String,
    /// When the session ends, in seconds since 1970.
    pub expires_at: u64,
}

/// Seals and opens session cookies.
#[derive(Debug)]
pub struct Sessions {
    keyring: Keyring,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    secure: bool,
    /// The path of the front page.
    home: String,
}

impl Sessions {
    /// Cookies are `Secure` and carry the `__Host-` prefix when browsers reach the server over https.
    pub fn new(keyring: Keyring, clock: Arc<dyn Clock>, random: Arc<dyn Random>, public_url: &PublicUrl) -> Self {
        Self { keyring, clock, random, secure: public_url.is_https(), home: format!("{}/", base_path(public_url)) }
    }

    /// The session of a request, if it carries one that is ours and not over.
    pub async fn of(&self, headers: &HeaderMap) -> Option<Session> {
        let sealed = headers
            .get_all(COOKIE)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(Cookie::split_parse)
            .filter_map(std::result::Result::ok)
            .find(|cookie| cookie.name() == self.name())?;
        let opened = self.keyring.open_or_reload(sealed.value(), &place()).await.ok()?;
        let session: Session = serde_json::from_str(opened.expose()).ok()?;
        (session.expires_at > unix_seconds(self.clock.now())).then_some(session)
    }

    /// The `Set-Cookie` value that starts a session.
    ///
    /// # Errors
    /// `Internal`, when the cookie cannot be sealed.
    pub fn start(&self, login: &SignedIn) -> Result<String> {
        let now = self.clock.now();
        let mut session = Session {
            user: login.user.clone(),
            row_id: login.row.id,
            row: login.row.to_string(),
            kind: login.kind.clone(),
            expires_at: unix_seconds(now + LIFETIME),
        };
        let mut sealed = self.seal(&session)?;
        if sealed.len() > LARGEST {
            session.user.attributes.clear();
            session.user.avatar = None;
            sealed = self.seal(&session)?;
        }
        if sealed.len() > LARGEST {
            session.user.name = None;
            sealed = self.seal(&session)?;
        }
        Ok(self.cookie(sealed, LIFETIME))
    }

    /// The `Set-Cookie` value that ends a session.
    pub fn end(&self) -> String {
        self.cookie(String::new(), Duration::ZERO)
    }

    fn seal(&self, session: &Session) -> Result<String> {
        let json = serde_json::to_string(session)
            .map_err(|error| Error::internal("could not write a session").caused_by(error))?;
        Ok(self.keyring.seal(&Secret::new(json), &place(), &*self.random)?)
    }

    fn cookie(&self, value: String, lifetime: Duration) -> String {
        let seconds = i64::try_from(lifetime.as_secs()).unwrap_or(0);
        Cookie::build((self.name(), value))
            .path("/")
            .http_only(true)
            .secure(self.secure)
            .same_site(SameSite::Lax)
            .max_age(cookie::time::Duration::seconds(seconds))
            .build()
            .to_string()
    }

    fn name(&self) -> &'static str {
        if self.secure { "__Host-vestibule_session" } else { "vestibule_session" }
    }
}

/// A session is sealed for nothing but sessions.
fn place() -> Place<'static> {
    Place { table: "session", owner: "", row: b"", version: 1, column: "cookie" }
}

#[async_trait]
impl routes::Host for Sessions {
    async fn on_login(&self, login: SignedIn, _request: &HeaderMap) -> Result<routes::Landing> {
        match login.intent {
            Intent::SignIn => {}
            Intent::Link { .. } | Intent::DryRun => {
                return Err(Error::unsupported("this server has no accounts to link; it only shows who signed in"));
            }
        }
        // Whoever asked for no place in particular sees who they are.
        let landing = if login.return_to == self.home {
            routes::Landing::at(format!("{}me", self.home))
        } else {
            routes::Landing::return_to()
        };
        Ok(landing.set_cookie(self.start(&login)?))
    }
}
