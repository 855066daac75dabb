//! A line to a database server that can be taken away and given back.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};
use vestibule::Url;

/// A line, which ends when this is dropped.
pub(crate) struct Line {
    server: Arc<str>,
    address: SocketAddr,
    serving: JoinHandle<()>,
}

impl Drop for Line {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Line {
    /// A line to the server of `url`, and the URL that leads over it.
    pub(crate) async fn to(url: &str, default_port: u16) -> (Self, String) {
        let mut url = Url::parse(url).unwrap();
        let server = format!("{}:{}", url.host_str().unwrap(), url.port().unwrap_or(default_port)).into();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        url.set_host(Some("127.0.0.1")).unwrap();
        url.set_port(Some(address.port())).unwrap();
        let serving = serve(listener, Arc::clone(&server));
        (Self { server, address, serving }, url.into())
    }

    /// The port that it has here.
    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    /// Ends every connection and takes no others, as a server does that is stopped.
    pub(crate) async fn take_away(&mut self) {
        self.serving.abort();
        let _ = (&mut self.serving).await;
    }

    /// Takes connections again.
    pub(crate) async fn give_back(&mut self) {
        let listener = TcpListener::bind(self.address).await.unwrap();
        self.serving = serve(listener, Arc::clone(&self.server));
    }
}

fn serve(listener: TcpListener, server: Arc<str>) -> JoinHandle<()> {
    tokio::spawn(async move {
        // They end with this task.
        let mut connections = JoinSet::new();
        while let Ok((mut client, _)) = listener.accept().await {
            let server = Arc::clone(&server);
            connections.spawn(async move {
                if let Ok(mut server) = TcpStream::connect(&*server).await {
                    // Either side may end the connection at any time.
                    let _ = copy_bidirectional(&mut client, &mut server).await;
                }
            });
        }
    })
}
