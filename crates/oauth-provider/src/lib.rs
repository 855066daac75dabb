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
//!     pub struct ExampleConfig {
//!         pub client_id: String = Field::text("Client ID").required(),
//!         pub client_secret: Secret = Field::secret("Client secret").required(),
//!     }
//! }
//!
//! #[derive(Debug)]
//! struct Example;
//!
//! #[async_trait]
//! impl ProviderType for Example {
//!     type Config = ExampleConfig;
//!     const KIND: &'static str = "Example";
//!     async fn open(&self, config: ExampleConfig, cx: &Context) -> Result<Arc<dyn OAuthProvider>> {
//!         Ok(Arc::new(ExampleProvider { config, http: cx.http().clone() }))
//!     }
//! }
//!
//! struct ExampleProvider { config: ExampleConfig, http: Arc<dyn HttpClient> }
//!
//! #[async_trait]
//! impl OAuthProvider for ExampleProvider {
//!     fn flow(&self) -> Flow { Flow::CODE_WITH_PKCE }
//!     fn upstream(&self) -> Upstream { Upstream::new("https://example.com", &self.config.client_id) }
//!     async fn authorize(&self, attempt: &NewAttempt) -> Result<Authorization> {
//!         let mut url = url("https://example.com/authorize?response_type=code");
//!         url.query_pairs_mut().append_pair("client_id", &self.config.client_id);
//!         Ok(Authorization::to(attempt.add_to(url)))
//!     }
//!     async fn exchange(&self, callback: &Callback) -> Result<Tokens> {
//!         let client = [("client_id", self.config.client_id.as_str()), ("client_secret", self.config.client_secret.expose())];
//!         let request = HttpRequest::post_form(url("https://example.com/token"), callback.grant()?.into_iter().chain(client));
//!         #[derive(serde::Deserialize)] struct Answer { access_token: Secret }
//!         Ok(Tokens::bearer(self.http.send(request).await?.success()?.json::<Answer>()?.access_token))
//!     }
//!     async fn user_info(&self, tokens: &Tokens, _callback: &Callback) -> Result<UserInfo> {
//!         let request = HttpRequest::get(url("https://example.com/me")).bearer(&tokens.access_token);
//!         #[derive(serde::Deserialize)] struct Answer { sub: String }
//!         let answer: Answer = self.http.send(request).await?.success()?.json()?;
//!         Ok(UserInfo::new(Subject::new(SubjectKind::new("sub"), answer.sub)?))
//!     }
//! }
//! # fn url(constant: &str) -> Url { Url::parse(constant).expect("a constant") }
//! # impl std::fmt::Debug for ExampleProvider {
//! #     fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { f.write_str("ExampleProvider") }
//! # }
//!
//! let mut registry = Registry::new();
//! registry.add(Example)?;
//! assert_eq!(registry.get("Example")?.schema().secrets().collect::<Vec<_>>(), ["clientSecret"]);
//! # Ok::<(), Error>(())
//! ```

mod attempt;
mod browser;
mod callback;
mod cert;
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
pub use crate::cert::{
    CertRecord, CertResolver, CertVersion, Destination, KeyGrant, NamedBy, Owners, PrivateKeyField, VersionState,
};
pub use crate::config::{Config, Field, FieldKind, ProviderConfig, Schema};
pub use crate::context::{Clock, Context, Random, RowRef, Services, SystemClock, SystemRandom};
pub use crate::error::{AttemptFault, Disclosure, Error, ErrorKind, Result, Step, UpstreamCode};
pub use crate::factory::{About, Fact, Factory, Finding, ProviderType, Registry, Severity};
pub use crate::http::{HttpClient, HttpRequest, HttpResponse, Method};
pub use crate::parameters::Parameters;
pub use crate::provider::{
    Authorization, Flow, NativeAuthorization, NativeLogin, OAuthProvider, Probe, Refresh, Revoke, Upstream,
};
pub use crate::secret::Secret;
pub use crate::tokens::{Email, Phone, Subject, SubjectKind, Tokens, UserInfo};
