//! Waiting for a database that does not answer yet.

use std::future::pending;
use std::pin::pin;
use std::time::Duration;

use tokio::time::MissedTickBehavior;
use vestibule::{ErrorKind, Result};

/// How long is waited for a database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// In all. A try that is under way is not cut off.
    pub most: Duration,
    /// Between two tries.
    pub pause: Duration,
}

impl Patience {
    /// One try: for a person, who can repeat it.
    pub const NONE: Self = Self { most: Duration::ZERO, pause: Duration::from_secs(1) };
    /// Half a minute: for a server that starts together with its database.
    pub const OF_A_SERVER: Self = Self { most: Duration::from_secs(30), pause: Duration::from_secs(1) };

    /// Tries `open` until it does not answer `Unavailable` any more, or this is over.
    pub(super) async fn wait<T>(self, mut open: impl AsyncFnMut() -> Result<T>) -> Result<T> {
        let mut over = pin!(tokio::time::timeout(self.most, pending::<()>()));
        let mut tries = tokio::time::interval(self.pause);
        tries.set_missed_tick_behavior(MissedTickBehavior::Delay);
        // The first tick is at once.
        tries.tick().await;
        let mut is_told = self == Self::NONE;
        loop {
            let error = match open().await {
                Err(error) if *error.kind() == ErrorKind::Unavailable => error,
                done => return done,
            };
            if !is_told {
                is_told = true;
                tracing::warn!(report = error.report(), seconds = self.most.as_secs(), "waiting for the database");
            }
            tokio::select! {
                biased;
                _ = &mut over => return Err(error),
                _ = tries.tick() => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use vestibule::Error;

    use super::*;

    const LONG: Patience = Patience { most: Duration::from_secs(60), pause: Duration::from_millis(1) };

    #[tokio::test]
    async fn a_database_that_comes_later_is_waited_for() {
        let mut tries = 0;
        let opened = LONG.wait(async || {
            tries += 1;
            if tries < 4 { Err(Error::unavailable("connection refused")) } else { Ok("open") }
        });
        assert_eq!(opened.await.unwrap(), "open");
        assert_eq!(tries, 4);
    }

    #[tokio::test]
    async fn nobody_waits_for_what_waiting_does_not_mend() {
        let mut tries = 0;
        let opened = LONG.wait(async || -> Result<()> {
            tries += 1;
            Err(Error::configuration("no such database"))
        });
        assert_eq!(opened.await.unwrap_err().message(), "no such database");
        assert_eq!(tries, 1);
    }

    #[tokio::test]
    async fn patience_has_an_end() {
        for patience in [Patience::NONE, Patience { most: Duration::from_millis(5), ..LONG }] {
            let opened = patience.wait(async || -> Result<()> { Err(Error::unavailable("connection refused")) });
            assert_eq!(*opened.await.unwrap_err().kind(), ErrorKind::Unavailable);
        }
    }
}
