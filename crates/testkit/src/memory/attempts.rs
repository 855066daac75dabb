//! Attempts: sealed for nobody but an honest test, claimed in memory.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::SystemTime;

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use vestibule_login::{AttemptStore, Claim};
use vestibule_oauth_provider::{Digest, Result, Secret};

use super::held;

/// How many claims are held at most.
const MOST: usize = 1_000;

/// Attempts whose claims are held in memory. What it seals opens under its key only, and anybody could seal the like: it is for tests.
#[derive(Debug, Default)]
pub struct MemoryAttempts {
    claims: Mutex<BTreeMap<Digest, SystemTime>>,
    sealed: AtomicUsize,
}

impl MemoryAttempts {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many attempts were sealed, which is: begun.
    pub fn sealed(&self) -> usize {
        self.sealed.load(Ordering::Relaxed)
    }

    /// How many claims are held.
    pub fn claimed(&self) -> usize {
        held(&self.claims).len()
    }
}

#[async_trait]
impl AttemptStore for MemoryAttempts {
    fn seal(&self, key: &Digest, content: &Secret) -> Result<Secret> {
        self.sealed.fetch_add(1, Ordering::Relaxed);
        let tag = tag(key, content.expose());
        Ok(Secret::new(format!("memory:{tag}:{}", URL_SAFE_NO_PAD.encode(content.expose()))))
    }

    async fn open(&self, key: &Digest, sealed: &Secret) -> Result<Option<Secret>> {
        let opened = || {
            let (tag, content) = sealed.expose().strip_prefix("memory:")?.split_once(':')?;
            let content = String::from_utf8(URL_SAFE_NO_PAD.decode(content).ok()?).ok()?;
            (tag == self::tag(key, &content)).then(|| Secret::new(content))
        };
        Ok(opened())
    }

    async fn claim(&self, key: &Digest, expires_at: SystemTime) -> Result<Claim> {
        let mut claims = held(&self.claims);
        if claims.contains_key(key) {
            return Ok(Claim::AlreadyUsed);
        }
        while claims.len() >= MOST {
            let soonest = claims.iter().min_by_key(|(_, expires_at)| **expires_at).map(|(key, _)| *key);
            let Some(soonest) = soonest else { break };
            claims.remove(&soonest);
        }
        claims.insert(*key, expires_at);
        Ok(Claim::First)
    }

    async fn sweep(&self, now: SystemTime) -> Result<u64> {
        let mut claims = held(&self.claims);
        let before = claims.len();
        claims.retain(|_, expires_at| *expires_at >= now);
        Ok((before - claims.len()) as u64)
    }
}

fn tag(key: &Digest, content: &str) -> String {
    Digest::of(&format!("{key} {content}")).to_string()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::MemoryAttempts;

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn attempts_in_memory_conform() {
        let store = Arc::new(MemoryAttempts::new());
        crate::stores::attempts([store.clone(), store]).await;
    }
}
