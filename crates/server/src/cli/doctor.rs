//! What is examined.

use clap::Args;

/// What is examined: everything, unless a row or a record is named.
#[derive(Debug, Args)]
pub struct Doctor {
    /// Only this provider row, as owner/name
    #[arg(long, value_name = "OWNER/NAME", conflicts_with = "cert")]
    pub provider: Option<String>,
    /// Only this cert record, as owner/name
    #[arg(long, value_name = "OWNER/NAME")]
    pub cert: Option<String>,
    /// Name the rows as well of which there is nothing to say
    #[arg(long)]
    pub all: bool,
    /// One JSON object
    #[arg(long)]
    pub json: bool,
}
