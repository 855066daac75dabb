//! An offline Alipay: an authorize page, a gateway that checks everything, and a certificate authority of its own.
//!
//! It imports none of our crates and uses another crypto library than the Alipay provider, so that the two cannot be wrong together. Whoever
//! signs in against it has spoken Alipay's language correctly, as far as that language is documented.
//!
//! # The flow
//!
//! An [`Authority`] is made at run time and issues what a merchant downloads from Alipay's console: an application certificate, Alipay's own
//! certificate, the bundle of roots. An [`AppRegistration`] holds them for one application; its [`Material`] is the text of the four files.
//!
//! A [`Simulator`] listens and offers what production offers under other host names:
//!
//! 1. `GET /oauth2/publicAppAuthorize.htm` checks app id, scope, redirect URI and state by Alipay's rules (`authorize`), then shows a page on
//!    which a person picks one of the [`TestUser`]s and agrees or refuses. The answer is a redirect with `auth_code` and `state`.
//! 2. `POST /gateway.do` reads the parameters (`parameters`), checks them in the order of the real gateway, down to the RSA2 signature
//!    (`gateway`), performs `alipay.system.oauth.token` or `alipay.user.info.share` (`gateway::methods`), and signs the answer over the exact
//!    bytes of the node (`gateway::answer`). Errors have Alipay's codes (`gateway::error`).
//!
//! Tests act as the person with [`Simulator::agree`] and [`Simulator::refuse`], read what was asked with [`Simulator::requests`], and order a
//! misbehaviour with [`Simulator::set_fault`].
//!
//! ```
//! use vestibule_alipay_simulator::Simulator;
//!
//! # tokio::runtime::Runtime::new().unwrap().block_on(async {
//! let simulator = Simulator::builder().redirect_domain("127.0.0.1").start().await.unwrap();
//!
//! let mut authorize = simulator.authorize_url();
//! authorize
//!     .query_pairs_mut()
//!     .append_pair("app_id", simulator.app().app_id())
//!     .append_pair("scope", "auth_user")
//!     .append_pair("redirect_uri", "http://127.0.0.1:8000/callback")
//!     .append_pair("state", "c0ffee");
//! let callback = simulator.agree(&authorize, "zhangsan").unwrap();
//!
//! assert!(callback.as_str().starts_with("http://127.0.0.1:8000/callback?app_id="));
//! simulator.shutdown().await;
//! # });
//! ```
//!
//! What it does not speak: GBK, content encryption, REST v3, SM2, and any scope beyond `auth_base` and `auth_user`.

mod authority;
mod authorize;
mod avatar;
mod beijing_time;
mod certificate;
mod connection;
mod fault;
mod gateway;
mod key;
mod parameters;
mod random;
mod record;
mod registration;
mod serial_number;
mod server;
mod simulator;
mod state;
mod user;

pub use authority::{Authority, AuthorityError, CaClass, LeafRequest};
pub use authorize::{AuthorizeFault, Scope};
pub use certificate::{Certificate, IssuedCertificate};
pub use fault::{Fault, FaultPlan, INFO_METHOD, TOKEN_METHOD};
pub use key::{RsaKey, SharedKey};
pub use record::RecordedRequest;
pub use registration::{AppRegistration, Material};
pub use serial_number::{cert_sn, root_cert_sn};
pub use simulator::{Builder, Clock, Simulator};
pub use user::{Avatar, TestUser};
