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
use std::pin::Pin;

use vestibule::Result;

use crate::cli::{Cli, Command, Keys};
use crate::commands::Desk;
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
        Command::Cert(_)
        | Command::Provider(_)
        | Command::Doctor(_)
        | Command::Keys(_)
        | Command::Export(_)
        | Command::Import(_) => "warn",
    };
    logging::start(&options, usual)?;
    done(cli.command, options, out).await
}

/// Does it. Boxed: what every command keeps while it waits would otherwise be kept for each of them.
fn done<'a>(
    command: Command,
    options: Options,
    out: &'a mut (dyn Write + Send),
) -> Pin<Box<dyn Future<Output = Result<()>> + 'a>> {
    match command {
        Command::Serve => Box::pin(async move { serve(&options).await }),
        Command::Demo(demo) => Box::pin(async move { commands::demo::run(&demo, options, out).await }),
        Command::Cert(command) => Box::pin(async move { commands::cert::run(command, &options, out).await }),
        Command::Provider(command) => Box::pin(async move { commands::provider::run(command, &options, out).await }),
        Command::Doctor(doctor) => Box::pin(async move {
            let desk = Desk::open(&options, Absent::Refuse).await?;
            commands::doctor::doctor(&desk, &doctor, out).await
        }),
        Command::Keys(command) => Box::pin(async move { keys(command, &options, out).await }),
        Command::Export(export) => Box::pin(async move {
            let desk = Desk::open(&options, Absent::Refuse).await?;
            commands::export::export(&desk, &export, out).await
        }),
        Command::Import(import) => Box::pin(async move {
            // What is only shown makes no installation.
            let absent = if import.apply { Absent::Make } else { Absent::Refuse };
            commands::import::import(&Desk::open(&options, absent).await?, &import, out).await
        }),
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
