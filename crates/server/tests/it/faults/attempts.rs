//! Callbacks that are not the attempt's.

use std::time::Duration;

use serde_json::json;
use vestibule::Url;

use super::site::{Asked, Site, Verdict, bounded};
use crate::support::{BY, Browser, NAME, OWNER, config};

/// What somebody does between agreeing and coming back: the callback that comes, and the browser that brings it.
#[derive(Debug, Clone, Copy)]
enum Meddling {
    /// The callback comes a second time, from a browser that has kept its cookie.
    Replay,
    /// The callback comes a second time, from a browser that did as it was told and forgot its cookie.
    ReplayWithoutTheCookie,
    /// The browser has the content of another attempt's cookie under this one's name.
    CookieOfAnotherAttempt,
    /// Somebody else opens the link.
    AnotherBrowser,
    /// Somebody else opens the link, who has begun a sign-in too.
    AnotherBrowserWithAnAttemptOfItsOwn,
    /// The link leads to another row's callback.
    AnotherRow,
    /// Ten minutes and a second pass.
    TooLate,
    /// A `state` of somebody's invention.
    InventedState,
    /// None.
    NoState,
    /// The right one, twice.
    TwoStates,
    /// The code of another application.
    AnotherApp,
    /// The row is pointed at another gateway.
    Repointed,
    /// The row is switched off.
    Disabled,
    /// The row is deleted, and one of the same name inserted.
    Replaced,
    /// The person says no.
    Refused,
}

impl Meddling {
    /// The callback's address, and who opens it.
    async fn meddle(self, site: &Site, mut browser: Browser) -> (Url, Browser) {
        let callback = match self {
            Self::Refused => site.simulator.refuse(&browser.begin().await).unwrap(),
            _ => site.agree(&mut browser).await,
        };
        let with_state = |states: &[&str]| {
            let others: Vec<_> = callback.query_pairs().into_owned().filter(|(name, _)| name != "state").collect();
            let mut changed = callback.clone();
            changed
                .query_pairs_mut()
                .clear()
                .extend_pairs(others)
                .extend_pairs(states.iter().map(|state| ("state", *state)));
            changed
        };
        let state =
            callback.query_pairs().find(|(name, _)| name == "state").map(|(_, state)| state.into_owned()).unwrap();
        let providers = site.vestibule.providers();
        match self {
            Self::Replay => {
                let cookies = browser.cookies().clone();
                assert_eq!(browser.callback(&callback).await.status, 303);
                browser.put_cookies(cookies);
            }
            Self::ReplayWithoutTheCookie => {
                assert_eq!(browser.callback(&callback).await.status, 303);
            }
            Self::CookieOfAnotherAttempt => {
                let own = browser.cookies().keys().next().unwrap().clone();
                let mut other = site.browser();
                other.begin().await;
                let value = other.cookies().values().next().unwrap().clone();
                browser.put_cookies([(own, value)].into());
            }
            Self::AnotherBrowser => browser = site.browser(),
            Self::AnotherBrowserWithAnAttemptOfItsOwn => {
                browser = site.browser();
                browser.begin().await;
            }
            Self::AnotherRow => {
                let path = callback.path().replace(NAME, "second");
                let mut elsewhere = callback.clone();
                elsewhere.set_path(&path);
                return (elsewhere, browser);
            }
            Self::TooLate => site.clock.advance(Duration::from_secs(601)),
            Self::InventedState => return (with_state(&["0123456789abcdef"]), browser),
            Self::NoState => return (with_state(&[]), browser),
            Self::TwoStates => return (with_state(&[&state, &state]), browser),
            Self::AnotherApp => {
                let text = callback.as_str().replace(site.simulator.app().app_id(), "2021000000000009");
                return (Url::parse(&text).unwrap(), browser);
            }
            Self::Repointed => {
                let repoint = "UPDATE vestibule_provider SET config = json_set(config, '$.gatewayUrl', ?)";
                site.database.execute(repoint, &["http://127.0.0.1:9/gateway.do".into()]).await;
            }
            Self::Disabled => providers.disable(OWNER, NAME, BY).await.unwrap(),
            Self::Replaced => {
                providers.delete(OWNER, NAME, BY).await.unwrap();
                site.insert_row(NAME, &config(&site.simulator, json!({}))).await;
            }
            Self::Refused => {}
        }
        (callback, browser)
    }
}

#[tokio::test]
async fn a_callback_that_is_not_the_attempts_signs_nobody_in_and_asks_the_gateway_nothing() {
    let cases: &[(Meddling, u16, &str, &[&str])] = &[
        (Meddling::Replay, 400, "attempt_invalid", &["\"state\" was used before"]),
        (Meddling::ReplayWithoutTheCookie, 400, "attempt_invalid", &["came without the cookie"]),
        (
            Meddling::CookieOfAnotherAttempt,
            400,
            "attempt_invalid",
            &["not the one that was handed out with the callback's \"state\""],
        ),
        (Meddling::AnotherBrowser, 400, "attempt_invalid", &["another browser than the one that began"]),
        (
            Meddling::AnotherBrowserWithAnAttemptOfItsOwn,
            400,
            "attempt_invalid",
            &["another browser than the one that began"],
        ),
        (Meddling::AnotherRow, 400, "attempt_invalid", &["\"acme/second\"", "another provider row"]),
        (Meddling::TooLate, 400, "attempt_expired", &["not finished in time"]),
        (Meddling::InventedState, 400, "attempt_invalid", &["came without the cookie"]),
        (Meddling::NoState, 400, "attempt_invalid", &["exactly one \"state\""]),
        (Meddling::TwoStates, 400, "attempt_invalid", &["exactly one \"state\""]),
        (
            Meddling::AnotherApp,
            400,
            "attempt_invalid",
            &["app_id 2021000000000009", "this row is app_id 2021000000000001"],
        ),
        (Meddling::Repointed, 400, "attempt_invalid", &["pointed at another application or upstream"]),
        (Meddling::Disabled, 404, "provider_unavailable", &["the provider row is disabled"]),
        (Meddling::Replaced, 400, "attempt_invalid", &["another provider row"]),
        (Meddling::Refused, 403, "denied", &["the user refused at the upstream"]),
    ];
    for &(meddling, status, code, says) in cases {
        let case = format!("{meddling:?}");
        bounded(&case, async {
            for asked in Asked::BOTH {
                let site = Site::open().await;
                site.insert_row("second", &config(&site.simulator, json!({}))).await;
                let (callback, mut browser) = meddling.meddle(&site, site.browser()).await;
                let before = site.simulator.requests().len();
                let answered = asked.get(&mut browser, callback.as_str()).await;
                site.assert_refused(&case, asked, &answered, Verdict { status, code, says }).await;
                assert_eq!(site.simulator.requests().len(), before, "{case}: the gateway was asked");
            }
        })
        .await;
    }
}
