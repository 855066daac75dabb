//! The command `vestibule`.

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;
use vestibule_server::cli::Cli;

#[tokio::main]
async fn main() -> ExitCode {
    let mut out = std::io::stdout();
    match vestibule_server::run(Cli::parse(), &mut out).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nothing is left to be done when even this cannot be written.
            let _ = writeln!(std::io::stderr(), "error: {}", error.report());
            ExitCode::FAILURE
        }
    }
}
