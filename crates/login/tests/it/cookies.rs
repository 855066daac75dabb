//! What the routes do with the cookies of attempts.

use axum::http::StatusCode;

use crate::bench::{Bench, CODE, state};
use crate::site::{PlayedHost, Site};

fn site() -> Site {
    Site::new(Bench::new(), PlayedHost::Returns)
}

#[tokio::test]
async fn a_callback_from_another_browser_is_refused_and_its_cookie_cleared() {
    let site = site();
    let begun = site.get("/login/acme/main", &[]).await;
    let another = site.get("/login/acme/main", &[]).await;
    let path = format!("/callback/acme/main?code={CODE}&state={}", state(&begun.location()));
    let answer = site.get(&path, &[("cookie", &another.attempt_cookie())]).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    let name = begun.attempt_cookie().split('=').next().unwrap().to_owned();
    assert_eq!(answer.set_cookies().len(), 1);
    assert!(answer.set_cookies()[0].starts_with(&format!("{name}=; Path=/; Max-Age=0;")));
}

#[tokio::test]
async fn a_cookie_that_stands_twice_is_no_proof() {
    let site = site();
    let begun = site.get("/login/acme/main", &[]).await;
    let cookie = begun.attempt_cookie();
    let name = cookie.split('=').next().unwrap();
    let path = format!("/callback/acme/main?code={CODE}&state={}", state(&begun.location()));
    let answer = site.get(&path, &[("cookie", &format!("{name}=planted")), ("cookie", &cookie)]).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn other_cookies_may_hold_anything() {
    let site = site();
    let begun = site.get("/login/acme/main", &[]).await;
    let cookie = format!("a=\u{fc}; b; =c; {}; d=e=f", begun.attempt_cookie());
    let path = format!("/callback/acme/main?code={CODE}&state={}", state(&begun.location()));
    let landed = site.get(&path, &[("cookie", &cookie)]).await;
    assert_eq!(landed.status, StatusCode::SEE_OTHER);
}

fn name(number: usize) -> String {
    format!("__Host-vestibule-{number:016x}")
}

#[tokio::test]
async fn of_too_many_attempt_cookies_the_oldest_are_cleared() {
    let site = site();
    let mut cookies: Vec<_> = (0..6).map(|number| format!("{}=x", name(number))).collect();
    cookies.push("__Host-vestibule-session=kept".to_owned());
    let begun = site.get("/login/acme/main", &[("cookie", &cookies.join("; "))]).await;
    let lines = begun.set_cookies();
    assert_eq!(lines.len(), 1 + 3, "with the one of this attempt there are four");
    for (line, number) in lines[1..].iter().zip([2, 1, 0]) {
        assert!(line.starts_with(&format!("{}=; Path=/; Max-Age=0;", name(number))), "{line}");
    }
    // The callback's own cookie is needed, however old it is, and is cleared once.
    cookies.insert(0, begun.attempt_cookie());
    let path = format!("/callback/acme/main?code={CODE}&state={}", state(&begun.location()));
    let landed = site.get(&path, &[("cookie", &cookies.join("; "))]).await;
    assert_eq!(landed.status, StatusCode::SEE_OTHER);
    assert_eq!(landed.set_cookies().len(), 1 + 1 + 2);
}

#[tokio::test]
async fn what_attempt_cookies_take_of_the_header_is_bounded() {
    let site = site();
    let long = "x".repeat(2_500);
    let cookies = [format!("{}={long}", name(0)), format!("{}=x", name(1)), format!("{}={long}", name(2))].join("; ");
    let begun = site.get("/login/acme/main", &[("cookie", &cookies)]).await;
    let cleared: Vec<_> = begun.set_cookies()[1..].iter().map(|line| line.split('=').next().unwrap()).collect();
    assert_eq!(cleared, [name(0)]);
    // One after the other, as a page can have them begun: the header stays far below the 8 KB of common proxies.
    let mut jar: Vec<String> = Vec::new();
    for _ in 0..20 {
        let header = jar.join("; ");
        assert!(header.len() <= 5_000, "{}", header.len());
        let path = format!("/login/acme/main?return_to=/{}", "a".repeat(900));
        let begun = site.get(&path, &[("cookie", &header)]).await;
        for line in begun.set_cookies() {
            let pair = line.split(';').next().unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            jar.retain(|kept| !kept.starts_with(name));
            jar.extend((!value.is_empty()).then(|| pair.to_owned()));
        }
    }
    assert!(!jar.is_empty());
}
