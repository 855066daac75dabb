//! A simulator, the real HTTP client, and a row that points there.

use std::sync::Arc;
use std::time::Duration;

use vestibule_alipay_simulator::Simulator;
use vestibule_http_client::{GuardedClient, Settings};
use vestibule_oauth_provider::{Context, HttpClient, OAuthProvider, Result, Url, UserInfo};
use vestibule_testkit::{FixedClock, StaticCerts};

use crate::house::{self, Login, app, config, context, guide, now};

pub(crate) struct World {
    pub(crate) simulator: Simulator,
    http: Arc<GuardedClient>,
    config: String,
    pub(crate) provider: Arc<dyn OAuthProvider>,
    pub(crate) cx: Context,
}

impl World {
    pub(crate) async fn with(more: &str) -> Self {
        Self::patient(more, Duration::from_secs(10)).await
    }

    pub(crate) async fn patient(more: &str, patience: Duration) -> Self {
        let simulator = Simulator::builder().app(app()).clock(Arc::new(now)).start().await.unwrap();
        let gateway = simulator.gateway_url();
        let host = format!("127.0.0.1:{}", gateway.port().unwrap());
        let http = GuardedClient::new(Settings {
            allow: vec![host.parse().unwrap()],
            total_timeout: patience,
            ..Settings::default()
        });
        let http = Arc::new(http.unwrap());
        let cx = context(guide(&app().material()), Arc::clone(&http) as Arc<dyn HttpClient>, FixedClock::new());
        let config = config(&format!(
            r#""environment":"custom","authorizeUrl":"{}","gatewayUrl":"{gateway}",{more}"#,
            simulator.authorize_url()
        ));
        let provider = house::open(&config, &cx).await.unwrap();
        Self { simulator, http, config, provider, cx }
    }

    /// The row is opened anew, because these are its records.
    pub(crate) async fn stored(&mut self, certs: StaticCerts) {
        self.cx = context(certs, Arc::clone(&self.http) as Arc<dyn HttpClient>, FixedClock::new());
        self.provider = house::open(&self.config, &self.cx).await.unwrap();
    }

    pub(crate) async fn callback(&self, user: &str) -> (Login, Url) {
        let login = Login::begin(self.provider.as_ref(), &self.cx).await;
        let back = self.simulator.agree(&login.authorization.url, user).unwrap();
        (login, back)
    }

    pub(crate) async fn sign_in(&self, user: &str) -> Result<UserInfo> {
        let (login, back) = self.callback(user).await;
        self.finish(login, back.query().unwrap()).await
    }

    pub(crate) async fn finish(&self, login: Login, query: &str) -> Result<UserInfo> {
        let callback = login.admit(query, self.provider.as_ref(), &self.cx);
        house::complete(self.provider.as_ref(), &callback).await
    }
}
