//! A real browser: Chromium without a window, driven over WebDriver.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use axum::http::Method;
use fantoccini::wd::WebDriverCompatibleCommand;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use vestibule::Url;

/// How long a page may take to show what it is to show.
const PATIENCE: Duration = Duration::from_secs(8);

/// A browser with an empty profile. It is to be closed, also after a failure: who kills the driver leaves the browser behind.
pub(crate) struct Chromium {
    page: Page,
    _driver: Child,
    _profile: TempDir,
}

/// What a test does with the browser. Clones share the window.
#[derive(Clone)]
pub(crate) struct Page(Client);

impl Chromium {
    /// Nothing, where browser or driver are missing.
    pub(crate) async fn start(check: &str) -> Option<Self> {
        let remedy = "install Chromium and its driver (Debian: chromium and chromium-driver)";
        let found = on_path(&["chromedriver"]).zip(on_path(&["chromium", "chromium-browser", "google-chrome"]));
        let (driver, browser) = vestibule_testkit::require(found, "browser", check, remedy)?;
        let profile = tempfile::tempdir().unwrap();
        let mut driver =
            Command::new(driver).arg("--port=0").stdout(Stdio::piped()).kill_on_drop(true).spawn().unwrap();
        let port = port_of(&mut driver).await;
        let Value::Object(wanted) = json!({
            "browserName": "chrome",
            "goog:loggingPrefs": { "browser": "ALL" },
            "goog:chromeOptions": {
                "binary": browser,
                "args": [
                    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-dev-shm-usage", "--no-first-run",
                    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--window-size=1280,800",
                    format!("--user-data-dir={}", profile.path().display()),
                ],
            },
        }) else {
            panic!("capabilities are an object")
        };
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(wanted)
            .connect(&format!("http://127.0.0.1:{port}"))
            .await
            .expect("the driver starts the browser");
        Some(Self { page: Page(client), _driver: driver, _profile: profile })
    }

    pub(crate) fn page(&self) -> Page {
        self.page.clone()
    }

    pub(crate) async fn close(self) {
        self.page.0.close().await.unwrap();
    }
}

/// The driver prints the port that it took.
async fn port_of(driver: &mut Child) -> u16 {
    let mut lines = BufReader::new(driver.stdout.take().unwrap()).lines();
    while let Some(line) = lines.next_line().await.unwrap() {
        if let Some((_, port)) = line.split_once("successfully on port ") {
            return port.trim_end_matches('.').parse().unwrap();
        }
    }
    panic!("the driver ended");
}

fn on_path(names: &[&str]) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let folders: Vec<_> = std::env::split_paths(&path).collect();
    names.iter().flat_map(|name| folders.iter().map(move |folder| folder.join(name))).find(|file| file.is_file())
}

impl Page {
    pub(crate) async fn open(&self, url: &Url) {
        self.0.goto(url.as_str()).await.unwrap();
    }

    /// Waits for the element and clicks it.
    pub(crate) async fn press(&self, element: Locator<'_>) {
        let found = self.0.wait().at_most(PATIENCE).for_element(element).await;
        let found = match found {
            Ok(found) => found,
            Err(error) => panic!("{element:?}: {error}\n{}", self.0.source().await.unwrap()),
        };
        found.click().await.unwrap();
    }

    /// Waits for the element with this id and reads it.
    pub(crate) async fn text_of(&self, id: &str) -> String {
        match self.0.wait().at_most(PATIENCE).for_element(Locator::Id(id)).await {
            Ok(found) => found.text().await.unwrap(),
            Err(error) => panic!("#{id}: {error}\n{}", self.0.source().await.unwrap()),
        }
    }

    pub(crate) async fn url(&self) -> Url {
        self.0.current_url().await.unwrap()
    }

    /// What an expression of the page's is worth.
    pub(crate) async fn value_of(&self, expression: &str) -> Value {
        self.0.execute(&format!("return ({expression});"), Vec::new()).await.unwrap()
    }

    /// What the browser complained of since it was asked last: failed requests, violations of a policy, errors of scripts.
    pub(crate) async fn complaints(&self) -> Vec<String> {
        let log = self.0.issue_cmd(Own { path: "se/log", body: json!({ "type": "browser" }) }).await.unwrap();
        let entries = log.as_array().unwrap();
        entries.iter().map(|entry| format!("{} {}", entry["level"], entry["message"])).collect()
    }

    /// Shows the page on a screen of another size, as a telephone does.
    pub(crate) async fn resize(&self, width: u32, height: u32) {
        let screen = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600 });
        self.devtools("Emulation.setDeviceMetricsOverride", screen).await;
    }

    /// Shows the page as to somebody who prefers dark or light pages.
    pub(crate) async fn prefer(&self, scheme: &str) {
        let features = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
        self.devtools("Emulation.setEmulatedMedia", features).await;
    }

    pub(crate) async fn screenshot(&self) -> Vec<u8> {
        self.0.screenshot().await.unwrap()
    }

    async fn devtools(&self, command: &str, parameters: Value) {
        let body = json!({ "cmd": command, "params": parameters });
        self.0.issue_cmd(Own { path: "goog/cdp/execute", body }).await.unwrap();
    }
}

/// A command that is the driver's own.
#[derive(Debug)]
struct Own {
    path: &'static str,
    body: Value,
}

impl WebDriverCompatibleCommand for Own {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> Result<Url, <Url as std::str::FromStr>::Err> {
        base.join(&format!("session/{}/{}", session.unwrap_or_default(), self.path))
    }

    fn method_and_body(&self, _url: &Url) -> (Method, Option<String>) {
        (Method::POST, Some(self.body.to_string()))
    }
}
