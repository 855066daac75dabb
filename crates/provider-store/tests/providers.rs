//! Provider rows in SQLite.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "a test that panics has failed"
)]

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use sqlx::SqlitePool;
use tempfile::TempDir;
use vestibule_database::{Database, Keyring, MASK, MasterKey, StoreError};
use vestibule_login::ProviderRows;
use vestibule_oauth_provider::{
    Config, Context, Error, ErrorKind, Field, OAuthProvider, ProviderType, Registry, Result, Secret, SystemRandom,
    provider_config,
};
use vestibule_provider_store::{NewProvider, ProviderStore, ProviderView};
use vestibule_testkit::FixedClock;
use vestibule_testkit::stores::{self, ProviderBackend};

provider_config! {
    /// What a row of type "Test" holds; never read here.
    struct TestConfig {
        id: Option<String> = Field::text("ID"),
        client_secret: Option<Secret> = Field::secret("Secret"),
        second_secret: Option<Secret> = Field::secret("Another"),
        more: Option<serde_json::Value> = Field::text("More"),
        token_url: Option<String> = Field::url("Token URL"),
        environment: Option<String> = Field::choice("Environment", &["production", "sandbox"]),
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

const CONFIG: &str =
    "{\n  \"id\": \"支\",  \"clientSecret\": \"CLEAR-SECRET-ONE\",\n  \"more\": [1.50, {\"clientSecret\": 1}]\n}";

struct House {
    folder: TempDir,
    database: Database,
    store: ProviderStore,
}

impl House {
    async fn open() -> Self {
        let folder = TempDir::new().unwrap();
        let database = Database::open(&format!("sqlite:{}", folder.path().join("test.db").display())).await.unwrap();
        let store = store(&database, "1");
        Self { folder, database, store }
    }

    /// By a client that knows nothing of us, with SQLite's own defaults.
    async fn sql(&self, statement: &'static str, values: &[&str]) {
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(self.folder.path().join("test.db"));
        let pool = SqlitePool::connect_with(options).await.unwrap();
        let mut query = sqlx::query(statement);
        for value in values {
            query = query.bind((*value).to_owned());
        }
        query.execute(&pool).await.unwrap();
        pool.close().await;
    }

    async fn stored_config(&self, name: &str) -> String {
        sqlx::query_scalar("SELECT config FROM vestibule_provider WHERE name = ?")
            .bind(name)
            .fetch_one(self.database.sqlite())
            .await
            .unwrap()
    }

    async fn found(&self, name: &str) -> Result<String> {
        Ok(self.store.find("admin", name).await?.expect("the row is there").config.expose().to_owned())
    }
}

fn store(database: &Database, digit: &str) -> ProviderStore {
    let keyring = Keyring::new(MasterKey::from_text(&Secret::new(digit.repeat(64))).unwrap());
    let mut registry = Registry::new();
    registry.add(Test).unwrap();
    let (clock, random) = (Arc::new(FixedClock::new()), Arc::new(SystemRandom::new()));
    ProviderStore::new(database.clone(), keyring, Arc::new(registry), clock, random)
}

fn provider(name: &str, config: &str) -> NewProvider {
    NewProvider {
        owner: "admin".to_owned(),
        name: name.to_owned(),
        display_name: String::new(),
        category: "OAuth".to_owned(),
        kind: "Test".to_owned(),
        enabled: true,
        config: Config::new(config),
    }
}

fn holds(folder: &Path, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in folder.read_dir().unwrap() {
        let entry = entry.unwrap();
        let bytes = std::fs::read(entry.path()).unwrap();
        if bytes.windows(text.len()).any(|window| window == text.as_bytes()) {
            found.push(entry.file_name().into_string().unwrap());
        }
    }
    found
}

struct PlainSql(House);

#[async_trait]
impl ProviderBackend for PlainSql {
    fn rows(&self) -> &dyn ProviderRows {
        &self.0.store
    }

    async fn insert(&self, owner: &str, name: &str, kind: &str, config: &str) {
        let statement = "INSERT INTO vestibule_provider (owner, name, type, config) VALUES (?, ?, ?, ?)";
        self.0.sql(statement, &[owner, name, kind, config]).await;
    }

    async fn set_config(&self, owner: &str, name: &str, config: &str) {
        let statement = "UPDATE vestibule_provider SET config = ? WHERE owner = ? AND name = ?";
        self.0.sql(statement, &[config, owner, name]).await;
    }

    async fn disable(&self, owner: &str, name: &str) {
        self.0.sql("UPDATE vestibule_provider SET enabled = 0 WHERE owner = ? AND name = ?", &[owner, name]).await;
    }

    async fn delete(&self, owner: &str, name: &str) {
        self.0.sql("DELETE FROM vestibule_provider WHERE owner = ? AND name = ?", &[owner, name]).await;
    }
}

struct OurOwn(ProviderStore);

impl OurOwn {
    fn row(owner: &str, name: &str, config: &str) -> NewProvider {
        NewProvider { owner: owner.to_owned(), ..provider(name, config) }
    }
}

#[async_trait]
impl ProviderBackend for OurOwn {
    fn rows(&self) -> &dyn ProviderRows {
        &self.0
    }

    async fn insert(&self, owner: &str, name: &str, kind: &str, config: &str) {
        assert_eq!(kind, "Test");
        self.0.add(Self::row(owner, name, config)).await.unwrap();
    }

    async fn set_config(&self, owner: &str, name: &str, config: &str) {
        self.0.replace(Self::row(owner, name, config)).await.unwrap();
    }

    async fn disable(&self, owner: &str, name: &str) {
        self.0.disable(owner, name).await.unwrap();
    }

    async fn delete(&self, owner: &str, name: &str) {
        self.0.delete(owner, name).await.unwrap();
    }
}

#[tokio::test]
async fn rows_inserted_with_plain_sql_conform() {
    stores::provider_rows(&PlainSql(House::open().await)).await;
}

#[tokio::test]
async fn rows_that_we_store_conform() {
    let database = Database::open("sqlite::memory:").await.unwrap();
    stores::provider_rows(&OurOwn(store(&database, "1"))).await;
}

#[tokio::test]
async fn secrets_are_sealed_in_place_and_the_rest_stays_as_it_was_written() {
    let house = House::open().await;
    let view = house.store.add(provider("a", CONFIG)).await.unwrap();
    let stored = house.stored_config("a").await;
    let (before, after) = CONFIG.split_once("CLEAR-SECRET-ONE").unwrap();
    assert!(stored.starts_with(&format!("{before}vsealed:1:")) && stored.ends_with(after), "{stored}");
    assert_eq!(house.found("a").await.unwrap(), CONFIG);
    assert_eq!(view.config, CONFIG.replace("CLEAR-SECRET-ONE", MASK));
    assert_eq!(holds(house.folder.path(), "CLEAR-SECRET-ONE"), Vec::<String>::new());
    let listed = house.store.list(Some("admin")).await.unwrap();
    assert_eq!(listed, std::slice::from_ref(&view));
    assert!(!format!("{listed:?}").contains("CLEAR-SECRET-ONE"));
    assert_eq!((view.display_name.as_str(), view.version, view.enabled), ("a", 1, true));
}

#[tokio::test]
async fn a_replacement_keeps_the_id_and_the_mask_keeps_the_secret() {
    let house = House::open().await;
    let first = house.store.add(provider("a", r#"{"clientSecret":"one","secondSecret":"two"}"#)).await.unwrap();
    let second = house.store.replace(provider("a", r#"{"secondSecret":"zwei","clientSecret":"***"}"#)).await.unwrap();
    assert_eq!((second.id.as_str(), second.version), (first.id.as_str(), 2));
    assert_eq!(house.found("a").await.unwrap(), r#"{"secondSecret":"zwei","clientSecret":"one"}"#);

    house.store.replace(provider("a", r#"{"clientSecret":null,"secondSecret":""}"#)).await.unwrap();
    assert_eq!(house.stored_config("a").await, r#"{"clientSecret":null,"secondSecret":""}"#);
    let nothing_kept = house.store.replace(provider("a", r#"{"clientSecret":"***"}"#)).await.unwrap_err();
    assert!(nothing_kept.to_string().contains("none is stored; give the secret"), "{nothing_kept}");
    assert!(matches!(house.store.replace(provider("b", "{}")).await, Err(StoreError::NotFound(_))));
    assert!(matches!(house.store.add(provider("a", "{}")).await, Err(StoreError::AlreadyExists(_))));

    house.store.disable("admin", "a").await.unwrap();
    assert!(!house.store.get("admin", "a").await.unwrap().enabled);
    house.store.enable("admin", "a").await.unwrap();
    assert!(house.store.get("admin", "a").await.unwrap().enabled);
    assert!(matches!(house.store.disable("admin", "b").await, Err(StoreError::NotFound(_))));
}

#[tokio::test]
async fn a_masked_secret_is_not_kept_when_it_may_be_sent_somewhere_else() {
    let house = House::open().await;
    let first = r#"{"id":"1","clientSecret":"one","tokenUrl":"https://a.example/","environment":"sandbox","secondSecret":null}"#;
    house.store.add(provider("a", first)).await.unwrap();
    let evil = "https://evil.example/";
    for (config, changed) in [
        (format!(r#"{{"clientSecret":"***","tokenUrl":"{evil}","environment":"sandbox"}}"#), "tokenUrl"),
        (r#"{"clientSecret":"***","environment":"sandbox"}"#.to_owned(), "tokenUrl"),
        (r#"{"clientSecret":"***","tokenUrl":null,"environment":"sandbox"}"#.to_owned(), "tokenUrl"),
        (r#"{"clientSecret":"***","tokenUrl":["https://a.example/"],"environment":"sandbox"}"#.to_owned(), "tokenUrl"),
        (
            format!(
                r#"{{"clientSecret":"***","tokenUrl":"https://a.example/","tokenUrl":"{evil}","environment":"sandbox"}}"#
            ),
            "tokenUrl",
        ),
        (
            r#"{"clientSecret":"***","tokenUrl":"https://a.example/","environment":"production"}"#.to_owned(),
            "environment",
        ),
        (r#"{"clientSecret":"***","tokenUrl":"https://a.example/"}"#.to_owned(), "environment"),
    ] {
        let said = house.store.replace(provider("a", &config)).await.unwrap_err().to_string();
        assert_eq!(
            said,
            format!(
                "provider row \"admin/a\", config: \"clientSecret\" is \"***\", which keeps a stored secret, and \"{changed}\", which may say where it is \
                 sent, is another than before; give the secret"
            )
        );
        assert_eq!(house.found("a").await.unwrap(), first, "and nothing was written");
    }

    // What else is changed, and how the same is written, makes no difference; and whoever knows the secret may change all.
    let same = r#"{"id":"2","tokenUrl":"https:\/\/a.example/","clientSecret":"***","environment":"sandbox"}"#;
    house.store.replace(provider("a", same)).await.unwrap();
    assert_eq!(house.found("a").await.unwrap(), same.replace("***", "one"));
    let known = format!(r#"{{"clientSecret":"one","tokenUrl":"{evil}"}}"#);
    house.store.replace(provider("a", &known)).await.unwrap();
    assert_eq!(house.found("a").await.unwrap(), known);
}

#[tokio::test]
async fn a_sealed_secret_does_not_open_for_another_owner() {
    let house = House::open().await;
    let view = house.store.add(provider("a", r#"{"clientSecret":"hunter2"}"#)).await.unwrap();
    let stored = house.stored_config("a").await;
    let refused = async |owner: &str| {
        let error = house.store.find(owner, "a").await.unwrap_err();
        assert!(error.message().contains("was sealed for another owner, row, version or column"), "{error}");
    };

    house.sql("UPDATE vestibule_provider SET owner = 'mallory'", &[]).await;
    refused("mallory").await;
    house.sql("UPDATE vestibule_provider SET owner = 'admin'", &[]).await;
    assert_eq!(house.found("a").await.unwrap(), r#"{"clientSecret":"hunter2"}"#, "back where it was, it opens");

    // Out of a backup, after the row was deleted.
    house.store.delete("admin", "a").await.unwrap();
    let insert = "INSERT INTO vestibule_provider (id, owner, name, type, config, version) VALUES (?, 'mallory', 'a', 'Test', ?, 1)";
    house.sql(insert, &[&view.id, &stored]).await;
    refused("mallory").await;
}

#[tokio::test]
async fn sign_in_options_are_the_enabled_oauth_rows_by_owner_and_name() {
    let house = House::open().await;
    assert_eq!(house.store.sign_in_options(10).await.unwrap(), []);
    let insert = "INSERT INTO vestibule_provider (owner, name, display_name, category, type, enabled, config)
        VALUES (?, ?, ?, ?, 'Test', ?, json_object('clientSecret', hex(zeroblob(200000))))";
    for [owner, name, display_name, category, enabled] in [
        ["b", "two", "", "OAuth", "1"],
        ["b", "one", "The First", "OAuth", "1"],
        ["a", "off", "", "OAuth", "0"],
        ["a", "captcha", "", "Captcha", "1"],
        ["a", "z", &"支".repeat(1_000), "OAuth", "1"],
    ] {
        house.sql(insert, &[owner, name, display_name, category, enabled]).await;
    }
    let no_uuid = "INSERT INTO vestibule_provider (id, owner, name, type)
        VALUES ('------------------------------------', 'a', 'id', 'Test')";
    house.sql(no_uuid, &[]).await;
    let options = house.store.sign_in_options(10).await.unwrap();
    let shown: Vec<_> = options
        .iter()
        .map(|option| (option.owner.as_str(), option.name.as_str(), option.display_name.as_str(), option.kind.as_str()))
        .collect();
    let capped = "支".repeat(200);
    assert_eq!(
        shown,
        [("a", "z", capped.as_str(), "Test"), ("b", "one", "The First", "Test"), ("b", "two", "two", "Test")]
    );
    assert_eq!(options[1].id.to_string(), house.store.get("b", "one").await.unwrap().id);
}

#[tokio::test]
async fn no_owner_pushes_anothers_sign_in_options_out() {
    let house = House::open().await;
    let many =
        "WITH RECURSIVE numbers (number) AS (SELECT 1 UNION ALL SELECT number + 1 FROM numbers WHERE number < 500)
        INSERT INTO vestibule_provider (owner, name, type) SELECT ?, format('%03d', number), 'Test' FROM numbers";
    house.sql(many, &["a"]).await;
    house.sql(many, &["b"]).await;
    for name in ["one", "two"] {
        house.sql("INSERT INTO vestibule_provider (owner, name, type) VALUES ('z', ?, 'Test')", &[name]).await;
    }
    let options = house.store.sign_in_options(10).await.unwrap();
    let names: Vec<_> = options.iter().map(|option| format!("{}/{}", option.owner, option.name)).collect();
    assert_eq!(names, ["a/001", "a/002", "a/003", "a/004", "b/001", "b/002", "b/003", "b/004", "z/one", "z/two"]);
    assert_eq!(house.store.sign_in_options(2_000).await.unwrap().len(), 1_002);
}

#[tokio::test]
async fn what_cannot_be_a_config_is_refused_without_repeating_it() {
    let house = House::open().await;
    let unknown = NewProvider { kind: "Tset".to_owned(), ..provider("a", "{}") };
    let error = house.store.add(unknown).await.unwrap_err().to_string();
    assert!(error.contains("provider type \"Tset\" is not known here; known types: \"Test\""), "{error}");
    for (config, said) in [
        ("", "expected a json object"),
        ("[\"hunter2\"]", "expected a json object"),
        ("{\"clientSecret\": \"hunter2\"", "is not valid json (line 1"),
        ("{\"clientSecret\": [\"hunter2\"]}", "\"clientSecret\": expected a string"),
        ("{\"clientSecret\": 1234567}", "\"clientSecret\": expected a string"),
        ("{\"clientSecret\": \"vsealed:hunter2\"}", "give the secret in the clear"),
        ("{\"clientSecret\": \"***\"}", "none is stored"),
        (
            "{\"clientSecert\": \"hunter2\"}",
            "\"clientSecert\" is not a field of type \"Test\"; its fields: \"id\", \"clientSecret\"",
        ),
        (&format!("{{\"id\":\"{}\"}}", "x".repeat(70_000)), "is longer than"),
    ] {
        let error = house.store.add(provider("a", config)).await.unwrap_err();
        assert!(matches!(error, StoreError::Refused(_)), "{error:?}");
        let said_it = error.to_string();
        assert!(said_it.starts_with("provider row \"admin/a\", config: ") && said_it.contains(said), "{said_it}");
        assert!(!said_it.contains("hunter2") && !said_it.contains("1234567"), "{said_it}");
    }
    assert!(house.store.add(provider("a/b", "{}")).await.is_err());
    assert!(house.store.list(None).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_clear_secret_from_plain_sql_works_and_is_then_in_no_file() {
    let house = House::open().await;
    let insert = "INSERT INTO vestibule_provider (owner, name, type, config) VALUES ('admin', ?, 'Test', ?)";
    let twice = r#"{"clientSecret":"CLEAR-SECRET-TWO","clientSecret":"CLEAR-SECRET-TOO"}"#;
    house.sql(insert, &["one", CONFIG]).await;
    house.sql(insert, &["two", r#"{"secondSecret":"CLEAR-SECRET-TWO"}"#]).await;
    house.sql(insert, &["three", twice]).await;
    house.sql(insert, &["nothing to seal", r#"{"id":"x","clientSecret":""}"#]).await;
    assert!(!holds(house.folder.path(), "CLEAR-SECRET").is_empty(), "the search finds a clear secret");

    assert_eq!(house.found("one").await.unwrap(), CONFIG);
    assert_eq!(house.stored_config("one").await, CONFIG, "reading writes nothing");

    assert_eq!(house.store.seal_clear_values().await.unwrap(), 3);
    assert_eq!(house.store.seal_clear_values().await.unwrap(), 0);
    assert_eq!(holds(house.folder.path(), "CLEAR-SECRET"), Vec::<String>::new());
    assert_eq!(house.found("one").await.unwrap(), CONFIG);
    assert_eq!(house.found("two").await.unwrap(), r#"{"secondSecret":"CLEAR-SECRET-TWO"}"#);
    assert_eq!(house.found("three").await.unwrap(), twice);

    // An edit by hand of a row that is sealed.
    house
        .sql("UPDATE vestibule_provider SET config = json_set(config, '$.clientSecret', 'CLEAR-SECRET-NEW') WHERE name = 'two'", &[])
        .await;
    let edited = r#"{"secondSecret":"CLEAR-SECRET-TWO","clientSecret":"CLEAR-SECRET-NEW"}"#;
    assert_eq!(house.found("two").await.unwrap(), edited);
    assert_eq!(house.store.seal_clear_values().await.unwrap(), 1);
    assert_eq!(house.found("two").await.unwrap(), edited);
    assert_eq!(holds(house.folder.path(), "CLEAR-SECRET"), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_instances_seal_a_clear_secret_once() {
    let house = House::open().await;
    let second = Database::open(&format!("sqlite:{}", house.folder.path().join("test.db").display())).await.unwrap();
    for number in 0..200 {
        sqlx::query("INSERT INTO vestibule_provider (owner, name, type, config) VALUES ('admin', ?, 'Test', ?)")
            .bind(number.to_string())
            .bind(CONFIG)
            .execute(house.database.sqlite())
            .await
            .unwrap();
    }
    let stores = [house.store.clone(), store(&second, "1"), house.store.clone(), store(&second, "1")];
    let passes: Vec<_> =
        stores.into_iter().map(|store| tokio::spawn(async move { store.seal_clear_values().await.unwrap() })).collect();
    let mut sealed = 0;
    for pass in passes {
        sealed += pass.await.unwrap();
    }
    assert_eq!(sealed, 200, "each row is sealed by exactly one of them");
    for number in 0..200 {
        assert_eq!(house.found(&number.to_string()).await.unwrap(), CONFIG);
    }
}

#[tokio::test]
async fn a_sealed_secret_opens_in_no_other_row_field_version_or_installation() {
    let house = House::open().await;
    house.store.add(provider("mine", r#"{"clientSecret":"mine"}"#)).await.unwrap();
    house.store.add(provider("yours", r#"{"clientSecret":"yours"}"#)).await.unwrap();

    let stranger = store(&house.database, "2");
    let error = stranger.find("admin", "mine").await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Configuration);
    assert!(
        error
            .message()
            .starts_with("provider row \"admin/mine\", config: \"clientSecret\" is sealed with the master key"),
        "{error}"
    );
    assert_eq!(stranger.seal_clear_values().await.unwrap(), 0);

    let mine = house.stored_config("mine").await;
    for (statement, value) in [
        ("UPDATE vestibule_provider SET config = ? WHERE name = 'yours'", mine.clone()),
        ("UPDATE vestibule_provider SET config = ? WHERE name = 'yours'", mine.replace("clientSecret", "secondSecret")),
        ("UPDATE vestibule_provider SET version = version + ? WHERE name = 'mine'", "1".to_owned()),
    ] {
        house.sql(statement, &[&value]).await;
        let name = if statement.contains("'mine'") { "mine" } else { "yours" };
        let error = house.store.find("admin", name).await.unwrap_err();
        assert!(error.message().contains("was sealed for another owner, row, version or column"), "{error}");
    }

    house
        .sql(r#"UPDATE vestibule_provider SET config = '{"clientSecret":"vsealed:my own"}' WHERE name = 'yours'"#, &[])
        .await;
    let error = house.store.find("admin", "yours").await.unwrap_err();
    assert!(
        error.message().starts_with("provider row \"admin/yours\", config: \"clientSecret\" begins like"),
        "{error}"
    );
    assert!(!error.message().contains("my own"));
}

#[tokio::test]
async fn rows_that_nobody_should_insert_name_themselves_and_hide_no_others() {
    let house = House::open().await;
    house.store.add(provider("good", CONFIG)).await.unwrap();
    house
        .sql(
            "INSERT INTO vestibule_provider (owner, name, type, config)
            VALUES ('admin', 'huge', 'Test', json_object('clientSecret', hex(zeroblob(200000))))",
            &[],
        )
        .await;
    house
        .sql(
            r#"INSERT INTO vestibule_provider (id, owner, name, type, config)
            VALUES ('------------------------------------', 'admin', 'id', 'Test', '{"clientSecret":"CLEAR-SECRET"}')"#,
            &[],
        )
        .await;
    for (name, said) in [("huge", "config: is longer than"), ("id", "its id is not a UUID")] {
        let error = house.store.find("admin", name).await.unwrap_err();
        assert_eq!(*error.kind(), ErrorKind::Configuration);
        assert!(
            error.message().starts_with(&format!("provider row \"admin/{name}\"")) && error.message().contains(said),
            "{error}"
        );
    }
    let listed = house.store.list(None).await.unwrap();
    assert_eq!(listed.len(), 3);
    assert!(!format!("{listed:?}").contains("CLEAR-SECRET"));
    assert_eq!(house.store.seal_clear_values().await.unwrap(), 0);
}

#[tokio::test]
async fn a_row_of_unknown_type_is_found_and_shown_with_every_value_masked() {
    let house = House::open().await;
    let insert = "INSERT INTO vestibule_provider (owner, name, type, config) VALUES ('admin', 'later', 'Later', ?)";
    house.sql(insert, &[r#"{"a":"hunter2","b":["hunter2"],"c":null}"#]).await;
    let row = house.store.find("admin", "later").await.unwrap().unwrap();
    assert_eq!(row.kind, "Later");
    let ProviderView { config, error, .. } = house.store.get("admin", "later").await.unwrap();
    assert_eq!((config.as_str(), error), (r#"{"a":"***","b":"***","c":null}"#, None));
}

#[tokio::test]
async fn a_misspelt_secret_is_not_shown() {
    let house = House::open().await;
    let insert = "INSERT INTO vestibule_provider (owner, name, type, config) VALUES ('admin', 'a', 'Test', ?)";
    house.sql(insert, &[r#"{"id":"x","clientSecert":"hunter2"}"#]).await;
    assert_eq!(house.store.get("admin", "a").await.unwrap().config, r#"{"id":"x","clientSecert":"***"}"#);
}
