//! Names compare byte by byte: a letter that only looks the same is another row's.

use vestibule_database::{Database, DbError, containing, sql};
use vestibule_testkit::databases::{Backend, TestDatabase, on_every_database};

const FIND: &str = "SELECT name FROM vestibule_cert WHERE owner = ? AND name = ?";
const INSERT: &str = "INSERT INTO vestibule_cert (owner, name, display_name, certificate) VALUES (?, ?, ?, ?)";

/// Case, accents composed and not, full width, ligatures, sharp s, dotless i, another script's letters, and nothing visible.
const ALIKE: [&str; 15] = [
    "alipay",
    "Alipay",
    "ALIPAY",
    "alípay",
    "ali\u{301}pay",
    "ａｌｉｐａｙ",
    "аlipay",
    "alıpay",
    "ali\u{200b}pay",
    "ali pay",
    "straße",
    "strasse",
    "ﬁne",
    "fine",
    "alipay\u{a0}",
];

on_every_database! {
    async fn names_that_look_alike_are_different_rows(place: TestDatabase) {
        let database = Database::open(place.url()).await.unwrap();
        for name in ALIKE {
            sql(INSERT).bind("admin").bind(name).bind(name).bind("").execute(&database).await.expect(name);
        }
        for name in ALIKE {
            let found = sql(FIND).bind("admin").bind(name).fetch_all(&database).await.unwrap();
            assert_eq!(found.len(), 1, "{name:?}");
            assert_eq!(found[0].text("name").unwrap(), name);
            let again = sql(INSERT).bind("admin").bind(name).bind("").bind("").execute(&database).await;
            assert!(matches!(again, Err(DbError::AlreadyThere)), "{name:?}: {again:?}");
        }
        for (owner, name) in [("Admin", "alipay"), ("admin ", "alipay"), ("admin", "alipay "), ("admin", " alipay"), ("admin", "alipay\t")] {
            let found = sql(FIND).bind(owner).bind(name).fetch_all(&database).await.unwrap();
            assert!(found.is_empty(), "{owner:?}, {name:?}");
        }
    }

    async fn rows_are_sorted_by_their_bytes(place: TestDatabase) {
        let database = Database::open(place.url()).await.unwrap();
        for name in ALIKE {
            sql(INSERT).bind("admin").bind(name).bind("").bind("").execute(&database).await.unwrap();
        }
        let rows = sql("SELECT name FROM vestibule_cert ORDER BY name").fetch_all(&database).await.unwrap();
        let mut expected = ALIKE.to_vec();
        expected.sort_unstable();
        let names: Vec<_> = rows.iter().map(|row| row.text("name").unwrap()).collect();
        assert_eq!(names, expected);
    }

    async fn every_letter_comes_back_as_it_was(place: TestDatabase) {
        let database = Database::open(place.url()).await.unwrap();
        let text = "支付宝 𠮷 🔑 👩‍👩‍👧 \\ ' \" % \r\n\t é";
        sql(INSERT).bind("组织").bind("支付宝🔑").bind("网站").bind(text).execute(&database).await.unwrap();
        let row = sql("SELECT owner, name, display_name, certificate FROM vestibule_cert WHERE name = ?");
        let row = row.bind("支付宝🔑").fetch_optional(&database).await.unwrap().unwrap();
        for (column, expected) in [("owner", "组织"), ("name", "支付宝🔑"), ("display_name", "网站"), ("certificate", text)] {
            assert_eq!(row.text(column).unwrap(), expected);
            assert_eq!(row.utf8(column).unwrap().as_deref(), Some(expected));
        }
        let foreign = place.query_texts("SELECT certificate FROM vestibule_cert WHERE name = ?", &["支付宝🔑".into()]).await;
        assert_eq!(foreign, [[text]]);
    }

    async fn what_people_look_for_is_found_as_it_is_written(place: TestDatabase) {
        let database = Database::open(place.url()).await.unwrap();
        for (number, name) in ["50%!", "a_b", "axb", "50\\", "支付宝"].into_iter().enumerate() {
            sql(INSERT).bind("admin").bind(number.to_string()).bind(name).bind("").execute(&database).await.unwrap();
        }
        for (part, expected) in [("%", "50%!"), ("_", "a_b"), ("0\\", "50\\"), ("!", "50%!"), ("付", "支付宝")] {
            let rows = sql("SELECT display_name FROM vestibule_cert WHERE display_name LIKE ? ESCAPE '!'").bind(containing(part));
            let rows = rows.fetch_all(&database).await.unwrap();
            let names: Vec<_> = rows.iter().map(|row| row.text("display_name").unwrap()).collect();
            assert_eq!(names, [expected], "{part}");
        }
    }

    async fn a_nul_in_a_name_is_an_error_or_no_row_and_the_pool_goes_on(place: TestDatabase) {
        let database = Database::open(place.url()).await.unwrap();
        sql(INSERT).bind("admin").bind("alipay").bind("").bind("").execute(&database).await.unwrap();
        let found = sql(FIND).bind("admin").bind("alipay\0").fetch_all(&database).await;
        match place.backend() {
            Backend::Postgres => assert!(matches!(found, Err(DbError::Failed(_))), "{found:?}"),
            Backend::Sqlite | Backend::MariaDb => assert!(found.unwrap().is_empty()),
        }
        let written = sql(INSERT).bind("admin").bind("ali\0pay").bind("").bind("").execute(&database).await;
        assert!(matches!(written, Err(DbError::Failed(_))), "{written:?}");
        let found = sql(FIND).bind("admin").bind("alipay").fetch_all(&database).await.unwrap();
        assert_eq!(found.len(), 1);
    }
}
