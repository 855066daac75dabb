//! The installation from which or into which rows are moved.

use std::sync::Arc;

use vestibule_certs_store::CertStore;
use vestibule_oauth_provider::{Clock, Random, Registry};
use vestibule_provider_store::ProviderStore;

/// The stores of an installation, and what else moving rows needs of it.
#[derive(Debug, Clone)]
pub struct Installation {
    /// Its cert records.
    pub certs: CertStore,
    /// Its provider rows.
    pub providers: ProviderStore,
    /// The provider types that it knows.
    pub registry: Arc<Registry>,
    /// When a file is written.
    pub clock: Arc<dyn Clock>,
    /// For nonces, salts and ids.
    pub random: Arc<dyn Random>,
}
