//! This program's own watch. What it watches are other processes, which have clocks of their own, so it waits by waiting.

use std::time::{Duration, Instant};

/// Measures from now on.
#[expect(clippy::disallowed_methods, reason = "the watch of a program that measures other processes")]
pub(crate) fn start() -> Instant {
    Instant::now()
}

/// How long it is since `start`.
pub(crate) fn since(start: Instant) -> Duration {
    self::start().duration_since(start)
}

/// Waits.
#[expect(clippy::disallowed_methods, reason = "other processes are waited for, and killed at some moment")]
pub(crate) async fn pause(duration: Duration) {
    tokio::time::sleep(duration).await;
}
