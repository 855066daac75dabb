//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::options::Options;

/// Upstream sign-in as plugins: provider rows and cert records in a database, a login engine, and a server around them.
#[derive(Debug, Parser)]
#[command(name = "vestibule", version, max_term_width = 110)]
pub struct Cli {
    /// What the installation is told.
    #[command(flatten)]
    pub options: Options,
    /// What is to be done.
    #[command(subcommand)]
    pub command: Command,
}

/// What is to be done.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the server
    Serve,
    /// Run the server together with an Alipay simulator, everything made for it, nothing kept
    Demo(Demo),
    /// Cert records: certificates and keys, found by name
    #[command(subcommand)]
    Cert(Cert),
    /// Provider rows: which upstreams exist
    #[command(subcommand)]
    Provider(Provider),
}

/// How the demonstration runs.
#[derive(Debug, Args)]
pub struct Demo {
    /// Walk the sign-in without a browser, print who signed in, and end
    #[arg(long)]
    pub walk: bool,
}

/// What is done with cert records.
#[derive(Debug, Subcommand)]
pub enum Cert {
    /// Add a cert record; what the files hold is judged first
    Add(CertAdd),
    /// List cert records
    List {
        /// Only this owner's
        #[arg(long)]
        owner: Option<String>,
    },
    /// Show a cert record; never its private key
    Show {
        /// The record, as owner/name
        record: String,
    },
    /// Say what files hold: certificates, bundles, keys; nothing is stored
    Inspect {
        /// Files to look at
        #[arg(required = true)]
        files: Vec<PathBuf>,
        /// One JSON array with an object for each file
        #[arg(long)]
        json: bool,
    },
}

/// A cert record to add.
#[derive(Debug, Args)]
pub struct CertAdd {
    /// The record, as owner/name; records of the shared owner can be named by every owner's rows
    pub record: String,
    /// What people see
    #[arg(long, default_value = "")]
    pub display_name: String,
    /// File for the Certificate field, such as appCertPublicKey.crt
    #[arg(long, value_name = "FILE")]
    pub certificate: Option<PathBuf>,
    /// File for the Private key field, such as appPrivateKey.txt
    #[arg(long, value_name = "FILE")]
    pub private_key: Option<PathBuf>,
    /// Put it in the place of the record of that name; a Private key field that is not given stays as it is
    #[arg(long, requires = "certificate")]
    pub replace: bool,
}

/// What is done with provider rows.
#[derive(Debug, Subcommand)]
pub enum Provider {
    /// Add a provider row; its config is checked first
    Add(ProviderAdd),
    /// List provider rows
    List {
        /// Only this owner's
        #[arg(long)]
        owner: Option<String>,
    },
    /// Show a provider row, its findings and the callback URL to register
    Show {
        /// The row, as owner/name
        row: String,
    },
    /// Let people sign in with a row
    Enable {
        /// The row, as owner/name
        row: String,
    },
    /// Let nobody sign in with a row
    Disable {
        /// The row, as owner/name
        row: String,
    },
}

/// A provider row to add.
#[derive(Debug, Args)]
pub struct ProviderAdd {
    /// The row, as owner/name
    pub row: String,
    /// The provider type, such as Alipay
    #[arg(long = "type", value_name = "TYPE")]
    pub kind: String,
    /// What people see on the button
    #[arg(long, default_value = "")]
    pub display_name: String,
    /// File with the config, a JSON object; - reads standard input
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// One field of the config; secrets belong into --config, other users of a machine can read a command line
    #[arg(long, value_name = "FIELD=VALUE")]
    pub set: Vec<String>,
    /// Store the row although it is not finished; nobody can sign in with it until it is
    #[arg(long)]
    pub unfinished: bool,
    /// Store the row switched off
    #[arg(long)]
    pub disabled: bool,
    /// Put it in the place of the row of that name, whose id stays
    #[arg(long)]
    pub replace: bool,
}
