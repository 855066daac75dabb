//! A wire with a tap: passes bytes on to an upstream and keeps all that the upstream says.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt, copy};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// A tap, which ends when this is dropped.
pub(crate) struct Tap {
    address: SocketAddr,
    said: Arc<Mutex<Vec<u8>>>,
    serving: JoinHandle<()>,
}

impl Drop for Tap {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Tap {
    /// A tap in front of `upstream`.
    pub(crate) async fn before(upstream: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let said: Arc<Mutex<Vec<u8>>> = Arc::default();
        let kept = said.clone();
        let serving = tokio::spawn(async move {
            while let Ok((downstream, _)) = listener.accept().await {
                tokio::spawn(pass(downstream, upstream, kept.clone()));
            }
        });
        Self { address, said, serving }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// All that the upstream said so far, headers included.
    pub(crate) fn said(&self) -> Vec<u8> {
        self.said.lock().unwrap().clone()
    }
}

/// Either side may end the connection at any time.
async fn pass(downstream: TcpStream, upstream: SocketAddr, said: Arc<Mutex<Vec<u8>>>) {
    let Ok(upstream) = TcpStream::connect(upstream).await else { return };
    let (mut from_downstream, mut to_downstream) = downstream.into_split();
    let (mut from_upstream, mut to_upstream) = upstream.into_split();
    let asking = tokio::spawn(async move { copy(&mut from_downstream, &mut to_upstream).await });
    let mut buffer = vec![0; 16 * 1024];
    while let Ok(read @ 1..) = from_upstream.read(&mut buffer).await {
        said.lock().unwrap().extend_from_slice(&buffer[..read]);
        if to_downstream.write_all(&buffer[..read]).await.is_err() {
            break;
        }
    }
    asking.abort();
}
