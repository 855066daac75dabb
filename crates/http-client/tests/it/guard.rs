//! What is judged before anything is sent.

use vestibule_http_client::{GuardedClient, Settings};
use vestibule_oauth_provider::{ErrorKind, HttpClient, Url};

use crate::upstream::{SECRET, Upstream, request, settings_allowing, shows_nothing};

fn permit(settings: Settings, url: &str) -> Result<(), vestibule_oauth_provider::Error> {
    let client = GuardedClient::new(settings).unwrap();
    client.permit(&Url::parse(url).unwrap())
}

/// Refused, with a message that contains `words` and nothing of what a URL may hide.
fn refused(url: &str, words: &str) {
    let error = permit(Settings::default(), &format!("{url}/token?code={SECRET}")).unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Configuration, "{url}");
    assert!(error.message().contains(words), "{url}: {error}");
    shows_nothing(&error);
}

#[test]
fn a_public_https_address_is_permitted() {
    for url in [
        "https://gateway.example/gateway.do?auth_code=1",
        "https://gateway.example:8443/",
        "https://110.75.0.1/",
        "https://[2400:3200::1]/",
    ] {
        permit(Settings::default(), url).unwrap();
    }
}

#[test]
fn other_schemes_are_refused() {
    refused("http://gateway.example", "it must begin with \"https://\"");
    refused("ftp://gateway.example", "it must begin with \"https://\"");
    refused("ws://gateway.example", "it must begin with \"https://\"");
    refused("gopher://gateway.example", "it must begin with \"https://\"");
    refused("file://", "names no host");
    refused("data:text", "names no host");
}

#[test]
fn a_user_name_in_the_address_is_refused_also_towards_an_allowed_host() {
    refused(&format!("https://{SECRET}@gateway.example"), "carries a user name");
    refused(&format!("https://:{SECRET}@gateway.example"), "carries a user name");
    // Looks like the gateway, leads elsewhere.
    refused("https://gateway.example:443@203.0.113.1", "carries a user name");
    let error = permit(settings_allowing("localhost"), "http://user@localhost/").unwrap_err();
    assert!(error.message().contains("carries a user name"), "{error}");
}

#[test]
fn every_spelling_of_a_loopback_address_is_refused() {
    for host in [
        "127.0.0.1",
        "127.1",
        "127.0.1",
        "0x7f.1",
        "0x7f000001",
        "0177.0.0.1",
        "017700000001",
        "2130706433",
        "127.0.0.1.",
        "１２７.0.0.1",
        "127。0。0。1",
        "%31%32%37.0.0.1",
        "127.255.255.254",
    ] {
        refused(&format!("https://{host}"), "a loopback address");
    }
    refused("https://[::1]", "the loopback address");
    refused("https://[0:0:0:0:0:0:0:1]", "the loopback address");
    for name in ["localhost", "LOCALHOST", "localhost.", "gateway.localhost", "ｌocalhost"] {
        refused(&format!("https://{name}"), "a name of this machine");
    }
}

#[test]
fn addresses_that_are_not_public_are_refused() {
    for (host, words) in [
        ("0.0.0.0", "unspecified"),
        ("0", "unspecified"),
        ("10.1.2.3", "private"),
        ("172.16.0.1", "private"),
        ("192.168.1.1", "private"),
        ("0xc0a80101", "private"),
        ("169.254.169.254", "link-local"),
        ("2852039166", "link-local"),
        ("100.100.100.200", "carrier"),
        ("192.0.0.192", "protocol"),
        ("198.18.0.1", "benchmarking"),
        ("203.0.113.1", "documentation"),
        ("224.0.0.1", "multicast"),
        ("240.0.0.1", "reserved"),
        ("255.255.255.255", "broadcast"),
        ("[::]", "unspecified"),
        ("[::ffff:127.0.0.1]", "ipv4-mapped"),
        ("[::ffff:7f00:1]", "ipv4-mapped"),
        ("[::ffff:110.75.0.1]", "ipv4-mapped"),
        ("[::127.0.0.1]", "ipv4-compatible"),
        ("[64:ff9b::7f00:1]", "nat64"),
        ("[64:ff9b:1::1]", "nat64"),
        ("[2002:7f00:1::]", "6to4"),
        ("[2001:0:4136:e378:8000:63bf:3fff:fdd2]", "teredo"),
        ("[fd00:ec2::254]", "private"),
        ("[fe80::1]", "link-local"),
        ("[fec0::1]", "site-local"),
        ("[ff02::1]", "multicast"),
    ] {
        refused(&format!("https://{host}"), words);
    }
}

#[test]
fn a_refusal_names_host_and_port_and_the_exception() {
    let error = permit(Settings::default(), "https://127.0.0.1:8090/").unwrap_err();
    assert_eq!(
        error.message(),
        "no request goes to upstream \"127.0.0.1:8090\", which is a loopback address: an upstream must have a public address, unless the operator puts \
         \"127.0.0.1:8090\" on this installation's list of allowed hosts (--allow-upstream)"
    );
}

#[test]
fn an_allowed_host_is_permitted_as_listed_and_not_beyond() {
    permit(settings_allowing("127.0.0.1:8090"), "http://127.0.0.1:8090/").unwrap();
    permit(settings_allowing("127.0.0.1:8090"), "http://2130706433:8090/").unwrap();
    permit(settings_allowing("[::1]"), "https://[::1]:1/").unwrap();
    for (allowed, url) in [
        ("127.0.0.1:8090", "http://127.0.0.1:8091/"),
        ("127.0.0.1", "http://127.0.0.2/"),
        ("localhost", "http://127.0.0.1/"),
        ("gateway.test", "http://sub.gateway.test/"),
        ("gateway.test", "ftp://gateway.test/"),
    ] {
        permit(settings_allowing(allowed), url).unwrap_err();
    }
}

#[tokio::test]
async fn a_refused_request_reaches_nobody() {
    let upstream = Upstream::answering("HTTP/1.1 204 No Content\r\n\r\n").await;
    let client = GuardedClient::new(Settings::default()).unwrap();
    for scheme in ["http", "https"] {
        let mut url = upstream.url();
        url.set_scheme(scheme).unwrap();
        let error = client.send(request(url)).await.unwrap_err();
        assert_eq!(*error.kind(), ErrorKind::Configuration);
        shows_nothing(&error);
    }
    assert_eq!(upstream.connections(), 0);
    assert_eq!(upstream.ask().await.unwrap().status, 204);
    assert_eq!(upstream.connections(), 1);
}
