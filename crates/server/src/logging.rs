//! Structured logs on standard error.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;
use vestibule::{Error, Result};

use crate::options::{LogFormat, Options};

/// Starts logging, filtered by `unless_told` unless the options say otherwise. What is logged never depends on a secret: this house's own lines carry none, and the libraries' lines were looked through at the
/// most verbose level by a test.
///
/// # Errors
/// `Configuration`, when the filter is none.
pub fn start(options: &Options, unless_told: &str) -> Result<()> {
    let filter = options.log.as_deref().unwrap_or(unless_told);
    let filter = EnvFilter::try_new(filter).map_err(|error| {
        Error::configuration(format!(
            "--log: \"{filter}\" is no filter ({error}); expected such as \"info\" or \"warn,vestibule_login=debug\""
        ))
    })?;
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    // A second start in one process (tests) keeps the first one's subscriber.
    let _ = match options.log_format.unwrap_or(LogFormat::Text) {
        LogFormat::Text => lines.try_init(),
        LogFormat::Json => lines.json().try_init(),
    };
    Ok(())
}
