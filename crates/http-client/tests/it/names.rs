//! Names, which are judged by their addresses when a connection is made.

use std::io;
use std::net::IpAddr;

use async_trait::async_trait;
use vestibule_http_client::{GuardedClient, Resolver, Settings};
use vestibule_oauth_provider::{Error, ErrorKind, HttpClient, Url};

use crate::upstream::{SECRET, Upstream, request, settings_allowing, shows_nothing};

/// Knows every name, by the same addresses.
#[derive(Debug)]
struct Knows(Vec<IpAddr>);

#[async_trait]
impl Resolver for Knows {
    async fn resolve(&self, _name: &str) -> io::Result<Vec<IpAddr>> {
        Ok(self.0.clone())
    }
}

/// Knows no name.
#[derive(Debug)]
struct KnowsNothing;

#[async_trait]
impl Resolver for KnowsNothing {
    async fn resolve(&self, _name: &str) -> io::Result<Vec<IpAddr>> {
        Err(io::Error::other("no such name"))
    }
}

fn knows(addresses: &[&str]) -> Knows {
    Knows(addresses.iter().map(|address| address.parse().unwrap()).collect())
}

async fn failure(settings: Settings, resolver: impl Resolver, url: &str) -> Error {
    let client = GuardedClient::with_resolver(settings, resolver).unwrap();
    let url = Url::parse(&format!("{url}/token?code={SECRET}")).unwrap();
    client.permit(&url).unwrap();
    let error = client.send(request(url)).await.unwrap_err();
    shows_nothing(&error);
    error
}

#[tokio::test]
async fn a_name_that_leads_inside_is_refused_when_a_connection_is_made() {
    let upstream = Upstream::answering("HTTP/1.1 204 No Content\r\n\r\n").await;
    let url = format!("https://gateway.test:{}", upstream.address.port());
    let error = failure(Settings::default(), knows(&["127.0.0.1", "::ffff:127.0.0.1"]), &url).await;
    assert_eq!(*error.kind(), ErrorKind::Configuration);
    let authority = format!("gateway.test:{}", upstream.address.port());
    assert_eq!(
        error.message(),
        format!(
            "the upstream \"{authority}\" cannot be used: its name leads to 127.0.0.1 (a loopback address), ::ffff:127.0.0.1 (an ipv4-mapped address); an upstream \
             must have a public address, unless the operator puts \"{authority}\" on this installation's list of allowed hosts (--allow-upstream)"
        )
    );
    assert_eq!(upstream.connections(), 0);
}

#[tokio::test]
async fn the_same_name_works_where_it_is_allowed() {
    let upstream = Upstream::answering("HTTP/1.1 204 No Content\r\n\r\n").await;
    let authority = format!("gateway.test:{}", upstream.address.port());
    let client = GuardedClient::with_resolver(settings_allowing(&authority), knows(&["127.0.0.1"])).unwrap();
    let url = Url::parse(&format!("http://{authority}/")).unwrap();
    assert_eq!(client.send(request(url)).await.unwrap().status, 204);
}

#[tokio::test]
async fn an_allowed_port_of_a_name_does_not_open_its_other_ports() {
    let upstream = Upstream::answering("HTTP/1.1 204 No Content\r\n\r\n").await;
    let url = format!("https://gateway.test:{}", upstream.address.port());
    let error = failure(settings_allowing("gateway.test:1"), knows(&["127.0.0.1"]), &url).await;
    assert_eq!(*error.kind(), ErrorKind::Configuration);
    assert_eq!(upstream.connections(), 0);
}

#[tokio::test]
async fn an_unknown_name_is_a_network_failure_that_says_so() {
    let error = failure(Settings::default(), KnowsNothing, "https://gateway.test").await;
    assert_eq!(*error.kind(), ErrorKind::Network);
    assert_eq!(
        error.message(),
        "the upstream \"gateway.test\" cannot be used: its name could not be resolved (no such name): check how it is spelled, and this machine's dns"
    );
}

#[tokio::test]
async fn a_name_without_addresses_is_a_network_failure_that_says_so() {
    let error = failure(Settings::default(), knows(&[]), "https://gateway.test").await;
    assert_eq!(*error.kind(), ErrorKind::Network);
    assert!(error.message().contains("its name has no address"), "{error}");
}
