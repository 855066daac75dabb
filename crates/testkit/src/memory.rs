//! Provider rows and attempts held in memory.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use async_trait::async_trait;
use vestibule_login::{AttemptStore, ProviderRow, ProviderRows, StoredAttempt, Taken};
use vestibule_oauth_provider::{Config, Digest, Result, RowRef, Secret, Uuid};

/// Provider rows held in memory.
#[derive(Debug, Default)]
pub struct MemoryRows(Mutex<Vec<ProviderRow>>);

impl MemoryRows {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// An enabled row for sign-in, to be stored with [`MemoryRows::put`].
    pub fn row(id: u128, owner: &str, name: &str, kind: &str, config: &str) -> ProviderRow {
        ProviderRow {
            row: RowRef { id: Uuid::from_u128(id), owner: owner.to_owned(), name: name.to_owned() },
            display_name: name.to_owned(),
            category: "OAuth".to_owned(),
            kind: kind.to_owned(),
            enabled: true,
            config: Config::new(config),
        }
    }

    /// Stores a row, in place of the one of the same owner and name.
    pub fn put(&self, row: ProviderRow) {
        self.remove(&row.row.owner, &row.row.name);
        held(&self.0).push(row);
    }

    /// Deletes a row.
    pub fn remove(&self, owner: &str, name: &str) {
        held(&self.0).retain(|row| row.row.owner != owner || row.row.name != name);
    }

    /// Changes a row where it stands.
    pub fn change(&self, owner: &str, name: &str, change: impl FnOnce(&mut ProviderRow)) {
        let mut rows = held(&self.0);
        let found = rows.iter_mut().find(|row| row.row.owner == owner && row.row.name == name);
        change(found.expect("a test changes rows that it stored"));
    }
}

#[async_trait]
impl ProviderRows for MemoryRows {
    async fn find(&self, owner: &str, name: &str) -> Result<Option<ProviderRow>> {
        let rows = held(&self.0);
        Ok(rows.iter().find(|row| row.row.owner == owner && row.row.name == name).cloned())
    }
}

/// Attempts held in memory, unsealed.
#[derive(Default)]
pub struct MemoryAttempts(Mutex<BTreeMap<Digest, Held>>);

/// An attempt, or what is left of it once it was taken.
struct Held {
    content: Option<Secret>,
    created_at: SystemTime,
    expires_at: SystemTime,
}

/// How many are held at most.
const MOST: usize = 1_000;

impl MemoryAttempts {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many there are, taken ones included.
    pub fn len(&self) -> usize {
        held(&self.0).len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl std::fmt::Debug for MemoryAttempts {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "MemoryAttempts({})", self.len())
    }
}

#[async_trait]
impl AttemptStore for MemoryAttempts {
    async fn put(&self, attempt: StoredAttempt) -> Result<()> {
        let mut attempts = held(&self.0);
        if attempts.len() >= MOST {
            attempts.retain(|_, stored| stored.expires_at >= attempt.created_at);
        }
        while attempts.len() >= MOST {
            let oldest = attempts.iter().min_by_key(|(_, stored)| stored.created_at);
            let Some(key) = oldest.map(|(key, _)| *key) else { break };
            attempts.remove(&key);
        }
        attempts.insert(
            attempt.key,
            Held { content: Some(attempt.content), created_at: attempt.created_at, expires_at: attempt.expires_at },
        );
        Ok(())
    }

    async fn take(&self, key: &Digest) -> Result<Taken> {
        Ok(match held(&self.0).get_mut(key).map(|stored| stored.content.take()) {
            Some(Some(content)) => Taken::Fresh(content),
            Some(None) => Taken::AlreadyUsed,
            None => Taken::Unknown,
        })
    }

    async fn sweep(&self, now: SystemTime) -> Result<u64> {
        let mut attempts = held(&self.0);
        let before = attempts.len();
        attempts.retain(|_, stored| stored.expires_at >= now);
        Ok((before - attempts.len()) as u64)
    }
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::MemoryAttempts;

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn attempts_in_memory_conform() {
        crate::stores::attempts(Arc::new(MemoryAttempts::new())).await;
    }
}
