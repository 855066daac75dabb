//! The seam: all that the author of a provider plugin reads.
//!
//! A **provider row** in a database says which upstream to use. Its type names a [`Factory`] in the [`Registry`]; the factory reads the row's JSON
//! [`Config`] and opens an [`OAuthProvider`]. The engine then runs the login:
//!
//! 1. It mints a [`NewAttempt`] (state, PKCE, nonce) as the provider's [`Flow`] says, and asks [`OAuthProvider::authorize`] where to send the browser.
//! 2. When the browser comes back, [`Attempt::admit`] checks state, browser, row, upstream and time. Only then is there a [`Callback`].
//! 3. [`OAuthProvider::exchange`] makes [`Tokens`] of it, [`OAuthProvider::user_info`] a [`UserInfo`].
//!
//! A provider reaches the world only through its [`Context`]: HTTP, cert records, time and random bytes. It depends on no web framework, no database and
//! no HTTP library, and all its errors are [`Error`]s, sorted by who must act.
//!
//! A whole provider:
//!
//! ```
//! use std::sync::Arc;
//! use vestibule_oauth_provider::*;
//!
//! provider_config! {
//!     /// What a row of type "Example" holds.
//!     pub struct ExampleConfig {
//!         /// The application's id.
//!         pub client_id: String = Field::text("Client ID").required(),
//!         /// The application's secret.
//!         pub client_secret: Secret = Field::secret("Client secret").required(),
//!     }
//! }
//!
//! /// Opens rows of type "Example".
//! #[derive(Debug)]
//! struct Example;
//!
//! #[async_trait]
//! impl ProviderType for Example {
//!     type Config = ExampleConfig;
//!     const KIND: &'static str = "Example";
//!     async fn open(&self, config: ExampleConfig, cx: &Context) -> Result<Arc<dyn OAuthProvider>> {
//!         Ok(Arc::new(ExampleProvider { config, cx: cx.clone() }))
//!     }
//! }
//!
//! struct ExampleProvider { config: ExampleConfig, cx: Context }
//!
//! # impl std::fmt::Debug for ExampleProvider {
//! #     fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { f.write_str("ExampleProvider") }
//! # }
//! #[async_trait]
//! impl OAuthProvider for ExampleProvider {
//!     fn flow(&self) -> Flow { Flow::CODE_WITH_PKCE }
//!     fn upstream(&self) -> Upstream {
//!         Upstream { authority: "https://example.com".into(), client_id: self.config.client_id.clone() }
//!     }
//!     async fn authorize(&self, attempt: &NewAttempt) -> Result<Authorization> {
//!         let mut url: Url = "https://example.com/authorize?response_type=code".parse().expect("a constant");
//!         url.query_pairs_mut()
//!             .append_pair("client_id", &self.config.client_id)
//!             .append_pair("redirect_uri", attempt.redirect_uri().as_str())
//!             .append_pair("state", attempt.state())
//!             .append_pair("code_challenge_method", "S256")
//!             .append_pair("code_challenge", attempt.code_challenge().unwrap_or_default());
//!         Ok(Authorization::to(url))
//!     }
//!     async fn exchange(&self, callback: &Callback) -> Result<Tokens> {
//!         let request = HttpRequest::post_form("https://example.com/token".parse().expect("a constant"), [
//!             ("grant_type", "authorization_code"),
//!             ("code", callback.authorization_code("code")?),
//!             ("redirect_uri", callback.redirect_uri().as_str()),
//!             ("code_verifier", callback.code_verifier().map_or("", Secret::expose)),
//!             ("client_id", &self.config.client_id),
//!             ("client_secret", self.config.client_secret.expose()),
//!         ]);
//!         #[derive(serde::Deserialize)]
//!         struct Answer { access_token: Secret }
//!         Ok(Tokens::bearer(self.cx.http().send(request).await?.json::<Answer>()?.access_token))
//!     }
//!     async fn user_info(&self, tokens: &Tokens) -> Result<UserInfo> {
//!         let request = HttpRequest::get("https://example.com/me".parse().expect("a constant")).bearer(&tokens.access_token);
//!         #[derive(serde::Deserialize)]
//!         struct Answer { sub: String }
//!         let answer: Answer = self.cx.http().send(request).await?.json()?;
//!         Ok(UserInfo::new(Subject::new(SubjectKind::new("sub"), answer.sub)?))
//!     }
//! }
//!
//! let mut registry = Registry::new();
//! registry.add(Example)?;
//! assert_eq!(registry.get("Example")?.schema().secrets().collect::<Vec<_>>(), ["clientSecret"]);
//! # Ok::<(), Error>(())
//! ```

mod attempt;
mod browser;
mod callback;
mod config;
mod context;
mod error;
mod factory;
mod http;
mod parameters;
mod provider;
mod secret;
mod tokens;

pub use async_trait::async_trait;
pub use url::Url;
pub use uuid::Uuid;

pub use crate::attempt::{Attempt, Binding, Intent, NewAttempt, unix_seconds};
pub use crate::browser::{BrowserSecret, Digest};
pub use crate::callback::Callback;
pub use crate::config::{Config, Field, FieldKind, ProviderConfig, Schema};
pub use crate::context::{
    CertRecord, CertResolver, Clock, Context, Random, RowRef, Services, SystemClock, SystemRandom,
};
pub use crate::error::{AttemptFault, Disclosure, Error, ErrorKind, Result, Step, UpstreamCode};
pub use crate::factory::{About, Fact, Factory, Finding, ProviderType, Registry, Severity};
pub use crate::http::{HttpClient, HttpRequest, HttpResponse, Method};
pub use crate::parameters::Parameters;
pub use crate::provider::{
    Authorization, Flow, NativeAuthorization, NativeLogin, OAuthProvider, Probe, Refresh, Revoke, Upstream,
};
pub use crate::secret::Secret;
pub use crate::tokens::{Email, Phone, Subject, SubjectKind, Tokens, UserInfo};
