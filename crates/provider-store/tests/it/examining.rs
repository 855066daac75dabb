//! What becomes of rows that somebody else wrote.

use std::sync::Arc;

use async_trait::async_trait;
use vestibule_oauth_provider::{Config, Context, Error, Factory, Field, OAuthProvider, Registry, Result, Schema};
use vestibule_provider_store::ProviderStore;
use vestibule_testkit::databases::{TestDatabase, on_every_database};

use crate::house::*;

/// A type whose fields are data.
#[derive(Debug)]
struct Growing {
    kind: &'static str,
    schema: Schema,
}

#[async_trait]
impl Factory for Growing {
    fn kind(&self) -> &str {
        self.kind
    }

    fn schema(&self) -> &Schema {
        &self.schema
    }

    async fn open(&self, _: &Config, _: &Context) -> Result<Arc<dyn OAuthProvider>> {
        Err(Error::unsupported("nobody signs in here"))
    }
}

/// A program that knows one type, with these fields.
fn program(house: &House, kind: &'static str, fields: &[Field]) -> ProviderStore {
    let factory = Growing { kind, schema: Schema::new(fields.to_vec()) };
    store_of(&house.database, "1", |registry: &mut Registry| registry.add_factory(Arc::new(factory)).unwrap())
}

impl House {
    async fn unexamined(&self) -> Vec<String> {
        self.texts("SELECT name FROM vestibule_provider WHERE examined <> config ORDER BY name").await.concat()
    }

    /// Name, field and record of every reference.
    async fn references(&self) -> Vec<String> {
        let select = "SELECT provider.name, named.field, named.cert_name FROM vestibule_provider_cert AS named
            JOIN vestibule_provider AS provider ON provider.id = named.provider_id ORDER BY provider.name, named.field";
        self.texts(select).await.iter().map(|reference| reference.join(" ")).collect()
    }
}

on_every_database! {
    async fn a_row_that_we_wrote_needs_no_examination(database: TestDatabase) {
        let house = House::open(database).await;
        let config = r#"{"clientSecret":"one","cert":"a","rootCert":"b"}"#;
        house.store.add(provider("row", config), ANNA).await.unwrap();
        assert_eq!((house.unexamined().await, house.references().await), (vec![], vec!["row cert a".to_owned(), "row rootCert b".to_owned()]));
        house.store.replace(provider("row", r#"{"rootCert":"c"}"#), None, ANNA).await.unwrap();
        assert_eq!((house.unexamined().await, house.references().await), (vec![], vec!["row rootCert c".to_owned()]));
        house.store.delete("admin", "row", ANNA).await.unwrap();
        assert_eq!(house.texts("SELECT field FROM vestibule_provider_cert").await, Vec::<Vec<String>>::new());
    }

    async fn a_row_that_somebody_else_wrote_is_examined_once(database: TestDatabase) {
        let house = House::open(database).await;
        house.insert("secret", r#"{"clientSecret":"CLEAR-SECRET","cert":"a"}"#).await;
        house.insert("nothing", r#"{"id":"1"}"#).await;
        house.insert("twice", r#"{"cert":"a","cert":"b","\u0072ootCert":"\u0063"}"#).await;
        house.insert("no names", &format!(r#"{{"cert":"{}","rootCert":"\u0000"}}"#, "x".repeat(500))).await;
        assert_eq!(house.unexamined().await.len(), 4);
        assert_eq!(house.store.examine().await.unwrap(), 1, "one had a secret");
        assert_eq!(house.unexamined().await, Vec::<String>::new());
        assert_eq!(house.references().await, ["secret cert a", "twice cert b", "twice rootCert c"]);
        house.holds_no("CLEAR-SECRET").await;
        assert_eq!(house.found("secret").await.unwrap(), r#"{"clientSecret":"CLEAR-SECRET","cert":"a"}"#);

        // An edit by hand.
        house.sql("UPDATE vestibule_provider SET config = '{\"cert\":\"d\"}' WHERE name = 'twice'", &[]).await;
        assert_eq!(house.unexamined().await, ["twice"]);
        assert_eq!(house.store.examine().await.unwrap(), 0);
        assert_eq!(house.references().await, ["secret cert a", "twice cert d"]);
    }

    async fn a_row_that_cannot_be_sealed_stays_and_holds_up_no_other(database: TestDatabase) {
        let house = House::open(database).await;
        house.insert("0 huge", &format!(r#"{{"clientSecret":"{}"}}"#, "x".repeat(300_000))).await;
        house.insert_many(130, r#"{"clientSecret":"CLEAR-SECRET"}"#).await;
        assert_eq!(house.store.examine().await.unwrap(), 130);
        assert_eq!(house.unexamined().await, ["0 huge"]);
        let clear = house.texts("SELECT name FROM vestibule_provider WHERE config LIKE '%CLEAR-SECRET%'").await;
        assert_eq!(clear, Vec::<Vec<String>>::new());
    }

    async fn a_row_of_an_unknown_type_waits_for_a_program_that_knows_it(database: TestDatabase) {
        let house = House::open(database).await;
        house.insert_of("Later", "admin", "row", r#"{"token":"CLEAR-SECRET","key":"a"}"#).await;
        assert_eq!(house.store.examine().await.unwrap(), 0);
        assert_eq!(house.unexamined().await, ["row"]);
        let later = program(&house, "Later", &[Field::secret("Token").named("token"), Field::cert("Key").named("key")]);
        assert_eq!(later.examine().await.unwrap(), 1);
        assert_eq!(house.references().await, ["row key a"]);
        house.holds_no("CLEAR-SECRET").await;
        assert_eq!(found(&later, "admin", "row").await.unwrap(), r#"{"token":"CLEAR-SECRET","key":"a"}"#);
    }

    async fn the_rows_of_a_type_that_gets_another_secret_are_examined_anew(database: TestDatabase) {
        let house = House::open(database).await;
        let (token, key) = (Field::secret("Token").named("token"), Field::cert("Key").named("key"));
        let former = program(&house, "Growing", &[Field::text("Token").named("token"), Field::text("Key").named("key")]);
        house.insert_of("Growing", "admin", "row", r#"{"token":"CLEAR-SECRET","key":"a"}"#).await;
        house.insert("another type's", r#"{"id":"1"}"#).await;
        assert_eq!(house.store.examine().await.unwrap() + former.examine().await.unwrap(), 0);
        assert_eq!((house.unexamined().await, house.references().await), (vec![], vec![]));

        let grown = program(&house, "Growing", &[token, key]);
        assert_eq!(grown.examine().await.unwrap(), 1);
        assert_eq!(house.references().await, ["row key a"]);
        house.holds_no("CLEAR-SECRET").await;
        // The former program is still running, and the next one has nothing to do.
        let examined = house.texts("SELECT config, examined FROM vestibule_provider ORDER BY id").await;
        former.examine().await.unwrap();
        house.store.examine().await.unwrap();
        assert_eq!(house.texts("SELECT config, examined FROM vestibule_provider ORDER BY id").await, examined);
    }

    async fn many_rows_are_examined_anew_in_parts(database: TestDatabase) {
        let house = House::open(database).await;
        let names: Vec<_> = (0..2_100).map(|number| format!("('admin', '{number}', 'Growing', '{{\"token\":\"x\"}}')")).collect();
        house.sql(&format!("INSERT INTO vestibule_provider (owner, name, type, config) VALUES {}", names.join(", ")), &[]).await;
        house.sql("UPDATE vestibule_provider SET examined = config", &[]).await;
        let store = program(&house, "Growing", &[Field::text("Other").named("other")]);
        assert_eq!(store.examine().await.unwrap(), 0);
        assert_eq!(house.unexamined().await.len(), 0);
        let kept = house.texts("SELECT value FROM vestibule_setting WHERE name = 'provider_fields'").await.concat().concat();
        assert_eq!(kept, r#"{"Growing":{"secrets":[],"certs":[]}}"#);
    }
}
