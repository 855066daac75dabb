//! What is said of provider rows.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::lists::{Direction, Part};

/// What is done with provider rows.
#[derive(Debug, Subcommand)]
pub enum Provider {
    /// Add a provider row; its config is checked first
    Add(ProviderAdd),
    /// List provider rows, a page at a time
    List(ProviderList),
    /// Show a provider row, its findings and the callback URL to register; fails when nobody can sign in with it
    Show {
        /// The row, as owner/name
        row: String,
        /// One JSON object
        #[arg(long)]
        json: bool,
    },
    /// Let people sign in with a row; its config is checked first
    Enable {
        /// The row, as owner/name
        row: String,
    },
    /// Let nobody sign in with a row
    Disable {
        /// The row, as owner/name
        row: String,
    },
    /// Give a row another name; its callback URL becomes another, which the upstream has to know first
    Rename {
        /// The row, as owner/name
        row: String,
        /// The name that it shall have, without the owner
        new_name: String,
    },
    /// Delete a row; accounts that were linked through it have no way in any more
    Delete {
        /// The row, as owner/name
        row: String,
    },
    /// Who changed a row, and when, the newest first; of one that is deleted as well
    History {
        /// The row, as owner/name
        row: String,
        /// Which part
        #[command(flatten)]
        part: Part,
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
    /// Store the row although it is not finished, switched off; finish it with --replace, then `vestibule provider enable`
    #[arg(long)]
    pub unfinished: bool,
    /// Store the row switched off
    #[arg(long)]
    pub disabled: bool,
    /// Put it in the place of the row of that name. The whole config is given anew; id, display name and whether it is
    /// enabled stay, unless they are given
    #[arg(long)]
    pub replace: bool,
}

/// Which provider rows are listed.
#[derive(Debug, Args)]
pub struct ProviderList {
    /// Only this owner's
    #[arg(long)]
    pub owner: Option<String>,
    /// Only those of this provider type
    #[arg(long = "type", value_name = "TYPE")]
    pub kind: Option<String>,
    /// Only those that are in this state
    #[arg(long, value_enum)]
    pub state: Option<State>,
    /// Only those whose name has this in it, in upper or lower case
    #[arg(long, value_name = "TEXT")]
    pub contains: Option<String>,
    /// Only those that name a cert record of this name, whoever's it is
    #[arg(long, value_name = "NAME")]
    pub cert: Option<String>,
    /// By what they are sorted
    #[arg(long, value_enum, default_value = "name")]
    pub sort: ProviderSort,
    /// From which end
    #[command(flatten)]
    pub direction: Direction,
    /// Which part
    #[command(flatten)]
    pub part: Part,
}

/// Whether people can sign in with a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum State {
    /// Switched on
    Enabled,
    /// Switched off
    Disabled,
}

/// By what provider rows are sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ProviderSort {
    /// By owner, then name
    Name,
    /// By provider type
    Type,
    /// By the last change
    Updated,
}
