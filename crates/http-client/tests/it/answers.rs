//! What comes back, and what may come back.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use vestibule_http_client::{GuardedClient, Settings};
use vestibule_oauth_provider::{ErrorKind, HttpClient, HttpRequest, Secret, Url};

use crate::upstream::{SECRET, Upstream, impatient, request, settings_allowing, shows_nothing};

fn response(headers: &str, body: &[u8]) -> Vec<u8> {
    let mut bytes = format!("HTTP/1.1 200 OK\r\n{headers}content-length: {}\r\n\r\n", body.len()).into_bytes();
    bytes.extend_from_slice(body);
    bytes
}

fn gzip(body: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(body).unwrap();
    encoder.finish().unwrap()
}

#[tokio::test]
async fn status_headers_and_body_arrive_as_they_are() {
    let upstream =
        Upstream::answering("HTTP/1.1 418 Teapot\r\nX-Kind: Pot\r\nX-Latin: \u{e9}\r\nContent-Length: 5\r\n\r\nshort")
            .await;
    let answer = upstream.ask().await.unwrap();
    assert_eq!(answer.status, 418);
    assert_eq!(answer.header("x-kind"), Some("Pot"));
    assert_eq!(answer.header("x-latin"), Some("é"));
    assert_eq!(answer.body, b"short");
}

#[tokio::test]
async fn the_request_says_what_it_should_and_nothing_more() {
    let upstream = Upstream::start(|mut stream, head| async move {
        let _ = stream.write_all(&response("", head.as_bytes())).await;
    })
    .await;
    let head = String::from_utf8(upstream.ask().await.unwrap().body).unwrap().to_lowercase();
    assert!(head.starts_with("post /s3cr3t/token?code=s3cr3t http/1.1\r\n"), "{head}");
    let mut names: Vec<_> = head.lines().filter_map(|line| line.split_once(": ")).map(|(name, _)| name).collect();
    names.sort_unstable();
    assert_eq!(
        names,
        ["accept", "accept-encoding", "authorization", "content-length", "content-type", "host", "user-agent"]
    );
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_is_not_followed() {
    let target = Upstream::answering(response("", b"followed")).await;
    let location = format!("http://{}/", target.address);
    let redirecting =
        Upstream::answering(format!("HTTP/1.1 302 Found\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n")).await;
    let answer = redirecting.ask().await.unwrap();
    assert_eq!(answer.status, 302);
    assert_eq!(answer.header("location"), Some(location.as_str()));
    assert_eq!(target.connections(), 0);
}

#[tokio::test]
async fn a_compressed_body_arrives_decompressed() {
    let upstream = Upstream::answering(response("content-encoding: gzip\r\n", &gzip(b"{\"a\":1}"))).await;
    assert_eq!(upstream.ask().await.unwrap().body, b"{\"a\":1}");
}

#[tokio::test]
async fn a_body_of_exactly_the_limit_arrives_and_one_byte_more_does_not() {
    let settings =
        |upstream: &Upstream| Settings { largest_body: 1000, ..settings_allowing(&upstream.address.to_string()) };
    for (headers, body) in [("", vec![b'x'; 1000]), ("content-encoding: gzip\r\n", gzip(&[b'x'; 1000]))] {
        let upstream = Upstream::answering(response(headers, &body)).await;
        let client = GuardedClient::new(settings(&upstream)).unwrap();
        assert_eq!(client.send(request(upstream.url())).await.unwrap().body.len(), 1000);
    }
    for (headers, body) in [("", vec![b'x'; 1001]), ("content-encoding: gzip\r\n", gzip(&[b'x'; 1001]))] {
        let upstream = Upstream::answering(response(headers, &body)).await;
        let client = GuardedClient::new(settings(&upstream)).unwrap();
        let error = client.send(request(upstream.url())).await.unwrap_err();
        assert!(error.message().contains("more than the 1000 bytes"), "{error}");
    }
}

#[tokio::test]
async fn ten_megabytes_are_refused_announced_or_not() {
    let body = vec![b'x'; 10 * 1024 * 1024];
    Upstream::answering(response("", &body)).await.fails_with("more than the 1048576 bytes").await;
    let mut unannounced = b"HTTP/1.1 200 OK\r\n\r\n".to_vec();
    unannounced.extend_from_slice(&body);
    Upstream::answering(unannounced).await.fails_with("more than the 1048576 bytes").await;
}

#[tokio::test]
async fn ten_megabytes_that_are_only_announced_are_refused_without_waiting_for_them() {
    let upstream = Upstream::start(|mut stream, _| async move {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 10485760\r\n\r\n").await;
        std::future::pending::<()>().await;
    })
    .await;
    upstream.fails_with("more than the 1048576 bytes").await;
}

#[tokio::test]
async fn a_gzip_bomb_is_refused() {
    let bomb = gzip(&vec![0; 64 * 1024 * 1024]);
    assert!(bomb.len() < 100_000, "what is sent is far below the limit");
    Upstream::answering(response("content-encoding: gzip\r\n", &bomb))
        .await
        .fails_with("more than the 1048576 bytes")
        .await;
}

#[tokio::test]
async fn a_body_that_is_not_what_its_encoding_says_is_refused() {
    Upstream::answering(response("content-encoding: gzip\r\n", b"not gzip at all"))
        .await
        .fails_with("cannot be decompressed")
        .await;
}

#[tokio::test]
async fn a_body_shorter_than_announced_is_a_failure() {
    Upstream::answering("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nshort")
        .await
        .fails_with("before its answer was complete")
        .await;
}

#[tokio::test]
async fn a_body_longer_than_announced_is_cut_where_it_was_announced() {
    let upstream = Upstream::answering("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nshort and more").await;
    assert_eq!(upstream.ask().await.unwrap().body, b"short");
}

#[tokio::test]
async fn header_fields_are_bounded_in_number_and_size() {
    let many: String = (0..101).map(|number| format!("x-{number}: y\r\n")).collect();
    Upstream::answering(response(&many, b"")).await.fails_with("more header fields than an answer may have").await;
    let long = format!("x: {}\r\n", "y".repeat(1024 * 1024));
    Upstream::answering(response(&long, b"")).await.fails_with("more header fields than an answer may have").await;
}

#[tokio::test]
async fn what_is_not_http_is_called_so() {
    Upstream::answering("SSH-2.0-OpenSSH_9.2\r\n").await.fails_with("not http").await;
}

#[tokio::test]
async fn nothing_is_a_failure() {
    Upstream::answering("").await.fails_with("before its answer was complete").await;
}

#[tokio::test]
async fn a_reset_connection_is_a_failure() {
    let upstream = Upstream::start(|stream, _| async move {
        stream.set_zero_linger().unwrap();
    })
    .await;
    upstream.fails_with("broke the connection off").await;
}

#[tokio::test]
async fn a_closed_port_is_called_so() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let client = GuardedClient::new(settings_allowing(&address.to_string())).unwrap();
    let url = Url::parse(&format!("http://{address}/token?code={SECRET}")).unwrap();
    let error = client.send(request(url)).await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Network);
    assert!(error.message().contains(&format!("\"{address}\" refused the connection")), "{error}");
    shows_nothing(&error);
}

#[tokio::test]
async fn https_towards_a_port_without_tls_is_called_so() {
    // Answers at once: the blank line that `Upstream` waits for does not come in a TLS greeting.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
        std::future::pending::<()>().await;
    });
    let client = GuardedClient::new(settings_allowing(&address.to_string())).unwrap();
    let url = Url::parse(&format!("https://{address}/token?code={SECRET}")).unwrap();
    let error = client.send(request(url)).await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Network);
    assert!(error.message().contains("does not speak tls"), "{}", error.report());
    shows_nothing(&error);
}

#[tokio::test]
async fn an_upstream_that_hangs_is_given_up() {
    let upstream = Upstream::start(|stream, _| async move {
        std::future::pending::<()>().await;
        drop(stream);
    })
    .await;
    gives_up(&upstream).await;
}

#[tokio::test]
async fn an_upstream_that_drips_is_given_up_although_something_always_comes() {
    let upstream = Upstream::start(|mut stream, _| async move {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n").await;
        let mut pulse = tokio::time::interval(std::time::Duration::from_millis(20));
        while stream.write_all(b"x").await.is_ok() {
            pulse.tick().await;
        }
    })
    .await;
    gives_up(&upstream).await;
}

async fn gives_up(upstream: &Upstream) {
    let client = GuardedClient::new(impatient(&upstream.address.to_string())).unwrap();
    let error = client.send(request(upstream.url())).await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Network);
    assert!(error.message().contains("did not finish its answer within 300ms"), "{error}");
    shows_nothing(&error);
}

#[tokio::test]
async fn a_header_value_with_a_line_break_is_refused_and_not_repeated() {
    let upstream = Upstream::answering(response("", b"")).await;
    let client = GuardedClient::new(settings_allowing(&upstream.address.to_string())).unwrap();
    let smuggled = Secret::new(format!("{SECRET}\r\nx-admin: yes"));
    let error = client.send(HttpRequest::get(upstream.url()).bearer(&smuggled)).await.unwrap_err();
    assert!(error.message().contains("\"authorization\""), "{error}");
    shows_nothing(&error);
    assert_eq!(upstream.connections(), 0);
}
