//! Log lines, kept.

use std::io::Write;
use std::sync::{Arc, Mutex};

use tokio::sync::watch;
use tracing::subscriber::DefaultGuard;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt::MakeWriter;

/// What was logged so far. Clones share it.
#[derive(Clone)]
pub(crate) struct Log {
    bytes: Arc<Mutex<Vec<u8>>>,
    grown: watch::Sender<()>,
}

impl Log {
    pub(crate) fn new() -> Self {
        Self { bytes: Arc::default(), grown: watch::Sender::new(()) }
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.bytes.lock().unwrap().clone()
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes()).into_owned()
    }

    /// The first complete line that contains `part`; waits until there is one.
    pub(crate) async fn line(&self, part: &str) -> String {
        let mut grown = self.grown.subscribe();
        let found = async {
            loop {
                grown.mark_unchanged();
                let text = self.text();
                let complete = text.split_inclusive('\n').find(|line| line.contains(part) && line.ends_with('\n'));
                if let Some(line) = complete {
                    return line.trim_end().to_owned();
                }
                grown.changed().await.unwrap();
            }
        };
        match tokio::time::timeout(std::time::Duration::from_secs(20), found).await {
            Ok(line) => line,
            Err(_) => panic!("no line contains {part:?}:\n{}", self.text()),
        }
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.bytes.lock().unwrap().extend_from_slice(bytes);
        self.grown.send_replace(());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// Everything that is logged on this thread while the guard lives; a test's runtime has one thread.
pub(crate) fn everything_logged() -> (Log, DefaultGuard) {
    let log = Log::new();
    let subscriber =
        tracing_subscriber::fmt().with_max_level(LevelFilter::TRACE).with_ansi(false).with_writer(log.clone()).finish();
    (log, tracing::subscriber::set_default(subscriber))
}
