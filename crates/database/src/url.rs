//! Which database a URL means.

use std::path::PathBuf;

use crate::DbError;

/// A database that we know.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Location {
    /// A file.
    #[cfg(feature = "sqlite")]
    SqliteFile(PathBuf),
    /// Memory of this process, gone when it is closed.
    #[cfg(feature = "sqlite")]
    SqliteMemory,
    /// A PostgreSQL server; the whole URL.
    #[cfg(feature = "postgres")]
    Postgres(String),
    /// A MySQL or MariaDB server; the whole URL, with the scheme `mysql`.
    #[cfg(feature = "mysql")]
    MySql(String),
}

impl Location {
    /// Reads a URL; its scheme chooses the database.
    pub(crate) fn parse(url: &str) -> Result<Self, DbError> {
        let Some((scheme, rest)) = url.split_once(':') else {
            return refuse("it has no scheme; write, for example, \"sqlite:data/vestibule.db\"");
        };
        match scheme {
            #[cfg(feature = "sqlite")]
            "sqlite" => sqlite(rest),
            #[cfg(feature = "postgres")]
            "postgres" | "postgresql" => Ok(Self::Postgres(url.to_owned())),
            #[cfg(feature = "mysql")]
            "mysql" | "mariadb" => Ok(Self::MySql(format!("mysql:{rest}"))),
            other => {
                let plain =
                    other.len() <= 20 && other.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '+');
                let other = if plain { other } else { "…" };
                let known = KNOWN.iter().map(|(scheme, example)| format!("\"{scheme}\", as in \"{example}\""));
                let known = known.collect::<Vec<_>>().join("; ");
                refuse(&format!("the scheme \"{other}\" is not known here; known: {known}"))
            }
        }
    }
}

/// The schemes of this build, each with an example.
const KNOWN: &[(&str, &str)] = &[
    #[cfg(feature = "sqlite")]
    ("sqlite", "sqlite:data/vestibule.db"),
    #[cfg(feature = "postgres")]
    ("postgres", "postgres://user:password@localhost/vestibule"),
    #[cfg(feature = "mysql")]
    ("mysql", "mysql://user:password@localhost/vestibule"),
];

fn refuse<T>(said: &str) -> Result<T, DbError> {
    Err(DbError::Url(said.to_owned()))
}

#[cfg(feature = "sqlite")]
fn sqlite(rest: &str) -> Result<Location, DbError> {
    match rest.strip_prefix("//").unwrap_or(rest) {
        ":memory:" => Ok(Location::SqliteMemory),
        "" => refuse("it has no path; write, for example, \"sqlite:data/vestibule.db\""),
        path if path.contains('?') => refuse("parameters after '?' are not taken; leave them out"),
        path if path.contains('\0') => refuse("the path has a NUL character in it"),
        path => Ok(Location::SqliteFile(PathBuf::from(path))),
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
        let said = Location::parse("oracle://user:hunter2@host/db").unwrap_err().to_string();
        assert!(said.contains("\"oracle\" is not known here; known: \"sqlite\""), "{said}");
        assert!(!said.contains("hunter2"), "{said}");
        for url in ["hunter2", "hunter2/hunter2:x", "sqlite:", "sqlite:x?password=hunter2"] {
            let said = Location::parse(url).unwrap_err().to_string();
            assert!(!said.contains("hunter2"), "{said}");
        }
    }
}
