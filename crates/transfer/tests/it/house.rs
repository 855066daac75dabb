//! An installation with one database, and what tests put into it.

use std::sync::Arc;

use async_trait::async_trait;
use vestibule_certs_store::{CertStore, Edit, NewCert, NewVersion, WhenStaged, WholeCert};
use vestibule_database::{Database, Keyring, MasterKey};
use vestibule_oauth_provider::{
    Config, Context, Error, Field, KeyGrant, OAuthProvider, Owners, ProviderType, Registry, Result, Secret,
    SystemRandom, provider_config,
};
use vestibule_provider_alipay::Alipay;
use vestibule_provider_store::{NewProvider, ProviderStore, WholeProvider};
use vestibule_testkit::FixedClock;
use vestibule_testkit::databases::{Backend, TestDatabase};
use vestibule_transfer::{Applied, Import, Installation, Passphrase, Plan, Secrets, Source};

pub(crate) const APP_CERT: &str = include_str!("../../../../certs-store/tests/data/app.crt");
pub(crate) const APP_KEY: &str = include_str!("../../../../certs-store/tests/data/app.key");
pub(crate) const OTHER_CERT: &str = include_str!("../../../../certs-store/tests/data/other.crt");
pub(crate) const OTHER_KEY: &str = include_str!("../../../../certs-store/tests/data/other.key");
pub(crate) const BUNDLE: &str = include_str!("../../../../certs-store/tests/data/bundle.crt");

/// Who changes rows.
pub(crate) const ANNA: &str = "anna";
pub(crate) const PASSPHRASE: &str = "correct horse battery staple";
/// The secret of every provider row.
pub(crate) const SECRET: &str = "CLEAR-SECRET-ONE";

provider_config! {
    /// What a row of type "Test" holds; never read here.
    struct TestConfig {
        client_id: Option<String> = Field::text("Client ID").required().in_column("clientId"),
        client_secret: Option<Secret> = Field::secret("Client secret").required().in_column("clientSecret"),
        second_secret: Option<Secret> = Field::secret("Another"),
        token_url: Option<String> = Field::url("Token URL").in_column("customTokenUrl"),
        environment: Option<String> = Field::choice("Environment", &["production", "sandbox"]),
        cert: Option<String> = Field::cert("Certificate").in_column("cert"),
        more: Option<serde_json::Value> = Field::text("More"),
    }
}

#[derive(Debug)]
struct Test;

#[async_trait]
impl ProviderType for Test {
    type Config = TestConfig;
    const KIND: &'static str = "Test";

    async fn open(&self, _: TestConfig, _: &Context) -> Result<Arc<dyn OAuthProvider>> {
        Err(Error::unsupported("nobody signs in here"))
    }
}

/// An installation, and the database that it has to itself.
pub(crate) struct House {
    pub(crate) foreign: TestDatabase,
    pub(crate) rooms: Installation,
}

impl House {
    pub(crate) async fn open(foreign: TestDatabase) -> Self {
        let database = Database::open(foreign.url()).await.unwrap();
        let rooms = rooms(&database);
        Self { foreign, rooms }
    }

    /// An empty one on SQLite.
    pub(crate) async fn empty() -> Self {
        Self::open(TestDatabase::create(Backend::Sqlite).await).await
    }

    /// One with records of every layout, versions, sharing, and rows that use them.
    pub(crate) async fn furnished(foreign: TestDatabase) -> Self {
        let house = Self::open(foreign).await;
        let Installation { certs, .. } = &house.rooms;
        let sharing = KeyGrant {
            owners: Owners::Listed(vec!["acme".to_owned(), "支".to_owned()]),
            hosts: vec!["gate.example".to_owned()],
        };
        certs.save(cert("admin", "app", APP_CERT, Some(APP_KEY)), ANNA).await.unwrap();
        certs.set_sharing(&Edit::of("admin", "app", ANNA), &sharing).await.unwrap();
        let next = NewVersion { certificate: OTHER_CERT.to_owned(), private_key: Some(Secret::new(OTHER_KEY)) };
        certs.stage(&Edit::of("admin", "app", ANNA), next.clone(), WhenStaged::Refuse).await.unwrap();
        // Both in one, as Casdoor's guide has it; what stands in the Private key field is no secret.
        certs.save(cert("admin", "root", APP_CERT, Some(BUNDLE)), ANNA).await.unwrap();
        certs.save(cert("acme", "app", OTHER_CERT, Some(OTHER_KEY)), ANNA).await.unwrap();
        certs
            .stage(
                &Edit::of("acme", "app", ANNA),
                NewVersion { certificate: APP_CERT.to_owned(), private_key: Some(Secret::new(APP_KEY)) },
                WhenStaged::Refuse,
            )
            .await
            .unwrap();
        certs.switch(&Edit::of("acme", "app", ANNA)).await.unwrap();
        house.add_provider("acme", "test", true, &config(SECRET, "https://token.example/")).await;
        house.add_provider("支", "off", false, "{ \"clientId\" : \"支\", \"more\": [1.50, {\"a\": null}] }").await;
        house
    }

    pub(crate) async fn add_provider(&self, owner: &str, name: &str, enabled: bool, config: &str) {
        self.rooms.providers.add(provider(owner, name, enabled, config), ANNA).await.unwrap();
    }

    pub(crate) async fn export(&self, secrets: &Secrets) -> Vec<u8> {
        let mut file = Vec::new();
        let exported = self.rooms.export(secrets, &mut file, &mut |_| {}).await.unwrap();
        assert_eq!(exported.left_behind, [""; 0]);
        file
    }

    pub(crate) async fn plan(&self, import: &Import) -> Plan {
        self.rooms.plan(import, &mut |_| {}).await.unwrap()
    }

    pub(crate) async fn refusal(&self, import: &Import) -> String {
        self.rooms.plan(import, &mut |_| {}).await.unwrap_err().to_string()
    }

    /// Takes in all of a file that can be.
    pub(crate) async fn import(&self, import: &Import) -> Applied {
        let plan = self.plan(import).await;
        self.rooms.apply(import, &plan, ANNA, &mut |_| {}).await.unwrap()
    }

    pub(crate) async fn cert(&self, owner: &str, name: &str) -> WholeCert {
        self.rooms.certs.whole(owner, name).await.unwrap().expect("the record is there")
    }

    pub(crate) async fn provider(&self, owner: &str, name: &str) -> WholeProvider {
        self.rooms.providers.whole(owner, name).await.unwrap().expect("the row is there")
    }

    /// All that is stored, secrets open, in a form that can be compared.
    pub(crate) async fn contents(&self) -> Vec<String> {
        let mut contents = Vec::new();
        for (owner, name) in self.rooms.certs.names_after(("", ""), 1_000).await.unwrap() {
            let cert = self.cert(&owner, &name).await;
            contents.push(format!("{} {owner}/{name} {:?} {:?}", cert.id, cert.display_name, cert.sharing));
            for version in cert.versions {
                let key = version.private_key.map(|key| key.expose().to_owned());
                let last = |text: &str| format!("{} … {}", text.len(), &text[text.len() - 60..text.len() - 30]);
                let (certificate, key) = (last(&version.certificate), key.as_deref().map(last));
                contents.push(format!("  {} {:?} {certificate:?} {key:?}", version.number, version.state));
            }
        }
        for (_, provider) in self.rooms.providers.whole_after(("", ""), 1_000).await.unwrap() {
            let WholeProvider { id, row, .. } = provider.unwrap();
            let NewProvider { owner, name, display_name, category, kind, enabled, config } = row;
            // White space between fields is not kept.
            let config: serde_json::Value = serde_json::from_str(config.expose()).unwrap();
            contents.push(format!("{id} {owner}/{name} {display_name:?} {category} {kind} {enabled} {config}"));
        }
        contents
    }
}

fn rooms(database: &Database) -> Installation {
    let mut registry = Registry::new();
    registry.add(Test).unwrap();
    registry.add(Alipay).unwrap();
    let registry = Arc::new(registry);
    let keyring = Keyring::new(MasterKey::from_text(&Secret::new("1".repeat(64))).unwrap());
    let (clock, random) = (Arc::new(FixedClock::at(1_900_000_000)), Arc::new(SystemRandom::new()));
    let certs = CertStore::new(database.clone(), keyring.clone(), "admin", clock.clone(), random.clone());
    let providers =
        ProviderStore::new(database.clone(), keyring, registry.clone(), "admin", clock.clone(), random.clone());
    Installation { certs, providers, registry, clock, random }
}

pub(crate) fn cert(owner: &str, name: &str, certificate: &str, private_key: Option<&str>) -> NewCert {
    NewCert {
        owner: owner.to_owned(),
        name: name.to_owned(),
        display_name: format!("{name} of {owner}"),
        certificate: certificate.to_owned(),
        private_key: private_key.map(Secret::new),
        sharing: None,
    }
}

pub(crate) fn provider(owner: &str, name: &str, enabled: bool, config: &str) -> NewProvider {
    NewProvider {
        owner: owner.to_owned(),
        name: name.to_owned(),
        display_name: String::new(),
        category: "OAuth".to_owned(),
        kind: "Test".to_owned(),
        enabled,
        config: Config::new(config),
    }
}

pub(crate) fn config(secret: &str, token_url: &str) -> String {
    format!(
        "{{\n  \"tokenUrl\": \"{token_url}\", \"cert\": \"app\",\n  \"clientSecret\": \"{secret}\", \"clientId\": \"a\" }}"
    )
}

pub(crate) fn sealed() -> Secrets {
    Secrets::Sealed(Passphrase::new(PASSPHRASE).unwrap())
}

/// A file, with the passphrase of all files here.
pub(crate) fn import(file: &[u8]) -> Import {
    Import::new(Source::Bytes(file.into())).with_passphrase(Passphrase::new(PASSPHRASE).unwrap())
}

/// The text of a file, its head before its rows.
pub(crate) fn text(file: &serde_json::Value) -> Vec<u8> {
    let members = ["format", "version", "exported_at", "secrets", "certs", "providers"];
    let members = members.map(|member| format!("\"{member}\":{}", file[member]));
    format!("{{{}}}", members.join(",")).into_bytes()
}
