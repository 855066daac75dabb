//! The command line.

mod cert;
mod doctor;
mod lists;
mod provider;
mod transfer;

use std::ffi::OsString;

use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{Args, CommandFactory as _, FromArgMatches as _, Parser, Subcommand};

pub use self::cert::{Cert, CertAdd, CertChange, CertList, CertShare, CertSort, CertStage, ShareWith};
pub use self::doctor::Doctor;
pub use self::lists::{Direction, Part};
pub use self::provider::{Provider, ProviderAdd, ProviderList, ProviderSort, State};
pub use self::transfer::{Export, Import, SecretsInFile};
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

/// The options that a demonstration does without.
const NOT_FOR_DEMO: &[&str] = &["data_dir", "database", "master_key_file", "master_key_command"];
/// The options that commands about cert records do not look at.
const NOT_FOR_CERT: &[&str] = &["public_url", "allow_upstream", "listen", "allow_return_to"];
/// Those that nobody needs to look at files.
const NOT_FOR_INSPECT: &[&str] = &["data_dir", "database", "master_key_file", "master_key_command"];
/// The options that commands about master keys do not look at.
const NOT_FOR_KEYS: &[&str] = &["public_url", "shared_owner", "allow_upstream", "listen", "allow_return_to"];
/// Those that nobody needs to move rows.
const NOT_FOR_TRANSFER: &[&str] = &["public_url", "allow_upstream", "listen", "allow_return_to"];
/// The options that commands about provider rows, and the doctor, do not look at.
const NOT_FOR_PROVIDER: &[&str] = &["allow_return_to"];

impl Cli {
    /// Reads a command line, the program's name first.
    ///
    /// # Errors
    /// What to print instead: the help, or what is wrong and how the command is used.
    pub fn read(arguments: impl IntoIterator<Item = OsString>) -> Result<Self, clap::Error> {
        let mut command = command();
        let matches = command.try_get_matches_from_mut(arguments)?;
        if let Some(("demo", given)) = matches.subcommand() {
            for option in NOT_FOR_DEMO {
                if given.value_source(option) == Some(ValueSource::CommandLine) {
                    let message = format!("demo keeps nothing and takes no --{}", option.replace('_', "-"));
                    let demo = command
                        .find_subcommand_mut("demo")
                        .map(|demo| demo.error(ErrorKind::ArgumentConflict, &message));
                    return Err(demo.unwrap_or_else(|| clap::Error::raw(ErrorKind::ArgumentConflict, message)));
                }
            }
        }
        Self::from_arg_matches(&matches)
    }
}

/// The commands, each with the help of the options that it looks at.
fn command() -> clap::Command {
    let plain = Cli::command();
    let of_all: Vec<_> = plain.get_arguments().filter(|option| option.is_global_set()).cloned().collect();
    // A command that has an option already is not given it a second time.
    let hide = |command: clap::Command, options: &[&str]| {
        let hidden = of_all.iter().filter(|option| options.contains(&option.get_id().as_str()));
        command.args(hidden.map(|option| option.clone().hide(true)))
    };
    let mut command = plain
        .mut_subcommand("demo", |demo| hide(demo, NOT_FOR_DEMO))
        .mut_subcommand("cert", |cert| {
            hide(cert, NOT_FOR_CERT).mut_subcommand("inspect", |inspect| hide(inspect, NOT_FOR_INSPECT))
        })
        .mut_subcommand("doctor", |doctor| hide(doctor, NOT_FOR_PROVIDER))
        .mut_subcommand("keys", |keys| hide(keys, NOT_FOR_KEYS))
        .mut_subcommand("export", |export| hide(export, NOT_FOR_TRANSFER))
        .mut_subcommand("import", |import| hide(import, NOT_FOR_TRANSFER))
        .mut_subcommand("provider", |provider| hide(provider, NOT_FOR_PROVIDER));
    let mut built = command.clone();
    built.build();
    command = with_usage_of(&mut built, command);
    command
}

/// Gives every command its usage line in words. The line that clap makes for an error lists every option that has a value, and so those whose variables
/// happen to be set.
fn with_usage_of(built: &mut clap::Command, mut command: clap::Command) -> clap::Command {
    for one in built.get_subcommands_mut() {
        if command.find_subcommand(one.get_name()).is_some() {
            let name = one.get_name().to_owned();
            command = command.mut_subcommand(name, |inner| with_usage_of(one, inner));
        }
    }
    let usage = built.render_usage().to_string();
    command.override_usage(usage.trim_start_matches("Usage: ").to_owned())
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
    /// Say what is wrong, or will be: rows nobody can sign in with, certificates that end, keys that are missed; seals what stands in
    /// the clear; fails when something is fatal
    Doctor(Doctor),
    /// Master keys, which seal private keys and secrets in the database
    #[command(subcommand)]
    Keys(Keys),
    /// Write all rows into one file, to be taken in elsewhere or kept
    Export(Export),
    /// Show what a file would change, and change it with --apply; a file of `vestibule export`, or Casdoor's `init_data.json`
    Import(Import),
}

/// How the demonstration runs.
#[derive(Debug, Args)]
pub struct Demo {
    /// Walk the sign-in without a browser, print who signed in, and end
    #[arg(long)]
    pub walk: bool,
}

/// What is done with master keys.
#[derive(Debug, Subcommand)]
pub enum Keys {
    /// List the ids of the master keys, which one seals, and how many stored values are sealed with each
    List,
    /// Put a new master key into the key file, unless an earlier rotation is unfinished, and seal everything anew with it;
    /// people go on signing in, and it can be interrupted and begun again
    Rotate {
        /// Put in a new key although an earlier rotation is unfinished, for example because something cannot be opened
        #[arg(long)]
        new_key: bool,
    },
    /// Take a former master key out of the key file; refused while something in the database is sealed with it
    Remove {
        /// The id of the key, as `vestibule keys list` shows it
        key: String,
    },
}
