//! What every test here needs: an app with its certificates, a row, and a way through the engine's door.

use std::sync::{Arc, LazyLock};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use vestibule_alipay_simulator::{AppRegistration, Material};
use vestibule_oauth_provider::{
    Attempt, Authorization, Binding, BrowserSecret, Callback, Config, Context, Finding, HttpClient, Intent, NewAttempt,
    OAuthProvider, Parameters, Registry, Result, RowRef, Services, Step, Url, UserInfo, Uuid,
};
use vestibule_provider_alipay::Alipay;
use vestibule_testkit::{FixedClock, SeededRandom, StaticCerts};

/// 2026-11-22T00:00:00Z.
pub(crate) const NOW: u64 = 1_795_305_600;

pub(crate) fn now() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(NOW)
}

/// The app whose certificates are in order: the same one each time, because each registration has new certificates.
pub(crate) fn app() -> AppRegistration {
    static APP: LazyLock<AppRegistration> = LazyLock::new(|| AppRegistration::simulated().unwrap());
    APP.clone()
}

/// The two records of Casdoor's guide.
pub(crate) fn guide(material: &Material) -> StaticCerts {
    StaticCerts::new().with("app-cert", &material.app_cert, &material.app_private_key).with(
        "root-cert",
        &material.alipay_cert,
        &material.alipay_root_cert,
    )
}

/// A record for each file.
pub(crate) fn clean(material: &Material) -> StaticCerts {
    StaticCerts::new()
        .with("app-cert", &material.app_cert, &material.app_private_key)
        .with("root-cert", &material.alipay_root_cert, "")
        .with("alipay-cert", &material.alipay_cert, "")
}

/// A config for the records of [`guide`], with further members as JSON.
pub(crate) fn config(more: &str) -> String {
    let more = if more.is_empty() { String::new() } else { format!(",{more}") };
    format!(r#"{{"appId":"{}","appCert":"app-cert","rootCert":"root-cert"{more}}}"#, AppRegistration::DEFAULT_APP_ID)
}

/// A config in public-key mode with these keys, towards addresses that only a scripted client knows.
pub(crate) fn keys(private_key: &str, alipay_public_key: &str, more: &str) -> String {
    let more = if more.is_empty() { String::new() } else { format!(",{more}") };
    let (private_key, alipay_public_key) =
        (serde_json::to_string(private_key).unwrap(), serde_json::to_string(alipay_public_key).unwrap());
    format!(
        r#"{{"appId":"{}","subject":"open_id","environment":"custom","authorizeUrl":"https://sim.example/authorize","gatewayUrl":"https://sim.example/gateway.do","privateKey":{private_key},"alipayPublicKey":{alipay_public_key}{more}}}"#,
        AppRegistration::DEFAULT_APP_ID
    )
}

/// The same, towards addresses that only a scripted client knows.
pub(crate) fn custom(more: &str) -> String {
    config(&format!(
        r#""environment":"custom","authorizeUrl":"https://sim.example/authorize","gatewayUrl":"https://sim.example/gateway.do",{more}"#
    ))
}

pub(crate) fn context(certs: StaticCerts, http: Arc<dyn HttpClient>, clock: impl Into<Arc<FixedClock>>) -> Context {
    let row = RowRef { id: Uuid::from_u128(7), owner: "acme".to_owned(), name: "alipay".to_owned() };
    let services =
        Services { http, certs: Arc::new(certs), clock: clock.into(), random: Arc::new(SeededRandom::new(7)) };
    Context::new(row, services)
}

fn registry() -> Registry {
    let mut registry = Registry::new();
    registry.add(Alipay).unwrap();
    registry
}

pub(crate) async fn open(config: &str, cx: &Context) -> Result<Arc<dyn OAuthProvider>> {
    registry().get("Alipay").unwrap().open(&Config::new(config), cx).await
}

pub(crate) async fn check(config: &str, cx: &Context) -> Vec<Finding> {
    registry().get("Alipay").unwrap().check(&Config::new(config), cx).await
}

/// One login as the engine runs it.
pub(crate) struct Login {
    pub(crate) authorization: Authorization,
    stored: Attempt,
    browser: BrowserSecret,
    row: RowRef,
}

impl Login {
    pub(crate) async fn begin(provider: &dyn OAuthProvider, cx: &Context) -> Self {
        let redirect_uri = Url::parse("http://127.0.0.1:8000/callback/acme/alipay").unwrap();
        let attempt = NewAttempt::mint(provider.flow(), redirect_uri, cx.random().as_ref()).unwrap();
        let authorization = provider.authorize(&attempt).await.unwrap();
        let browser = BrowserSecret::mint(cx.random().as_ref()).unwrap();
        let stored = attempt.into_attempt(Binding {
            row: cx.row().clone(),
            upstream: provider.upstream(),
            browser: browser.digest(),
            intent: Intent::SignIn,
            return_to: "/".to_owned(),
            remember: authorization.remember.clone(),
            expires_at: cx.clock().now() + Duration::from_secs(600),
        });
        Self { authorization, stored, browser, row: cx.row().clone() }
    }

    /// The browser comes back with this query.
    pub(crate) fn admit(self, query: &str, provider: &dyn OAuthProvider, cx: &Context) -> Callback {
        let parameters = Parameters::from_urlencoded(query).unwrap();
        let now = cx.clock().now();
        Attempt::admit(self.stored, parameters, Some(&self.browser), &self.row, &provider.upstream(), now).unwrap()
    }

    pub(crate) fn state(&self) -> String {
        let (_, state) = self.authorization.url.query_pairs().find(|(name, _)| name == "state").unwrap();
        state.into_owned()
    }
}

/// Completes a login as the engine does after a callback was admitted.
pub(crate) async fn complete(provider: &dyn OAuthProvider, callback: &Callback) -> Result<UserInfo> {
    callback.refusal().map_err(|error| error.at(Step::Callback))?;
    let tokens = provider.exchange(callback).await.map_err(|error| error.at(Step::Exchange))?;
    provider.user_info(&tokens, callback).await.map_err(|error| error.at(Step::UserInfo))
}
