//! Which database a URL means.

use std::path::PathBuf;

use crate::DbError;
#[cfg(any(feature = "postgres", feature = "mysql"))]
use crate::remote;

/// A database that we know, whether this build can open it or not.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Location {
    /// A file.
    SqliteFile(PathBuf),
    /// Memory of this process, gone when it is closed.
    SqliteMemory,
    /// A PostgreSQL server; the whole URL.
    Postgres(String),
    /// A MySQL or MariaDB server; the whole URL, with the scheme `mysql`.
    MySql(String),
}

impl Location {
    /// Reads a URL; its scheme chooses the database.
    pub(crate) fn parse(url: &str) -> Result<Self, DbError> {
        let Some((scheme, rest)) = url.split_once(':') else {
            return refuse("it has no scheme; write, for example, \"sqlite:data/vestibule.db\"");
        };
        match scheme {
            "sqlite" => sqlite(rest),
            "postgres" | "postgresql" => Ok(Self::Postgres(url.to_owned())),
            "mysql" | "mariadb" => Ok(Self::MySql(format!("mysql:{rest}"))),
            other => {
                let plain =
                    other.len() <= 20 && other.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '+');
                let other = if plain { other } else { "…" };
                refuse(&format!("the scheme \"{other}\" is not known here; known: {}", known()))
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

fn known() -> String {
    let known = KNOWN.iter().map(|(scheme, example)| format!("\"{scheme}\", as in \"{example}\""));
    known.collect::<Vec<_>>().join("; ")
}

/// What is said of a database that another build of us could open.
#[cfg(not(all(feature = "sqlite", feature = "postgres", feature = "mysql")))]
pub(crate) fn not_in_this_build(scheme: &str) -> DbError {
    let known = known();
    DbError::Url(format!("this program was built without \"{scheme}\"; it knows: {known}"))
}

/// The database that a URL names, for people: the absolute path of a file; `memory`; or scheme, host, port and name. No user and no password is in it,
/// nor anything else of a URL that cannot be read.
pub fn describe_url(url: &str) -> String {
    match Location::parse(url) {
        Ok(Location::SqliteFile(path)) => std::path::absolute(&path).unwrap_or(path).display().to_string(),
        Ok(Location::SqliteMemory) => "memory".to_owned(),
        #[cfg(feature = "postgres")]
        Ok(Location::Postgres(url)) => {
            remote::describe_postgres(&url).unwrap_or_else(|_| "a PostgreSQL server".to_owned())
        }
        #[cfg(feature = "mysql")]
        Ok(Location::MySql(url)) => remote::describe_mysql(&url).unwrap_or_else(|_| "a MySQL server".to_owned()),
        #[allow(unreachable_patterns, reason = "with every driver there is nothing else")]
        Ok(_) | Err(_) => "a database that is not known here".to_owned(),
    }
}

fn refuse<T>(said: &str) -> Result<T, DbError> {
    Err(DbError::Url(said.to_owned()))
}

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

    #[cfg(all(feature = "postgres", feature = "mysql"))]
    #[test]
    fn people_are_told_where_and_not_as_whom() {
        for (url, place) in [
            ("postgres://me:hunter2@db.example/vestibule?sslmode=require", "postgres://db.example:5432/vestibule"),
            ("postgresql://me@db.example:6432/a%20b?password=hunter2", "postgres://db.example:6432/a b"),
            ("postgres://me@x/vestibule?host=/run/postgresql", "postgres:/run/postgresql/vestibule"),
            ("mariadb://me:hunter2@[::1]/vestibule", "mysql://[::1]:3306/vestibule"),
            ("mysql://me:hunter2@x/vestibule?socket=/run/mysqld.sock", "mysql:/run/mysqld.sock/vestibule"),
            ("mysql://me:hunter2@host:port/vestibule", "a MySQL server"),
            ("sqlite::memory:", "memory"),
            ("hunter2", "a database that is not known here"),
        ] {
            assert_eq!(describe_url(url), place);
        }
        assert!(std::path::Path::new(&describe_url("sqlite:x.db")).is_absolute());
    }

    #[cfg(all(feature = "postgres", feature = "mysql"))]
    #[tokio::test]
    async fn a_url_of_a_server_that_cannot_be_read_repeats_nothing() {
        for (url, said) in [
            ("postgres://me:hunter2@db.example", "it names no database"),
            ("mysql://me:hunter2@db.example/", "it names no database"),
            (
                "postgres://me:hunter2@db.example/x?ssl_mode=require",
                "the parameter \"ssl_mode\" is not known; known: sslmode",
            ),
            ("postgres://me:a?hunter2&x@db.example/x", "the parameter \"…\" is not known"),
            ("mysql://me:hunter2@db.example/x?sslmode=hunter2", "it cannot be read; write \"mysql://"),
            ("mysql://me:hunter2#@db.example/x", "it cannot be read"),
            ("postgres://me:hunter2@db.example:port/x", "it cannot be read"),
        ] {
            let error = crate::Database::open(url).await.unwrap_err();
            assert!(error.to_string().contains(said), "{error}");
            assert!(!format!("{error:?}").contains("hunter2"), "{error}");
        }
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
