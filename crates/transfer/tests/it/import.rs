//! What an import shows, changes, and leaves alone.

use serde_json::{Value, json};
use vestibule_certs_store::{Edit, NewVersion, WhenStaged};
use vestibule_oauth_provider::{Secret, VersionState};
use vestibule_testkit::databases::{Backend, TestDatabase, on_every_database};
use vestibule_transfer::{Outcome, Plan, PlannedRow, Secrets};

use crate::house::{
    ANNA, APP_CERT, APP_KEY, House, OTHER_CERT, OTHER_KEY, SECRET, cert, config, import, provider, sealed, text,
};

fn row<'p>(plan: &'p Plan, owner: &str, name: &str, position: u64) -> &'p PlannedRow {
    plan.rows.iter().rfind(|row| row.owner == owner && row.name == name && row.position == position).unwrap()
}

fn refusal(row: &PlannedRow) -> &str {
    match &row.outcome {
        Outcome::Refused { why } => why,
        other => panic!("{other:?}"),
    }
}

async fn sqlite() -> TestDatabase {
    TestDatabase::create(Backend::Sqlite).await
}

async fn parsed(house: &House, secrets: &Secrets) -> Value {
    serde_json::from_slice(&house.export(secrets).await).unwrap()
}

on_every_database! {
    async fn a_changed_row_says_in_what_and_is_changed(database: TestDatabase) {
        let house = House::furnished(database).await;
        let file = import(&house.export(&sealed()).await);
        let before = house.contents().await;
        house.rooms.providers.replace(provider("acme", "test", false, &config("NEWER", "https://other.example/")), None, ANNA).await.unwrap();
        house.rooms.certs.set_display_name(&Edit::of("admin", "root", ANNA), "other").await.unwrap();

        let plan = house.plan(&file).await;
        let fields = vec!["enabled".to_owned(), "config.tokenUrl".to_owned(), "config.clientSecret".to_owned()];
        assert_eq!(row(&plan, "acme", "test", 0).outcome, Outcome::Changed { fields });
        assert_eq!(row(&plan, "admin", "root", 2).outcome, Outcome::Changed { fields: vec!["display_name".to_owned()] });
        let applied = house.import(&file).await;
        assert_eq!((applied.new, applied.changed), (0, 2));
        assert_eq!(house.contents().await, before);
    }

    async fn a_certificate_that_was_renewed_elsewhere_retires_the_one_here(database: TestDatabase) {
        let (house, elsewhere) = (House::open(database).await, House::empty().await);
        house.rooms.certs.save(cert("admin", "app", APP_CERT, Some(APP_KEY)), ANNA).await.unwrap();
        elsewhere.rooms.certs.save(cert("admin", "app", OTHER_CERT, Some(OTHER_KEY)), ANNA).await.unwrap();
        let file = import(&elsewhere.export(&sealed()).await);
        let plan = house.plan(&file).await;
        assert_eq!(plan.rows[0].outcome, Outcome::Changed { fields: vec!["version 2 (active)".to_owned()] });
        assert!(plan.rows[0].notes[0].contains("keeps its id"), "{plan:?}");
        house.import(&file).await;

        let record = house.cert("admin", "app").await;
        let versions: Vec<_> = record.versions.iter().map(|version| (version.number, version.state)).collect();
        assert_eq!(versions, [(2, None), (1, Some(VersionState::Retired))]);
        assert!(record.versions[0].private_key.as_ref().unwrap().same_as(OTHER_KEY));
        assert!(record.versions[1].private_key.as_ref().unwrap().same_as(APP_KEY));
        assert_eq!(house.plan(&file).await.changes(), 0);
    }

    async fn what_is_staged_here_and_in_use_elsewhere_is_switched_to(database: TestDatabase) {
        let (house, elsewhere) = (House::open(database).await, House::empty().await);
        house.rooms.certs.save(cert("admin", "app", APP_CERT, Some(APP_KEY)), ANNA).await.unwrap();
        let file = import(&house.export(&sealed()).await);
        elsewhere.import(&file).await;
        let next = NewVersion { certificate: OTHER_CERT.to_owned(), private_key: Some(Secret::new(OTHER_KEY)) };
        for house in [&house, &elsewhere] {
            house.rooms.certs.stage(&Edit::of("admin", "app", ANNA), next.clone(), WhenStaged::Refuse).await.unwrap();
        }
        elsewhere.rooms.certs.switch(&Edit::of("admin", "app", ANNA)).await.unwrap();
        let file = import(&elsewhere.export(&sealed()).await);
        house.import(&file).await;
        let states: Vec<_> = house.cert("admin", "app").await.versions.iter().map(|version| (version.number, version.state)).collect();
        assert_eq!(states, [(2, None), (1, Some(VersionState::Retired))]);
        assert_eq!(house.plan(&file).await.changes(), 0);
    }

    async fn a_row_that_somebody_changed_since_the_plan_is_left_and_reported(database: TestDatabase) {
        let (house, elsewhere) = (House::open(database).await, House::furnished(sqlite().await).await);
        let file = import(&elsewhere.export(&sealed()).await);
        house.import(&file).await;
        for owner in ["acme", "admin"] {
            house.rooms.certs.set_display_name(&Edit::of(owner, "app", ANNA), "first").await.unwrap();
        }
        house.rooms.providers.replace(provider("acme", "test", true, &config("FIRST", "https://token.example/")), None, ANNA).await.unwrap();
        let plan = house.plan(&file).await;
        assert_eq!(plan.changes(), 3);
        house.rooms.certs.set_display_name(&Edit::of("acme", "app", ANNA), "second").await.unwrap();
        house.rooms.providers.replace(provider("acme", "test", true, &config("SECOND", "https://token.example/")), None, ANNA).await.unwrap();

        let applied = house.rooms.apply(&file, &plan, ANNA, &mut |_| {}).await.unwrap();
        assert_eq!((applied.new, applied.changed, applied.not_applied.len()), (0, 1, 2));
        assert!(applied.not_applied.iter().all(|row| row.owner == "acme" && row.why.contains("a new plan")), "{applied:?}");
        assert_eq!(house.cert("acme", "app").await.display_name, "second");
        assert!(house.provider("acme", "test").await.row.config.expose().contains("SECOND"));
    }

    async fn ids_are_kept_and_never_given_to_another_row(database: TestDatabase) {
        let (house, elsewhere) = (House::open(database).await, House::furnished(sqlite().await).await);
        let file = elsewhere.export(&sealed()).await;
        house.import(&import(&file)).await;
        // Here they have other names by now.
        house.rooms.providers.rename("acme", "test", "renamed", ANNA).await.unwrap();
        house.rooms.certs.rename(&Edit::of("admin", "root", ANNA), "renamed").await.unwrap();
        let plan = house.plan(&import(&file)).await;
        assert_eq!((plan.changes(), plan.refused().count()), (0, 2));
        assert!(refusal(row(&plan, "acme", "test", 0)).contains("\"acme/renamed\""));
        assert!(refusal(row(&plan, "admin", "root", 2)).contains("\"admin/renamed\""));
    }
}

#[tokio::test]
async fn secrets_that_are_left_out_stay_as_long_as_the_row_points_to_the_same_place() {
    let house = House::furnished(sqlite().await).await;
    let mut file = parsed(&house, &Secrets::LeftOut).await;
    file["providers"][0]["display_name"] = "Other".into();
    house.import(&import(&text(&file))).await;
    let row = house.provider("acme", "test").await.row;
    assert!(row.display_name == "Other" && row.config.expose().contains(SECRET) && row.enabled);

    file["providers"][0]["config"]["tokenUrl"] = "https://evil.example/".into();
    let plan = house.plan(&import(&text(&file))).await;
    let why = refusal(&plan.rows[3]);
    assert!(why.contains("\"clientSecret\" is left out") && why.contains("\"tokenUrl\""), "{why}");
    assert_eq!(plan.changes(), 0);
}

#[tokio::test]
async fn a_new_row_whose_secrets_are_left_out_comes_in_disabled_and_is_finished_by_hand() {
    let (house, elsewhere) = (House::empty().await, House::furnished(sqlite().await).await);
    let file = import(&elsewhere.export(&Secrets::LeftOut).await);
    let plan = house.plan(&file).await;
    let notes = plan.rows[3].notes.join("\n");
    assert!(notes.contains("without the secret \"clientSecret\"") && notes.contains("comes in disabled"), "{notes}");
    assert!(plan.rows[0].notes[0].contains("without its private key"), "{:?}", plan.rows[0]);
    house.import(&file).await;
    assert!(!house.provider("acme", "test").await.row.enabled);
    assert!(house.cert("admin", "app").await.versions[0].private_key.is_none());
    assert_eq!(house.plan(&file).await.changes(), 0);

    // The same with its secrets fills the gaps, and makes no new versions of them.
    let file = import(&elsewhere.export(&sealed()).await);
    let plan = house.plan(&file).await;
    let fields = vec!["version 1: private_key".to_owned(), "version 3: private_key".to_owned()];
    assert_eq!(row(&plan, "admin", "app", 1).outcome, Outcome::Changed { fields });
    house.import(&file).await;
    assert_eq!(house.plan(&file).await.changes(), 0);
    let sorted = |contents: Vec<String>| {
        // A config that was stored without its secret has it at another place.
        contents.into_iter().filter(|line| !line.contains("acme/test")).collect::<Vec<_>>()
    };
    assert_eq!(sorted(house.contents().await), sorted(elsewhere.contents().await));
    assert!(house.provider("acme", "test").await.row.enabled);
}

#[tokio::test]
async fn a_certificate_without_its_key_does_not_take_the_place_of_one_that_works() {
    let (house, elsewhere) = (House::empty().await, House::empty().await);
    house.rooms.certs.save(cert("admin", "app", APP_CERT, Some(APP_KEY)), ANNA).await.unwrap();
    elsewhere.rooms.certs.save(cert("admin", "app", OTHER_CERT, Some(OTHER_KEY)), ANNA).await.unwrap();
    let plan = house.plan(&import(&elsewhere.export(&Secrets::LeftOut).await)).await;
    assert!(refusal(&plan.rows[0]).contains("leaves out its private key"), "{plan:?}");
}

#[tokio::test]
async fn what_is_staged_here_is_not_lost() {
    let (house, elsewhere) = (House::furnished(sqlite().await).await, House::empty().await);
    elsewhere.rooms.certs.save(cert("admin", "app", APP_CERT, Some(APP_KEY)), ANNA).await.unwrap();
    let next = NewVersion { certificate: APP_CERT.to_owned(), private_key: None };
    elsewhere.rooms.certs.stage(&Edit::of("admin", "app", ANNA), next, WhenStaged::Refuse).await.unwrap();
    let mut file = parsed(&elsewhere, &Secrets::LeftOut).await;
    file["certs"][0]["versions"][1]["certificate"] = crate::house::BUNDLE.into();
    let plan = house.plan(&import(&text(&file))).await;
    assert!(refusal(&plan.rows[0]).contains("version 3 is staged here"), "{plan:?}");
}

#[tokio::test]
async fn a_row_that_the_store_would_not_save_is_refused_in_the_plan() {
    let (house, elsewhere) = (House::empty().await, House::furnished(sqlite().await).await);
    let mut file = parsed(&elsewhere, &Secrets::LeftOut).await;
    file["certs"][0]["versions"][0]["private_key"] = OTHER_KEY.into();
    file["certs"][0]["versions"][0]["certificate"] = APP_CERT.into();
    file["certs"][1]["sharing"]["hosts"] = json!(["https://no.example/path"]);
    let plan = house.plan(&import(&text(&file))).await;
    assert!(refusal(&plan.rows[0]).contains("not the one of the certificate"), "{plan:?}");
    assert!(refusal(&plan.rows[1]).contains("no host name"), "{plan:?}");
    assert!(!format!("{plan:?}").contains(OTHER_KEY.lines().nth(3).unwrap()));
}

#[tokio::test]
async fn a_file_that_is_another_than_the_one_of_the_plan_is_not_taken() {
    let (house, elsewhere) = (House::empty().await, House::furnished(sqlite().await).await);
    let mut file = parsed(&elsewhere, &Secrets::LeftOut).await;
    let plan = house.plan(&import(&text(&file))).await;
    file["certs"][0]["display_name"] = "another".into();
    let said = house.rooms.apply(&import(&text(&file)), &plan, ANNA, &mut |_| {}).await.unwrap_err().to_string();
    assert!(said.contains("make a new plan") && house.contents().await.is_empty(), "{said}");
    file["certs"].as_array_mut().unwrap().clear();
    let said = house.rooms.apply(&import(&text(&file)), &plan, ANNA, &mut |_| {}).await.unwrap_err().to_string();
    assert!(said.contains("make a new plan") && house.contents().await.is_empty(), "{said}");
}
