//! A line to a database server that can be cut, refused, or left hanging.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

/// What happens to what is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Line {
    /// It arrives.
    Open,
    /// It waits.
    Hanging,
    /// The connections end.
    Cut,
}

pub(crate) struct Proxy {
    server: Arc<str>,
    place: SocketAddr,
    line: watch::Sender<Line>,
    /// Connections with a smaller number are lost.
    lost: watch::Sender<u64>,
    listening: Option<JoinHandle<()>>,
}

impl Proxy {
    /// Stands before the server of `url`; the second is the same URL through the proxy.
    pub(crate) async fn before(url: &str) -> (Self, String) {
        let (_, rest) = url.split_once("://").unwrap();
        let host = rest.split('/').next().unwrap().rsplit('@').next().unwrap();
        let default = if url.starts_with("postgres") { 5432 } else { 3306 };
        let server = if host.contains(':') { host.to_owned() } else { format!("{host}:{default}") };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let place = listener.local_addr().unwrap();
        let mut proxy = Self {
            server: server.into(),
            place,
            line: watch::Sender::new(Line::Open),
            lost: watch::Sender::new(0),
            listening: None,
        };
        proxy.listen(listener);
        (proxy, url.replacen(host, &place.to_string(), 1))
    }

    fn listen(&mut self, listener: TcpListener) {
        let (server, line, lost) = (self.server.clone(), self.line.clone(), self.lost.clone());
        self.listening = Some(tokio::spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                let state = State { number: *lost.borrow(), line: line.subscribe(), lost: lost.subscribe() };
                connections.spawn(forward(client, server.clone(), state));
            }
        }));
    }

    /// What is sent from here on waits, in both directions; connections are still taken.
    pub(crate) fn hang(&self) {
        self.line.send_replace(Line::Hanging);
    }

    /// What waits goes on.
    pub(crate) fn go_on(&self) {
        self.line.send_replace(Line::Open);
    }

    /// What is sent over the connections of today waits for ever, as with a firewall that has forgotten them. Others work.
    pub(crate) fn lose(&self) {
        self.lost.send_modify(|lost| *lost += 1);
    }

    /// Ends every connection, as a server does that is started again.
    pub(crate) async fn cut(&self) {
        // The connections hold a receiver each, and are gone when it is.
        self.line.send_replace(Line::Cut);
        self.line.closed().await;
        self.line.send_replace(Line::Open);
    }

    /// Ends every connection and refuses others, as a server does that is stopped.
    pub(crate) async fn stop(&mut self) {
        if let Some(listening) = self.listening.take() {
            listening.abort();
            let _ = listening.await;
        }
        self.cut().await;
    }

    /// Takes connections again.
    pub(crate) async fn start(&mut self) {
        let listener = TcpListener::bind(self.place).await.unwrap();
        self.listen(listener);
    }
}

/// What a connection knows.
#[derive(Clone)]
struct State {
    number: u64,
    line: watch::Receiver<Line>,
    lost: watch::Receiver<u64>,
}

impl State {
    /// Waits until the connection is cut.
    async fn cut(mut self) {
        let _ = self.line.wait_for(|line| *line == Line::Cut).await;
    }

    /// Waits until something may pass, and says whether it may: otherwise the connection is cut.
    async fn passes(&mut self) -> bool {
        let line = self.line.wait_for(|line| *line != Line::Hanging).await.map(|line| *line);
        if *self.lost.borrow() > self.number {
            self.clone().cut().await;
            return false;
        }
        line.is_ok_and(|line| line == Line::Open)
    }
}

async fn forward(client: TcpStream, server: Arc<str>, state: State) {
    let Ok(server) = TcpStream::connect(&*server).await else { return };
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    tokio::select! {
        () = carry(from_client, to_server, state.clone()) => {}
        () = carry(from_server, to_client, state) => {}
    }
}

async fn carry(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, mut state: State) {
    let mut bytes = vec![0; 16 * 1024];
    loop {
        let read = tokio::select! {
            read = from.read(&mut bytes) => read,
            () = state.clone().cut() => return,
        };
        let Ok(count @ 1..) = read else { return };
        if !state.passes().await || to.write_all(&bytes[..count]).await.is_err() {
            return;
        }
    }
}
