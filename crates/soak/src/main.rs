//! Long checks of a whole installation, outside the gate that every change passes: real server processes, real databases of their own, an Alipay that is
//! simulated, and things that go wrong on purpose.
//!
//! Each scenario prints what it measured and ends with an error at the first promise that does not hold. See `docs/soak.md`.

mod browser;
mod crowd;
mod failure;
mod free_port;
mod installation;
mod material;
mod program;
mod proxy;
mod report;
mod scenarios;
mod servers;
mod time;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, ValueEnum};

use crate::failure::Outcome;
use crate::report::say;
use crate::servers::Kind;

/// Long checks of vestibule with real processes and databases.
///
/// PostgreSQL and MariaDB must be installed; every scenario starts servers of its own and removes what they wrote.
#[derive(Debug, Parser)]
#[command(name = "vestibule-soak", version, max_term_width = 110)]
struct Arguments {
    /// What is to be checked.
    #[arg(required = true)]
    scenarios: Vec<Scenario>,
    /// Only on these databases; each scenario has its own choice.
    #[arg(long, value_delimiter = ',')]
    database: Vec<Kind>,
    /// The program under test [default: vestibule beside this program]
    #[arg(long, value_name = "FILE")]
    vestibule: Option<PathBuf>,
    /// How often, how many: sign-ins (rotation, 2000), rounds of each operation (kill, 20), attempts (flood, 100000), rows (scale, 100000), seconds
    /// without a database (outage, 10)
    #[arg(long)]
    size: Option<usize>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Scenario {
    /// Certificates and master key are rotated while people sign in over two servers
    Rotation,
    /// The program is killed in the middle of writing
    Kill,
    /// Sign-ins are begun and abandoned
    Flood,
    /// Many rows
    Scale,
    /// The database is away for a while
    Outage,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(format_args!("\nFAILED: {error}"));
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> Outcome {
    let program = match arguments.vestibule {
        Some(program) => program,
        None => std::env::current_exe()?.with_file_name("vestibule"),
    };
    if !program.is_file() {
        return Err(format!(
            "there is no program \"{}\"; build it with `cargo build --release -p vestibule-server`, or name it with --vestibule",
            program.display()
        )
        .into());
    }
    for scenario in arguments.scenarios {
        let or = |default: &[Kind]| {
            if arguments.database.is_empty() { default.to_vec() } else { arguments.database.clone() }
        };
        match scenario {
            Scenario::Rotation => {
                for kind in or(&[Kind::Postgres]) {
                    scenarios::rotation::run(&program, kind, arguments.size.unwrap_or(2000)).await?;
                }
            }
            Scenario::Kill => {
                for kind in or(&Kind::ALL) {
                    scenarios::kill::run(&program, kind, arguments.size.unwrap_or(20)).await?;
                }
            }
            Scenario::Flood => {
                for kind in or(&[Kind::Postgres]) {
                    scenarios::flood::run(&program, kind, arguments.size.unwrap_or(100_000)).await?;
                }
            }
            Scenario::Scale => {
                for kind in or(&Kind::ALL) {
                    scenarios::scale::run(&program, kind, arguments.size.unwrap_or(100_000)).await?;
                }
            }
            Scenario::Outage => {
                for kind in or(&[Kind::Postgres, Kind::MariaDb]) {
                    scenarios::outage::run(&program, kind, arguments.size.unwrap_or(10)).await?;
                }
            }
        }
    }
    say(format_args!("\neverything held"));
    Ok(())
}
