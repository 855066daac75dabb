//! What the most verbose log shows of a request: its host, never what it carries.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use vestibule_http_client::{GuardedClient, Settings};
use vestibule_oauth_provider::HttpClient;

use crate::upstream::{SECRET, Upstream, request};

#[derive(Clone, Default)]
struct Captured(Arc<Mutex<Vec<u8>>>);

impl Captured {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap()).into_owned()
    }
}

impl Write for Captured {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn the_most_verbose_log_shows_the_host_and_nothing_of_the_request() {
    let captured = Captured::default();
    let writer = captured.clone();
    // Also takes what libraries write to the `log` crate, as reqwest does.
    tracing_subscriber::fmt()
        .with_max_level(tracing_subscriber::filter::LevelFilter::TRACE)
        .with_writer(move || writer.clone())
        .init();

    let answer = format!("HTTP/1.1 200 OK\r\nset-cookie: {SECRET}\r\ncontent-length: 6\r\n\r\n{SECRET}");
    let upstream = Upstream::answering(answer).await;
    upstream.ask().await.unwrap();
    Upstream::answering("nonsense").await.ask().await.unwrap_err();
    let strict = GuardedClient::new(Settings::default()).unwrap();
    strict.send(request(upstream.url())).await.unwrap_err();

    let log = captured.text();
    assert!(log.contains("starting new connection"), "reqwest's own lines are captured: {log}");
    assert!(log.contains("upstream answered"), "{log}");
    assert!(log.contains(&upstream.address.to_string()), "{log}");
    assert!(!log.contains(SECRET), "{log}");
}
