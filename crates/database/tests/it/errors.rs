//! What goes wrong is said without a value: any of them may be somebody's private key.

use vestibule_database::{Database, DbError, Sql, sql};
use vestibule_oauth_provider::Error;
use vestibule_testkit::databases::{Backend, TestDatabase, on_every_database};

const SECRET: &str = "hunter2";

/// All that can be seen of an error.
async fn seen(database: &Database, statement: Sql) -> String {
    let shown = format!("{statement:?}");
    let error = statement.execute(database).await.unwrap_err();
    let mut seen = format!("{shown}\n{error}\n{error:?}\n{error:#?}\n");
    let error = Error::from(error);
    seen.push_str(&format!("{error}\n{error:?}\n{}", error.report()));
    assert!(!seen.contains(SECRET) && !seen.contains("68756e74657232"), "{seen}");
    seen
}

on_every_database! {
    async fn no_error_repeats_a_bound_value(place: TestDatabase) {
        let database = Database::open(place.url()).await.unwrap();
        let key = format!("-----BEGIN PRIVATE KEY-----\n{SECRET}");
        let cert = |name: &str| {
            sql("INSERT INTO vestibule_cert (owner, name, private_key) VALUES ('admin', ?, ?)").bind(name).bind(&key)
        };
        let said = seen(&database, cert("b/c")).await;
        assert!(said.contains("name_is_a_name"), "{said}");
        seen(&database, cert(&format!("{SECRET};"))).await;

        cert(SECRET).execute(&database).await.unwrap();
        assert!(matches!(cert(SECRET).execute(&database).await, Err(DbError::AlreadyThere)));
        seen(&database, cert(SECRET)).await;

        let long = SECRET.repeat(200);
        seen(&database, cert(&long)).await;
        seen(&database, cert(&format!("{SECRET}\0"))).await;

        let version = sql("INSERT INTO vestibule_cert (owner, name, version) VALUES ('admin', 'v', ?)").bind(SECRET);
        seen(&database, version).await;
        for config in [format!("{{\"key\":\"{SECRET}\""), format!("{SECRET} {{}}"), format!("[\"{SECRET}\"]")] {
            let provider = sql("INSERT INTO vestibule_provider (owner, name, type, config) VALUES ('a', 'b', 'X', ?)");
            seen(&database, provider.bind(config)).await;
        }
        let parent = sql("INSERT INTO vestibule_cert_version (cert_id, version, state, private_key) VALUES ('x', 1, 'next', ?)");
        seen(&database, parent.bind(&key)).await;

        if place.backend() == Backend::Postgres {
            // Here the value is in the message itself.
            seen(&database, sql("INSERT INTO vestibule_setting (name, value) VALUES ('a', CAST(CAST(? AS bigint) AS text))").bind(SECRET)).await;
        }

        let column = match place.backend() {
            Backend::MariaDb => "VARCHAR(5) CHARACTER SET latin1",
            Backend::Postgres => "VARCHAR(5)",
            Backend::Sqlite => "VARCHAR(5) CHECK (length(word) <= 5)",
        };
        place.execute(&format!("CREATE TABLE z (word {column})"), &[]).await;
        seen(&database, sql("INSERT INTO z (word) VALUES (?)").bind(SECRET)).await;
        seen(&database, sql("INSERT INTO z (word) VALUES (?)").bind(format!("支付宝{SECRET}"))).await;
        seen(&database, sql("INSERT INTO z (nothing) VALUES (?)").bind(SECRET)).await;
        seen(&database, sql("INSERT INTO nowhere VALUES (?)").bind(SECRET)).await;
    }

    async fn a_value_that_cannot_be_read_is_not_repeated(place: TestDatabase) {
        let database = Database::open(place.url()).await.unwrap();
        let row = sql(format!("SELECT '{SECRET}' AS word")).fetch_optional(&database).await.unwrap().unwrap();
        let seen = match row.int("word") {
            Ok(number) => number.to_string(),
            Err(error) => format!("{error:?}") + &Error::from(error).report(),
        };
        assert!(!seen.contains(SECRET), "{seen}");
        assert!(!format!("{row:?}").contains(SECRET));
    }
}

#[test]
fn who_may_not_come_in_is_told_why_and_not_with_what() {
    for backend in [Backend::Postgres, Backend::MariaDb] {
        vestibule_testkit::databases::run(
            backend,
            "who_may_not_come_in_is_told_why_and_not_with_what",
            |place| async move {
                let (start, end) = place.url().split_once('@').unwrap();
                let (scheme, user) = start.split_once("//").unwrap();
                let user = user.split(':').next().unwrap();
                let database = end.split('/').next_back().unwrap().split('?').next().unwrap();
                for (url, said) in [
                    (format!("{scheme}//nobody:{SECRET}@{end}"), "nobody"),
                    (format!("{scheme}//{user}@{}", end.replace(database, "vestibule_absent")), "vestibule_absent"),
                ] {
                    let error = Database::open(&url).await.unwrap_err();
                    let seen = format!("{error:?}");
                    let seen = seen + &Error::from(error).report();
                    assert!(seen.contains(said) && !seen.contains(SECRET), "{seen}");
                }
            },
        );
    }
}
