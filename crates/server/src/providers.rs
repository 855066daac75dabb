//! The list of provider types that this server knows. A new provider is its own crate and one line here.

use vestibule::{Registry, Result};

/// All provider types.
///
/// # Errors
/// `Configuration`, when two of them have the same name.
pub fn registry() -> Result<Registry> {
    let mut registry = Registry::new();
    registry.add(vestibule::alipay::Alipay)?;
    Ok(registry)
}
