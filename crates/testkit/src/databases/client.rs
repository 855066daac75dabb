//! A plain client of each database, with the settings that the database itself has.

use sqlx::mysql::{MySqlConnectOptions, MySqlConnection};
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{
    AssertSqlSafe, Column, ColumnIndex, ConnectOptions, Connection, Decode, Error, Row, Type, TypeInfo, ValueRef,
};

use super::Backend;

/// A value that stands for a `?` in a statement.
#[derive(Clone, Copy, Debug)]
pub enum Value<'v> {
    /// Text.
    Text(&'v str),
    /// A whole number.
    Int(i64),
}

impl<'v> From<&'v str> for Value<'v> {
    fn from(text: &'v str) -> Self {
        Self::Text(text)
    }
}

impl<'v> From<&'v String> for Value<'v> {
    fn from(text: &'v String) -> Self {
        Self::Text(text)
    }
}

impl From<i64> for Value<'_> {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

#[derive(Debug)]
pub(super) enum Client {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
    MariaDb(MySqlConnection),
}

/// The same words for each driver: `$connection` is the typed one, `$sql` what that database understands.
macro_rules! with_driver {
    ($client:expr, $sql:expr, |$connection:ident, $text:ident| $body:expr) => {
        match $client {
            Client::Sqlite($connection) => {
                let $text = AssertSqlSafe($sql.to_owned());
                $body
            }
            Client::Postgres($connection) => {
                let $text = AssertSqlSafe(numbered($sql));
                $body
            }
            Client::MariaDb($connection) => {
                let $text = AssertSqlSafe($sql.to_owned());
                $body
            }
        }
    };
}

/// A query with its values bound.
macro_rules! bound {
    ($sql:expr, $values:expr) => {
        $values.iter().fold(sqlx::query($sql), |query, value| match value {
            Value::Text(text) => query.bind(*text),
            Value::Int(number) => query.bind(*number),
        })
    };
}

impl Client {
    pub(super) async fn connect(backend: Backend, url: &str) -> Result<Self, Error> {
        match backend {
            Backend::Sqlite => {
                let options: SqliteConnectOptions = url.parse()?;
                Ok(Self::Sqlite(options.create_if_missing(true).foreign_keys(false).connect().await?))
            }
            Backend::Postgres => {
                let options: PgConnectOptions = url.parse()?;
                Ok(Self::Postgres(options.connect().await?))
            }
            Backend::MariaDb => {
                let options: MySqlConnectOptions = url.parse()?;
                let options = options.pipes_as_concat(false).no_engine_substitution(false).timezone(None);
                Ok(Self::MariaDb(options.connect().await?))
            }
        }
    }

    pub(super) async fn execute(&mut self, sql: &str, values: &[Value<'_>]) -> Result<u64, Error> {
        with_driver!(self, sql, |connection, text| {
            let done = if values.is_empty() {
                sqlx::raw_sql(text).execute(connection).await?
            } else {
                bound!(text, values).execute(connection).await?
            };
            Ok(done.rows_affected())
        })
    }

    pub(super) async fn query_texts(&mut self, sql: &str, values: &[Value<'_>]) -> Result<Vec<Vec<String>>, Error> {
        with_driver!(self, sql, |connection, text| {
            bound!(text, values).fetch_all(connection).await?.iter().map(texts).collect()
        })
    }

    pub(super) async fn close(self) {
        // Whether the server heard the farewell is nothing to the test.
        let _ = match self {
            Self::Sqlite(connection) => connection.close().await,
            Self::Postgres(connection) => connection.close().await,
            Self::MariaDb(connection) => connection.close().await,
        };
    }
}

/// `sql` with `$1`, `$2` … for its `?`.
fn numbered(sql: &str) -> String {
    let mut pieces = sql.split('?');
    let first = pieces.next().unwrap_or_default().to_owned();
    pieces.zip(1..).fold(first, |text, (piece, number)| format!("{text}${number}{piece}"))
}

fn texts<'r, R>(row: &'r R) -> Result<Vec<String>, Error>
where
    R: Row,
    usize: ColumnIndex<R>,
    String: Decode<'r, R::Database> + Type<R::Database>,
    Vec<u8>: Decode<'r, R::Database> + Type<R::Database>,
    i64: Decode<'r, R::Database> + Type<R::Database>,
    i32: Decode<'r, R::Database> + Type<R::Database>,
{
    row.columns().iter().map(|column| text(row, column.ordinal())).collect()
}

fn text<'r, R>(row: &'r R, position: usize) -> Result<String, Error>
where
    R: Row,
    usize: ColumnIndex<R>,
    String: Decode<'r, R::Database> + Type<R::Database>,
    Vec<u8>: Decode<'r, R::Database> + Type<R::Database>,
    i64: Decode<'r, R::Database> + Type<R::Database>,
    i32: Decode<'r, R::Database> + Type<R::Database>,
{
    let raw = row.try_get_raw(position)?;
    if raw.is_null() {
        return Ok("NULL".to_owned());
    }
    let kind = raw.type_info().name().to_owned();
    if let Ok(text) = row.try_get::<String, _>(position) {
        return Ok(text);
    }
    if let Ok(number) = row.try_get::<i64, _>(position) {
        return Ok(number.to_string());
    }
    if let Ok(number) = row.try_get::<i32, _>(position) {
        return Ok(number.to_string());
    }
    let bytes = row.try_get::<Vec<u8>, _>(position)?;
    String::from_utf8(bytes).map_err(|_| Error::Decode(format!("a value of type {kind} is no text").into()))
}
