//! TLS with a certificate authority of the test's own, which the public constructors do not take.

use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, TcpListener};
use std::sync::Arc;
use std::thread::JoinHandle;

use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{RootCertStore, ServerConfig, ServerConnection, StreamOwned};
use vestibule_oauth_provider::ErrorKind;

use super::*;

#[derive(Debug)]
struct Loopback;

#[async_trait]
impl Resolver for Loopback {
    async fn resolve(&self, _name: &str) -> std::io::Result<Vec<IpAddr>> {
        Ok(vec![Ipv4Addr::LOCALHOST.into()])
    }
}

/// Answers one connection with status 204, if its TLS handshake succeeds.
fn upstream(name: &str) -> (u16, CertificateDer<'static>, JoinHandle<()>) {
    let made = rcgen::generate_simple_self_signed([name.to_owned()]).unwrap();
    let certificate = made.cert.der().clone();
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.clone()], key)
        .unwrap();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let thread = std::thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        let mut stream = StreamOwned::new(ServerConnection::new(Arc::new(config)).unwrap(), stream);
        let mut request = Vec::new();
        let mut byte = [0];
        while !request.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|read| read == 1) {
            request.extend_from_slice(&byte);
        }
        let _ = stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n");
        let _ = stream.flush();
    });
    (port, certificate, thread)
}

async fn ask(name: &str, port: u16, trusted: Option<CertificateDer<'static>>) -> Result<HttpResponse> {
    let settings = Settings { allow: vec![format!("{name}:{port}").parse().unwrap()], ..Settings::default() };
    let mut roots = RootCertStore::empty();
    if let Some(certificate) = trusted {
        roots.add(certificate).unwrap();
    }
    let client = GuardedClient::with_roots(settings, Loopback, roots).unwrap();
    let url = Url::parse(&format!("https://{name}:{port}/gateway.do?auth_code=c0de")).unwrap();
    client.send(HttpRequest::get(url)).await
}

#[tokio::test]
async fn a_certificate_for_the_name_is_accepted_and_no_process_default_is_set() {
    let (port, certificate, thread) = upstream("gateway.test");
    let response = ask("gateway.test", port, Some(certificate)).await.unwrap();
    assert_eq!(response.status, 204);
    assert!(rustls::crypto::CryptoProvider::get_default().is_none());
    thread.join().unwrap();
}

#[tokio::test]
async fn a_certificate_of_an_unknown_authority_is_refused_also_towards_an_allowed_host() {
    let (port, _, thread) = upstream("gateway.test");
    let error = ask("gateway.test", port, None).await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Network);
    assert!(error.message().contains("a certificate that is not accepted"), "{error}");
    assert!(!error.report().contains("c0de"), "{}", error.report());
    thread.join().unwrap();
}

#[tokio::test]
async fn a_certificate_for_another_name_is_refused() {
    let (port, certificate, thread) = upstream("other.test");
    let error = ask("gateway.test", port, Some(certificate)).await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Network);
    assert!(error.message().contains("not valid for"), "{error}");
    assert!(!error.report().contains("c0de"), "{}", error.report());
    thread.join().unwrap();
}
