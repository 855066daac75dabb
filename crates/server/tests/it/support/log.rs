//! Log lines, kept.

use std::cell::RefCell;
use std::io::Write;
use std::sync::{Arc, Mutex, Once};

use tokio::sync::watch;
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

thread_local! {
    static OF_THIS_THREAD: RefCell<Option<Log>> = const { RefCell::new(None) };
}

/// One subscriber for the whole process hands each line to the log of its thread: with a subscriber for each thread, what one thread finds switched off
/// may stay so for another (`tracing` remembers it with the place that logs).
struct ByThread;

impl<'a> MakeWriter<'a> for ByThread {
    type Writer = Box<dyn Write>;

    fn make_writer(&'a self) -> Self::Writer {
        match OF_THIS_THREAD.with_borrow(Clone::clone) {
            Some(log) => Box::new(log),
            None => Box::new(std::io::sink()),
        }
    }
}

/// Ends the log of this thread when it is dropped.
pub(crate) struct Logging;

impl Drop for Logging {
    fn drop(&mut self) {
        OF_THIS_THREAD.set(None);
    }
}

/// Everything that is logged on this thread while the guard lives; a test's runtime has one thread.
pub(crate) fn everything_logged() -> (Log, Logging) {
    static SUBSCRIBER: Once = Once::new();
    SUBSCRIBER.call_once(|| {
        let lines = tracing_subscriber::fmt().with_max_level(LevelFilter::TRACE).with_ansi(false);
        lines.with_writer(ByThread).try_init().expect("nobody else starts logging in this process");
    });
    let log = Log::new();
    OF_THIS_THREAD.set(Some(log.clone()));
    (log, Logging)
}
