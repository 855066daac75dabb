//! Certificates that change while people sign in.

use std::time::{Duration, SystemTime};

use serde_json::Value;
use url::Url;
use vestibule_alipay_simulator::{
    AppRegistration, Authority, IssuedCertificate, LeafRequest, RsaKey, SharedKey, Simulator, cert_sn,
};
use x509_parser::pem::Pem;

use crate::client::{
    Call, NOW, TestClock, authorize_url, code_of, cut, is_authentic, parameter, send, start, start_with,
};

const APP_ID: &str = AppRegistration::DEFAULT_APP_ID;
const PID: &str = AppRegistration::DEFAULT_PID;

fn issue(request: &LeafRequest, key: &RsaKey) -> IssuedCertificate {
    Authority::shared().unwrap().issue(request, key).unwrap()
}

/// Redeems a code as this application: the `sub_code` of the refusal, or the serial number of the certificate that signed.
async fn redeem(simulator: &Simulator, app: &AppRegistration) -> Result<String, String> {
    let reply = Call::token(app, &code_of(simulator, "lilei")).send(simulator).await;
    let answer = cut(reply.text());
    match reply.json().as_object().unwrap().values().find_map(|node| node["sub_code"].as_str()) {
        Some(sub_code) => Err(sub_code.to_owned()),
        None => {
            assert!(is_authentic(&simulator.registration(APP_ID).unwrap(), &answer));
            Ok(answer.cert_sn.unwrap().to_owned())
        }
    }
}

#[tokio::test]
async fn the_old_and_the_new_app_certificate_are_accepted_each_with_its_own_key() {
    let simulator = start().await;
    let old = simulator.app().clone();
    let key = RsaKey::shared(SharedKey::Stranger).unwrap();
    let certificate = issue(&LeafRequest::app(PID, APP_ID), &key);
    let new = old.clone().with_app_certificate(key, certificate.clone());

    assert_eq!(redeem(&simulator, &new).await.unwrap_err(), "isv.app-cert-not-exist");
    simulator.register_app_certificate(APP_ID, certificate.certificate().clone()).unwrap();
    assert!(redeem(&simulator, &old).await.is_ok());
    assert!(redeem(&simulator, &new).await.is_ok());
    let crossed = old.with_app_certificate(RsaKey::shared(SharedKey::App).unwrap(), certificate.clone());
    assert_eq!(redeem(&simulator, &crossed).await.unwrap_err(), "isv.invalid-signature");
    let unknown = simulator.register_app_certificate("2021000000000009", certificate.certificate().clone());
    assert_eq!(unknown.unwrap_err().to_string(), "no application has the app_id \"2021000000000009\"");
}

#[tokio::test]
async fn of_many_app_certificates_the_oldest_further_ones_are_forgotten() {
    let simulator = start().await;
    let key = RsaKey::shared(SharedKey::App).unwrap();
    let issued: Vec<_> = (0..17).map(|_| issue(&LeafRequest::app(PID, APP_ID), &key)).collect();
    for certificate in &issued {
        simulator.register_app_certificate(APP_ID, certificate.certificate().clone()).unwrap();
    }
    let app = simulator.registration(APP_ID).unwrap();
    assert_eq!(app.app_certificates().count(), 17);
    assert!(app.registered(issued[0].certificate().sn()).is_none());
    assert!(app.registered(issued[16].certificate().sn()).is_some());
    assert!(app.registered(simulator.app().app_certificate().certificate().sn()).is_some());
}

#[tokio::test]
async fn answers_are_signed_with_the_new_alipay_certificate_from_its_moment_on() {
    let clock = TestClock::new();
    let simulator = start_with(|builder| builder.clock(clock.clock())).await;
    let app = simulator.app().clone();
    let old = app.alipay_certificate().certificate().sn().to_owned();
    let key = RsaKey::shared(SharedKey::Stranger).unwrap();
    let certificate = issue(&LeafRequest::alipay(PID), &key);
    let new = certificate.certificate().sn().to_owned();
    let from = SystemTime::UNIX_EPOCH + Duration::from_secs(NOW + 60);
    simulator.rotate_alipay_certificate(APP_ID, key, certificate, from).unwrap();

    assert_eq!(redeem(&simulator, &app).await.unwrap(), old);
    clock.advance(59);
    assert_eq!(redeem(&simulator, &app).await.unwrap(), old);
    clock.advance(1);
    assert_eq!(redeem(&simulator, &app).await.unwrap(), new);
}

async fn controlled() -> (Simulator, Url) {
    let address = "127.0.0.1:0".parse().unwrap();
    let simulator = start_with(|builder| builder.control(address, Authority::shared().unwrap())).await;
    let url = simulator.control_url().unwrap();
    (simulator, url)
}

async fn order(method: &str, control: &Url, path: &str) -> (u16, Value) {
    let reply = send(method, &control.join(path).unwrap(), None, b"").await.unwrap();
    (reply.status, serde_json::from_slice(&reply.body).unwrap_or_default())
}

#[tokio::test]
async fn another_process_orders_a_new_app_certificate_with_its_key() {
    let (simulator, control) = controlled().await;
    let (status, issued) = order("POST", &control, &format!("apps/{APP_ID}/app-certificates")).await;
    assert_eq!(status, 201);
    let text = issued["app_cert"].as_str().unwrap();
    let pem = Pem::iter_from_buffer(text.as_bytes()).next().unwrap().unwrap();
    let sn = issued["app_cert_sn"].as_str().unwrap();
    assert_eq!(cert_sn(&pem.contents).unwrap(), sn);

    let mut call = Call::token(simulator.app(), &code_of(&simulator, "lilei")).with("app_cert_sn", sn);
    let key = issued["app_private_key"].as_str().unwrap();
    call.key = base64::Engine::decode(&base64::engine::general_purpose::STANDARD, key).unwrap();
    let reply = call.send(&simulator).await;
    assert!(reply.json()["alipay_system_oauth_token_response"]["access_token"].is_string(), "{}", reply.text());
    assert!(redeem(&simulator, simulator.app()).await.is_ok(), "the first one stays good");

    let (_, told) = order("GET", &control, &format!("apps/{APP_ID}")).await;
    let first = simulator.app().app_certificate().certificate().sn();
    assert_eq!(told["app_cert_sns"], serde_json::json!([first, sn]));
    assert_eq!(told["last_app_cert_sn"], first);
}

#[tokio::test]
async fn another_process_orders_a_new_alipay_certificate_and_then_its_use() {
    let (simulator, control) = controlled().await;
    let app = simulator.app().clone();
    let old = redeem(&simulator, &app).await.unwrap();
    let certificates = format!("apps/{APP_ID}/alipay-certificates");
    for key in ["", "?key=same", "?key=new"] {
        let before = redeem(&simulator, &app).await.unwrap();
        let (status, issued) = order("POST", &control, &format!("{certificates}{key}")).await;
        assert_eq!(status, 201);
        let sn = issued["alipay_cert_sn"].as_str().unwrap();
        assert_eq!(Pem::iter_from_buffer(issued["alipay_cert"].as_str().unwrap().as_bytes()).count(), 2);
        assert_eq!(redeem(&simulator, &app).await.unwrap(), before, "issued is not used");

        let later = format!("{certificates}/{sn}/use?from={}", NOW + 3600);
        assert_eq!(order("POST", &control, &later).await.0, 204);
        assert_eq!(redeem(&simulator, &app).await.unwrap(), before, "later is not now");
        assert_eq!(order("POST", &control, &format!("{certificates}/{sn}/use")).await.0, 204);
        assert_eq!(redeem(&simulator, &app).await.unwrap(), sn);
    }
    assert_ne!(redeem(&simulator, &app).await.unwrap(), old);
}

#[tokio::test]
async fn orders_that_make_no_sense_are_refused() {
    let (_simulator, control) = controlled().await;
    let certificates = format!("apps/{APP_ID}/alipay-certificates");
    for (method, path, status) in [
        ("GET", "apps/1", 404),
        ("POST", "apps/1/app-certificates", 404),
        ("POST", "apps/1/alipay-certificates", 404),
        ("POST", &format!("{certificates}?key=old"), 400),
        ("POST", &format!("{certificates}?key=%"), 400),
        ("POST", &format!("{certificates}/0123456789abcdef0123456789abcdef/use"), 404),
        ("POST", &format!("{certificates}/0123456789abcdef0123456789abcdef/use?from=soon"), 400),
        ("GET", &format!("apps/{APP_ID}/app-certificates"), 405),
    ] {
        assert_eq!(order(method, &control, path).await.0, status, "{method} {path}");
    }
}

#[tokio::test]
async fn web_pages_order_nothing() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let (simulator, control) = controlled().await;
    let address = control.socket_addrs(|| None).unwrap()[0];
    for headers in [
        format!("Host: {address}\r\nOrigin: https://evil.example"),
        format!("Host: {address}\r\nOrigin: null"),
        "Host: evil.example".to_owned(),
    ] {
        let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
        let path = format!("/apps/{APP_ID}/app-certificates");
        let request = format!("POST {path} HTTP/1.1\r\n{headers}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 403 "), "{headers}: {answer}");
    }
    assert_eq!(simulator.registration(APP_ID).unwrap().app_certificates().count(), 1);
}

#[tokio::test]
async fn orders_are_taken_on_loopback_only_and_nowhere_unless_asked_for() {
    assert!(start().await.control_url().is_none());
    let everywhere = "0.0.0.0:0".parse().unwrap();
    let refused = Simulator::builder().control(everywhere, Authority::shared().unwrap()).start().await.unwrap_err();
    assert!(refused.to_string().contains("on loopback only"), "{refused}");
    let (simulator, control) = controlled().await;
    let address = control.socket_addrs(|| None).unwrap()[0];
    simulator.shutdown().await;
    let gone = async {
        while tokio::net::TcpStream::connect(address).await.is_ok() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(5), gone).await.unwrap();
}

#[tokio::test]
async fn a_client_without_a_browser_agrees_in_one_call() {
    let simulator = start().await;
    let form = Some("application/x-www-form-urlencoded");
    let authorize = authorize_url(&simulator, &[]);
    let reply = send("POST", &authorize, form, b"user=lilei&decision=agree").await.unwrap();
    assert_eq!(reply.status, 303);
    let callback = Url::parse(&reply.headers["location"]).unwrap();
    assert_eq!(parameter(&callback, "state").as_deref(), Some("5fa1"));
    let code = parameter(&callback, "auth_code").unwrap();
    let token = Call::token(simulator.app(), &code).send(&simulator).await;
    assert!(token.json()["alipay_system_oauth_token_response"]["access_token"].is_string());
    // What stands in the address and in the form is the same parameter twice.
    let twice = send("POST", &authorize, form, b"user=lilei&decision=agree&state=other").await.unwrap();
    assert_eq!(twice.status, 400);
}
