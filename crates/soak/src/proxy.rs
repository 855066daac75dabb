//! A way to a database that can be closed.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use crate::failure::Outcome;

/// What becomes of connections.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Mode {
    /// They are passed on.
    Pass,
    /// Open ones are cut, new ones refused.
    Refuse,
    /// Nothing is answered. Connections of that time stay silent afterwards too, as after a failover that nobody tells them of; new ones are passed on.
    Hang,
}

/// Listens on loopback and passes on to one address. It ends when it is dropped.
#[derive(Debug)]
pub(crate) struct Proxy {
    port: u16,
    mode: Arc<watch::Sender<Mode>>,
    accepting: tokio::task::JoinHandle<()>,
}

impl Proxy {
    /// A way to `port` of loopback.
    pub(crate) async fn before(port: u16) -> Outcome<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let mode = Arc::new(watch::Sender::new(Mode::Pass));
        let target = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let accepting = tokio::spawn(accept(listener, address, target, mode.subscribe()));
        Ok(Self { port: address.port(), mode, accepting })
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    pub(crate) fn set(&self, mode: Mode) {
        self.mode.send_replace(mode);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, address: SocketAddr, target: SocketAddr, mut mode: watch::Receiver<Mode>) {
    let mut listener = Some(listener);
    loop {
        let wanted = *mode.borrow_and_update();
        match (&listener, wanted) {
            // Without a listener, the system refuses.
            (Some(_), Mode::Refuse) => listener = None,
            (None, Mode::Pass | Mode::Hang) => listener = TcpListener::bind(address).await.ok(),
            (Some(open), Mode::Pass | Mode::Hang) => tokio::select! {
                accepted = open.accept() => if let Ok((client, _)) = accepted {
                    tokio::spawn(pass(client, target, mode.clone()));
                },
                changed = mode.changed() => if changed.is_err() { return },
            },
            (None, Mode::Refuse) => {
                if mode.changed().await.is_err() {
                    return;
                }
            }
        }
    }
}

/// One connection.
async fn pass(mut client: TcpStream, target: SocketAddr, mut mode: watch::Receiver<Mode>) {
    if *mode.borrow() == Mode::Pass {
        let Ok(mut server) = TcpStream::connect(target).await else { return };
        let _ = client.set_nodelay(true);
        let _ = server.set_nodelay(true);
        tokio::select! {
            _ = tokio::io::copy_bidirectional(&mut client, &mut server) => return,
            _ = mode.wait_for(|mode| *mode != Mode::Pass) => {}
        }
        if *mode.borrow() == Mode::Refuse {
            return;
        }
        // The server may still be working for nobody; what it says is not heard.
        silent(&mut client).await;
    } else if *mode.borrow() == Mode::Hang {
        silent(&mut client).await;
    }
}

/// Hears all, and says nothing, until the client gives up.
async fn silent(client: &mut TcpStream) {
    let _ = tokio::io::copy(client, &mut tokio::io::sink()).await;
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    /// Says back what it hears.
    async fn echo() -> u16 {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            while let Ok((mut client, _)) = listener.accept().await {
                tokio::spawn(async move {
                    let (mut reading, mut writing) = client.split();
                    let _ = tokio::io::copy(&mut reading, &mut writing).await;
                });
            }
        });
        port
    }

    async fn say(connection: &mut TcpStream) -> std::io::Result<u8> {
        connection.write_all(b"a").await?;
        connection.read_u8().await
    }

    #[tokio::test]
    async fn connections_are_passed_on_cut_and_silenced() {
        let proxy = Proxy::before(echo().await).await.unwrap();
        let connect = async || TcpStream::connect((Ipv4Addr::LOCALHOST, proxy.port())).await;

        let mut cut = connect().await.unwrap();
        assert_eq!(say(&mut cut).await.unwrap(), b'a');
        proxy.set(Mode::Refuse);
        assert!(cut.read_u8().await.is_err());
        while let Ok(mut late) = connect().await {
            // The system had taken it before the listener was gone.
            assert!(late.read_u8().await.is_err());
        }

        proxy.set(Mode::Pass);
        let mut silenced = loop {
            if let Ok(connection) = connect().await {
                break connection;
            }
            tokio::task::yield_now().await;
        };
        assert_eq!(say(&mut silenced).await.unwrap(), b'a');
        proxy.set(Mode::Hang);
        let mut never = connect().await.unwrap();
        // The proxy is on this thread, and sees what it is told when it gets a turn.
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        never.write_all(b"a").await.unwrap();
        silenced.write_all(b"a").await.unwrap();
        proxy.set(Mode::Pass);
        let mut later = connect().await.unwrap();
        assert_eq!(say(&mut later).await.unwrap(), b'a');
        for old in [&silenced, &never] {
            assert_eq!(old.try_read(&mut [0]).unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
        }
    }
}
