//! A provider type that is played here, and an engine over it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use url::Url;
use vestibule_login::{
    AttemptStore, Begin, Begun, Complete, Logins, ProviderRows, PublicUrl, Settings, SignedIn, Stopped,
};
use vestibule_oauth_provider::{
    AttemptFault, Authorization, Callback, Context, Error, ErrorKind, Field, Flow, NewAttempt, OAuthProvider,
    Parameters, ProviderType, Registry, Result, Secret, Services, Subject, SubjectKind, Tokens, Upstream, UserInfo,
    async_trait, provider_config,
};
use vestibule_testkit::{FixedClock, MemoryAttempts, MemoryRows, ScriptedHttp, SeededRandom, StaticCerts};

pub(crate) const CODE: &str = "c0de-that-must-not-be-seen";
pub(crate) const ACCESS_TOKEN: &str = "t0ken-that-must-not-be-seen";
pub(crate) const CLIENT_SECRET: &str = "s3cret-that-must-not-be-seen";

provider_config! {
    pub(crate) struct PlayedConfig {
        pub(crate) client_id: String = Field::text("Client ID").required(),
        pub(crate) client_secret: Secret = Field::secret("Client secret").required(),
        pub(crate) flow: String = Field::text("Flow").required(),
        pub(crate) fault: Option<String> = Field::text("What goes wrong"),
    }
}

/// What the upstream was handed at the exchange.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Exchanged {
    pub(crate) code_verifier: Option<String>,
    pub(crate) nonce: Option<String>,
    pub(crate) redirect_uri: String,
    pub(crate) remembered: Option<String>,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Played {
    pub(crate) exchanged: Arc<Mutex<Vec<Exchanged>>>,
}

#[async_trait]
impl ProviderType for Played {
    type Config = PlayedConfig;
    const KIND: &'static str = "Played";

    async fn open(&self, config: PlayedConfig, _cx: &Context) -> Result<Arc<dyn OAuthProvider>> {
        if config.fault.as_deref() == Some("misconfigured") {
            return Err(Error::configuration("there is no cert record \"the-cert\""));
        }
        Ok(Arc::new(PlayedProvider { config, played: self.clone() }))
    }
}

struct PlayedProvider {
    config: PlayedConfig,
    played: Played,
}

impl std::fmt::Debug for PlayedProvider {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("PlayedProvider")
    }
}

#[async_trait]
impl OAuthProvider for PlayedProvider {
    fn flow(&self) -> Flow {
        match self.config.flow.as_str() {
            "openid" => Flow::OPENID,
            "pkce" => Flow::CODE_WITH_PKCE,
            _ => Flow::CODE,
        }
    }

    fn upstream(&self) -> Upstream {
        Upstream { authority: "https://up.example".to_owned(), client_id: self.config.client_id.clone() }
    }

    async fn authorize(&self, attempt: &NewAttempt) -> Result<Authorization> {
        let mut url = Url::parse("https://up.example/authorize").unwrap();
        url.query_pairs_mut()
            .append_pair("client_id", &self.config.client_id)
            .append_pair("redirect_uri", attempt.redirect_uri().as_str());
        if self.config.fault.as_deref() != Some("forgets the state") {
            url.query_pairs_mut().append_pair("state", attempt.state());
        }
        for (name, value) in [("code_challenge", attempt.code_challenge()), ("nonce", attempt.nonce())] {
            if let Some(value) = value {
                url.query_pairs_mut().append_pair(name, value);
            }
        }
        Ok(Authorization { url, remember: BTreeMap::from([("region".to_owned(), "cn".to_owned())]) })
    }

    async fn exchange(&self, callback: &Callback) -> Result<Tokens> {
        callback.authorization_code("code")?;
        self.played.exchanged.lock().unwrap().push(Exchanged {
            code_verifier: callback.code_verifier().map(|secret| secret.expose().to_owned()),
            nonce: callback.nonce().map(|secret| secret.expose().to_owned()),
            redirect_uri: callback.redirect_uri().to_string(),
            remembered: callback.remembered("region").map(str::to_owned),
        });
        // Others get their turn, as they do while an upstream is asked.
        tokio::task::yield_now().await;
        match self.config.fault.as_deref() {
            Some("unreachable") => Err(Error::network("the gateway \"up.example\" did not answer")),
            _ => Ok(Tokens::bearer(Secret::new(ACCESS_TOKEN))),
        }
    }

    async fn user_info(&self, tokens: &Tokens, _callback: &Callback) -> Result<UserInfo> {
        assert!(tokens.access_token.same_as(ACCESS_TOKEN));
        match self.config.fault.as_deref() {
            Some("untrusted") => Err(Error::signature("the answer's signature is not \"the-cert\"'s")),
            _ => Ok(UserInfo::new(Subject::new(SubjectKind::new("sub"), "person-1")?)),
        }
    }
}

/// An engine with the row `acme/main` (id 1) and its neighbour `acme/other` (id 2).
pub(crate) struct Bench {
    pub(crate) logins: Arc<Logins>,
    pub(crate) rows: Arc<MemoryRows>,
    pub(crate) attempts: Arc<MemoryAttempts>,
    pub(crate) clock: Arc<FixedClock>,
    pub(crate) played: Played,
}

fn engine(
    rows: Arc<dyn ProviderRows>,
    attempts: Arc<dyn AttemptStore>,
    clock: Arc<FixedClock>,
    played: &Played,
    settings: Settings,
) -> Arc<Logins> {
    let mut registry = Registry::new();
    registry.add(played.clone()).unwrap();
    let services = Services {
        http: Arc::new(ScriptedHttp::new([])),
        certs: Arc::new(StaticCerts::new()),
        clock,
        random: Arc::new(SeededRandom::new(1)),
    };
    Arc::new(Logins::new(rows, attempts, Arc::new(registry), services, settings))
}

pub(crate) fn config(client_id: &str, flow: &str, fault: Option<&str>) -> String {
    let fault = fault.map_or_else(|| "null".to_owned(), |fault| format!("\"{fault}\""));
    format!(r#"{{"clientId": "{client_id}", "clientSecret": "{CLIENT_SECRET}", "flow": "{flow}", "fault": {fault}}}"#)
}

impl Bench {
    pub(crate) fn new() -> Self {
        Self::at("https://id.example")
    }

    pub(crate) fn at(public_url: &str) -> Self {
        let rows = Arc::new(MemoryRows::new());
        rows.put(MemoryRows::row(1, "acme", "main", "Played", &config("app", "openid", None)));
        rows.put(MemoryRows::row(2, "acme", "other", "Played", &config("app", "openid", None)));
        let attempts = Arc::new(MemoryAttempts::new());
        let clock = Arc::new(FixedClock::new());
        let played = Played::default();
        let settings = Settings::new(PublicUrl::parse(public_url).unwrap());
        let logins = engine(rows.clone(), attempts.clone(), clock.clone(), &played, settings);
        Self { logins, rows, attempts, clock, played }
    }

    /// The same bench, with an engine that sees its storage through these.
    pub(crate) fn over(self, rows: Arc<dyn ProviderRows>, attempts: Arc<dyn AttemptStore>) -> Self {
        let settings = self.logins.settings().clone();
        let logins = engine(rows, attempts, self.clock.clone(), &self.played, settings);
        Self { logins, ..self }
    }

    /// With the row `acme/main` going wrong in this way.
    pub(crate) fn with_fault(fault: &str) -> Self {
        let bench = Self::new();
        bench.reconfigure(&config("app", "openid", Some(fault)));
        bench
    }

    /// Gives the row `acme/main` another config.
    pub(crate) fn reconfigure(&self, config: &str) {
        self.rows.put(MemoryRows::row(1, "acme", "main", "Played", config));
    }

    pub(crate) async fn begin(&self) -> Begun {
        self.logins.begin(Begin::sign_in("acme", "main")).await.unwrap()
    }

    /// Comes back to `acme/main` with a code, from the browser that left.
    pub(crate) async fn complete(&self, begun: &Begun) -> Result<SignedIn, Stopped> {
        self.complete_at("main", begun, [("code", CODE)]).await
    }

    pub(crate) async fn complete_at(
        &self,
        provider: &str,
        begun: &Begun,
        parameters: [(&str, &str); 1],
    ) -> Result<SignedIn, Stopped> {
        let state = state(&begun.authorize_url);
        let parameters = parameters.into_iter().chain([("state", state.as_str())]).collect();
        self.complete_with(provider, parameters, Some(begun.cookie.value().expose())).await
    }

    pub(crate) async fn complete_with(
        &self,
        provider: &str,
        parameters: Parameters,
        cookie: Option<&str>,
    ) -> Result<SignedIn, Stopped> {
        let complete = Complete { owner: "acme", provider, parameters, cookie };
        self.logins.complete(complete).await
    }

    /// Whether somebody was sent to the upstream.
    pub(crate) fn has_begun(&self) -> bool {
        self.attempts.sealed() > 0
    }

    pub(crate) fn exchanges(&self) -> Vec<Exchanged> {
        self.played.exchanged.lock().unwrap().clone()
    }
}

/// A query parameter of an authorize URL.
pub(crate) fn parameter(url: &Url, name: &str) -> Option<String> {
    url.query_pairs().find(|(have, _)| have == name).map(|(_, value)| value.into_owned())
}

pub(crate) fn state(url: &Url) -> String {
    parameter(url, "state").unwrap()
}

pub(crate) fn fault<T>(result: Result<T, Stopped>) -> AttemptFault {
    let error = result.err().expect("refused").error;
    match error.kind() {
        ErrorKind::Attempt(fault) => *fault,
        other => panic!("{other:?}: {error}"),
    }
}
