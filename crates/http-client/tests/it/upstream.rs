//! An upstream that does to its connections whatever a test says, and the client that asks it.

use std::future::Future;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use vestibule_http_client::{GuardedClient, Settings};
use vestibule_oauth_provider::{Error, ErrorKind, HttpClient, HttpRequest, HttpResponse, Url};

/// What no message and no log may show. It stands in path, query, header and body of every request.
pub(crate) const SECRET: &str = "s3cr3t";

pub(crate) struct Upstream {
    pub(crate) address: SocketAddr,
    connections: Arc<AtomicUsize>,
}

impl Upstream {
    /// Reads one request per connection, then lets `answer` go on with its head.
    pub(crate) async fn start<F>(answer: impl Fn(TcpStream, String) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let connections = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&connections);
        let answer = Arc::new(answer);
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                counter.fetch_add(1, Ordering::SeqCst);
                let answer = Arc::clone(&answer);
                tokio::spawn(async move {
                    let head = read_request(&mut stream).await;
                    answer(stream, head).await;
                });
            }
        });
        Self { address, connections }
    }

    /// Answers every request with these bytes and closes.
    pub(crate) async fn answering(bytes: impl Into<Vec<u8>>) -> Self {
        let bytes: Arc<[u8]> = bytes.into().into();
        Self::start(move |mut stream, _| {
            let bytes = Arc::clone(&bytes);
            async move {
                let _ = stream.write_all(&bytes).await;
                let _ = stream.shutdown().await;
                // Closing with unread bytes would reset the connection and take the answer away from its reader.
                let _ = tokio::io::copy(&mut stream, &mut tokio::io::sink()).await;
            }
        })
        .await
    }

    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    pub(crate) fn url(&self) -> Url {
        Url::parse(&format!("http://{}/{SECRET}/token?code={SECRET}", self.address)).unwrap()
    }

    /// Asks it with a client for which it is allowed.
    pub(crate) async fn ask(&self) -> Result<HttpResponse, Error> {
        let client = GuardedClient::new(settings_allowing(&self.address.to_string())).unwrap();
        client.send(request(self.url())).await
    }

    /// Asks it and expects a network failure whose message contains `words` and which shows nothing of the request anywhere.
    pub(crate) async fn fails_with(&self, words: &str) {
        let error = self.ask().await.unwrap_err();
        assert_eq!(*error.kind(), ErrorKind::Network, "{}", error.report());
        assert!(error.message().contains(words), "{}", error.report());
        assert!(error.message().contains(&self.address.to_string()), "{error}");
        shows_nothing(&error);
    }
}

pub(crate) fn request(url: Url) -> HttpRequest {
    HttpRequest::post_form(url, [("client_secret", SECRET)]).bearer(&vestibule_oauth_provider::Secret::new(SECRET))
}

/// Times are short where a test waits for them, and long enough for a busy machine where it does not.
pub(crate) fn settings_allowing(host: &str) -> Settings {
    Settings { allow: vec![host.parse().unwrap()], ..Settings::default() }
}

pub(crate) fn impatient(host: &str) -> Settings {
    Settings { total_timeout: Duration::from_millis(300), ..settings_allowing(host) }
}

pub(crate) fn shows_nothing(error: &Error) {
    for shown in [error.report(), format!("{error:?}")] {
        for hidden in [SECRET, "/token", "code="] {
            assert!(!shown.contains(hidden), "{shown}");
        }
    }
}

async fn read_request(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read(&mut byte).await {
            Ok(1) => head.extend_from_slice(&byte),
            _ => break,
        }
    }
    let head = String::from_utf8(head).unwrap();
    let announced = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    let mut body = vec![0; announced.map_or(0, |length| length.parse().unwrap())];
    let _ = stream.read_exact(&mut body).await;
    head
}
