//! An offline Alipay: an authorize page, a gateway that checks everything, and a certificate authority of its own.
//!
//! It imports none of our crates and uses another crypto library than the Alipay provider, so that the two cannot be wrong together. Whoever
//! signs in against it has spoken Alipay's language correctly, as far as that language is documented.
//!
//! # The flow
//!
//! An [`Authority`] is made at run time and issues what a merchant downloads from Alipay's console: an application certificate, Alipay's own
//! certificate, the bundle of roots. An [`AppRegistration`] holds them for one application; its [`Material`] is the text of the four files. In public-key
//! mode ([`AppRegistration::in_public_key_mode`]) there are keys without certificates, and [`KeyMaterial`] instead.
//!
//! A [`Simulator`] listens and offers what production offers under other host names:
//!
//! 1. `GET /oauth2/publicAppAuthorize.htm` checks app id, scope, redirect URI and state by Alipay's rules (`authorize`), then shows a page on
//!    which a person picks one of the [`TestUser`]s and agrees or refuses. The answer is a redirect with `auth_code` and `state`.
//! 2. `POST /gateway.do` reads the parameters (`parameters`), checks them in the order of the real gateway, down to the signature
//!    (`gateway`), performs `alipay.system.oauth.token` or `alipay.user.info.share` (`gateway::methods`), and signs the answer over the exact
//!    bytes of the node in the charset of the request (`gateway::answer`). Errors have Alipay's codes (`gateway::error`).
//!
//! Tests act as the person with [`Simulator::agree`] and [`Simulator::refuse`], read what was asked with [`Simulator::requests`], and order a
//! misbehaviour with [`Simulator::set_fault`].
//!
//! # Without a browser
//!
//! A client that is to sign in many people posts `user=<key>&decision=agree` to the very address to which it was sent to agree: one call, answered by
//! the redirect to the callback. What the simulator remembers (codes, tokens, requests) is bounded, whatever the number of sign-ins.
//!
//! # Certificates that change
//!
//! An application may have several certificates registered at once, and Alipay's own can be replaced at a given moment, while the simulator serves:
//! [`Simulator::register_app_certificate`], [`Simulator::rotate_alipay_certificate`]. For other processes [`Builder::control`], on the command line
//! `--control 127.0.0.1:0`, opens an address on loopback that takes orders:
//!
//! | order | what happens | answer |
//! |---|---|---|
//! | `GET /apps/{app_id}` | nothing | `200`: `app_id`, `pid`, `alipay_cert_sn`, `alipay_root_cert_sn`, `app_cert_sns`, and `last_app_cert_sn`, which the last request named |
//! | `POST /apps/{app_id}/app-certificates` | a new key and app certificate, accepted from now on beside the others | `201`: `app_cert_sn`, `app_cert`, `app_private_key` |
//! | `POST /apps/{app_id}/alipay-certificates` | a new certificate of Alipay, for a new key or with `?key=same` for the present one; not used yet | `201`: `alipay_cert_sn`, `alipay_cert` |
//! | `POST /apps/{app_id}/alipay-certificates/{alipay_cert_sn}/use` | answers are signed with it from now on, or from `?from=` (seconds since 1970) | `204` |
//!
//! Answers are JSON; certificates are PEM, and the private key is written as Alipay's key tool writes it.
//!
//! # An example
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
//! What it does not speak: content encryption, REST v3, SM2, and any scope beyond `auth_base` and `auth_user`.

mod authority;
mod authorize;
mod avatar;
mod beijing_time;
mod certificate;
mod charset;
mod connection;
mod control;
mod enrolment;
mod fault;
mod gateway;
mod kept;
mod key;
mod parameters;
mod random;
mod record;
mod registration;
mod serial_number;
mod server;
mod sign_type;
mod simulator;
mod state;
mod user;

pub use authority::{Authority, AuthorityError, CaClass, LeafRequest};
pub use authorize::{AuthorizeFault, Scope};
pub use certificate::{Certificate, IssuedCertificate};
pub use charset::Charset;
pub use enrolment::UnknownApp;
pub use fault::{Fault, FaultPlan, INFO_METHOD, TOKEN_METHOD};
pub use key::{RsaKey, SharedKey};
pub use record::RecordedRequest;
pub use registration::{AppRegistration, KeyMaterial, Material, Mode};
pub use serial_number::{cert_sn, root_cert_sn};
pub use sign_type::SignType;
pub use simulator::{Builder, Clock, Simulator};
pub use user::{Avatar, TestUser};
