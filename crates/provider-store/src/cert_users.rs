//! Which rows use a cert record, and what becomes of them when it gets another name.

use async_trait::async_trait;
use vestibule_certs_store::{CertUsers, RowName};
use vestibule_database::{Change, RowKind, Sql, StoreError, Transaction, count, sql};
use vestibule_oauth_provider::Secret;

use crate::ProviderStore;
use crate::config_text::Value;
use crate::fields::Fields;
use crate::row::{LONGEST_CONFIG, ProviderRow, select};

/// How many rows are read in one query.
const BATCH: u32 = 64;

#[async_trait]
impl CertUsers for ProviderStore {
    /// Rows that somebody else wrote are examined first, so that one that was inserted a moment ago counts.
    async fn users_of(&self, owner: &str, name: &str, shared_owner: &str) -> Result<Vec<RowName>, StoreError> {
        self.examine().await?;
        let record = NamedRecord { owner, name, shared_owner };
        let select = record.used_by(sql("SELECT owner, name FROM vestibule_provider")).and(" ORDER BY owner, name");
        let rows = select.fetch_all(&self.database).await?;
        rows.iter().map(|row| Ok(RowName { owner: row.text("owner")?, name: row.text("name")? })).collect()
    }

    /// A row's version stays: what is sealed in it is sealed for that version.
    async fn renamed(
        &self,
        transaction: &mut Transaction,
        owner: &str,
        from: &str,
        to: &str,
        shared_owner: &str,
        by: &str,
    ) -> Result<u64, StoreError> {
        let rename = Rename { store: self, record: NamedRecord { owner, name: from, shared_owner }, to, by };
        Ok(rename.examined_rows(transaction).await? + rename.unexamined_rows(transaction).await?)
    }
}

/// A record by the name that rows have for it.
#[derive(Clone, Copy)]
pub(crate) struct NamedRecord<'a> {
    pub(crate) owner: &'a str,
    pub(crate) name: &'a str,
    pub(crate) shared_owner: &'a str,
}

impl NamedRecord<'_> {
    fn is_shared(self) -> bool {
        self.owner == self.shared_owner
    }

    /// Only rows that use it, as far as they are examined.
    pub(crate) fn used_by(self, statement: Sql) -> Sql {
        if self.is_shared() {
            statement
                .and(
                    " WHERE id IN (SELECT provider_id FROM vestibule_provider_cert WHERE cert_name = ?)
                    AND (owner = ? OR NOT EXISTS (
                        SELECT 1 FROM vestibule_cert AS own WHERE own.owner = vestibule_provider.owner AND own.name = ?))",
                )
                .bind(self.name)
                .bind(self.owner)
                .bind(self.name)
        } else {
            // By way of the owner: many owners may have a record of that name.
            statement
                .and(
                    " WHERE owner = ? AND EXISTS (
                        SELECT 1 FROM vestibule_provider_cert AS named
                        WHERE named.provider_id = vestibule_provider.id AND named.cert_name = ?)",
                )
                .bind(self.owner)
                .bind(self.name)
        }
    }

    /// Whether a row of `owner` that names it uses it.
    async fn is_used_by_rows_of(self, owner: &str, transaction: &mut Transaction) -> Result<bool, StoreError> {
        if owner == self.owner {
            return Ok(true);
        }
        Ok(self.is_shared() && !has_record(owner, self.name, transaction).await?)
    }
}

async fn has_record(owner: &str, name: &str, transaction: &mut Transaction) -> Result<bool, StoreError> {
    let records = sql("SELECT COUNT(*) FROM vestibule_cert WHERE owner = ? AND name = ?");
    Ok(count(records.bind(owner).bind(name), transaction).await? > 0)
}

/// A record gets another name.
struct Rename<'a> {
    store: &'a ProviderStore,
    record: NamedRecord<'a>,
    to: &'a str,
    by: &'a str,
}

impl Rename<'_> {
    /// Rows whose references are known.
    async fn examined_rows(&self, transaction: &mut Transaction) -> Result<u64, StoreError> {
        let (mut carried, mut after) = (0, String::new());
        loop {
            let page =
                self.record.used_by(sql(select!("")).bind(LONGEST_CONFIG)).and(" AND id > ? ORDER BY id LIMIT ?");
            let rows = page.bind(&after).bind(BATCH).fetch_all(&mut *transaction).await?;
            let Some(last) = rows.last() else { return Ok(carried) };
            after = last.text("id")?;
            for row in &rows {
                carried += u64::from(self.carry(&ProviderRow::read(row)?, transaction).await?);
            }
        }
    }

    /// Rows that somebody else wrote since they were examined last. They stay to be examined.
    async fn unexamined_rows(&self, transaction: &mut Transaction) -> Result<u64, StoreError> {
        let (mut carried, mut after) = (0, String::new());
        loop {
            let rows = self.store.unexamined(&after).fetch_all(&mut *transaction).await?;
            let Some(last) = rows.last() else { return Ok(carried) };
            after = last.text("id")?;
            for row in &rows {
                let row = ProviderRow::read(row)?;
                // Nobody signs in with a row that cannot be read.
                if row.stored_config().and_then(|config| row.text(config).map(drop)).is_ok()
                    && self.record.is_used_by_rows_of(&row.head.owner, transaction).await?
                {
                    carried += u64::from(self.carry(&row, transaction).await?);
                }
            }
        }
    }

    /// Writes the new name into a row that uses the record, and says whether it names it at all.
    async fn carry(&self, row: &ProviderRow, transaction: &mut Transaction) -> Result<bool, StoreError> {
        let (head, stored) = (&row.head, row.stored_config()?);
        let fields = Fields::of(&self.store.registry, &head.kind);
        let mut names_it = false;
        let config = row.text(stored)?.rewrite(|field, value| match value {
            Value::Text(name) if fields.is_cert(field) && name.expose() == self.record.name => {
                names_it = true;
                Ok::<_, StoreError>(Some(Secret::new(self.to)))
            }
            _ => Ok(None),
        })?;
        if !names_it {
            return Ok(false);
        }
        if head.owner != self.record.owner && has_record(&head.owner, self.to, transaction).await? {
            let (record, owner, to) = (head.record(), &head.owner, self.to);
            return Err(StoreError::Refused(format!(
                "{record} would use another record: \"{owner}\" has a cert record \"{to}\" of its own; choose another name"
            )));
        }
        let now = self.store.now();
        // `examined` first: MySQL sets one column after the other.
        let swapped = sql("UPDATE vestibule_provider
             SET examined = CASE WHEN examined = config THEN ? ELSE examined END, config = ?, updated_at = ?
             WHERE id = ? AND owner = ? AND version = ? AND type = ? AND config = ?")
        .bind(config.expose())
        .bind(config.expose())
        .bind(now)
        .bind(&head.id)
        .bind(&head.owner)
        .bind(head.version)
        .bind(&head.kind)
        .bind(stored.expose())
        .execute(&mut *transaction)
        .await?;
        head.record().unchanged(swapped)?;
        let references =
            sql("UPDATE vestibule_provider_cert SET cert_name = ? WHERE provider_id = ? AND cert_name = ?");
        references.bind(self.to).bind(&head.id).bind(self.record.name).execute(&mut *transaction).await?;
        let detail = format!("\"{}\" is called \"{}\"", self.record.name, self.to);
        let change = Change {
            actor: self.by,
            action: "carry",
            what: RowKind::Provider,
            row_id: &head.id,
            owner: &head.owner,
            name: &head.name,
            version: Some(head.version),
            detail: &detail,
        };
        change.note(transaction, now).await?;
        Ok(true)
    }
}
