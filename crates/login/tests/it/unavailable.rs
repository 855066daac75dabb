//! The storage does not answer: before the claim nothing is used, after it the attempt is over.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::SystemTime;

use axum::http::StatusCode;
use vestibule_login::{AttemptStore, Claim, ProviderRows, StoredRow};
use vestibule_oauth_provider::{AttemptFault, Digest, Error, Result, Secret, async_trait};

use crate::bench::{Bench, CODE, fault};
use crate::site::{Answer, PlayedHost, Site};

/// A storage that fails as often as it is told to, and works again after that.
#[derive(Debug)]
struct Stumbling<S> {
    inner: Arc<S>,
    falls: AtomicUsize,
}

impl<S> Stumbling<S> {
    fn over(inner: Arc<S>) -> Arc<Self> {
        Arc::new(Self { inner, falls: AtomicUsize::new(0) })
    }

    fn fall_once(&self) {
        self.falls.store(1, Ordering::Relaxed);
    }

    fn step(&self) -> Result<()> {
        let falls = self.falls.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1));
        if falls.is_ok() { Err(Error::unavailable("the database \"db.internal\" does not answer")) } else { Ok(()) }
    }
}

#[async_trait]
impl<S: ProviderRows> ProviderRows for Stumbling<S> {
    async fn find(&self, owner: &str, name: &str, certs: &[String]) -> Result<Option<StoredRow>> {
        self.step()?;
        self.inner.find(owner, name, certs).await
    }
}

#[async_trait]
impl<S: AttemptStore> AttemptStore for Stumbling<S> {
    fn seal(&self, key: &Digest, content: &Secret) -> Result<Secret> {
        self.inner.seal(key, content)
    }

    async fn open(&self, key: &Digest, sealed: &Secret) -> Result<Option<Secret>> {
        self.inner.open(key, sealed).await
    }

    async fn claim(&self, key: &Digest, expires_at: SystemTime) -> Result<Claim> {
        self.step()?;
        self.inner.claim(key, expires_at).await
    }

    async fn sweep(&self, now: SystemTime) -> Result<u64> {
        self.step()?;
        self.inner.sweep(now).await
    }
}

struct Stage {
    site: Site,
    rows: Arc<Stumbling<vestibule_testkit::MemoryRows>>,
    attempts: Arc<Stumbling<vestibule_testkit::MemoryAttempts>>,
}

fn stage() -> Stage {
    let bench = Bench::new();
    let (rows, attempts) = (Stumbling::over(bench.rows.clone()), Stumbling::over(bench.attempts.clone()));
    let site = Site::new(bench.over(rows.clone(), attempts.clone()), PlayedHost::Returns);
    Stage { site, rows, attempts }
}

fn is_told_to_come_again(answer: &Answer) {
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(answer.header("retry-after"), "5");
    assert!(!answer.body.contains("db.internal"), "{}", answer.body);
}

#[tokio::test]
async fn a_click_is_answered_with_another_try() {
    let Stage { site, rows, .. } = stage();
    rows.fall_once();
    let page = site.get("/login/acme/main?return_to=/me", &[]).await;
    is_told_to_come_again(&page);
    assert!(page.body.contains("/login/acme/main?return_to=%2Fme\""), "{}", page.body);
    assert!(page.set_cookies().is_empty());
    rows.fall_once();
    let json = site.get("/login/acme/main", &[("accept", "application/json")]).await;
    is_told_to_come_again(&json);
    assert_eq!(json.json()["error"], "unavailable");
    assert_eq!(site.get("/login/acme/main", &[]).await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn a_callback_that_could_not_be_claimed_may_be_reloaded() {
    let Stage { site, attempts, .. } = stage();
    let begun = site.get("/login/acme/main?return_to=/me", &[]).await;
    for accept in ["text/html", "application/json"] {
        attempts.fall_once();
        let page = site.come_back(&begun, &format!("code={CODE}"), &[("accept", accept)]).await;
        is_told_to_come_again(&page);
        assert!(page.set_cookies().is_empty(), "the cookie is still needed");
        assert!(site.bench.exchanges().is_empty());
    }
    let landed = site.come_back(&begun, &format!("code={CODE}"), &[]).await;
    assert_eq!((landed.status, landed.header("location")), (StatusCode::SEE_OTHER, "/me"));
}

#[tokio::test]
async fn a_failure_after_the_claim_ends_the_attempt() {
    let Stage { site, rows, .. } = stage();
    let begun = site.get("/login/acme/main", &[]).await;
    rows.fall_once();
    let page = site.come_back(&begun, &format!("code={CODE}"), &[]).await;
    is_told_to_come_again(&page);
    assert!(page.body.contains("Try again</a>"), "by beginning anew");
    assert!(page.set_cookies()[0].contains("Max-Age=0"));
    let again = site.come_back(&begun, &format!("code={CODE}"), &[]).await;
    assert_eq!(again.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn the_engine_says_whether_the_attempt_is_over() {
    let Stage { site, rows, attempts } = stage();
    let begun = site.bench.begin().await;
    attempts.fall_once();
    assert!(!site.bench.complete(&begun).await.unwrap_err().is_over);
    rows.fall_once();
    assert!(site.bench.complete(&begun).await.unwrap_err().is_over);
    assert_eq!(fault(site.bench.complete(&begun).await), AttemptFault::AlreadyUsed);
}
