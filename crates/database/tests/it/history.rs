//! Who changed what, and when.

use vestibule_database::{Change, ChangesOf, Database, Page, RowKind, changes};
use vestibule_testkit::databases::{TestDatabase, on_every_database};

const CHANGE: Change<'_> = Change {
    actor: "alice",
    action: "switch",
    what: RowKind::Cert,
    row_id: "00000000-0000-4000-8000-000000000001",
    owner: "acme",
    name: "支付宝",
    version: Some(7),
    detail: "",
};

async fn note(database: &Database, change: Change<'_>, at: i64) {
    let mut transaction = database.begin().await.unwrap();
    change.note(&mut transaction, at).await.unwrap();
    transaction.commit().await.unwrap();
}

on_every_database! {
    async fn changes_are_read_back_newest_first_and_by_row_or_name(place: TestDatabase) {
        let database = Database::open(place.url()).await.unwrap();
        note(&database, CHANGE, 100).await;
        let renamed = Change { action: "rename", name: "alipay", version: None, detail: "was \"支付宝\"", ..CHANGE };
        note(&database, renamed, 200).await;
        let other = Change { what: RowKind::Provider, row_id: "00000000-0000-4000-8000-000000000002", ..CHANGE };
        note(&database, other, 300).await;

        let all = changes(&database, ChangesOf::Everything, Page::default()).await.unwrap();
        assert_eq!(all.total, 3);
        assert_eq!(all.items.iter().map(|change| change.at).collect::<Vec<_>>(), [300, 200, 100]);
        let row = changes(&database, ChangesOf::Row(CHANGE.row_id), Page::new(1, 1).unwrap()).await.unwrap();
        assert_eq!((row.total, row.items.len()), (2, 1));
        let first = &row.items[0];
        assert_eq!((first.at, first.actor.as_str(), first.action.as_str()), (100, "alice", "switch"));
        assert_eq!((first.what.as_str(), first.version, first.name.as_str()), ("cert", Some(7), "支付宝"));
        let name = ChangesOf::Name { what: RowKind::Cert, owner: "acme", name: "alipay" };
        let name = changes(&database, name, Page::default()).await.unwrap();
        assert_eq!((name.total, name.items[0].version, name.items[0].detail.as_str()), (1, None, "was \"支付宝\""));
    }

    async fn a_change_that_is_undone_leaves_no_note(place: TestDatabase) {
        let database = Database::open(place.url()).await.unwrap();
        let mut transaction = database.begin().await.unwrap();
        CHANGE.note(&mut transaction, 1).await.unwrap();
        drop(transaction);
        assert_eq!(changes(&database, ChangesOf::Everything, Page::default()).await.unwrap().total, 0);
    }

    async fn a_note_fits_whatever_it_says(place: TestDatabase) {
        let database = Database::open(place.url()).await.unwrap();
        let long = "支付宝\0🔑".repeat(2_000);
        let change = Change {
            actor: &long, action: &long, what: RowKind::Cert, row_id: &long, owner: &long, name: &long, version: Some(i64::MAX), detail: &long,
        };
        note(&database, change, i64::MIN).await;
        let noted = changes(&database, ChangesOf::Everything, Page::default()).await.unwrap();
        assert_eq!((noted.items[0].at, noted.items[0].detail.chars().count()), (i64::MIN, 2_000));
    }
}
