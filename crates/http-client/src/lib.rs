//! The HTTP client towards upstreams: guarded addresses, bounded time and size, no redirects.
//!
//! Rows say where upstreams live, and rows are written by people who need not be trusted with the network the server stands in. So every request takes
//! the same way, which no provider can leave:
//!
//! 1. The **guard** judges the URL before anything is sent: `https`, no user name, a host, and where the host is an IP address, a public one. The URL
//!    parser has already turned `127.1`, `0x7f.1` and `2130706433` into the address they mean.
//! 2. The **resolver** judges names when a connection is made: addresses that are not public are dropped, and only those that were judged are dialled. A name
//!    that changes its answer between check and use (DNS rebinding) gains nothing.
//! 3. The request is sent over TLS 1.2 or 1.3 with Mozilla's roots. No proxy of the environment, no redirect, no `Referer`, no cookie, no second try.
//! 4. The answer is read up to a number of decompressed bytes and within a total time, whatever its headers announce.
//!
//! Exceptions are the installation's, not a row's: [`Settings::allow`] lists hosts that may be reached over plain http and at private addresses. They are
//! served by a client of their own, so that the strict one needs no exception.
//!
//! Failures are one [`Error`](vestibule_oauth_provider::Error) that names host and port, the cause and the remedy. Path and query never appear in an error
//! or a log, because they may carry codes and tokens.
//!
//! ```
//! use std::time::Duration;
//! use vestibule_http_client::{GuardedClient, Settings};
//!
//! let settings = Settings {
//!     allow: vec!["127.0.0.1:8090".parse()?],
//!     total_timeout: Duration::from_secs(5),
//!     ..Settings::default()
//! };
//! let client = GuardedClient::new(settings)?;
//! # Ok::<(), vestibule_oauth_provider::Error>(())
//! ```

mod addresses;
mod allowed;
mod client;
mod failure;
mod guard;
mod resolver;
mod settings;
mod tls;

pub use crate::allowed::AllowedHost;
pub use crate::client::GuardedClient;
pub use crate::resolver::{Resolver, SystemResolver};
pub use crate::settings::Settings;
