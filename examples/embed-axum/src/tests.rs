//! Walks through the server as browsers do, cookies kept by hand and the simulator in the part of Alipay.

use std::collections::BTreeMap;

use vestibule::{GuardedClient, HttpClient, HttpRequest, HttpResponse, HttpSettings, Url};

use super::*;

#[tokio::test]
async fn the_first_sign_in_makes_a_user_and_the_second_finds_the_same() {
    let house = House::start().await;
    let mut browser = house.browser();
    assert_eq!(browser.sign_in("zhangsan").await, "/account");
    let page = browser.page("/account").await;
    assert!(page.contains("<h1>张三</h1>") && page.contains("open_id 074a1CcTG1LelxKe4xQC0zgNdId0nxi95b5lsNpazWYoC01"));

    let mut another_browser = house.browser();
    another_browser.sign_in("zhangsan").await;
    assert_eq!(another_browser.user().await, browser.user().await);
    assert_eq!(house.count("users").await, 1);
}

#[tokio::test]
async fn another_person_is_another_user() {
    let house = House::start().await;
    let (mut one, mut two) = (house.browser(), house.browser());
    one.sign_in("zhangsan").await;
    two.sign_in("hanmeimei").await;
    assert_ne!(one.user().await, two.user().await);
    assert_eq!((house.count("users").await, house.count("identities").await), (2, 2));
}

#[tokio::test]
async fn linking_adds_a_second_way_to_become_the_same_user() {
    let house = House::start().await;
    let mut browser = house.browser();
    browser.sign_in("zhangsan").await;
    assert_eq!(browser.link("lilei").await, "/account");
    let page = browser.page("/account").await;
    assert!(page.contains("Alipay: 张三") && page.contains("Alipay: Li Lei"));

    let mut another_browser = house.browser();
    another_browser.sign_in("lilei").await;
    assert_eq!(another_browser.user().await, browser.user().await);
    assert_eq!((house.count("users").await, house.count("identities").await), (1, 2));
}

#[tokio::test]
async fn an_identity_of_another_user_is_not_linked() {
    let house = House::start().await;
    let (mut one, mut two) = (house.browser(), house.browser());
    one.sign_in("zhangsan").await;
    two.sign_in("lilei").await;
    assert_eq!(two.link("zhangsan").await, "/account?notice=taken");
    assert!(two.page("/account?notice=taken").await.contains("that account signs in another user here"));

    let mut three = house.browser();
    three.sign_in("zhangsan").await;
    assert_eq!(three.user().await, one.user().await);
    assert_eq!(house.count("identities").await, 2);
}

#[tokio::test]
async fn a_link_is_refused_when_the_session_changed_meanwhile() {
    let house = House::start().await;
    let mut browser = house.browser();

    browser.sign_in("zhangsan").await;
    let upstream = browser.begin_link().await;
    browser.sign_in("lilei").await;
    assert_eq!(browser.agree(&upstream, "hanmeimei").await, "/?notice=session-changed");

    let upstream = browser.begin_link().await;
    browser.post("/logout").await;
    assert_eq!(browser.agree(&upstream, "hanmeimei").await, "/?notice=session-changed");

    assert!(browser.page("/?notice=session-changed").await.contains("Nothing was linked"));
    assert_eq!(house.count("identities").await, 2);
}

#[tokio::test]
async fn a_link_begun_in_one_browser_cannot_be_finished_in_another() {
    let house = House::start().await;
    let (mut one, mut two) = (house.browser(), house.browser());
    one.sign_in("zhangsan").await;
    two.sign_in("zhangsan").await;
    let upstream = one.begin_link().await;
    let callback = house.simulator.agree(&upstream, "lilei").unwrap();
    assert_eq!(two.send(HttpRequest::get(callback)).await.status, 400);
    assert_eq!(house.count("identities").await, 1);
}

#[tokio::test]
async fn signing_out_ends_the_session_and_not_only_the_cookie() {
    let house = House::start().await;
    let mut browser = house.browser();
    browser.sign_in("zhangsan").await;
    let stolen = browser.cookies.clone();
    assert_eq!(location(&browser.post("/logout").await), "/");
    assert_eq!(browser.cookies.get("session").map(String::as_str), Some(""));
    browser.cookies = stolen;
    assert_eq!(location(&browser.get("/account").await), "/");
    assert_eq!(house.count("sessions").await, 0);
}

#[tokio::test]
async fn a_form_of_another_site_changes_nothing() {
    let house = House::start().await;
    let mut browser = house.browser();
    browser.sign_in("zhangsan").await;
    for path in ["/logout", "/link/demo/alipay"] {
        for (name, value) in
            [("origin", "https://evil.example"), ("sec-fetch-site", "cross-site"), ("sec-fetch-site", "same-site")]
        {
            let request = HttpRequest::post_form(browser.url(path), []).header(name, value);
            assert_eq!(browser.send(request).await.status, 403, "{path} {name}: {value}");
        }
        let request = HttpRequest::post_form(browser.url(path), []);
        assert_eq!(browser.send(request).await.status, 403, "{path} without either");
    }
    assert_eq!(browser.get("/account").await.status, 200);
}

#[tokio::test]
async fn only_somebody_who_is_signed_in_links() {
    let house = House::start().await;
    let mut browser = house.browser();
    assert_eq!(location(&browser.post("/link/demo/alipay").await), "/");
    assert_eq!(location(&browser.get("/account").await), "/");
    assert!(browser.page("/").await.contains("Sign in with Alipay"));
}

#[tokio::test]
async fn a_folder_that_was_kept_keeps_its_users_under_a_simulator_with_other_keys() {
    let house = House::start().await;
    house.browser().sign_in("zhangsan").await;
    let House { folder, iam, .. } = house;
    iam.accounts.close().await;
    iam.vestibule.database().close().await;

    let house = House::start_in(folder).await;
    house.browser().sign_in("zhangsan").await;
    assert_eq!(house.count("users").await, 1);
}

#[tokio::test]
async fn the_session_token_is_not_in_the_database() {
    let house = House::start().await;
    let mut browser = house.browser();
    browser.sign_in("zhangsan").await;
    let token = browser.cookies.get("session").unwrap();
    assert_eq!(token.len(), 64);
    let stored: String =
        sqlx::query_scalar("SELECT token_digest FROM sessions").fetch_one(&house.iam.accounts).await.unwrap();
    assert_eq!(stored, Digest::of(token).to_string());
}

#[test]
fn excerpts_on_the_page_about_embedding_stand_in_the_example() {
    let (page, example) = (include_str!("../../../docs/embedding.md"), include_str!("main.rs"));
    let excerpts: Vec<_> = page.split("```rust\n").skip(1).map(|rest| rest.split("```").next().unwrap()).collect();
    assert!(excerpts.len() > 5, "{} excerpts", excerpts.len());
    for excerpt in excerpts {
        assert!(example.contains(excerpt), "docs/embedding.md shows what is not in the example:\n{excerpt}");
    }
}

/// The server of one test.
struct House {
    folder: tempfile::TempDir,
    simulator: Arc<Simulator>,
    iam: Iam,
}

impl House {
    async fn start() -> Self {
        Self::start_in(tempfile::tempdir().unwrap()).await
    }

    async fn start_in(folder: tempfile::TempDir) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let public_url = PublicUrl::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
        let simulator = Simulator::builder().start().await.unwrap();
        let iam = Iam::open(folder.path(), public_url, &simulator).await.unwrap();
        fill(&iam.vestibule, &simulator).await.unwrap();
        let router = iam.router();
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { folder, simulator: Arc::new(simulator), iam }
    }

    fn browser(&self) -> Browser {
        let settings = HttpSettings { allow: vec!["127.0.0.1".parse().unwrap()], ..HttpSettings::default() };
        Browser {
            http: GuardedClient::new(settings).unwrap(),
            site: self.iam.vestibule.logins().settings().public_url.as_url().clone(),
            simulator: self.simulator.clone(),
            cookies: BTreeMap::new(),
        }
    }

    async fn count(&self, table: &'static str) -> i64 {
        let query = match table {
            "users" => "SELECT count(*) FROM users",
            "identities" => "SELECT count(*) FROM identities",
            _ => "SELECT count(*) FROM sessions",
        };
        sqlx::query_scalar(query).fetch_one(&self.iam.accounts).await.unwrap()
    }
}

/// A browser that is moved by hand. The client follows no redirect.
struct Browser {
    http: GuardedClient,
    site: Url,
    simulator: Arc<Simulator>,
    cookies: BTreeMap<String, String>,
}

impl Browser {
    /// Signs in as a person of the simulator; the answer is where the browser is sent at the end.
    async fn sign_in(&mut self, person: &str) -> String {
        let home = self.page("/").await;
        let login = home.split("href=\"").nth(1).unwrap().split('"').next().unwrap();
        let begun = self.send(HttpRequest::get(login.parse().unwrap())).await;
        let upstream = location(&begun).parse().unwrap();
        self.agree(&upstream, person).await
    }

    async fn link(&mut self, person: &str) -> String {
        let upstream = self.begin_link().await;
        self.agree(&upstream, person).await
    }

    async fn begin_link(&mut self) -> Url {
        let account = self.page("/account").await;
        let action = account.split("action=\"").nth(1).unwrap().split('"').next().unwrap();
        location(&self.post(action).await).parse().unwrap()
    }

    async fn agree(&mut self, upstream: &Url, person: &str) -> String {
        let callback = self.simulator.agree(upstream, person).unwrap();
        location(&self.send(HttpRequest::get(callback)).await)
    }

    /// The user id that the account page shows.
    async fn user(&mut self) -> String {
        let page = self.page("/account").await;
        page.split("id=\"user\">").nth(1).unwrap().split('<').next().unwrap().to_owned()
    }

    async fn page(&mut self, path: &str) -> String {
        let response = self.get(path).await;
        assert_eq!(response.status, 200, "{path}");
        String::from_utf8(response.body).unwrap()
    }

    async fn get(&mut self, path: &str) -> HttpResponse {
        self.send(HttpRequest::get(self.url(path))).await
    }

    /// As a form of our own pages does.
    async fn post(&mut self, path: &str) -> HttpResponse {
        let origin = self.site.origin().ascii_serialization();
        self.send(HttpRequest::post_form(self.url(path), []).header("origin", &origin)).await
    }

    fn url(&self, path: &str) -> Url {
        self.site.join(path).unwrap()
    }

    async fn send(&mut self, request: HttpRequest) -> HttpResponse {
        let cookies: Vec<_> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let response = self.http.send(request.header("cookie", &cookies.join("; "))).await.unwrap();
        for (_, line) in response.headers.iter().filter(|(name, _)| name == "set-cookie") {
            let (name, value) = line.split(';').next().unwrap().split_once('=').unwrap();
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
        response
    }
}

/// Where a redirect leads; it must be one, with 303.
fn location(response: &HttpResponse) -> String {
    assert_eq!(response.status, 303, "{}", String::from_utf8_lossy(&response.body));
    response.header("location").unwrap().to_owned()
}
