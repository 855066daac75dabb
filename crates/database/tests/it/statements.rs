//! Statements and the rows of their answers.

use vestibule_database::{Database, DbError, Page, places, sql};
use vestibule_testkit::databases::{TestDatabase, on_every_database};

on_every_database! {
    async fn whole_numbers_of_every_width_are_read(place: TestDatabase) {
        let database = Database::open(place.url()).await.unwrap();
        place.execute("CREATE TABLE z (small SMALLINT, middle INT, large BIGINT, absent BIGINT, word VARCHAR(10))", &[]).await;
        place.execute("INSERT INTO z VALUES (-7, 70000, 9223372036854775807, NULL, 'x')", &[]).await;
        let row = sql("SELECT z.*, COUNT(*) OVER () AS total, CASE WHEN small < 0 THEN 1 ELSE 0 END AS flag FROM z");
        let row = row.fetch_optional(&database).await.unwrap().unwrap();
        for (column, expected) in [("small", -7), ("middle", 70_000), ("large", i64::MAX), ("total", 1), ("flag", 1)] {
            assert_eq!(row.int(column).unwrap(), expected, "{column}");
        }
        assert_eq!(row.opt_int("absent").unwrap(), None);
        assert_eq!((row.text("absent").unwrap().as_str(), row.utf8("absent").unwrap()), ("", None));
        assert!(matches!(row.int("absent"), Err(DbError::Failed(_))));
        assert!(matches!(row.int("missing"), Err(DbError::Failed(_))));
        assert!(matches!(row.text("missing"), Err(DbError::Failed(_))));
    }

    async fn the_numbers_of_our_tables_are_read(place: TestDatabase) {
        let database = Database::open(place.url()).await.unwrap();
        sql("INSERT INTO vestibule_provider (owner, name, type, enabled) VALUES (?, ?, ?, ?)")
            .bind("admin").bind("a").bind("X").bind(false).execute(&database).await.unwrap();
        let row = sql("SELECT enabled, version, octet_length(config) AS size, (SELECT MAX(not_after) FROM vestibule_cert) AS last FROM vestibule_provider");
        let row = row.fetch_optional(&database).await.unwrap().unwrap();
        assert_eq!((row.int("enabled").unwrap(), row.int("version").unwrap(), row.int("size").unwrap()), (0, 1, 2));
        assert_eq!(row.opt_int("last").unwrap(), None);
    }

    async fn two_statements_give_one_answer(place: TestDatabase) {
        let database = Database::open(place.url()).await.unwrap();
        for (owner, name) in [("acme", "a"), ("admin", "a"), ("admin", "b")] {
            sql("INSERT INTO vestibule_cert (owner, name) VALUES (?, ?)").bind(owner).bind(name).execute(&database).await.unwrap();
        }
        let of = |owner: &str, names: &[&str]| {
            sql(format!("SELECT owner, name, version, '' AS extra FROM vestibule_cert WHERE owner = ? AND name IN ({})", places(names.len())))
                .bind(owner)
                .bind_all(names.iter().copied())
        };
        let rows = of("acme", &["a", "b"]).union_all(of("admin", &["b"])).fetch_all(&database).await.unwrap();
        let mut found: Vec<_> = rows.iter().map(|row| (row.text("owner").unwrap(), row.text("name").unwrap())).collect();
        found.sort();
        assert_eq!(found, [("acme".to_owned(), "a".to_owned()), ("admin".to_owned(), "b".to_owned())]);
    }

    async fn pages_cut_a_list_and_lose_nothing(place: TestDatabase) {
        let database = Database::open(place.url()).await.unwrap();
        for number in 0..7 {
            sql("INSERT INTO vestibule_cert (owner, name) VALUES ('admin', ?)").bind(format!("n{number}")).execute(&database).await.unwrap();
        }
        let (mut page, mut names) = (Page::new(3, 0).unwrap(), Vec::new());
        loop {
            let rows = sql("SELECT name FROM vestibule_cert ORDER BY name").page(page).fetch_all(&database).await.unwrap();
            if rows.is_empty() { break }
            names.extend(rows.iter().map(|row| row.text("name").unwrap()));
            page = page.next();
        }
        assert_eq!(names, ["n0", "n1", "n2", "n3", "n4", "n5", "n6"]);
        let far = Page::new(1_000, u64::MAX).unwrap();
        assert!(sql("SELECT name FROM vestibule_cert ORDER BY name").page(far).fetch_all(&database).await.unwrap().is_empty());
    }

    async fn bytes_that_are_no_text_are_read_without_trust(place: TestDatabase) {
        let database = Database::open(place.url()).await.unwrap();
        let bytes = match place.backend() {
            vestibule_testkit::databases::Backend::Sqlite => "CAST(x'61ff62' AS TEXT)",
            // PostgreSQL has no such text; its bytes come as they are.
            vestibule_testkit::databases::Backend::Postgres => "'\\x61ff62'::bytea",
            vestibule_testkit::databases::Backend::MariaDb => "CAST(x'61ff62' AS BINARY)",
        };
        let row = sql(format!("SELECT {bytes} AS word")).fetch_optional(&database).await.unwrap().unwrap();
        assert_eq!(row.text("word").unwrap(), "a\u{fffd}b");
        assert!(matches!(row.utf8("word"), Err(DbError::Failed(_))));
    }
}
