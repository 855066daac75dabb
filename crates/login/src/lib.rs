//! The order of a login for any provider and any host: begin and complete.
//!
//! [`Logins`] is the engine. It knows no HTTP framework, no database and no vendor: it asks [`ProviderRows`] and [`AttemptStore`] for what is stored, the
//! [`Registry`](vestibule_oauth_provider::Registry) for the provider of a row's type, and is asked by whoever talks to the browser.
//!
//! **A click.** [`Logins::begin`] judges `return_to`, asks for the row, has its provider open, mints an attempt (state, PKCE, nonce), lets the provider write
//! the authorize URL and checks that it carries the state, and hands back the URL and a [cookie](AttemptCookie) of this attempt's own, in which the
//! attempt itself is, sealed. Nothing is stored: who begins a hundred thousand sign-ins and abandons them takes nobody's place.
//!
//! **The way back.** [`Logins::cookie_name`] says which cookie belongs to the callback. [`Logins::complete`] opens the attempt that is in it and claims it
//! before it does anything else, so that an attempt is over at its first use whatever comes of it; asks for the row *again*, so that one that was disabled,
//! deleted or pointed elsewhere in between ends the login; admits the callback; has the code exchanged and the user asked for. What comes out is a
//! [`SignedIn`]: whether there is an account for it and what a session is remains the host's to decide.
//!
//! **Open providers.** A provider that was opened for one step is used for the next ones, for as long as what is stored is what it was made from. One
//! query per step decides that; nothing that an administrator, another instance or plain SQL changed is used a second time.
//!
//! **Housekeeping.** A background task calls [`Logins::sweep`] every few minutes.
//!
//! With the feature `routes` there is a finished `axum` router over the same engine; see the module `routes`. Without it, a host does in its own
//! framework what this does:
//!
//! ```
//! use std::collections::HashMap;
//!
//! use vestibule_login::{Begin, Complete, CookieName, Logins, SignedIn, Stopped};
//! use vestibule_oauth_provider::{Parameters, Result};
//!
//! /// What to answer to a click: 303 to the first, with the second as `Set-Cookie`.
//! async fn click(logins: &Logins) -> Result<(String, String)> {
//!     let begun = logins.begin(Begin::sign_in("acme", "alipay").return_to("/me")).await?;
//!     Ok((begun.authorize_url.into(), begun.cookie.set_cookie()))
//! }
//!
//! /// What to do with a callback: the login, and the `Set-Cookie` of the answer. An attempt that is not over keeps its cookie, and the callback may come again.
//! async fn back(
//!     logins: &Logins,
//!     query: &str,
//!     cookies: &HashMap<String, String>,
//! ) -> Result<(Result<SignedIn, Stopped>, Option<String>)> {
//!     let parameters = Parameters::from_urlencoded(query)?;
//!     let name = logins.cookie_name(&parameters);
//!     let cookie = name.as_ref().and_then(|name| cookies.get(name.as_str())).map(String::as_str);
//!     let login = logins.complete(Complete { owner: "acme", provider: "alipay", parameters, cookie }).await;
//!     let is_over = login.as_ref().err().is_none_or(|stopped| stopped.is_over);
//!     Ok((login, name.as_ref().filter(|_| is_over).map(CookieName::clear)))
//! }
//! ```

mod asked_certs;
mod begin;
mod complete;
mod cookie;
mod handover;
mod logins;
mod opened;
mod ports;
mod public_url;
mod return_to;
#[cfg(feature = "routes")]
pub mod routes;
mod settings;

pub use crate::begin::{Begin, Begun};
pub use crate::complete::{Again, Complete, SignedIn, Stopped};
pub use crate::cookie::{AttemptCookie, CookieName};
pub use crate::logins::Logins;
pub use crate::ports::{AttemptStore, Claim, Opened, ProviderRows, StoredContent, StoredRow};
pub use crate::public_url::PublicUrl;
pub use crate::return_to::ReturnTo;
pub use crate::settings::Settings;
