//! Who names a record.

use std::fmt;

use async_trait::async_trait;
use vestibule_database::{StoreError, Transaction};

/// Owner and name of a row.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct RowName {
    /// Whose row it is.
    pub owner: String,
    /// Its name, unique for its owner.
    pub name: String,
}

impl fmt::Display for RowName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let show = |text: &str| text.chars().take(100).flat_map(char::escape_debug).collect::<String>();
        write!(formatter, "\"{}/{}\"", show(&self.owner), show(&self.name))
    }
}

/// The rows that name cert records. A record of `shared_owner` is used by every owner's rows that name it, unless that owner has a record of its own by
/// that name; any other record by its owner's rows only.
#[async_trait]
pub trait CertUsers: fmt::Debug + Send + Sync + 'static {
    /// The rows that use the record `name` of `owner`, by owner and name.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    async fn users_of(&self, owner: &str, name: &str, shared_owner: &str) -> Result<Vec<RowName>, StoreError>;

    /// Carries a new name into every row that used the record `from` of `owner`, in the transaction that renames it and before the record has its new name, and
    /// says how many rows it were. `by` did it.
    ///
    /// # Errors
    /// Any: then nothing is renamed.
    async fn renamed(
        &self,
        transaction: &mut Transaction,
        owner: &str,
        from: &str,
        to: &str,
        shared_owner: &str,
        by: &str,
    ) -> Result<u64, StoreError>;
}
