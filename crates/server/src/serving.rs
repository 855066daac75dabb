//! Connections: taken, bounded, and let go.

use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::sync::watch;

/// How long a connection may take to send a request's head, the time in which it sends nothing included: whoever opens connections and keeps silent is
/// let go.
const HEAD_TIMEOUT: Duration = Duration::from_secs(15);
/// How long to wait when a connection cannot be taken, for example because there are no file descriptors left.
const BREATH: Duration = Duration::from_millis(100);

/// Serves `router` on `listener` until `stopped` says so; then takes no new connections and waits for the requests under way.
pub(crate) async fn serve(listener: TcpListener, router: Router, mut stopped: watch::Receiver<bool>) {
    let under_way = GracefulShutdown::new();
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEAD_TIMEOUT);
    loop {
        let taken = tokio::select! {
            taken = listener.accept() => taken,
            // An error means that the handle is gone, which is a stop too.
            _ = stopped.wait_for(|stop| *stop) => break,
        };
        let stream = match taken {
            Ok((stream, _)) => stream,
            Err(error) => {
                tracing::warn!(%error, "a connection could not be taken");
                // Until there is room again, or nothing more to do.
                let _ = tokio::time::timeout(BREATH, stopped.wait_for(|stop| *stop)).await;
                continue;
            }
        };
        let service = TowerToHyperService::new(router.clone());
        let connection = under_way.watch(http.serve_connection(TokioIo::new(stream), service));
        tokio::spawn(async move {
            // What goes wrong on a connection is the other side's to know; a request that was answered is in the access log.
            let _ = connection.await;
        });
    }
    drop(listener);
    under_way.shutdown().await;
}
