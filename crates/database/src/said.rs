//! What may be kept of a driver's error: nothing that could be a value.
//!
//! PostgreSQL adds the whole row to a check that fails (`Failing row contains (…)`), and MySQL and MariaDB repeat what they cannot store (`Incorrect string
//! value: '\x…'`). Either may be a private key that plain SQL put there in the clear. So of what a server says its number is kept, and its words only where
//! they hold nothing but names of tables, columns, constraints and users.

use std::fmt;

use sqlx::error::DatabaseError;

/// What went wrong in the database, in words without values.
#[derive(Debug)]
pub(crate) struct Said(String);

impl std::error::Error for Said {}

impl fmt::Display for Said {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl Said {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Of the driver's own errors those are repeated that speak of connecting or of types, and never of a row.
    pub(crate) fn by_driver(error: &sqlx::Error) -> Self {
        match error {
            sqlx::Error::Configuration(_) | sqlx::Error::Tls(_) | sqlx::Error::RowNotFound => Self(error.to_string()),
            sqlx::Error::ColumnNotFound(name) => Self(format!("the answer has no column {name:?}")),
            sqlx::Error::Decode(_) | sqlx::Error::ColumnDecode { .. } => {
                Self::new("a value of the answer is not of the type that its column should have")
            }
            sqlx::Error::Encode(_) => Self::new("a value cannot be sent to this database"),
            sqlx::Error::BeginFailed => Self::new("no transaction was begun"),
            _ => Self::new("its driver failed"),
        }
    }

    pub(crate) fn by_database(said: &dyn DatabaseError) -> Self {
        #[cfg(feature = "sqlite")]
        if let Some(said) = said.try_downcast_ref::<sqlx::sqlite::SqliteError>() {
            // SQLite's messages are about the statement, in which every value is a `?`.
            let code = said.code().unwrap_or_default();
            return Self(format!("SQLite error {code}: {}", said.message()));
        }
        #[cfg(feature = "postgres")]
        if let Some(said) = said.try_downcast_ref::<sqlx::postgres::PgDatabaseError>() {
            return postgres(said);
        }
        #[cfg(feature = "mysql")]
        if let Some(said) = said.try_downcast_ref::<sqlx::mysql::MySqlDatabaseError>() {
            return mysql(said);
        }
        let _ = said;
        Self::new("its driver failed")
    }
}

/// <https://www.postgresql.org/docs/current/errcodes-appendix.html>: a name or a password that is not accepted, a database, table or column that is not there,
/// what a user may not do, constraints, a text that is too long, conflicts with others, and a server that is stopped or read-only.
#[cfg(feature = "postgres")]
const POSTGRES_NAMES_ONLY: &[&str] = &[
    "22001", "22021", "23502", "23503", "23514", "25006", "28000", "28P01", "3D000", "40001", "40P01", "42501",
    "42703", "42P01", "53300", "55P03", "57014", "57P01", "57P02", "57P03",
];

#[cfg(feature = "postgres")]
fn postgres(said: &sqlx::postgres::PgDatabaseError) -> Said {
    use std::fmt::Write as _;
    let code = said.code();
    let mut text = format!("PostgreSQL error {code}");
    for (what, name) in [("table", said.table()), ("column", said.column()), ("constraint", said.constraint())] {
        if let Some(name) = name {
            let _ = write!(text, ", {what} {name:?}");
        }
    }
    if POSTGRES_NAMES_ONLY.contains(&code) {
        let _ = write!(text, ": {}", said.message());
    }
    Said(text)
}

/// <https://mariadb.com/kb/en/mariadb-error-code-reference/>: the same for MySQL and MariaDB.
#[cfg(feature = "mysql")]
const MYSQL_NAMES_ONLY: &[u16] = &[
    1040, 1044, 1045, 1048, 1049, 1053, 1054, 1142, 1146, 1205, 1213, 1267, 1290, 1317, 1364, 1406, 1451, 1452, 1698,
    1836, 3819, 4025,
];

#[cfg(feature = "mysql")]
fn mysql(said: &sqlx::mysql::MySqlDatabaseError) -> Said {
    let number = said.number();
    if MYSQL_NAMES_ONLY.contains(&number) {
        return Said(format!("MySQL error {number}: {}", said.message()));
    }
    Said(format!("MySQL error {number}"))
}
