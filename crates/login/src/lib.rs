//! The order of a login for any provider and any host: begin and complete.
//!
//! [`Logins`] is the engine. It knows no HTTP framework, no database and no vendor: it asks [`ProviderRows`] and [`AttemptStore`] for what is stored, the
//! [`Registry`](vestibule_oauth_provider::Registry) for the provider of a row's type, and is asked by whoever talks to the browser.
//!
//! **A click.** [`Logins::begin`] judges `return_to`, reads the row, opens its provider, mints an attempt (state, PKCE, nonce), lets the provider write the
//! authorize URL and checks that it carries the state, stores the attempt, and hands back the URL and a [cookie](AttemptCookie) of this attempt's own.
//!
//! **The way back.** [`Logins::cookie_name`] says which cookie belongs to the callback. [`Logins::complete`] takes the attempt out of the store before it does
//! anything else, so that an attempt is over at its first use whatever comes of it; reads the row *again*, so that one that was disabled, deleted or pointed
//! elsewhere in between ends the login; admits the callback; has the code exchanged and the user asked for. What comes out is a [`SignedIn`]: whether
//! there is an account for it and what a session is remains the host's to decide.
//!
//! **Housekeeping.** A background task calls [`Logins::sweep`] every few minutes.
//!
//! With the feature `routes` there is a finished `axum` router over the same engine; see the module `routes`. Without it, a host does in its own
//! framework what this does:
//!
//! ```
//! use std::collections::HashMap;
//!
//! use vestibule_login::{Begin, Complete, Logins, SignedIn};
//! use vestibule_oauth_provider::{BrowserSecret, Parameters, Result};
//!
//! /// What to answer to a click: 303 to the first, with the second as `Set-Cookie`.
//! async fn click(logins: &Logins) -> Result<(String, String)> {
//!     let begun = logins.begin(Begin::sign_in("acme", "alipay").return_to("/me")).await?;
//!     Ok((begun.authorize_url.into(), begun.cookie.set_cookie()))
//! }
//!
//! /// What to do with a callback. Whatever comes of it, the answer clears the cookie: `name.clear()` is its `Set-Cookie`.
//! async fn back(logins: &Logins, query: &str, cookies: &HashMap<String, String>) -> Result<SignedIn> {
//!     let parameters = Parameters::from_urlencoded(query)?;
//!     let name = logins.cookie_name(&parameters);
//!     let browser = name.and_then(|name| cookies.get(name.as_str())).map(BrowserSecret::received);
//!     Ok(logins.complete(Complete { owner: "acme", provider: "alipay", parameters, browser }).await?)
//! }
//! ```

mod cookie;
mod logins;
mod ports;
mod public_url;
mod return_to;
#[cfg(feature = "routes")]
pub mod routes;
mod settings;

pub use crate::cookie::{AttemptCookie, CookieName};
pub use crate::logins::{Again, Begin, Begun, Complete, Logins, SignedIn, Stopped};
pub use crate::ports::{AttemptStore, ProviderRow, ProviderRows, StoredAttempt, Taken};
pub use crate::public_url::PublicUrl;
pub use crate::return_to::ReturnTo;
pub use crate::settings::Settings;
