//! Secrets in a file: sealed, each for its place, or left out; never in what is said.

use serde_json::{Value, json};
use vestibule_testkit::databases::{Backend, TestDatabase};
use vestibule_transfer::{Import, Outcome, Passphrase, Secrets, Source};

use crate::house::{APP_KEY, BUNDLE, House, PASSPHRASE, SECRET, import, sealed, text};

async fn furnished() -> House {
    House::furnished(TestDatabase::create(Backend::Sqlite).await).await
}

/// A line of the key in the middle, in which nothing else agrees with it.
fn part_of_the_key() -> &'static str {
    APP_KEY.lines().nth(3).unwrap()
}

#[tokio::test]
async fn a_file_shows_no_secret_and_all_that_is_none() {
    let house = furnished().await;
    for secrets in [sealed(), Secrets::LeftOut] {
        let file = String::from_utf8(house.export(&secrets).await).unwrap();
        assert!(!file.contains(SECRET) && !file.contains(part_of_the_key()) && !file.contains("vsealed"));
        assert!(!file.contains(PASSPHRASE));
        // The root bundle is public, although it stands in the Private key field.
        assert!(file.contains(&json!(BUNDLE).to_string()) && file.contains("https://token.example/"));
    }
}

#[tokio::test]
async fn plans_and_debug_texts_show_no_secret() {
    let (house, elsewhere) = (furnished().await, House::empty().await);
    elsewhere.add_provider("acme", "test", true, r#"{"clientId":"b","clientSecret":"OTHER-SECRET"}"#).await;
    let import = import(&house.export(&sealed()).await);
    let plan = elsewhere.plan(&import).await;
    let said = format!("{plan:?}{import:?}{:?}{}", house.rooms, serde_json::to_string(&plan).unwrap());
    assert!(said.contains("config.clientSecret"), "{said}");
    for secret in [SECRET, "OTHER-SECRET", part_of_the_key(), PASSPHRASE] {
        assert!(!said.contains(secret));
    }
}

#[tokio::test]
async fn a_wrong_passphrase_is_told_from_a_damaged_value() {
    let (house, elsewhere) = (furnished().await, House::empty().await);
    let file = house.export(&sealed()).await;
    let source = || Source::Bytes(file.clone().into());
    let other = Passphrase::new("wrong horse battery staple").unwrap();
    assert!(elsewhere.refusal(&Import::new(source()).with_passphrase(other)).await.contains("passphrase is another"));
    assert!(elsewhere.refusal(&Import::new(source())).await.contains("give the passphrase"));

    let mut spoilt: Value = serde_json::from_slice(&file).unwrap();
    let sealed = &mut spoilt["providers"][0]["config"]["clientSecret"]["sealed"];
    let value = sealed.as_str().unwrap();
    let flipped = if value.starts_with('A') { "B" } else { "A" };
    *sealed = format!("{flipped}{}", &value[1..]).into();
    let plan = elsewhere.plan(&import(&text(&spoilt))).await;
    let refused: Vec<_> = plan.refused().collect();
    assert_eq!(refused.len(), 1);
    assert!(matches!(&refused[0].outcome, Outcome::Refused { why } if why.contains("\"clientSecret\" does not open")));
}

#[tokio::test]
async fn a_sealed_value_opens_in_its_own_place_only() {
    let (house, elsewhere) = (furnished().await, House::empty().await);
    house.add_provider("acme", "two", true, r#"{"clientId":"a","clientSecret":"x","secondSecret":"y"}"#).await;
    let file: Value = serde_json::from_slice(&house.export(&sealed()).await).unwrap();
    let app = "/certs/1";
    let moves = [
        // To another row, another field, another version, another record of the same name.
        ("/providers/0/config/clientSecret", "/providers/1/config/clientSecret"),
        ("/providers/1/config/clientSecret", "/providers/1/config/secondSecret"),
        (&format!("{app}/versions/0/private_key"), &format!("{app}/versions/1/private_key")),
        ("/certs/0/versions/0/private_key", &format!("{app}/versions/1/private_key")),
        ("/certs/0/versions/0/private_key", "/providers/0/config/clientSecret"),
    ];
    for (from, to) in moves {
        let mut moved = file.clone();
        *moved.pointer_mut(to).unwrap() = file.pointer(from).unwrap().clone();
        let plan = elsewhere.plan(&import(&text(&moved))).await;
        let refused: Vec<_> = plan.refused().collect();
        assert_eq!(refused.len(), 1, "{from} to {to}: {plan:#?}");
        assert!(
            matches!(&refused[0].outcome, Outcome::Refused { why } if why.contains("does not open")),
            "{refused:#?}"
        );
    }
    for (member, value) in [("owner", "evil"), ("name", "evil")] {
        let mut moved = file.clone();
        moved["providers"][0][member] = value.into();
        let plan = elsewhere.plan(&import(&text(&moved))).await;
        assert_eq!(plan.refused().count(), 1, "{member}");
    }
}

#[tokio::test]
async fn two_files_of_one_passphrase_have_nothing_in_common() {
    let house = furnished().await;
    let values = async || {
        let file: Value = serde_json::from_slice(&house.export(&sealed()).await).unwrap();
        (file["secrets"].clone(), file["providers"][0]["config"]["clientSecret"].clone())
    };
    let (one, other) = (values().await, values().await);
    assert_ne!(one.0["kdf"]["salt"], other.0["kdf"]["salt"]);
    assert_ne!(one.0["check"], other.0["check"]);
    assert_ne!(one.1, other.1);
}

#[tokio::test]
async fn nothing_is_sealed_under_a_passphrase_that_can_be_guessed() {
    let house = House::empty().await;
    let short = Secrets::Sealed(Passphrase::new("hunter2").unwrap());
    let mut file = Vec::new();
    let said = house.rooms.export(&short, &mut file, &mut |_| {}).await.unwrap_err().to_string();
    assert!(said.contains("7 characters") && !said.contains("hunter2") && file.is_empty(), "{said}");
}

#[tokio::test]
async fn a_secret_written_by_hand_is_taken_and_sealed() {
    let house = House::empty().await;
    let file = json!({"format": "vestibule-export", "version": 1, "secrets": {"kind": "left_out"}, "certs": [], "providers": [
        {"owner": "acme", "name": "hand", "category": "OAuth", "type": "Test", "enabled": true, "config": {"clientId": "a", "clientSecret": SECRET}}
    ]});
    assert_eq!(house.import(&import(&text(&file))).await.new, 1);
    assert!(house.provider("acme", "hand").await.row.config.expose().contains(SECRET));
    let stored = house.foreign.query_texts("SELECT config FROM vestibule_provider", &[]).await.concat().concat();
    assert!(!stored.contains(SECRET), "{stored}");
}
