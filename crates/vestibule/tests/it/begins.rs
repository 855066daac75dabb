//! A provider type for tests, and installations that know it.

use std::sync::Arc;

use vestibule::{Clock, Database, MasterKey, PublicUrl, Registry, Secret, Setup, Url};
use vestibule_oauth_provider::{
    Authorization, Callback, Context, Error, Field, Flow, NewAttempt, OAuthProvider, ProviderType, Result, Tokens,
    Upstream, UserInfo, async_trait, provider_config,
};

provider_config! {
    pub(crate) struct BeginsConfig {
        pub(crate) cert: Option<String> = Field::cert("Cert"),
    }
}

/// A type with which logins are begun and never completed. It wants the record that its config names.
#[derive(Debug)]
pub(crate) struct Begins;

#[async_trait]
impl ProviderType for Begins {
    type Config = BeginsConfig;
    const KIND: &'static str = "Begins";

    async fn open(&self, config: BeginsConfig, cx: &Context) -> Result<Arc<dyn OAuthProvider>> {
        if let Some(name) = &config.cert {
            cx.cert(name).await?;
        }
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

/// A setup on `database` that knows the type.
pub(crate) fn setup(database: Database, clock: Arc<dyn Clock>) -> Setup {
    let master_key = MasterKey::from_text(&Secret::new("7".repeat(64))).unwrap();
    let mut registry = Registry::new();
    registry.add(Begins).unwrap();
    let mut setup = Setup::new(database, master_key, registry, PublicUrl::parse("https://id.example").unwrap());
    setup.clock = clock;
    setup
}
