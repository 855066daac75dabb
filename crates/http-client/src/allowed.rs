//! Hosts that an installation exempts from the guard.

use std::fmt;
use std::str::FromStr;

use url::{Host, Url};
use vestibule_oauth_provider::Error;

/// A host that may be reached over plain http and at an address that is not public: `host` for all its ports, or `host:port`. The host is compared as a
/// whole, there are no wildcards; an IPv6 address stands in brackets.
///
/// ```
/// use vestibule_http_client::AllowedHost;
///
/// for allowed in ["localhost", "idp.corp.example:8443", "127.0.0.1:8090", "[::1]:8090"] {
///     assert_eq!(allowed.parse::<AllowedHost>()?.to_string(), allowed);
/// }
/// assert!("*.corp.example".parse::<AllowedHost>().is_err());
/// # Ok::<(), vestibule_oauth_provider::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AllowedHost {
    host: Host<String>,
    port: Option<u16>,
}

impl AllowedHost {
    /// Whether `url` leads to this host, and to this port where one is named.
    pub(crate) fn covers(&self, url: &Url) -> bool {
        let host = url.host().map(|host| without_root_dot(host.to_owned()));
        host.as_ref() == Some(&self.host) && (self.port.is_none() || self.port == url.port_or_known_default())
    }
}

impl FromStr for AllowedHost {
    type Err = Error;

    /// # Errors
    /// `Configuration`, with the forms that are understood.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // What looks like a URL may carry a password or a token: it is not repeated.
        if text.contains(['/', '@', '?', '#']) {
            return Err(Error::configuration(
                "an allowed host is \"host\" or \"host:port\", without scheme, user name, path or query",
            ));
        }
        let wrong = |why: &str| {
            Error::configuration(format!(
                "\"{}\" is not an allowed host: {why}; expected \"host\", \"host:port\" or \"[ipv6 address]:port\"",
                text.escape_debug()
            ))
        };
        if text.contains(['*', '%']) {
            return Err(wrong("every host is written out, there are no wildcards"));
        }
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
            _ => (text, None),
        };
        if host.contains(':') && !host.starts_with('[') {
            return Err(wrong("an ipv6 address stands in brackets"));
        }
        let port = port
            .map(|port| {
                port.parse::<u16>()
                    .ok()
                    .filter(|port| *port != 0)
                    .ok_or_else(|| wrong("a port is a number from 1 to 65535"))
            })
            .transpose()?;
        let host = Host::parse(host).map_err(|error| wrong(&error.to_string()))?;
        let host = without_root_dot(host);
        if host == Host::Domain(String::new()) {
            return Err(wrong("it names no host"));
        }
        Ok(Self { host, port })
    }
}

impl fmt::Display for AllowedHost {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.host)?;
        self.port.map_or(Ok(()), |port| write!(formatter, ":{port}"))
    }
}

/// `example.com.` and `example.com` are the same host.
fn without_root_dot<T: AsRef<str>>(host: Host<T>) -> Host<String> {
    match host {
        Host::Domain(name) => Host::Domain(name.as_ref().trim_end_matches('.').to_owned()),
        Host::Ipv4(address) => Host::Ipv4(address),
        Host::Ipv6(address) => Host::Ipv6(address),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn covers(allowed: &str, url: &str) -> bool {
        allowed.parse::<AllowedHost>().unwrap().covers(&Url::parse(url).unwrap())
    }

    #[test]
    fn a_host_covers_all_its_ports_and_nothing_else() {
        assert!(covers("localhost", "http://localhost:8090/"));
        assert!(covers("LOCALHOST", "https://localhost/"));
        assert!(covers("localhost", "http://localhost./"));
        assert!(!covers("localhost", "http://evil.localhost/"));
        assert!(!covers("example.com", "http://example.com.evil.net/"));
    }

    #[test]
    fn a_port_covers_that_port_only() {
        assert!(covers("localhost:443", "https://localhost/"));
        assert!(covers("localhost:80", "http://localhost/"));
        assert!(!covers("localhost:80", "https://localhost/"));
        assert!(!covers("127.0.0.1:8090", "http://127.0.0.1:8091/"));
    }

    #[test]
    fn an_address_is_compared_by_its_value() {
        assert!(covers("127.0.0.1", "http://2130706433/"));
        assert!(covers("[::1]:8090", "http://[0:0:0:0:0:0:0:1]:8090/"));
        assert!(!covers("127.0.0.1", "http://[::ffff:127.0.0.1]/"));
        assert!(!covers("127.0.0.1", "http://localhost/"));
    }

    #[test]
    fn what_is_not_a_host_is_refused_with_the_forms_that_are() {
        for wrong in ["", ".", "::1", "*.example.com", "host:", "host:0", "host:65536", "a b", "[::1", "ex%61mple.com"]
        {
            let message = wrong.parse::<AllowedHost>().unwrap_err().to_string();
            assert!(message.contains("expected \"host\""), "{message}");
        }
    }

    #[test]
    fn what_looks_like_a_url_is_not_repeated() {
        let message = "https://user:s3cr3t@example.com/".parse::<AllowedHost>().unwrap_err().to_string();
        assert!(!message.contains("s3cr3t"), "{message}");
    }
}
