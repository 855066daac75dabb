//! The URL under which browsers reach an installation.

use std::fmt;

use url::{Host, Url};
use vestibule_oauth_provider::{Error, Result};

/// The URL under which browsers reach the routes: `https://id.example.com`, or with a path, `https://example.com/auth`.
///
/// It is configured and never taken from a request header: who can choose the `Host` of a request must not choose where codes are sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicUrl {
    /// Ends with a slash.
    base: Url,
}

impl PublicUrl {
    /// Reads a public URL: absolute, `https`, no user name, query or fragment. A slash at the end makes no difference. Plain `http` is taken for
    /// `localhost` and loopback addresses only.
    ///
    /// # Errors
    /// `Configuration`, with what would be right.
    pub fn parse(text: &str) -> Result<Self> {
        let url = Self::parse_allowing_plain_http(text)?;
        if url.is_https() || url.is_loopback() {
            return Ok(url);
        }
        Err(refusal(
            text,
            "must start with \"https://\": over plain http whoever is on the way can take over a sign-in",
        ))
    }

    /// As [`PublicUrl::parse`], for a host that is reached over plain `http` on purpose, for example in a laboratory. Its cookies can then carry
    /// neither `Secure` nor the `__Host-` prefix.
    ///
    /// # Errors
    /// `Configuration`, with what would be right.
    pub fn parse_allowing_plain_http(text: &str) -> Result<Self> {
        let mut base = Url::parse(text).map_err(|error| {
            refusal(text, "must be an absolute url such as \"https://id.example.com\"").caused_by(error)
        })?;
        if !matches!(base.scheme(), "https" | "http") {
            return Err(refusal(text, "must start with \"https://\""));
        }
        if !base.username().is_empty() || base.password().is_some() {
            // Not repeated: it may hold a password.
            return Err(Error::configuration("the public url must not hold a user name or password"));
        }
        if base.query().is_some() || base.fragment().is_some() {
            return Err(refusal(text, "must have no \"?\" and no \"#\""));
        }
        if base.path().contains("//") {
            return Err(refusal(text, "must not have an empty part in its path"));
        }
        if !base.path().ends_with('/') {
            let path = format!("{}/", base.path());
            base.set_path(&path);
        }
        Ok(Self { base })
    }

    /// The URL, its path ending with a slash.
    pub fn as_url(&self) -> &Url {
        &self.base
    }

    /// Whether browsers come over TLS, so that cookies are `Secure`.
    pub fn is_https(&self) -> bool {
        self.base.scheme() == "https"
    }

    fn is_loopback(&self) -> bool {
        match self.base.host() {
            Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        }
    }

    /// `/{action}/{owner}/{provider}` under this URL, each part percent-encoded.
    ///
    /// # Errors
    /// `Configuration`: a name that is empty, `.` or `..`, or has a control character in it, cannot stand in a URL.
    pub(crate) fn route(&self, action: &str, owner: &str, provider: &str) -> Result<Url> {
        if [owner, provider].iter().any(|name| matches!(*name, "" | "." | "..")) {
            return Err(Error::configuration(
                "an owner or provider whose name is empty, \".\" or \"..\" has no url: give it another name",
            ));
        }
        // The url crate drops tabs and line ends (WHATWG URL, basic URL parser, step 3): "ali\tpay" would have the callback url of "alipay".
        if [owner, provider].iter().any(|name| name.chars().any(char::is_control)) {
            return Err(Error::configuration(
                "an owner or provider whose name has a control character in it, such as a line break, has no url: give it another name",
            ));
        }
        let mut url = self.base.clone();
        url.path_segments_mut()
            .map_err(|()| Error::internal("the public url has no path"))?
            .pop_if_empty()
            .extend([action, owner, provider]);
        Ok(url)
    }
}

impl fmt::Display for PublicUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.base.as_str().trim_end_matches('/'))
    }
}

fn refusal(text: &str, rule: &str) -> Error {
    // With an "@" in it, it may hold a password.
    let shown = if text.contains('@') { "…" } else { text };
    Error::configuration(format!("the public url {shown:?} {rule}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slash_at_the_end_makes_no_difference() {
        for (text, base) in [
            ("https://id.example", "https://id.example/"),
            ("https://id.example/", "https://id.example/"),
            ("https://example.com/auth", "https://example.com/auth/"),
            ("https://example.com:8443/auth/", "https://example.com:8443/auth/"),
        ] {
            assert_eq!(PublicUrl::parse(text).unwrap().as_url().as_str(), base);
        }
        assert_eq!(PublicUrl::parse("https://id.example/").unwrap().to_string(), "https://id.example");
    }

    #[test]
    fn plain_http_is_for_loopback_or_has_to_be_asked_for() {
        for text in ["http://127.0.0.1:8080", "http://[::1]:8080", "http://localhost", "http://app.localhost:3000"] {
            assert!(!PublicUrl::parse(text).unwrap().is_https());
        }
        for text in ["http://id.example", "http://localhost.example", "http://192.168.0.7", "http://0.0.0.0"] {
            assert!(PublicUrl::parse(text).unwrap_err().message().contains("must start with \"https://\""));
            assert!(PublicUrl::parse_allowing_plain_http(text).is_ok());
        }
    }

    #[test]
    fn what_is_not_a_public_url_is_refused_without_its_password() {
        for text in [
            "",
            "id.example",
            "/auth",
            "ftp://id.example",
            "javascript:alert(1)",
            "https://",
            "https://id.example/?a=b",
            "https://id.example/#top",
            "https://id.example//auth",
            "https://user:s3cr3t@id.example/",
            "https://user:s3cr3t@id example/",
        ] {
            let error = PublicUrl::parse(text).unwrap_err();
            assert!(!error.report().contains("s3cr3t"), "{}", error.report());
        }
    }

    #[test]
    fn names_are_percent_encoded_part_by_part() {
        let url = PublicUrl::parse("https://example.com/auth").unwrap();
        assert_eq!(
            url.route("callback", "a/b", "支付宝 ?#%\\").unwrap().as_str(),
            "https://example.com/auth/callback/a%2Fb/%E6%94%AF%E4%BB%98%E5%AE%9D%20%3F%23%25%5C"
        );
        for name in ["", ".", ".."] {
            assert!(url.route("callback", name, "alipay").is_err());
            assert!(url.route("callback", "acme", name).is_err());
        }
    }

    #[test]
    fn no_two_names_share_a_url() {
        let url = PublicUrl::parse("https://example.com/auth").unwrap();
        for letter in (0..0x2ff).filter_map(char::from_u32) {
            let name = format!("ali{letter}pay");
            match url.route("callback", "acme", &name) {
                Ok(url) => {
                    let last = url.path_segments().unwrap().next_back().unwrap().to_owned();
                    assert!(last.len() > "alipay".len(), "{letter:?}: {url}");
                }
                Err(error) => {
                    assert!(letter.is_control(), "{letter:?}");
                    assert!(error.message().contains("control character"), "{error}");
                }
            }
            assert_eq!(url.route("login", &name, "alipay").is_err(), letter.is_control());
        }
    }
}
