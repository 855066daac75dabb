//! A private PostgreSQL server.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::process::Command;

use super::owner;
use crate::failure::Outcome;
use crate::free_port::free_port;

const USER: &str = "postgres";

#[derive(Debug)]
pub(crate) struct Postgres {
    pub(super) port: u16,
    programs: PathBuf,
    data: PathBuf,
}

impl Postgres {
    pub(super) async fn start(folder: &Path) -> Outcome<Self> {
        let server = Self { port: free_port()?, programs: programs()?, data: folder.join("postgres") };
        owner::data_folder(USER, &server.data).await?;
        let mut make = owner::command_as(USER, &server.programs.join("initdb")).await?;
        make.arg("--pgdata").arg(&server.data);
        make.args(["--username=postgres", "--auth=trust", "--encoding=UTF8", "--no-locale", "--no-sync"]);
        owner::succeed(&mut make).await?;
        server.run().await?;
        Ok(server)
    }

    pub(super) async fn run(&self) -> Outcome {
        // The socket's folder is the server's own; its user may write to no other for sure. Nothing is written through to the disk: what is to survive
        // is the end of a process, not of the machine.
        let options = format!("-p {} -h 127.0.0.1 -k '{}' -F", self.port, self.data.display());
        let mut run = self.control().await?;
        run.args(["-w", "-t", "60", "-o", &options, "-l"]).arg(self.data.join("log")).arg("start");
        // The server inherits what its starter has open; a pipe would never end.
        let status = run.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status().await?;
        if status.success() {
            return Ok(());
        }
        Err(format!("PostgreSQL does not start:\n{}", owner::tail(&self.data.join("log"))).into())
    }

    pub(super) async fn stop(&self) -> Outcome {
        owner::succeed(self.control().await?.args(["-m", "immediate", "-w", "stop"])).await
    }

    async fn control(&self) -> Outcome<Command> {
        let mut command = owner::command_as(USER, &self.programs.join("pg_ctl")).await?;
        command.arg("--pgdata").arg(&self.data);
        Ok(command)
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // The first line of the file is the id of the server's process, if it runs.
        let Ok(lines) = std::fs::read_to_string(self.data.join("postmaster.pid")) else { return };
        if let Some(id) = lines.lines().next() {
            // SIGQUIT ends it with all its children, at once.
            let _ = std::process::Command::new("kill").args(["-QUIT", id]).status();
        }
    }
}

/// The programs of the newest version that Debian has installed, or those in the PATH.
fn programs() -> Outcome<PathBuf> {
    let installed = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let installed = installed.map(|version| version.path().join("bin"));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let newest = installed.filter(|bin| bin.join("initdb").is_file()).max_by_key(|bin| version(bin));
    let found = newest.or_else(|| std::env::split_paths(&path).find(|bin| bin.join("initdb").is_file()));
    found.ok_or_else(|| "there is no PostgreSQL server here; install Debian's package postgresql".into())
}

/// The number in `/usr/lib/postgresql/15/bin`.
fn version(bin: &Path) -> u32 {
    let name = bin.parent().and_then(Path::file_name).and_then(|name| name.to_str());
    name.and_then(|name| name.parse().ok()).unwrap_or_default()
}
