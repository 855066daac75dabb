//! What is asked of a driver. sqlx has it for each of them, and in no words that are the same for all.

use sqlx::query::Query;
use sqlx::{Arguments as _, AssertSqlSafe, Encode, IntoArguments, Type};

use crate::pools::AnyRow;
use crate::sql::Value;

/// A driver of sqlx.
pub(crate) trait Driver: sqlx::Database {
    /// Begins a transaction in which what is read may then be written.
    const BEGIN: &'static str;

    /// Runs a text as it stands.
    fn run(
        connection: &mut Self::Connection,
        script: String,
    ) -> impl Future<Output = Result<(), sqlx::Error>> + Send + '_;

    /// Runs a statement and says how many rows it found to change.
    fn execute(
        connection: &mut Self::Connection,
        text: String,
        values: Vec<Value>,
    ) -> impl Future<Output = Result<u64, sqlx::Error>> + Send + '_;

    /// Runs a statement for its rows.
    fn fetch(
        connection: &mut Self::Connection,
        text: String,
        values: Vec<Value>,
    ) -> impl Future<Output = Result<Vec<AnyRow>, sqlx::Error>> + Send + '_;
}

macro_rules! driver {
    ($driver:ident, $begin:literal) => {
        impl Driver for sqlx::$driver {
            const BEGIN: &'static str = $begin;

            async fn run(connection: &mut Self::Connection, script: String) -> Result<(), sqlx::Error> {
                sqlx::raw_sql(AssertSqlSafe(script)).execute(connection).await.map(drop)
            }

            async fn execute(
                connection: &mut Self::Connection,
                text: String,
                values: Vec<Value>,
            ) -> Result<u64, sqlx::Error> {
                Ok(query::<Self>(text, values)?.execute(connection).await?.rows_affected())
            }

            async fn fetch(
                connection: &mut Self::Connection,
                text: String,
                values: Vec<Value>,
            ) -> Result<Vec<AnyRow>, sqlx::Error> {
                let rows = query::<Self>(text, values)?.fetch_all(connection).await?;
                Ok(rows.into_iter().map(AnyRow::$driver).collect())
            }
        }
    };
}

#[cfg(feature = "sqlite")]
driver!(Sqlite, "BEGIN IMMEDIATE");
#[cfg(feature = "postgres")]
driver!(Postgres, "BEGIN");
#[cfg(feature = "mysql")]
driver!(MySql, "BEGIN");

fn query<DB: sqlx::Database>(text: String, values: Vec<Value>) -> Result<Query<'static, DB, DB::Arguments>, sqlx::Error>
where
    DB::Arguments: IntoArguments<DB>,
    Option<i64>: for<'q> Encode<'q, DB> + Type<DB>,
    Option<String>: for<'q> Encode<'q, DB> + Type<DB>,
{
    let mut arguments = DB::Arguments::default();
    for value in values {
        let added = match value {
            Value::Int(number) => arguments.add(number),
            Value::Text(text) => arguments.add(text),
        };
        added.map_err(sqlx::Error::Encode)?;
    }
    Ok(sqlx::query_with(AssertSqlSafe(text), arguments))
}
