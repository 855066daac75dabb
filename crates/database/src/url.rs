//! Which database a URL means.

use std::path::PathBuf;

use crate::DbError;

/// A database that we know.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Location {
    /// A file.
    SqliteFile(PathBuf),
    /// Memory of this process, gone when it is closed.
    SqliteMemory,
}

impl Location {
    /// Reads `sqlite:<path>`, `sqlite://<path>` or `sqlite::memory:`. The path is taken as it stands.
    pub(crate) fn parse(url: &str) -> Result<Self, DbError> {
        let refuse = |said: &str| Err(DbError::Url(said.to_owned()));
        let Some((scheme, rest)) = url.split_once(':') else {
            return refuse("it has no scheme; write, for example, \"sqlite:data/vestibule.db\"");
        };
        if scheme != "sqlite" {
            let plain =
                scheme.len() <= 20 && scheme.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '+');
            let scheme = if plain { scheme } else { "…" };
            return refuse(&format!(
                "the scheme \"{scheme}\" is not known here; known: \"sqlite\", as in \"sqlite:data/vestibule.db\""
            ));
        }
        match rest.strip_prefix("//").unwrap_or(rest) {
            ":memory:" => Ok(Self::SqliteMemory),
            "" => refuse("it has no path; write, for example, \"sqlite:data/vestibule.db\""),
            path if path.contains('?') => refuse("parameters after '?' are not taken; leave them out"),
            path if path.contains('\0') => refuse("the path has a NUL character in it"),
            path => Ok(Self::SqliteFile(PathBuf::from(path))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_taken_as_it_stands() {
        for (url, path) in [
            ("sqlite:data/a b.db", "data/a b.db"),
            ("sqlite:/var/x.db", "/var/x.db"),
            ("sqlite:///var/x.db", "/var/x.db"),
        ] {
            assert_eq!(Location::parse(url).unwrap(), Location::SqliteFile(path.into()));
        }
        assert_eq!(Location::parse("sqlite::memory:").unwrap(), Location::SqliteMemory);
    }

    #[test]
    fn a_refusal_says_what_is_known_and_repeats_no_password() {
        let said = Location::parse("postgres://user:hunter2@host/db").unwrap_err().to_string();
        assert!(said.contains("\"postgres\" is not known here; known: \"sqlite\""), "{said}");
        for url in ["hunter2", "hunter2/hunter2:x", "sqlite:", "sqlite:x?password=hunter2"] {
            let said = Location::parse(url).unwrap_err().to_string();
            assert!(!said.contains("hunter2"), "{said}");
        }
    }
}
