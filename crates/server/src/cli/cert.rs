//! What is said of cert records.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::lists::{Direction, Part};

/// What is done with cert records.
#[derive(Debug, Subcommand)]
pub enum Cert {
    /// Add a cert record; what the files hold is judged first
    Add(CertAdd),
    /// List cert records, a page at a time
    List(CertList),
    /// Show a cert record, its versions, who may use its key and which rows use it; never a private key
    Show {
        /// The record, as owner/name
        record: String,
        /// One JSON object
        #[arg(long)]
        json: bool,
    },
    /// Stage a version: it is judged and kept beside the active one, and nothing signs with it yet
    Stage(CertStage),
    /// Say what would become of sign-ins with the staged version; fails when they would break
    Check {
        /// The record, as owner/name
        record: String,
        /// One JSON object
        #[arg(long)]
        json: bool,
    },
    /// Make the staged version the active one; the active one retires and goes on verifying
    Switch(CertChange),
    /// Make a retired version the active one again: the one that retired last, unless another is named
    RollBack {
        /// Which record
        #[command(flatten)]
        change: CertChange,
        /// The number of the version, as `vestibule cert show` says
        #[arg(long, value_name = "NUMBER")]
        to: Option<i64>,
    },
    /// Throw the staged version away
    Unstage(CertChange),
    /// Remove a version that is staged or retired; what names a removed one is not verified any more
    RemoveVersion {
        /// Which record
        #[command(flatten)]
        change: CertChange,
        /// The number of the version, as `vestibule cert show` says
        number: i64,
    },
    /// Say for which owners' rows and towards which hosts the private key signs
    Share(CertShare),
    /// Give it another name, in the record and in every row that names it
    Rename {
        /// Which record
        #[command(flatten)]
        change: CertChange,
        /// The name that it shall have, without the owner
        new_name: String,
    },
    /// Delete it with all its versions; refused while rows use it
    Delete(CertChange),
    /// Who changed it, and when, the newest first; of one that is deleted as well
    History {
        /// The record, as owner/name
        record: String,
        /// Which part
        #[command(flatten)]
        part: Part,
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
    /// Owner whose rows may sign with the key, besides the record's own; may be given several times [default: every owner]
    #[arg(long, value_name = "OWNER", value_delimiter = ',')]
    pub key_owners: Vec<String>,
    /// Host towards which the key signs; may be given several times [default: the vendor's own, and those of --allow-upstream]
    #[arg(long, value_name = "HOST", value_delimiter = ',')]
    pub key_hosts: Vec<String>,
    /// Put it in the place of the record of that name at once, without staging; a Private key field that is not given stays as
    /// it is
    #[arg(long, requires = "certificate")]
    pub replace: bool,
}

/// Which cert records are listed.
#[derive(Debug, Args)]
pub struct CertList {
    /// Only this owner's
    #[arg(long)]
    pub owner: Option<String>,
    /// Only those whose name has this in it, in upper or lower case
    #[arg(long, value_name = "TEXT")]
    pub contains: Option<String>,
    /// Only those whose certificate ends before this day (UTC), such as 2027-01-31
    #[arg(long, value_name = "DAY", value_parser = day, conflicts_with = "ends_within")]
    pub ends_before: Option<i64>,
    /// Only those whose certificate ends within so many days, or has ended
    #[arg(long, value_name = "DAYS")]
    pub ends_within: Option<u32>,
    /// By what they are sorted; not-after leaves out those of which it is not known
    #[arg(long, value_enum, default_value = "name")]
    pub sort: CertSort,
    /// From which end
    #[command(flatten)]
    pub direction: Direction,
    /// Which part
    #[command(flatten)]
    pub part: Part,
}

/// By what cert records are sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum CertSort {
    /// By owner, then name
    Name,
    /// By when the certificate ends
    NotAfter,
    /// By the last change
    Updated,
}

/// Which cert record is changed.
#[derive(Debug, Args)]
pub struct CertChange {
    /// The record, as owner/name
    pub record: String,
    /// Only as long as the record has this revision, as `vestibule cert show` says
    #[arg(long, value_name = "NUMBER")]
    pub revision: Option<i64>,
}

/// A version to be staged.
#[derive(Debug, Args)]
pub struct CertStage {
    /// Which record
    #[command(flatten)]
    pub change: CertChange,
    /// File for the Certificate field
    #[arg(long, value_name = "FILE")]
    pub certificate: PathBuf,
    /// File for the Private key field; without it that of the active version is kept
    #[arg(long, value_name = "FILE")]
    pub private_key: Option<PathBuf>,
    /// Put it in the place of a version that is staged already
    #[arg(long)]
    pub replace_staged: bool,
}

/// For whom and towards which hosts a private key signs.
#[derive(Debug, Args)]
pub struct CertShare {
    /// Which record
    #[command(flatten)]
    pub change: CertChange,
    /// For whom
    #[command(flatten)]
    pub with: ShareWith,
    /// Towards which hosts, the names separated by commas; without it, those that are the vendor's own or in --allow-upstream
    #[arg(long, value_name = "HOST", value_delimiter = ',')]
    pub hosts: Vec<String>,
}

/// For which owners' rows a private key signs, besides those of the record's own.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub struct ShareWith {
    /// The rows of these owners, the names separated by commas
    #[arg(long, value_name = "OWNER", value_delimiter = ',')]
    pub owners: Vec<String>,
    /// The rows of every owner
    #[arg(long)]
    pub every_owner: bool,
    /// Nobody else's rows
    #[arg(long)]
    pub nobody: bool,
}

/// The first moment of a day, in Unix seconds.
fn day(text: &str) -> Result<i64, String> {
    let expected = || "expected a day such as 2027-01-31".to_owned();
    let day: jiff::civil::Date = text.parse().map_err(|_| expected())?;
    let begins = day.to_zoned(jiff::tz::TimeZone::UTC).map_err(|_| expected())?;
    Ok(begins.timestamp().as_second())
}
