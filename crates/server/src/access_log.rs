//! One line for each request: method, route, status, time. The route is the pattern that matched, never the URL: queries carry codes and states.

use std::sync::Arc;

use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use vestibule::Clock;

/// Logs a request when its answer is ready.
pub(crate) async fn log(State(clock): State<Arc<dyn Clock>>, request: Request, next: Next) -> Response {
    let begun = clock.now();
    let method = request.method().clone();
    let route =
        request.extensions().get::<MatchedPath>().map_or_else(|| "none".to_owned(), |path| path.as_str().to_owned());
    let response = next.run(request).await;
    let milliseconds = clock.now().duration_since(begun).map_or(0, |took| took.as_millis());
    tracing::info!(%method, %route, status = response.status().as_u16(), milliseconds, "answered");
    response
}
