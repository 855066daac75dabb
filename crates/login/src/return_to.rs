//! Where a browser may be sent when it is done. Everything else would make us an open redirector (RFC 9700 section 4.11).

use url::{Origin, Position, Url};
use vestibule_oauth_provider::{Error, Result};

use crate::PublicUrl;

/// The longest `return_to`, in bytes, as it was asked for and as it is written into the attempt. The attempt's cookie has room for it beside long names.
const LONGEST: usize = 1_024;

/// The rules for `return_to`: a path on this site, or a URL whose origin was listed.
#[derive(Debug, Clone)]
pub struct ReturnTo {
    site: Url,
    origins: Vec<Origin>,
    home: String,
}

impl ReturnTo {
    /// Places on the site of `public_url`, and nothing else. Without a `return_to` a login ends at `/`.
    pub fn this_site(public_url: &PublicUrl) -> Self {
        let site = public_url.as_url().clone();
        Self { origins: vec![site.origin()], site, home: "/".to_owned() }
    }

    /// Allows URLs of another origin too, for example `https://app.example.com`.
    ///
    /// # Errors
    /// `Configuration`, when `origin` is no `http` or `https` origin: scheme, host and perhaps port, nothing after that.
    pub fn allow_origin(mut self, origin: &str) -> Result<Self> {
        let parsed = Url::parse(origin).ok().filter(|url| {
            matches!(url.scheme(), "http" | "https")
                && url.username().is_empty()
                && url.password().is_none()
                && url.path() == "/"
                && url.query().is_none()
                && url.fragment().is_none()
        });
        let Some(url) = parsed else {
            return Err(Error::configuration(format!(
                "the origin {origin:?} that browsers may return to must be a scheme, a host and perhaps a port, such as \"https://app.example.com\""
            )));
        };
        self.origins.push(url.origin());
        Ok(self)
    }

    /// Sets where a login without `return_to` ends, and where the link "Back" of an error page leads: `/`, unless this is called.
    ///
    /// # Errors
    /// `Configuration`, when it is not a place that these rules allow.
    pub fn with_home(mut self, home: &str) -> Result<Self> {
        self.home =
            self.judge(home).map_err(|error| Error::configuration(format!("the home of this site: {error}")))?;
        Ok(self)
    }

    /// Where a login without `return_to` ends.
    pub fn home(&self) -> &str {
        &self.home
    }

    /// Judges a `return_to` that anybody may have written, and gives it in the one spelling that every browser reads alike.
    ///
    /// # Errors
    /// `Unsupported`. What was asked for is not repeated.
    pub fn judge(&self, asked: &str) -> Result<String> {
        // Browsers drop tabs and line ends, read a backslash as a slash and trim spaces, so none of these may stand in it at all.
        let plain = !asked.chars().any(|letter| letter.is_control() || letter.is_whitespace() || letter == '\\');
        if !plain || asked.len() > LONGEST {
            return Err(refusal("holds spaces, control characters or backslashes, or is too long"));
        }
        let judged = if asked.starts_with('/') { self.judge_path(asked)? } else { self.judge_url(asked)? };
        // Percent-encoding makes it longer.
        if judged.len() > LONGEST { Err(refusal("is too long")) } else { Ok(judged) }
    }

    fn judge_path(&self, asked: &str) -> Result<String> {
        let url = self.site.join(asked).map_err(|_| refusal("is not a path that can be read"))?;
        // The path is looked at once more after its dots are resolved: "/..//evil.example" is "//evil.example" by then.
        let on_this_site = url.origin() == self.site.origin() && has_no_user(&url);
        if asked.starts_with("//") || !on_this_site || url.path().starts_with("//") {
            return Err(refusal("must start with exactly one \"/\""));
        }
        Ok(url[Position::BeforePath..].to_owned())
    }

    fn judge_url(&self, asked: &str) -> Result<String> {
        let url = Url::parse(asked).map_err(|_| refusal("is neither a path nor an absolute url"))?;
        let listed = matches!(url.scheme(), "http" | "https") && self.origins.contains(&url.origin());
        if !listed || !has_no_user(&url) {
            return Err(refusal("is on a site that is not among the allowed origins"));
        }
        Ok(url.into())
    }
}

fn has_no_user(url: &Url) -> bool {
    url.username().is_empty() && url.password().is_none()
}

fn refusal(why: &str) -> Error {
    Error::unsupported(format!(
        "\"return_to\" {why}; it must be a path on this site such as \"/me\", or a url whose origin the installation allows"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules() -> ReturnTo {
        ReturnTo::this_site(&PublicUrl::parse("https://id.example/auth").unwrap())
            .allow_origin("https://app.example:8443")
            .unwrap()
    }

    #[test]
    fn a_path_on_this_site_is_allowed() {
        for (asked, given) in [
            ("/", "/"),
            ("/me", "/me"),
            ("/me?tab=a%20b&next=//x#top", "/me?tab=a%20b&next=//x#top"),
            ("/a/../b", "/b"),
            ("/@evil.example", "/@evil.example"),
            ("/ü", "/%C3%BC"),
            ("/%0d%0aSet-Cookie:x", "/%0d%0aSet-Cookie:x"),
        ] {
            assert_eq!(rules().judge(asked).unwrap(), given);
        }
    }

    #[test]
    fn a_url_of_a_listed_origin_is_allowed() {
        for url in ["https://app.example:8443/x?y=z", "https://id.example/me", "https://APP.example:8443/"] {
            assert!(rules().judge(url).is_ok(), "{url}");
        }
    }

    #[test]
    fn no_way_leads_to_another_site() {
        for asked in [
            "",
            "me",
            "//evil.example",
            "///evil.example",
            "/\\evil.example",
            "\\/evil.example",
            "\\\\evil.example",
            "/\t/evil.example",
            "/\n/evil.example",
            "\t//evil.example",
            " //evil.example",
            "\u{a0}//evil.example",
            "/\r\nSet-Cookie: a=b",
            "/..//evil.example",
            "/.//evil.example",
            "/%2e//evil.example",
            "/%2E%2e//evil.example",
            "https://evil.example",
            "https:evil.example",
            "https:/evil.example",
            "https:///evil.example",
            "HTTPS://EVIL.EXAMPLE",
            "https://app.example",
            "https://app.example:8443.evil.example/",
            "https://app.example:8443@evil.example/",
            "https://user@app.example:8443/",
            "https://user:pass@id.example/",
            "http://app.example:8443/",
            "http://id.example/",
            "https://id.example.evil.example/",
            "javascript:alert(1)",
            "java\tscript:alert(1)",
            "JavaScript://id.example/%0aalert(1)",
            "data:text/html,x",
            "blob:https://id.example/x",
            "file:///etc/passwd",
            "vbscript:x",
        ] {
            let error = rules().judge(asked).expect_err(asked);
            assert!(!error.message().contains("evil"));
        }
        assert!(rules().judge(&format!("/{}", "a".repeat(LONGEST))).is_err());
    }

    #[test]
    fn only_origins_can_be_listed() {
        for origin in [
            "app.example",
            "https://app.example/path",
            "https://app.example/?a",
            "https://user@app.example",
            "javascript:alert(1)",
            "app://callback",
            "*",
        ] {
            assert!(rules().allow_origin(origin).is_err(), "{origin}");
        }
    }

    #[test]
    fn the_home_follows_the_same_rules() {
        assert_eq!(rules().home(), "/");
        assert_eq!(rules().with_home("/auth/").unwrap().home(), "/auth/");
        assert!(rules().with_home("//evil.example").is_err());
    }
}
