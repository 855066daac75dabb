//! The authorize page over HTTP, and the faults it shows.

use url::form_urlencoded;
use vestibule_alipay_simulator::{AuthorizeFault, Simulator};

use crate::client::{Reply, authorize_url, parameter, send, start, start_with};

#[tokio::test]
async fn the_page_offers_the_people_and_two_buttons_under_a_strict_policy() {
    let simulator = start().await;
    let page = send("GET", &authorize_url(&simulator, &[]), None, b"").await.unwrap();
    assert_eq!(page.status, 200);
    let policy = &page.headers["content-security-policy"];
    assert!(policy.starts_with("default-src 'none'; style-src 'self'; img-src 'self'"), "{policy}");
    let text = page.text();
    for part in [
        r#"id="user-zhangsan""#,
        r#"id="user-hanmeimei""#,
        r#"id="agree""#,
        r#"id="refuse""#,
        r#"name="user""#,
        "This is not Alipay",
    ] {
        assert!(text.contains(part), "{part}");
    }
    // The nickname with mark-up is shown, not obeyed.
    assert!(!text.contains("<b>😀"));
    assert!(!text.contains("<script"));

    let mut picture = simulator.authorize_url();
    picture.set_path("/avatars/zhangsan.svg");
    let picture = send("GET", &picture, None, b"").await.unwrap();
    assert_eq!(picture.headers["content-type"], "image/svg+xml");
    assert!(picture.text().contains("张"));
}

#[tokio::test]
async fn posting_the_form_redirects_as_the_person_decided() {
    let simulator = start().await;
    let agreed = post(&simulator, &[("decision", "agree"), ("user", "hanmeimei")]).await;
    assert_eq!(agreed.status, 303);
    let callback = agreed.headers["location"].parse().unwrap();
    assert_eq!(parameter(&callback, "auth_code").unwrap().len(), 32);

    let refused = post(&simulator, &[("decision", "refuse")]).await;
    assert_eq!(refused.status, 303);
    assert!(refused.headers["location"].contains("error=access_denied"));

    for (form, code) in [
        (&[("decision", "agree"), ("user", "nobody")][..], "INVALID_USER"),
        (&[("decision", "agree")][..], "INVALID_USER"),
        (&[("user", "lilei")][..], "INVALID_DECISION"),
        (&[("decision", "agree"), ("user", "lilei"), ("state", "again")][..], "INVALID_PARAMETER"),
    ] {
        let reply = post(&simulator, form).await;
        assert_eq!(reply.status, 400);
        assert!(reply.text().contains(&format!("<code id=\"code\">{code}</code>")), "{}", reply.text());
    }
}

/// Parameters that differ from those of a good request; `None` leaves one out.
type Changes<'a> = &'a [(&'a str, Option<&'a str>)];

async fn post(simulator: &Simulator, more: &[(&str, &str)]) -> Reply {
    let form = authorize_url(simulator, &[]);
    let body =
        form_urlencoded::Serializer::new(String::new()).extend_pairs(form.query_pairs()).extend_pairs(more).finish();
    send("POST", &simulator.authorize_url(), Some("application/x-www-form-urlencoded"), body.as_bytes()).await.unwrap()
}

#[tokio::test]
async fn a_request_against_the_rules_shows_the_reason_and_is_not_redirected() {
    let simulator = start_with(|builder| builder.redirect_domain("login.example")).await;
    let good = ("redirect_uri", Some("https://login.example/any/path"));
    assert!(simulator.agree(&authorize_url(&simulator, &[good]), "lilei").is_ok());
    let long = "a".repeat(101);
    let cases: &[(&str, Changes<'_>)] = &[
        ("MISSING_APP_ID", &[good, ("app_id", None)]),
        ("INVALID_APP_ID", &[good, ("app_id", Some("2021000000009999"))]),
        ("MISSING_SCOPE", &[good, ("scope", None)]),
        ("INVALID_SCOPE", &[good, ("scope", Some("auth_user basic"))]),
        ("MISSING_REDIRECT_URI", &[("redirect_uri", None)]),
        ("INVALID_REDIRECT_URI", &[("redirect_uri", Some("https://evil.example/login.example"))]),
        ("INVALID_REDIRECT_URI", &[("redirect_uri", Some("https://sub.login.example/"))]),
        ("INVALID_REDIRECT_URI", &[("redirect_uri", Some("/relative"))]),
        ("INVALID_STATE", &[good, ("state", Some(&long))]),
        ("INVALID_STATE", &[good, ("state", Some("with-dash"))]),
    ];
    for (code, changes) in cases {
        let url = authorize_url(&simulator, changes);
        let page = send("GET", &url, None, b"").await.unwrap();
        assert_eq!(page.status, 400, "{url}");
        assert!(page.text().contains(&format!("<code id=\"code\">{code}</code>")), "{url}: {}", page.text());
        assert_eq!(simulator.agree(&url, "lilei").unwrap_err().code(), *code, "{url}");
        assert_eq!(simulator.refuse(&url).unwrap_err().code(), *code, "{url}");
    }

    let mut doubled = authorize_url(&simulator, &[good]);
    doubled.query_pairs_mut().append_pair("scope", "basic");
    assert!(matches!(simulator.agree(&doubled, "lilei"), Err(AuthorizeFault::Parameters(_))));
    let elsewhere =
        "https://openauth.alipay.com/oauth2/publicAppAuthorize.htm?app_id=2021000000000001".parse().unwrap();
    assert!(matches!(simulator.agree(&elsewhere, "lilei"), Err(AuthorizeFault::Address(_))));
}
