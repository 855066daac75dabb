//! What a [`Setup`] decides holds in the installation.
#![allow(clippy::unwrap_used, missing_docs, reason = "a test that panics has failed")]

use std::sync::Arc;
use std::time::Duration;

use vestibule::login::Begin;
use vestibule::{Database, Intent, MasterKey, PublicUrl, Registry, Secret, Setup, Url, Vestibule};
use vestibule_oauth_provider::{
    Authorization, Callback, Context, Error, Field, Flow, NewAttempt, OAuthProvider, ProviderType, Result, Tokens,
    Upstream, UserInfo, async_trait, provider_config,
};
use vestibule_testkit::FixedClock;

provider_config! {
    struct NoConfig {
        id: Option<String> = Field::text("ID"),
    }
}

/// A type with which logins are begun and never completed.
#[derive(Debug)]
struct Begins;

#[async_trait]
impl ProviderType for Begins {
    type Config = NoConfig;
    const KIND: &'static str = "Begins";

    async fn open(&self, _: NoConfig, _: &Context) -> Result<Arc<dyn OAuthProvider>> {
        Ok(Arc::new(Self))
    }
}

#[async_trait]
impl OAuthProvider for Begins {
    fn flow(&self) -> Flow {
        Flow::CODE
    }

    fn upstream(&self) -> Upstream {
        Upstream::new("https://up.example", "id")
    }

    async fn authorize(&self, attempt: &NewAttempt) -> Result<Authorization> {
        Ok(Authorization::to(attempt.add_to(Url::parse("https://up.example/authorize").unwrap())))
    }

    async fn exchange(&self, _: &Callback) -> Result<Tokens> {
        Err(Error::unsupported("nobody comes back"))
    }

    async fn user_info(&self, _: &Tokens, _: &Callback) -> Result<UserInfo> {
        Err(Error::unsupported("nobody comes back"))
    }
}

async fn setup() -> Setup {
    let database = Database::open("sqlite::memory:").await.unwrap();
    sqlx::query("INSERT INTO vestibule_provider (owner, name, type, config) VALUES ('acme', 'main', 'Begins', '{}')")
        .execute(database.sqlite())
        .await
        .unwrap();
    let master_key = MasterKey::from_text(&Secret::new("7".repeat(64))).unwrap();
    let mut registry = Registry::new();
    registry.add(Begins).unwrap();
    let mut setup = Setup::new(database, master_key, registry, PublicUrl::parse("https://id.example").unwrap());
    setup.clock = Arc::new(FixedClock::new());
    setup
}

/// Begins so many logins, and says how long the last one lasts and how many attempts are stored.
async fn begin(vestibule: &Vestibule, times: u32) -> (Duration, u32) {
    let mut lifetime = Duration::ZERO;
    for _ in 0..times {
        let begin = Begin { owner: "acme", provider: "main", return_to: None, intent: Intent::SignIn };
        lifetime = vestibule.logins().begin(begin).await.unwrap().expires_in;
    }
    let stored = sqlx::query_scalar("SELECT COUNT(*) FROM vestibule_attempt")
        .fetch_one(vestibule.database().sqlite())
        .await
        .unwrap();
    (lifetime, stored)
}

#[tokio::test]
async fn attempts_last_as_long_and_are_as_many_as_the_setup_says() {
    let mut setup = setup().await;
    setup.attempt_lifetime = Duration::from_secs(90);
    setup.attempt_cap = 3;
    let vestibule = Vestibule::new(setup).unwrap();
    assert_eq!(begin(&vestibule, 5).await, (Duration::from_secs(90), 3));
}

#[tokio::test]
async fn unless_the_setup_says_otherwise_attempts_last_ten_minutes_and_may_be_many() {
    let setup = setup().await;
    assert_eq!(setup.attempt_cap, 20_000);
    let vestibule = Vestibule::new(setup).unwrap();
    assert_eq!(begin(&vestibule, 5).await, (Duration::from_secs(600), 5));
}
