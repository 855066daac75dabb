use axum::http::{Method, StatusCode};
use vestibule_oauth_provider::AttemptFault;

use crate::bench::{Bench, CODE, fault, parameter, state};
use crate::site::{PlayedHost, SESSION, Site};

fn site() -> Site {
    Site::new(Bench::new(), PlayedHost::Returns)
}

#[tokio::test]
async fn a_click_leads_to_the_upstream_and_back_to_where_it_began() {
    let site = site();
    let begun = site.get("/login/acme/main?return_to=%2Fme%3Fa%3Db", &[]).await;
    assert_eq!(begun.status, StatusCode::SEE_OTHER);
    assert_eq!(begun.location().host_str(), Some("up.example"));
    let name = begun.attempt_cookie().split('=').next().unwrap().to_owned();
    let landed = site.come_back(&begun, &format!("code={CODE}"), &[]).await;
    assert_eq!(landed.status, StatusCode::SEE_OTHER);
    assert_eq!(landed.header("location"), "/me?a=b");
    let cleared = format!("{name}=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax; Secure");
    assert_eq!(landed.set_cookies(), [SESSION, &cleared]);
}

#[tokio::test]
async fn the_host_may_lead_elsewhere() {
    let site = Site::new(Bench::new(), PlayedHost::Welcomes);
    let landed = site.sign_in("").await;
    assert_eq!(landed.header("location"), "/welcome");
    assert_eq!(landed.set_cookies()[..2], [SESSION, "theme=dark"]);
}

#[tokio::test]
async fn without_a_return_to_a_login_ends_at_home() {
    for query in ["", "?return_to=", "?utm_source=mail"] {
        assert_eq!(site().sign_in(query).await.header("location"), "/");
    }
}

#[tokio::test]
async fn a_return_to_elsewhere_is_refused_before_anything_begins() {
    let site = site();
    for asked in [
        "//evil.example",
        "%2F%2Fevil.example",
        "/%5Cevil.example",
        "https://evil.example",
        "/%0d%0aSet-Cookie:a=b",
        "javascript:alert(1)",
        "/%09/evil.example",
        "%09//evil.example",
        "/me&return_to=//evil.example",
    ] {
        let answer = site.get(&format!("/login/acme/main?return_to={asked}"), &[]).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{asked}");
        assert!(answer.set_cookies().is_empty());
        assert!(!answer.body.contains("evil"), "{}", answer.body);
    }
    assert!(!site.bench.has_begun());
}

#[tokio::test]
async fn a_program_gets_the_beginning_as_json() {
    let site = site();
    let begun = site.get("/login/acme/main", &[("accept", "application/json, text/plain, */*")]).await;
    assert_eq!(begun.status, StatusCode::OK);
    let json = begun.json();
    assert_eq!(json["expires_in"], 600);
    assert!(json["authorize_url"].as_str().unwrap().starts_with("https://up.example/authorize?"));
    assert_eq!(json.as_object().unwrap().len(), 2);
    assert!(begun.set_cookies()[0].starts_with("__Host-vestibule-"));
    let person = "text/html,application/xhtml+xml,application/json;q=0.9,*/*;q=0.8";
    assert_eq!(site.get("/login/acme/main", &[("accept", person)]).await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn neither_head_nor_post_begins_or_completes_anything() {
    let site = site();
    for method in [Method::HEAD, Method::POST, Method::PUT, Method::OPTIONS] {
        let answer = site.send(method.clone(), "/login/acme/main", &[]).await;
        assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED);
        assert!(answer.set_cookies().is_empty() && answer.header("location").is_empty());
    }
    assert!(!site.bench.has_begun());
    let begun = site.get("/login/acme/main", &[]).await;
    let path = format!("/callback/acme/main?code={CODE}&state={}", state(&begun.location()));
    let cookie = begun.attempt_cookie();
    let answer = site.send(Method::HEAD, &path, &[("cookie", &cookie)]).await;
    assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED);
    let landed = site.get(&path, &[("cookie", &cookie)]).await;
    assert_eq!(landed.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn a_frame_an_image_or_a_prefetch_begins_nothing() {
    let site = site();
    for header in [
        ("sec-fetch-dest", "iframe"),
        ("sec-fetch-dest", "image"),
        ("sec-fetch-dest", "script"),
        ("sec-fetch-dest", "object"),
        ("sec-purpose", "prefetch;prerender"),
        ("purpose", "prefetch"),
    ] {
        let answer = site.get("/login/acme/main", &[header]).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{header:?}");
        assert!(answer.set_cookies().is_empty());
    }
    assert!(!site.bench.has_begun());
    for destination in ["document", "empty"] {
        let answer = site.get("/login/acme/main", &[("sec-fetch-dest", destination)]).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER);
    }
}

#[tokio::test]
async fn names_in_the_path_are_percent_decoded() {
    let site = site();
    let row =
        vestibule_testkit::MemoryRows::row(9, "a/b", "支付宝 1", "Played", &crate::bench::config("app", "code", None));
    site.bench.rows.put(row);
    let begun = site.get("/login/a%2Fb/%E6%94%AF%E4%BB%98%E5%AE%9D%201", &[]).await;
    let redirect_uri = parameter(&begun.location(), "redirect_uri").unwrap();
    assert_eq!(redirect_uri, "https://id.example/callback/a%2Fb/%E6%94%AF%E4%BB%98%E5%AE%9D%201");
    let path = redirect_uri.strip_prefix("https://id.example").unwrap();
    let query = format!("code={CODE}&state={}", state(&begun.location()));
    let landed = site.get(&format!("{path}?{query}"), &[("cookie", &begun.attempt_cookie())]).await;
    assert_eq!(landed.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn a_missing_and_a_disabled_row_look_the_same() {
    let site = site();
    site.bench.rows.change("acme", "other", |row| row.enabled = false);
    let mut bodies = Vec::new();
    for path in ["/login/acme/other", "/login/acme/nobody", "/login/nobody/%FF", "/callback/acme/%FF?state=a"] {
        let answer = site.get(path, &[]).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
        let reference = answer.body.split("id=\"reference\">").nth(1).unwrap();
        bodies.push(answer.body.replace(reference.split('<').next().unwrap(), "…"));
    }
    assert!(bodies.iter().all(|body| *body == bodies[0]));
}

#[tokio::test]
async fn a_callback_without_end_is_refused() {
    let site = site();
    let many = "a&".repeat(65);
    let long = "a".repeat(16 * 1024 + 1);
    for query in [many, long] {
        let answer = site.get(&format!("/callback/acme/main?{query}"), &[]).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST);
        assert!(answer.body.contains("This sign-in cannot be continued"));
    }
}

#[tokio::test]
async fn a_host_that_fails_signs_nobody_in_and_the_attempt_is_over() {
    for host in [PlayedHost::Fails, PlayedHost::LeadsAstray] {
        let site = Site::new(Bench::new(), host);
        let begun = site.bench.begin().await;
        let path = format!("/callback/acme/main?code={CODE}&state={}", state(&begun.authorize_url));
        let cookie = format!("{}={}", begun.cookie.name(), begun.cookie.value().expose());
        let answer = site.get(&path, &[("cookie", &cookie)]).await;
        assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(answer.set_cookies().len(), 1);
        assert!(answer.set_cookies()[0].contains("Max-Age=0"));
        assert!(!answer.body.contains("users") && answer.header("location").is_empty());
        assert_eq!(fault(site.bench.complete(&begun).await), AttemptFault::AlreadyUsed);
    }
}

#[tokio::test]
async fn the_routes_nest_in_a_host_with_a_state_of_its_own() {
    #[derive(Clone)]
    struct HostState;
    let bench = Bench::at("https://id.example/auth");
    let routes =
        vestibule_login::routes::router::<HostState>(bench.logins.clone(), std::sync::Arc::new(PlayedHost::Returns));
    let app: axum::Router = axum::Router::new().nest("/{tenant}/auth", routes).with_state(HostState);
    let request = axum::http::Request::get("/t/auth/login/acme/main").body(axum::body::Body::empty()).unwrap();
    let response = tower::ServiceExt::oneshot(app, request).await.unwrap();
    assert_eq!(response.status(), StatusCode::SEE_OTHER);
}
