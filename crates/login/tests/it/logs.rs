use std::io::Write;
use std::sync::{Arc, Mutex};

use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt::MakeWriter;

use crate::bench::{ACCESS_TOKEN, Bench, CLIENT_SECRET, CODE, config, parameter, state};
use crate::site::{PlayedHost, Site};

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// Everything that is logged on this thread from now on.
fn everything() -> (Log, impl Drop) {
    let log = Log::default();
    let subscriber =
        tracing_subscriber::fmt().with_max_level(LevelFilter::TRACE).with_ansi(false).with_writer(log.clone()).finish();
    (log, tracing::subscriber::set_default(subscriber))
}

#[tokio::test]
async fn no_secret_is_logged_at_any_level() {
    let (log, _guard) = everything();
    let mut secrets = vec![
        CODE.to_owned(),
        ACCESS_TOKEN.to_owned(),
        CLIENT_SECRET.to_owned(),
        "s3ssion".to_owned(),
        "/deep?link".to_owned(),
    ];
    for fault in [None, Some("unreachable"), Some("untrusted"), Some("misconfigured")] {
        for query in ["code=", "error=server_error&error_description=", "nothing="] {
            let site = Site::new(Bench::new(), PlayedHost::Returns);
            let begun = site.get("/login/acme/main?return_to=/deep?link", &[]).await;
            let (url, cookie) = (begun.location(), begun.attempt_cookie());
            secrets.extend([state(&url), parameter(&url, "nonce").unwrap()]);
            secrets.push(cookie.split('=').nth(1).unwrap().to_owned());
            site.bench.reconfigure(&config("app", "openid", fault));
            let answer = site.come_back(&begun, &format!("{query}{CODE}"), &[]).await;
            assert!(!answer.body.contains(CODE));
            site.come_back(&begun, &format!("code={CODE}"), &[]).await;
            secrets.extend(site.bench.exchanges().into_iter().filter_map(|exchanged| exchanged.code_verifier));
        }
    }
    let text = log.text();
    assert!(text.contains("login completed") && text.contains("login failed") && text.contains("sign-in begun"));
    for secret in secrets {
        assert!(!text.contains(&secret), "{secret}");
    }
}

#[tokio::test]
async fn the_number_on_the_page_finds_the_whole_story() {
    let (log, _guard) = everything();
    let site = Site::new(Bench::with_fault("misconfigured"), PlayedHost::Returns);
    let page = site.get("/login/acme/main", &[]).await;
    let reference = page.body.split("id=\"reference\">").nth(1).unwrap().split('<').next().unwrap();
    let text = log.text();
    let line = text.lines().find(|line| line.contains(reference)).unwrap();
    for told in ["ERROR", "code=\"misconfigured\"", "step=\"open\"", "acme/main", "there is no cert record", "the-cert"]
    {
        assert!(line.contains(told), "{line}");
    }
}

#[tokio::test]
async fn a_path_cannot_forge_a_log_line() {
    let (log, _guard) = everything();
    let site = Site::new(Bench::new(), PlayedHost::Returns);
    site.get("/login/acme/a%0AERROR%20forged%1B[2J", &[]).await;
    let text = log.text();
    assert_eq!(text.lines().count(), 1, "{text}");
    assert!(!text.contains('\u{1b}'));
}

#[tokio::test]
async fn an_upstreams_code_is_in_the_log() {
    let (log, _guard) = everything();
    let site = Site::new(Bench::new(), PlayedHost::Returns);
    let begun = site.get("/login/acme/main", &[]).await;
    site.come_back(&begun, "error=server_error", &[]).await;
    assert!(log.text().contains("upstream_code=\"server_error\""), "{}", log.text());
}
