//! The program `vestibule` as a process.

use std::ffi::OsStr;
use std::io::Write;
use std::path::Path;
use std::process::{ExitStatus, Output, Stdio};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;
use vestibule::Url;

use crate::support::{Browser, Log};

/// The program, without the settings of whoever runs the tests.
fn command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_vestibule"));
    command.env_clear().kill_on_drop(true);
    command
}

/// Runs the program to its end.
pub(crate) async fn run(arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Output {
    command().args(arguments).stdin(Stdio::null()).output().await.unwrap()
}

/// The same with variables in its environment and text on its standard input.
pub(crate) async fn run_with(
    environment: &[(&str, &str)],
    input: &str,
    arguments: impl IntoIterator<Item = impl AsRef<OsStr>>,
) -> Output {
    let mut command = command();
    command.args(arguments).envs(environment.iter().copied());
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // A program that ends early does not read its input, which is no fault of the test's.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes()).await;
    child.wait_with_output().await.unwrap()
}

/// Keeps what a process writes.
fn keep(mut output: impl AsyncRead + Unpin + Send + 'static) -> (Log, JoinHandle<()>) {
    let log = Log::new();
    let mut written = log.clone();
    let reading = tokio::spawn(async move {
        let mut buffer = vec![0; 64 * 1024];
        while let Ok(read @ 1..) = output.read(&mut buffer).await {
            written.write_all(&buffer[..read]).unwrap();
        }
    });
    (log, reading)
}

/// A server as a process. It is killed when this is dropped.
pub(crate) struct Program {
    child: Child,
    log: Log,
    reading: JoinHandle<()>,
    url: Url,
}

impl Program {
    /// `vestibule serve` with its data in `data`, on a free port of loopback.
    pub(crate) async fn serve(data: &Path, arguments: &[&str]) -> Self {
        let mut command = command();
        command.arg("serve").arg("--data-dir").arg(data).args(["--listen", "127.0.0.1:0"]).args(arguments);
        let mut child = command.stdin(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let (log, reading) = keep(child.stderr.take().unwrap());
        let line = log.line("listening").await;
        let address = line.split("address=").nth(1).unwrap().split_whitespace().next().unwrap();
        let url = Url::parse(&format!("http://{address}")).unwrap();
        Self { child, log, reading, url }
    }

    /// `vestibule demo` on a free port of loopback; what it makes is put into `folder`.
    pub(crate) async fn demo(folder: &Path) -> Self {
        let mut command = command();
        command.args(["demo", "--listen", "127.0.0.1:0"]).env("TMPDIR", folder);
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
        let (log, reading) = keep(child.stdout.take().unwrap());
        let line = log.line("Open ").await;
        let url = Url::parse(line.split_whitespace().nth(1).unwrap()).unwrap();
        Self { child, log, reading, url }
    }

    /// Under which URL it is reached.
    pub(crate) fn url(&self) -> &Url {
        &self.url
    }

    pub(crate) fn browser(&self) -> Browser {
        Browser::new(&self.url)
    }

    /// What it wrote so far: its log, or what a demonstration says.
    pub(crate) fn log(&self) -> &Log {
        &self.log
    }

    /// Asks it to end, waits until it has, and until its last log line is read.
    #[cfg(unix)]
    pub(crate) async fn stop(mut self) -> (ExitStatus, Log) {
        let id = self.child.id().unwrap();
        let asked = Command::new("sh").arg("-c").arg(format!("kill -TERM {id}")).status().await.unwrap();
        assert!(asked.success());
        let status = self.child.wait().await.unwrap();
        self.reading.await.unwrap();
        (status, self.log)
    }
}
