//! The pages: where their links lead, and what they are made of.

use serde_json::json;
use vestibule::Url;
use vestibule_alipay_simulator::Simulator;
use vestibule_server::options::Options;

use crate::support::{House, NAME};

#[tokio::test]
async fn every_link_leads_somewhere_under_a_prefix_too() {
    for prefix in ["", "/sso", "/:a/*b"] {
        let options = Options { public_url: Some(format!("http://127.0.0.1:8080{prefix}")), ..Options::default() };
        let house = House::with_options(Simulator::builder().start().await.unwrap(), options).await;
        house.add_certs().await;
        house.add_row(NAME, json!({})).await;
        let mut browser = house.local_browser();
        let path = |link: &str| {
            let url = Url::parse("http://127.0.0.1:8080").unwrap().join(link).unwrap();
            assert_eq!(url.host_str(), Some("127.0.0.1"), "{link}");
            url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()))
        };

        // All pages that there are: signed out, refused, lost, signed in, and after signing out.
        let mut pages = Vec::new();
        for page in ["/", "/me", "/nothing", "/callback/acme/alipay", "/login/acme/nothing"] {
            pages.push(browser.get(&format!("{prefix}{page}")).await);
        }
        let authorize = browser.get(&format!("{prefix}/login/acme/alipay")).await.location();
        let refused = house.simulator.refuse(&authorize).unwrap();
        pages.push(browser.get(&path(refused.as_str())).await);
        let authorize = browser.get(&format!("{prefix}/login/acme/alipay")).await.location();
        let agreed = house.simulator.agree(&authorize, "zhangsan").unwrap();
        let landed = browser.get(&path(agreed.as_str())).await;
        let me = browser.get(&path(landed.location().as_str())).await;
        assert_eq!((me.status, me.text_of("name").as_deref()), (200, Some("张三")));
        pages.push(me);
        pages.push(browser.get(&format!("{prefix}/")).await);
        let signed_out = browser.post(&format!("{prefix}/logout"), &[]).await;
        let front = browser.get(&path(signed_out.location().as_str())).await;
        assert_eq!(front.status, 200);
        pages.push(front);

        let mut followed = 0;
        for page in &pages {
            for link in page.body.split("href=\"").skip(1).map(|rest| rest.split('"').next().unwrap()) {
                let link = link.replace("&amp;", "&").replace("&#38;", "&");
                let answer = browser.get(&path(&link)).await;
                // Without a session `/me` is shown with 401.
                assert!([200, 303, 401].contains(&answer.status), "{} of {}: {}", link, page.url, answer.status);
                followed += 1;
            }
        }
        assert!(followed > 15, "{followed}");
        let front = if prefix.is_empty() { "/" } else { prefix };
        assert_eq!(browser.get(front).await.status, 200);
    }
}

#[tokio::test]
async fn whoever_asks_for_a_page_that_is_not_there_gets_a_way_back() {
    let options = Options { public_url: Some("http://127.0.0.1:8080/sso".to_owned()), ..Options::default() };
    let house = House::with_options(Simulator::builder().start().await.unwrap(), options).await;
    let mut browser = house.local_browser();
    for path in ["/sso/nothing", "/nothing", "/", "/sso/login/acme"] {
        let page = browser.get(path).await;
        assert_eq!(page.status, 404, "{path}");
        assert!(page.body.contains("There is no such page"), "{path}: {}", page.body);
        assert!(page.body.contains("id=\"home\" href=\"/sso/\""), "{path}: {}", page.body);
    }
}

#[tokio::test]
async fn a_button_has_an_id_whatever_its_row_is_called() {
    let house = House::open().await;
    house.add_row("my app", json!({})).await;
    let front = house.browser().get("/").await.body;
    for id in ["sign-in-acme-alipay", "sign-in-acme-my_20app"] {
        assert!(front.contains(&format!("id=\"{id}\" ")), "{front}");
    }
}
