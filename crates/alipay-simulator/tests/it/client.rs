//! A client of Alipay's, written for these tests: it shares no line with the simulator's own signing, and no line with the provider.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime},
};

use aws_lc_rs::{
    rand::SystemRandom,
    signature::{RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaKeyPair, UnparsedPublicKey},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};
use url::{Url, form_urlencoded};
use vestibule_alipay_simulator::{AppRegistration, Builder, Clock, Mode, Simulator};
use x509_parser::{pem::Pem, prelude::FromDer as _};

/// 2026-11-21T16:30:00Z, the next day in Beijing.
pub(crate) const NOW: u64 = 1_795_278_600;
pub(crate) const NOW_IN_BEIJING: &str = "2026-11-22 00:30:00";

/// A clock that stands still until it is set.
#[derive(Clone, Debug)]
pub(crate) struct TestClock(Arc<AtomicU64>);

impl TestClock {
    pub(crate) fn new() -> Self {
        Self(Arc::new(AtomicU64::new(NOW)))
    }

    pub(crate) fn advance(&self, seconds: u64) {
        self.0.fetch_add(seconds, Ordering::SeqCst);
    }

    pub(crate) fn clock(&self) -> Clock {
        let seconds = Arc::clone(&self.0);
        Arc::new(move || SystemTime::UNIX_EPOCH + Duration::from_secs(seconds.load(Ordering::SeqCst)))
    }
}

pub(crate) async fn start() -> Simulator {
    start_with(|builder| builder).await
}

pub(crate) async fn start_with(change: impl FnOnce(Builder) -> Builder) -> Simulator {
    change(Simulator::builder().clock(TestClock::new().clock())).start().await.unwrap()
}

/// An HTTP response, undecoded.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

/// Sends one request on a connection of its own and reads to the end; `None` when the connection is closed without an answer.
pub(crate) async fn send(method: &str, url: &Url, content_type: Option<&str>, body: &[u8]) -> Option<Reply> {
    let mut stream = TcpStream::connect((url.host_str().unwrap(), url.port().unwrap())).await.unwrap();
    stream.write_all(&head(method, url, content_type, body.len())).await.unwrap();
    stream.write_all(body).await.unwrap();
    let mut answer = Vec::new();
    let read = stream.read_to_end(&mut answer).await;
    if answer.is_empty() {
        return None;
    }
    read.unwrap();
    Some(parse(&answer))
}

pub(crate) fn head(method: &str, url: &Url, content_type: Option<&str>, length: usize) -> Vec<u8> {
    let target = &url[url::Position::BeforePath..url::Position::AfterQuery];
    let mut head = format!(
        "{method} {target} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nContent-Length: {length}\r\n",
        url.authority()
    );
    if let Some(content_type) = content_type {
        head.push_str(&format!("Content-Type: {content_type}\r\n"));
    }
    head.push_str("\r\n");
    head.into_bytes()
}

fn parse(answer: &[u8]) -> Reply {
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n").expect("a head");
    let head = std::str::from_utf8(&answer[..end]).unwrap();
    let mut lines = head.split("\r\n");
    let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let headers = lines
        .map(|line| line.split_once(": ").unwrap())
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    Reply { status, headers, body: answer[end + 4..].to_vec() }
}

/// A gateway request in the making: what is set here is signed, unless it is tampered with afterwards.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) query: Vec<(String, String)>,
    pub(crate) body: Vec<(String, String)>,
    pub(crate) content_type: String,
    pub(crate) key: Vec<u8>,
}

impl Call {
    pub(crate) fn token(app: &AppRegistration, code: &str) -> Self {
        Self::new(app, "alipay.system.oauth.token", &[("grant_type", "authorization_code"), ("code", code)])
    }

    pub(crate) fn refresh(app: &AppRegistration, token: &str) -> Self {
        Self::new(app, "alipay.system.oauth.token", &[("grant_type", "refresh_token"), ("refresh_token", token)])
    }

    pub(crate) fn info(app: &AppRegistration, token: &str) -> Self {
        Self::new(app, "alipay.user.info.share", &[("auth_token", token)])
    }

    pub(crate) fn new(app: &AppRegistration, method: &str, body: &[(&str, &str)]) -> Self {
        let query = [
            ("app_id", app.app_id()),
            ("method", method),
            ("format", "JSON"),
            ("charset", "utf-8"),
            ("sign_type", "RSA2"),
            ("timestamp", NOW_IN_BEIJING),
            ("version", "1.0"),
            ("app_cert_sn", app.app_certificate().certificate().sn()),
            ("alipay_root_cert_sn", app.root_cert_sn()),
        ];
        // In public-key mode nothing names a certificate.
        let named = |pair: &&(&str, &str)| app.mode() == Mode::Certificate || !pair.0.ends_with("cert_sn");
        Self {
            query: query.iter().filter(named).map(owned).collect(),
            body: body.iter().map(owned).collect(),
            content_type: "application/x-www-form-urlencoded;charset=utf-8".to_owned(),
            key: STANDARD.decode(app.material().app_private_key).unwrap(),
        }
    }

    /// The same with a parameter changed or added.
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        match self.query.iter_mut().chain(&mut self.body).find(|(candidate, _)| candidate == name) {
            Some(pair) => pair.1 = value.to_owned(),
            None => self.query.push((name.to_owned(), value.to_owned())),
        }
        self
    }

    /// The same without a parameter.
    pub(crate) fn without(mut self, name: &str) -> Self {
        self.query.retain(|(candidate, _)| candidate != name);
        self.body.retain(|(candidate, _)| candidate != name);
        self
    }

    pub(crate) fn string_to_sign(&self) -> String {
        let mut pairs: Vec<&(String, String)> =
            self.query.iter().chain(&self.body).filter(|(name, value)| name != "sign" && !value.is_empty()).collect();
        pairs.sort();
        pairs.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&")
    }

    /// The same with its signature.
    pub(crate) fn signed(self) -> Self {
        let sign = sign(&self.key, &self.string_to_sign());
        self.with("sign", &sign)
    }

    pub(crate) fn url_and_body(&self, gateway: &Url) -> (Url, String) {
        let mut url = gateway.clone();
        url.set_query(Some(&encode(&self.query)));
        (url, encode(&self.body))
    }

    /// Sends it as it is; `None` when nothing is answered.
    pub(crate) async fn try_send(&self, simulator: &Simulator) -> Option<Reply> {
        let (url, body) = self.url_and_body(&simulator.gateway_url());
        send("POST", &url, Some(&self.content_type), body.as_bytes()).await
    }

    /// Signs and sends.
    pub(crate) async fn send(self, simulator: &Simulator) -> Reply {
        self.signed().try_send(simulator).await.expect("an answer")
    }
}

/// RSA PKCS#1 v1.5 with SHA-256, by a key in PKCS#8.
pub(crate) fn sign(pkcs8: &[u8], text: &str) -> String {
    sign_bytes(pkcs8, text.as_bytes())
}

pub(crate) fn sign_bytes(pkcs8: &[u8], text: &[u8]) -> String {
    let key = RsaKeyPair::from_pkcs8(pkcs8).unwrap();
    let mut signature = vec![0; key.public_modulus_len()];
    key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), text, &mut signature).unwrap();
    STANDARD.encode(signature)
}

fn encode(pairs: &[(String, String)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

fn owned((name, value): &(&str, &str)) -> (String, String) {
    ((*name).to_owned(), (*value).to_owned())
}

/// The raw text of the node and the two members beside it. Good enough for answers in the usual order; cutting strictly is the provider's art.
#[derive(Debug)]
pub(crate) struct Cut<'a> {
    pub(crate) name: &'a str,
    pub(crate) node: &'a str,
    pub(crate) cert_sn: Option<&'a str>,
    pub(crate) sign: Option<&'a str>,
}

pub(crate) fn cut(text: &str) -> Cut<'_> {
    let inner = text.strip_prefix("{\"").unwrap().strip_suffix('}').unwrap();
    let (name, rest) = inner.split_once("\":").unwrap();
    let (rest, sign) = split_last(rest, ",\"sign\":\"");
    let (node, cert_sn) = split_last(rest, ",\"alipay_cert_sn\":\"");
    Cut { name, node, cert_sn, sign }
}

fn split_last<'a>(text: &'a str, separator: &str) -> (&'a str, Option<&'a str>) {
    match text.rsplit_once(separator) {
        // The separator may also stand inside a nickname, but what follows it there is not the end of the answer.
        Some((before, after)) if after.ends_with('"') && !after.contains('\\') => (before, after.strip_suffix('"')),
        _ => (text, None),
    }
}

/// Whether the answer is signed by the key of the Alipay certificate among the four texts.
pub(crate) fn is_authentic(app: &AppRegistration, cut: &Cut<'_>) -> bool {
    let text = app.material().alipay_cert;
    let pem = Pem::iter_from_buffer(text.as_bytes()).next().unwrap().unwrap();
    let (_, certificate) = x509_parser::certificate::X509Certificate::from_der(&pem.contents).unwrap();
    let key =
        UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, certificate.public_key().subject_public_key.data.as_ref());
    cut.sign.is_some_and(|sign| key.verify(cut.node.as_bytes(), &STANDARD.decode(sign).unwrap()).is_ok())
}

/// The authorize address that a relying party would send the browser to.
pub(crate) fn authorize_url(simulator: &Simulator, changes: &[(&str, Option<&str>)]) -> Url {
    let mut parameters = vec![
        ("app_id", simulator.app().app_id()),
        ("scope", "auth_user"),
        ("redirect_uri", "http://127.0.0.1:8000/callback/admin/alipay?keep=1"),
        ("state", "5fa1"),
    ];
    for (name, value) in changes {
        parameters.retain(|(candidate, _)| candidate != name);
        parameters.extend(value.map(|value| (*name, value)));
    }
    let mut url = simulator.authorize_url();
    url.query_pairs_mut().extend_pairs(parameters);
    url
}

pub(crate) fn parameter(url: &Url, name: &str) -> Option<String> {
    url.query_pairs().find(|(candidate, _)| candidate == name).map(|(_, value)| value.into_owned())
}

/// Agrees as the user and takes the code.
pub(crate) fn code_of(simulator: &Simulator, user: &str) -> String {
    parameter(&simulator.agree(&authorize_url(simulator, &[]), user).unwrap(), "auth_code").unwrap()
}

/// Agrees as the user, redeems the code, and takes the access token.
pub(crate) async fn access_token_of(simulator: &Simulator, user: &str) -> String {
    let code = code_of(simulator, user);
    let reply = Call::token(simulator.app(), &code).send(simulator).await;
    reply.json()["alipay_system_oauth_token_response"]["access_token"].as_str().unwrap().to_owned()
}
