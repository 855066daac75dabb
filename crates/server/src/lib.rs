//! The server: configuration, wiring and command line.
//!
//! `main` reads the command line ([`cli`]) and the other [`options`], starts logging, and runs one of the [`commands`]. [`storage`] is where rows and master key are. [`server::Server`] is what `serve` and
//! `demo` run: the facade's routes, pages of its own ([`pages`]: which ways there are to sign in, and who you are), a [`session`] in a sealed cookie, health,
//! and the background work. [`providers`] is the list of provider types; it and the demonstration are the only places here that know a vendor's name.

mod access_log;
pub mod cli;
pub mod commands;
pub mod logging;
pub mod options;
pub mod pages;
pub mod providers;
pub mod server;
mod serving;
pub mod session;
pub mod storage;
mod unreadable;
pub mod walk;

use std::io::Write;

use vestibule::Result;

use crate::cli::{Cert, Cli, Command, Keys, Provider};
use crate::commands::Desk;
use crate::commands::inspect::Format;
use crate::commands::keys::NewKey;
use crate::options::Options;
use crate::server::Server;
use crate::storage::Absent;

/// Does what the command line asks; answers go to `out`, log lines to standard error.
///
/// # Errors
/// For the person at the terminal: what is wrong, where, and the remedy.
pub async fn run(cli: Cli, out: &mut (dyn Write + Send)) -> Result<()> {
    let options = cli.options.with_file()?;
    let usual = match &cli.command {
        Command::Serve => "info",
        // The others talk to a person, who is not to look for the answer between log lines.
        Command::Demo(_) => "error",
        Command::Cert(_) | Command::Provider(_) | Command::Keys(_) | Command::Export(_) | Command::Import(_) => "warn",
    };
    logging::start(&options, usual)?;
    match cli.command {
        Command::Serve => serve(&options).await,
        Command::Demo(demo) => commands::demo::run(&demo, options, out).await,
        Command::Cert(command) => cert(command, &options, out).await,
        Command::Provider(command) => provider(command, &options, out).await,
        Command::Keys(command) => keys(command, &options, out).await,
        Command::Export(export) => {
            commands::export::export(&Desk::open(&options, Absent::Refuse).await?, &export, out).await
        }
        Command::Import(import) => {
            // What is only shown makes no installation.
            let absent = if import.apply { Absent::Make } else { Absent::Refuse };
            commands::import::import(&Desk::open(&options, absent).await?, &import, out).await
        }
    }
}

async fn cert(command: Cert, options: &Options, out: &mut (dyn Write + Send)) -> Result<()> {
    match command {
        Cert::Add(add) => {
            // Where there is nothing, nothing can be replaced.
            let absent = if add.replace { Absent::Refuse } else { Absent::Make };
            commands::cert::add(&Desk::open(options, absent).await?, add, out).await
        }
        Cert::List { owner } => {
            commands::cert::list(&Desk::open(options, Absent::Refuse).await?, owner.as_deref(), out).await
        }
        Cert::Show { record } => commands::cert::show(&Desk::open(options, Absent::Refuse).await?, &record, out).await,
        Cert::Inspect { files, json } => {
            let format = if json { Format::Json } else { Format::Text };
            commands::inspect::inspect(&files, format, &providers::registry()?, out)
        }
    }
}

async fn provider(command: Provider, options: &Options, out: &mut (dyn Write + Send)) -> Result<()> {
    let absent = match &command {
        Provider::Add(add) if !add.replace => Absent::Make,
        _ => Absent::Refuse,
    };
    let desk = Desk::open(options, absent).await?;
    match command {
        Provider::Add(add) => commands::provider::add(&desk, add, out).await,
        Provider::List { owner } => commands::provider::list(&desk, owner.as_deref(), out).await,
        Provider::Show { row } => commands::provider::show(&desk, &row, out).await,
        Provider::Enable { row } => commands::provider::enable(&desk, &row, out).await,
        Provider::Disable { row } => commands::provider::disable(&desk, &row).await,
    }
}

async fn keys(command: Keys, options: &Options, out: &mut (dyn Write + Send)) -> Result<()> {
    let desk = Desk::open(options, Absent::Refuse).await?;
    match command {
        Keys::List => commands::keys::list(&desk, out).await,
        Keys::Rotate { new_key: true } => commands::keys::rotate(&desk, NewKey::Always, out).await,
        Keys::Rotate { new_key: false } => commands::keys::rotate(&desk, NewKey::UnlessUnfinished, out).await,
        Keys::Remove { key } => commands::keys::remove(&desk, &key, out).await,
    }
}

async fn serve(options: &Options) -> Result<()> {
    let listener = server::listen(options.listen()).await?;
    let server = Server::start(options, listener).await?;
    server::asked_to_stop().await;
    tracing::info!("asked to stop");
    server.stop().await;
    Ok(())
}
