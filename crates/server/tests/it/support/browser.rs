//! A browser without eyes: keeps cookies, follows a redirect only when told, and remembers all it was sent.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use vestibule::{GuardedClient, HttpClient, HttpRequest, HttpResponse, HttpSettings, Url};
use vestibule_alipay_simulator::Simulator;

use crate::support::{NAME, OWNER};

/// A browser at one server. It sends nothing to anybody else: tests act as the person at the simulator with its own methods.
pub(crate) struct Browser {
    http: GuardedClient,
    base: Url,
    served_by: Option<SocketAddr>,
    cookies: BTreeMap<String, String>,
    answered: Vec<Answered>,
    secrets: Vec<String>,
}

/// An answer that a browser got.
#[derive(Clone)]
pub(crate) struct Answered {
    pub(crate) url: Url,
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Answered {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(have, _)| have == name).map(|(_, value)| value.as_str())
    }

    /// Where a 303 leads.
    pub(crate) fn location(&self) -> Url {
        // Without the page's style sheet, which makes a failed test unreadable.
        assert_eq!(self.status, 303, "{}", self.body.rsplit("</style>").next().unwrap());
        self.url.join(self.header("location").unwrap()).unwrap()
    }

    /// The text of the element with this id.
    pub(crate) fn text_of(&self, id: &str) -> Option<String> {
        vestibule_server::walk::text_of(&self.body, id)
    }

    /// The number of the message on an error page, as it is in the log.
    pub(crate) fn reference(&self) -> String {
        self.text_of("reference").unwrap_or_else(|| panic!("no reference on the page: {}", self.body))
    }
}

impl Browser {
    /// A browser that has not been at the server yet.
    pub(crate) fn new(base: &Url) -> Self {
        let settings = HttpSettings { allow: vec!["127.0.0.1".parse().unwrap()], ..HttpSettings::default() };
        Self {
            http: GuardedClient::new(settings).unwrap(),
            base: base.clone(),
            served_by: None,
            cookies: BTreeMap::new(),
            answered: Vec::new(),
            secrets: Vec::new(),
        }
    }

    /// The same, whose requests go to the server at `address`, as a load balancer might send them.
    pub(crate) fn served_by(mut self, address: SocketAddr) -> Self {
        self.served_by = Some(address);
        self
    }

    /// `/path` of the server.
    pub(crate) fn at(&self, path: &str) -> Url {
        self.base.join(path).unwrap()
    }

    /// A GET with the cookies; redirects are not followed.
    pub(crate) async fn get(&mut self, path: &str) -> Answered {
        self.get_with(path, &[]).await
    }

    /// The same with further header fields.
    pub(crate) async fn get_with(&mut self, path: &str, headers: &[(&str, &str)]) -> Answered {
        let mut request = HttpRequest::get(self.at(path));
        for (name, value) in headers {
            request = request.header(name, value);
        }
        self.send(request).await
    }

    /// A form without fields, posted.
    pub(crate) async fn post(&mut self, path: &str, headers: &[(&str, &str)]) -> Answered {
        let mut request = HttpRequest::post_form(self.at(path), []);
        for (name, value) in headers {
            request = request.header(name, value);
        }
        self.send(request).await
    }

    /// Presses "Sign in" for the usual row: the address of the authorize page to which the browser is sent.
    pub(crate) async fn begin(&mut self) -> Url {
        self.begin_with(NAME).await
    }

    /// The same for another row of [`OWNER`].
    pub(crate) async fn begin_with(&mut self, row: &str) -> Url {
        self.get(&format!("/login/{OWNER}/{row}")).await.location()
    }

    /// Comes back from the upstream with `callback`; the redirect is not followed.
    pub(crate) async fn callback(&mut self, callback: &Url) -> Answered {
        self.get(callback.as_str()).await
    }

    /// The same, towards a server that may not answer.
    pub(crate) async fn try_callback(&mut self, callback: &Url) -> vestibule::Result<Answered> {
        self.try_to_send(HttpRequest::get(callback.clone())).await
    }

    /// Begins with the usual row, agrees as `user`, and comes back; the redirect is not followed.
    pub(crate) async fn come_back(&mut self, simulator: &Simulator, user: &str) -> Answered {
        let authorize = self.begin().await;
        let callback = simulator.agree(&authorize, user).unwrap();
        self.callback(&callback).await
    }

    /// Signs in as `user` with the usual row: the page `/me`.
    pub(crate) async fn sign_in(&mut self, simulator: &Simulator, user: &str) -> Answered {
        let back = self.come_back(simulator, user).await;
        assert_eq!(back.location().path(), "/me");
        let me = self.get("/me").await;
        assert_eq!(me.status, 200, "{}", me.body);
        me
    }

    /// The cookies that would be sent now.
    pub(crate) fn cookies(&self) -> &BTreeMap<String, String> {
        &self.cookies
    }

    /// Forgets all cookies, as another browser would not have them.
    pub(crate) fn forget_cookies(&mut self) {
        self.cookies.clear();
    }

    /// Has these cookies besides its own, such as ones that it had once.
    pub(crate) fn put_cookies(&mut self, cookies: BTreeMap<String, String>) {
        self.cookies.extend(cookies);
    }

    /// Every answer so far.
    pub(crate) fn answered(&self) -> &[Answered] {
        &self.answered
    }

    /// Every cookie value so far that was not empty.
    pub(crate) fn cookie_values(&self) -> &[String] {
        &self.secrets
    }

    async fn send(&mut self, request: HttpRequest) -> Answered {
        self.try_to_send(request).await.unwrap()
    }

    async fn try_to_send(&mut self, mut request: HttpRequest) -> vestibule::Result<Answered> {
        assert_eq!(request.url.origin(), self.base.origin(), "the browser is at one server only");
        let url = request.url.clone();
        if let Some(address) = self.served_by {
            request.url.set_port(Some(address.port())).unwrap();
        }
        if !self.cookies.is_empty() {
            let cookies: Vec<_> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            request = request.header("cookie", &cookies.join("; "));
        }
        let HttpResponse { status, headers, body } = self.http.send(request).await?;
        for (_, line) in headers.iter().filter(|(name, _)| name == "set-cookie") {
            self.keep(line);
        }
        let answered = Answered { url, status, headers, body: String::from_utf8(body).unwrap() };
        self.answered.push(answered.clone());
        Ok(answered)
    }

    fn keep(&mut self, set_cookie: &str) {
        let (name, value) = set_cookie.split(';').next().unwrap().split_once('=').unwrap();
        if set_cookie.contains("Max-Age=0") {
            self.cookies.remove(name);
        } else {
            self.cookies.insert(name.to_owned(), value.to_owned());
            self.secrets.push(value.to_owned());
        }
    }
}
