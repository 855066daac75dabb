//! The routes, asked without a socket.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Method, Request, StatusCode};
use tower::ServiceExt as _;
use url::Url;
use vestibule_login::SignedIn;
use vestibule_login::routes::{Host, Landing, router};
use vestibule_oauth_provider::{Error, Result, async_trait};

use crate::bench::{Bench, CODE, state};

/// The host's session cookie.
pub(crate) const SESSION: &str = "session=s3ssion-that-must-not-be-seen; Path=/; HttpOnly";

#[derive(Debug)]
pub(crate) enum PlayedHost {
    Returns,
    Welcomes,
    Fails,
    LeadsAstray,
}

#[async_trait]
impl Host for PlayedHost {
    async fn on_login(&self, login: SignedIn, headers: &HeaderMap) -> Result<Landing> {
        assert_eq!(login.user.subject.value, "person-1");
        assert!(headers.contains_key("cookie"));
        match self {
            Self::Returns => Ok(Landing::return_to().set_cookie(SESSION)),
            Self::Welcomes => Ok(Landing::at("/welcome").set_cookie(SESSION).set_cookie("theme=dark")),
            Self::Fails => Err(Error::internal("the table \"users\" is locked")),
            Self::LeadsAstray => Ok(Landing::at("/a\r\nSet-Cookie: b=c")),
        }
    }
}

pub(crate) struct Site {
    pub(crate) bench: Bench,
    router: Router,
}

pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Site {
    pub(crate) fn new(bench: Bench, host: PlayedHost) -> Self {
        let router = router(bench.logins.clone(), Arc::new(host));
        Self { bench, router }
    }

    pub(crate) async fn send(&self, method: Method, path: &str, headers: &[(&str, &str)]) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = self.router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        let (parts, body) = response.into_parts();
        let answer = Answer {
            status: parts.status,
            headers: parts.headers,
            body: String::from_utf8(to_bytes(body, 1 << 20).await.unwrap().to_vec()).unwrap(),
        };
        answer.is_secure();
        answer
    }

    pub(crate) async fn get(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        self.send(Method::GET, path, headers).await
    }

    /// Begins at `acme/main` and comes back from there with a code.
    pub(crate) async fn sign_in(&self, query: &str) -> Answer {
        let begun = self.get(&format!("/login/acme/main{query}"), &[]).await;
        assert_eq!(begun.status, StatusCode::SEE_OTHER);
        self.come_back(&begun, &format!("code={CODE}"), &[]).await
    }

    /// Comes back to `acme/main` from the browser that `begun` was sent to.
    pub(crate) async fn come_back(&self, begun: &Answer, query: &str, headers: &[(&str, &str)]) -> Answer {
        let cookie = begun.attempt_cookie();
        let mut headers = headers.to_vec();
        headers.push(("cookie", &cookie));
        let path = format!("/callback/acme/main?{query}&state={}", state(&begun.location()));
        self.get(&path, &headers).await
    }
}

impl Answer {
    /// What every answer must say, whatever it is.
    fn is_secure(&self) {
        assert_eq!(self.header("cache-control"), "no-store");
        assert_eq!(self.header("referrer-policy"), "no-referrer");
        assert_eq!(self.header("x-content-type-options"), "nosniff");
        assert_eq!(self.header("x-frame-options"), "DENY");
        let policy = self.header("content-security-policy");
        for rule in ["default-src 'none'; ", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"] {
            assert!(policy.contains(rule), "{policy}");
        }
        assert!(!policy.contains("unsafe") && !policy.contains("script"), "{policy}");
        assert_ne!(self.status, StatusCode::TEMPORARY_REDIRECT);
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub(crate) fn location(&self) -> Url {
        Url::parse(self.header("location")).unwrap()
    }

    pub(crate) fn set_cookies(&self) -> Vec<&str> {
        self.headers.get_all("set-cookie").iter().map(|value| value.to_str().unwrap()).collect()
    }

    /// The first cookie that was set, as a browser sends it back.
    pub(crate) fn attempt_cookie(&self) -> String {
        self.set_cookies()[0].split(';').next().unwrap().to_owned()
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        assert_eq!(self.header("content-type"), "application/json");
        serde_json::from_str(&self.body).unwrap()
    }
}
