//! Whether this installation lets a request go to a URL.

use url::{Host, Url};
use vestibule_oauth_provider::{Error, Result};

use crate::AllowedHost;
use crate::addresses::refusal;

/// How a permitted request travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Passage {
    /// Over https, to public addresses only.
    Strict,
    /// As the installation allowed for this host: plain http and any address.
    Exempt,
}

/// The judge of URLs. Names are judged again by their addresses when a connection is made.
#[derive(Debug)]
pub(crate) struct Guard {
    allow: Vec<AllowedHost>,
}

impl Guard {
    pub(crate) fn new(allow: Vec<AllowedHost>) -> Self {
        Self { allow }
    }

    /// Whether the installation's list names the host.
    pub(crate) fn exempts(&self, url: &Url) -> bool {
        self.allow.iter().any(|allowed| allowed.covers(url))
    }

    /// How a request to `url` may travel.
    ///
    /// # Errors
    /// `Configuration` when it may not.
    pub(crate) fn judge(&self, url: &Url) -> Result<Passage> {
        let scheme = url.scheme();
        let host = url.host().ok_or_else(|| {
            Error::configuration(
                "the upstream's address names no host: it must begin with \"https://\" and a host name",
            )
        })?;
        let upstream = authority(url);
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Error::configuration(format!(
                "the address of upstream \"{upstream}\" carries a user name or password: credentials have fields of their own, remove them from the address"
            )));
        }
        if matches!(scheme, "http" | "https") && self.exempts(url) {
            return Ok(Passage::Exempt);
        }
        if scheme != "https" {
            return Err(Error::configuration(format!(
                "the address of upstream \"{upstream}\" begins with \"{scheme}:\": it must begin with \"https://\"{}",
                if scheme == "http" { exception(&upstream) } else { String::new() }
            )));
        }
        let why = match host {
            Host::Domain(name) => is_loopback_name(name).then_some("a name of this machine"),
            Host::Ipv4(address) => refusal(address.into()),
            Host::Ipv6(address) => refusal(address.into()),
        };
        match why {
            None => Ok(Passage::Strict),
            Some(why) => Err(Error::configuration(format!(
                "no request goes to upstream \"{upstream}\", which is {why}: an upstream must have a public address{}",
                exception(&upstream)
            ))),
        }
    }
}

/// Host and port of `url`, as messages and logs name it: all of a URL that holds no secret.
pub(crate) fn authority(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

/// The remedy that only the operator of an installation has.
pub(crate) fn exception(upstream: &str) -> String {
    format!(", unless the operator puts \"{upstream}\" on this installation's list of allowed hosts (--allow-upstream)")
}

/// RFC 6761 section 6.3: `localhost` and the names below it mean this machine, whatever a resolver says.
fn is_loopback_name(name: &str) -> bool {
    let name = name.trim_end_matches('.');
    name == "localhost" || name.ends_with(".localhost")
}
