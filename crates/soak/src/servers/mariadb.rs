//! A private MariaDB server.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::process::{Child, Command};

use super::owner;
use crate::failure::Outcome;
use crate::free_port::free_port;
use crate::time;

const USER: &str = "mysql";

#[derive(Debug)]
pub(crate) struct MariaDb {
    pub(super) port: u16,
    data: PathBuf,
    process: Option<Child>,
}

impl MariaDb {
    pub(super) async fn start(folder: &Path) -> Outcome<Self> {
        let data = folder.join("mariadb");
        owner::data_folder(USER, &data).await?;
        let mut make = owner::command_as(USER, Path::new("mariadb-install-db")).await?;
        make.args(["--no-defaults", "--auth-root-authentication-method=normal", "--skip-name-resolve"]);
        owner::succeed(make.arg(format!("--datadir={}", data.display()))).await?;
        let mut server = Self { port: free_port()?, data, process: None };
        server.run().await?;
        owner::succeed(server.client().args(["--execute", "CREATE DATABASE vestibule CHARACTER SET latin1"])).await?;
        Ok(server)
    }

    pub(super) async fn run(&mut self) -> Outcome {
        let log = File::options().create(true).append(true).open(self.data.with_extension("log"))?;
        let mut server = Command::new("mariadbd");
        server.arg("--no-defaults").arg("--datadir").arg(&self.data).arg("--socket").arg(self.data.join("socket"));
        if owner::is_root().await? {
            server.args(["--user", USER]);
        }
        server.args([
            "--bind-address=127.0.0.1",
            "--skip-name-resolve",
            "--skip-log-bin",
            "--innodb-flush-method=nosync",
        ]);
        server.arg("--port").arg(self.port.to_string());
        server.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).kill_on_drop(true);
        let server = server.spawn();
        let server = self
            .process
            .insert(server.map_err(|error| format!("mariadbd: {error}; install Debian's package mariadb-server"))?);
        let log = self.data.with_extension("log");
        for _ in 0..600 {
            if let Some(status) = server.try_wait()? {
                return Err(format!("MariaDB ended with {status}:\n{}", owner::tail(&log)).into());
            }
            if owner::succeed(client(self.port).args(["--execute", "SELECT 1"])).await.is_ok() {
                return Ok(());
            }
            time::pause(Duration::from_millis(100)).await;
        }
        Err(format!("MariaDB does not answer:\n{}", owner::tail(&log)).into())
    }

    pub(super) async fn stop(&mut self) -> Outcome {
        if let Some(mut process) = self.process.take() {
            process.kill().await?;
        }
        Ok(())
    }

    pub(super) fn client(&self) -> Command {
        client(self.port)
    }
}

fn client(port: u16) -> Command {
    let mut client = Command::new("mariadb");
    client.args(["--no-defaults", "--protocol=tcp", "--host=127.0.0.1", "--user=root", "--connect-timeout=10"]);
    client.args(["--default-character-set=utf8mb4"]).arg("--port").arg(port.to_string());
    client
}
