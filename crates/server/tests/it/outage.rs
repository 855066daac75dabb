//! A database server that is gone for a while: everybody is told in time to come again, and a sign-in under way goes on.

use std::time::Duration;

use vestibule_testkit::databases::{Backend, TestDatabase, run};

use crate::support::{Answered, House, Line};

/// What is told in time is told before this.
const IN_TIME: Duration = Duration::from_secs(15);
const JSON: [(&str, &str); 1] = [("accept", "application/json")];
const LOGIN: &str = "/login/acme/alipay";

mod while_the_database_is_down_everybody_is_told_to_come_again_and_a_sign_in_goes_on_afterwards {
    use super::*;

    #[test]
    fn postgres() {
        run(Backend::Postgres, concat!(module_path!(), "::postgres"), |database| down_and_up(database, 5432));
    }

    #[test]
    fn mariadb() {
        run(Backend::MariaDb, concat!(module_path!(), "::mariadb"), |database| down_and_up(database, 3306));
    }
}

async fn down_and_up(database: TestDatabase, default_port: u16) {
    let (mut line, url) = Line::to(database.url(), default_port).await;
    let house = House::open_at(&url).await;
    let mut browser = house.browser();
    let authorize = browser.begin().await;
    let callback = house.simulator.agree(&authorize, "zhangsan").unwrap();
    let begun = browser.cookies().clone();

    line.take_away().await;
    let (mut front, mut page, mut json) = (house.browser(), house.browser(), house.browser());
    let (mut health, mut program) = (house.browser(), house.browser());
    program.put_cookies(begun.clone());
    let told = async {
        tokio::join!(
            front.get("/"),
            page.get(LOGIN),
            json.get_with(LOGIN, &JSON),
            browser.callback(&callback),
            program.get_with(callback.as_str(), &JSON),
            health.get("/readyz"),
        )
    };
    let told = tokio::time::timeout(IN_TIME, told).await.expect("nobody waits for a database that is down");
    let (front, page, json, called_back, program_called_back, ready) = told;
    for (what, answer) in [
        ("the front page", &front),
        ("a login", &page),
        ("a program's login", &json),
        ("a callback", &called_back),
        ("a program's callback", &program_called_back),
    ] {
        assert_eq!((answer.status, answer.header("retry-after")), (503, Some("5")), "{what}: {}", answer.body);
        assert!(answer.header("set-cookie").is_none(), "{what} changes no cookie");
        tells_nothing(what, answer, line.port());
    }
    for answer in [&json, &program_called_back] {
        let told: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
        assert_eq!(told["error"], "unavailable");
    }
    assert_eq!((ready.status, ready.body.as_str()), (503, "the database does not answer\n"));
    assert_eq!(health.get("/healthz").await.status, 200);
    assert_eq!(browser.cookies(), &begun, "the cookie of the attempt is kept");

    line.give_back().await;
    // The same address again, as by pressing "reload".
    assert_eq!(browser.callback(&callback).await.location().path(), "/me");
    assert_eq!(browser.get("/me").await.text_of("name").as_deref(), Some("张三"));
    assert_eq!(health.get("/readyz").await.status, 200);
    assert!(health.get("/").await.body.contains("Sign in with Alipay"));
    house.browser().sign_in(&house.simulator, "lilei").await;
    drop(database);
}

/// Nothing of the cause is shown.
fn tells_nothing(what: &str, answer: &Answered, port: u16) {
    let told = answer.body.to_lowercase();
    for cause in ["database", "postgres", "mysql", "mariadb", "sql", "connection", "refused", "pool", &port.to_string()]
    {
        assert!(!told.contains(cause), "{what} tells {cause:?}: {}", answer.body);
    }
}
