//! A server and an Alipay for it, in this process.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpListener;
use vestibule::certs_store::NewCert;
use vestibule::provider_store::NewProvider;
use vestibule::{Config, KeyFile, Secret, SystemRandom, Url, Vestibule};
use vestibule_alipay_simulator::Simulator;
use vestibule_server::options::Options;
use vestibule_server::server::Server;
use vestibule_testkit::databases::TestDatabase;

use crate::support::{Browser, run};

/// Owner of the provider rows.
pub(crate) const OWNER: &str = "acme";
/// The provider row that everybody signs in with.
pub(crate) const NAME: &str = "alipay";
/// The record with the app's certificate and key.
pub(crate) const APP_CERT: &str = "app-cert";
/// The record with Alipay's certificate and the roots.
pub(crate) const ROOT_CERT: &str = "root-cert";

/// Who stores rows, as the history has it.
pub(crate) const BY: &str = "tests";

/// A running server, the Alipay it talks to, and the folder of its data.
pub(crate) struct House {
    pub(crate) simulator: Simulator,
    pub(crate) server: Server,
    pub(crate) data: TempDir,
    options: Options,
}

impl House {
    /// With the two cert records of Casdoor's guide and one provider row: people can sign in.
    pub(crate) async fn open() -> Self {
        Self::furnished(Options::default()).await
    }

    /// The same in `database`.
    pub(crate) async fn open_on(database: &TestDatabase) -> Self {
        Self::open_at(database.url()).await
    }

    /// The same in the empty database of this URL.
    pub(crate) async fn open_at(url: &str) -> Self {
        Self::furnished(Options { database: Some(url.to_owned()), ..Options::default() }).await
    }

    async fn furnished(options: Options) -> Self {
        let house = Self::with_options(Simulator::builder().start().await.unwrap(), options).await;
        house.add_certs().await;
        house.add_row(NAME, json!({})).await;
        house
    }

    /// With nothing in the database.
    pub(crate) async fn empty(simulator: Simulator) -> Self {
        Self::with_options(simulator, Options::default()).await
    }

    /// With nothing in the database, and a server that is told `options`; data folder, key file, address and allowed upstream are added to them.
    pub(crate) async fn with_options(simulator: Simulator, mut options: Options) -> Self {
        let data = tempfile::tempdir().unwrap();
        options.data_dir = Some(data.path().to_owned());
        if options.database.is_some() {
            options.master_key_file = Some(make_key_file(data.path()).await);
        }
        options.allow_upstream.push(authority(&simulator));
        let server = start(&options).await;
        Self { simulator, server, data, options }
    }

    /// One more server with the same public URL, on the same database and with the same master keys.
    pub(crate) async fn another_server(&self) -> Server {
        let public_url = Some(self.server.public_url().as_url().to_string());
        start(&Options { public_url, ..self.options.clone() }).await
    }

    /// Runs the program with `arguments` on this installation: what it said, when it succeeded.
    pub(crate) async fn succeeds(&self, arguments: &[&str]) -> String {
        let url = self.options.database.as_deref().expect("the house stands on a database of its own");
        let keys = self.options.master_key_file.as_ref().unwrap().to_str().unwrap();
        let output = run([arguments, &["--database", url, "--master-key-file", keys]].concat()).await;
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    pub(crate) fn vestibule(&self) -> &Vestibule {
        self.server.vestibule()
    }

    pub(crate) fn browser(&self) -> Browser {
        Browser::new(self.server.public_url().as_url())
    }

    /// A browser that comes past the proxy: it goes to the address itself, whatever the public URL is.
    pub(crate) fn local_browser(&self) -> Browser {
        Browser::new(&Url::parse(&format!("http://{}", self.server.address())).unwrap())
    }

    /// The two records of Casdoor's guide, from the simulator's own material.
    pub(crate) async fn add_certs(&self) {
        let material = self.simulator.app().material();
        add_cert(self.vestibule(), APP_CERT, &material.app_cert, &material.app_private_key).await;
        add_cert(self.vestibule(), ROOT_CERT, &material.alipay_cert, &material.alipay_root_cert).await;
    }

    /// A row of [`OWNER`] for this simulator, with some members of its config replaced.
    pub(crate) async fn add_row(&self, name: &str, changes: Value) {
        add_row(self.vestibule(), name, config(&self.simulator, changes)).await;
    }
}

async fn start(options: &Options) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    Server::start(options, listener).await.unwrap()
}

/// A file with a fresh master key in `folder`.
pub(crate) async fn make_key_file(folder: &Path) -> PathBuf {
    let file = folder.join("master.key");
    KeyFile::at(&file).make_if_absent(&SystemRandom::new()).await.unwrap();
    file
}

/// Stores a record of the shared owner, as the command line does.
pub(crate) async fn add_cert(vestibule: &Vestibule, name: &str, certificate: &str, private_key: &str) {
    let cert = NewCert {
        owner: vestibule.shared_owner().to_owned(),
        name: name.to_owned(),
        display_name: String::new(),
        certificate: certificate.to_owned(),
        private_key: Some(private_key).filter(|text| !text.is_empty()).map(Secret::new),
        sharing: None,
    };
    vestibule.certs().save(cert, BY).await.unwrap();
}

/// Stores an enabled row of [`OWNER`] without a check, as an administration that allows unfinished rows does.
pub(crate) async fn add_row(vestibule: &Vestibule, name: &str, config: Value) {
    let row = NewProvider {
        owner: OWNER.to_owned(),
        name: name.to_owned(),
        display_name: "Alipay".to_owned(),
        category: "OAuth".to_owned(),
        kind: "Alipay".to_owned(),
        enabled: true,
        config: Config::new(config.to_string()),
    };
    vestibule.providers().add(row, BY).await.unwrap();
}

/// The config of a row for `simulator`, with the members of `changes` in place of its own; null removes one.
pub(crate) fn config(simulator: &Simulator, changes: Value) -> Value {
    let mut config = json!({
        "appId": simulator.app().app_id(),
        "appCert": APP_CERT,
        "rootCert": ROOT_CERT,
        "environment": "custom",
        "authorizeUrl": simulator.authorize_url(),
        "gatewayUrl": simulator.gateway_url(),
        "subject": "open_id",
    });
    let members = config.as_object_mut().unwrap();
    let Value::Object(changes) = changes else { panic!("{changes} is no object") };
    for (name, value) in changes {
        if value.is_null() {
            members.remove(&name);
        } else {
            members.insert(name, value);
        }
    }
    config
}

/// What `--allow-upstream` must be for `simulator`.
pub(crate) fn authority(simulator: &Simulator) -> String {
    let url = simulator.gateway_url();
    format!("{}:{}", url.host_str().unwrap(), url.port().unwrap())
}
