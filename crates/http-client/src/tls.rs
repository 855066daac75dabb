//! TLS towards upstreams.

use std::sync::Arc;

use rustls::{ClientConfig, RootCertStore};
use vestibule_oauth_provider::{Error, Result};

/// Mozilla's roots, compiled in: what is trusted does not depend on the machine.
pub(crate) fn public_roots() -> RootCertStore {
    RootCertStore::from_iter(webpki_roots::TLS_SERVER_ROOTS.iter().cloned())
}

/// TLS 1.2 and 1.3 on ring. A provider of the whole process is neither installed nor asked: that choice belongs to the program that embeds this.
pub(crate) fn config(roots: RootCertStore) -> Result<ClientConfig> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| Error::internal("tls could not be set up").caused_by(error))?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}
