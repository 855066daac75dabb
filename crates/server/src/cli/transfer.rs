//! Moving rows into files and back.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// All rows, into a file.
#[derive(Debug, Args)]
pub struct Export {
    /// The file to make, for its owner only; - writes to standard output
    #[arg(long, short, value_name = "FILE")]
    pub output: PathBuf,
    /// What becomes of private keys and secrets
    #[arg(long, value_enum, default_value = "sealed")]
    pub secrets: SecretsInFile,
    /// File with the passphrase, one line; without it, `VESTIBULE_PASSPHRASE`, or whoever sits at the terminal is asked
    #[arg(long, value_name = "FILE")]
    pub passphrase_file: Option<PathBuf>,
}

/// What becomes of secrets in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SecretsInFile {
    /// Sealed under a passphrase
    Sealed,
    /// Left out; they are added by hand, or are those that are there already
    LeftOut,
}

/// A file to take in.
#[derive(Debug, Args)]
pub struct Import {
    /// The file
    pub file: PathBuf,
    /// Do it; otherwise it is only shown
    #[arg(long)]
    pub apply: bool,
    /// File with the passphrase, one line; without it, `VESTIBULE_PASSPHRASE`, or whoever sits at the terminal is asked
    #[arg(long, value_name = "FILE")]
    pub passphrase_file: Option<PathBuf>,
    /// A value for a field that rows of Casdoor lack, such as `Alipay.subject=user_id`
    #[arg(long, value_name = "TYPE.FIELD=VALUE")]
    pub set: Vec<String>,
    /// One JSON object with the plan and what was done
    #[arg(long)]
    pub json: bool,
}
