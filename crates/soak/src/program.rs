//! The program under test, as a process.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use hyper::StatusCode;
use tokio::process::{Child, Command};
use url::Url;

use crate::browser::{Cookies, Web};
use crate::failure::Outcome;
use crate::time;

/// A server that answers. It is killed when this is dropped.
#[derive(Debug)]
pub(crate) struct Program {
    child: Child,
    url: Url,
    log: PathBuf,
}

impl Program {
    /// Runs `command`, which is to listen at `port`, and waits until it is ready.
    pub(crate) async fn start(mut command: Command, port: u16, log: &Path, web: &Web) -> Outcome<Self> {
        let file = File::options().create(true).append(true).open(log)?;
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(file).kill_on_drop(true);
        let url = Url::parse(&format!("http://127.0.0.1:{port}/"))?;
        let mut program = Self { child: command.spawn()?, url, log: log.to_owned() };
        for _ in 0..1200 {
            if program.is_ready(web).await {
                return Ok(program);
            }
            if let Some(status) = program.child.try_wait()? {
                return Err(format!("the server ended with {status}:\n{}", program.last_words()).into());
            }
            time::pause(Duration::from_millis(50)).await;
        }
        Err(format!("the server is not ready after a minute:\n{}", program.last_words()).into())
    }

    /// Under which address it is reached.
    pub(crate) fn url(&self) -> &Url {
        &self.url
    }

    /// Whether `/readyz` says so.
    pub(crate) async fn is_ready(&self, web: &Web) -> bool {
        let Ok(url) = self.url.join("/readyz") else { return false };
        web.get(&url, &Cookies::default()).await.is_ok_and(|answer| answer.status == StatusCode::OK)
    }

    /// Its memory that is not swapped out, in KiB.
    pub(crate) fn memory(&self) -> Outcome<u64> {
        let id = self.child.id().ok_or("the server has ended")?;
        let status = std::fs::read_to_string(format!("/proc/{id}/status"))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
        let number = line.trim().split(' ').next().unwrap_or_default();
        number.parse().map_err(|_| format!("no memory in the status of process {id}").into())
    }

    /// Ends it as `kill -9` does.
    pub(crate) async fn kill(mut self) -> Outcome {
        Ok(self.child.kill().await?)
    }

    /// The end of its log.
    pub(crate) fn last_words(&self) -> String {
        let log = std::fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<_> = log.lines().rev().take(20).collect();
        lines.into_iter().rev().collect::<Vec<_>>().join("\n")
    }
}
