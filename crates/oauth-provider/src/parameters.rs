//! The parameters of a callback: anybody can write them.

use url::form_urlencoded;

use crate::{AttemptFault, Error, Result};

/// The most that a callback's query or form may hold, in bytes.
const LONGEST: usize = 16 * 1024;
/// The most parameters in it.
const MOST: usize = 64;

/// The parameters of a callback, in order. No `Debug`: the authorization code is among them.
#[derive(Clone, Default)]
#[expect(missing_debug_implementations, reason = "it holds the authorization code")]
pub struct Parameters(Vec<(String, String)>);

impl Parameters {
    /// Reads a query or a form body (`application/x-www-form-urlencoded`); what is not UTF-8 becomes U+FFFD.
    ///
    /// # Errors
    /// `Attempt`, when there are more than 64 parameters or more than 16 KiB.
    pub fn from_urlencoded(text: &str) -> Result<Self> {
        if text.len() > LONGEST {
            return Err(malformed(format!("the callback's parameters are longer than {LONGEST} bytes")));
        }
        let parameters: Vec<_> = form_urlencoded::parse(text.as_bytes()).into_owned().take(MOST + 1).collect();
        if parameters.len() > MOST {
            return Err(malformed(format!("the callback has more than {MOST} parameters")));
        }
        Ok(Self(parameters))
    }

    /// The parameter `name`, or nothing when it is not there.
    ///
    /// # Errors
    /// `Attempt`, when it is there more than once: which of them was meant would be a guess (RFC 6749 section 3.1).
    pub fn single(&self, name: &str) -> Result<Option<&str>> {
        let mut values = self.0.iter().filter(|(have, _)| have == name).map(|(_, value)| value.as_str());
        let first = values.next();
        match values.next() {
            None => Ok(first),
            Some(_) => Err(malformed(format!("the callback has the parameter \"{name}\" more than once"))),
        }
    }

    /// All of them, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

fn malformed(message: String) -> Error {
    Error::attempt(AttemptFault::Malformed, message)
}

impl<N: Into<String>, V: Into<String>> FromIterator<(N, V)> for Parameters {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(parameters: I) -> Self {
        Self(parameters.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_that_stands_twice_is_refused_by_name() {
        let parameters = Parameters::from_urlencoded("state=a&code=b&state=c").unwrap();
        assert_eq!(parameters.single("code").unwrap(), Some("b"));
        assert_eq!(parameters.single("missing").unwrap(), None);
        assert!(parameters.single("state").unwrap_err().message().contains("\"state\" more than once"));
    }

    #[test]
    fn size_and_number_are_bounded() {
        assert!(Parameters::from_urlencoded(&"a".repeat(LONGEST + 1)).is_err());
        assert!(Parameters::from_urlencoded(&"a&".repeat(MOST + 1)).is_err());
    }
}
