//! The server: configuration, wiring and command line.
//!
//! `main` reads the command line ([`cli`]) and the other [`options`], starts logging, and runs one of the [`commands`]. [`server::Server`] is what `serve` and
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
pub mod walk;

use std::io::Write;

use vestibule::{Error, PublicUrl, Result, Vestibule};

use crate::cli::{Cert, Cli, Command, Provider};
use crate::commands::inspect::Format;
use crate::options::Options;
use crate::server::Server;

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
        Command::Cert(_) | Command::Provider(_) => "warn",
    };
    logging::start(&options, usual)?;
    match cli.command {
        Command::Serve => serve(&options).await,
        Command::Demo(demo) => commands::demo::run(&demo, options, out).await,
        Command::Cert(Cert::Inspect { files, json }) => {
            let format = if json { Format::Json } else { Format::Text };
            commands::inspect::inspect(&files, format, &providers::registry()?, out)
        }
        Command::Cert(command) => {
            let vestibule = open(&options).await?;
            match command {
                Cert::Add(add) => commands::cert::add(&vestibule, add, out).await,
                Cert::List { owner } => commands::cert::list(&vestibule, owner.as_deref(), out).await,
                Cert::Show { record } => commands::cert::show(&vestibule, &record, out).await,
                Cert::Inspect { .. } => Ok(()),
            }
        }
        Command::Provider(command) => {
            let vestibule = open(&options).await?;
            match command {
                Provider::Add(add) => commands::provider::add(&vestibule, add, out).await,
                Provider::List { owner } => commands::provider::list(&vestibule, owner.as_deref(), out).await,
                Provider::Show { row } => commands::provider::show(&vestibule, &row, out).await,
                Provider::Enable { row } => commands::provider::enable(&vestibule, &row).await,
                Provider::Disable { row } => commands::provider::disable(&vestibule, &row).await,
            }
        }
    }
}

async fn serve(options: &Options) -> Result<()> {
    let address = options.listen();
    let listener = tokio::net::TcpListener::bind(address)
        .await
        .map_err(|error| Error::configuration(format!("cannot listen on {address}")).caused_by(error))?;
    let server = Server::start(options, listener).await?;
    server::asked_to_stop().await;
    tracing::info!("asked to stop");
    server.stop().await;
    Ok(())
}

/// The installation, for commands that serve nothing.
async fn open(options: &Options) -> Result<Vestibule> {
    let public_url: PublicUrl = options.public_url(options.listen())?;
    server::open(options, public_url).await
}
