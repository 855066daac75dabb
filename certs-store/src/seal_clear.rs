//! Sealing what plain SQL put there in the clear.

use vestibule_database::{ClearRows, Dialect, Row, RowHead, SealingPass, Sql, StoreError, row_head, sql};

use crate::CertStore;
use crate::field::{Column, Content, sizes, texts};
use crate::private_key::{VersionOf, readable};
use crate::stored::WHAT;

/// How many rows are looked at in one query.
const BATCH: u32 = 64;

impl CertStore {
    /// Seals every Private key field that stands in the clear, of active and other versions, names those records in the log, and says how many it sealed.
    /// Then finds out when the certificates end that plain SQL put there. Meant to be called now and then by a background task. A record that somebody changes
    /// meanwhile is left for the next pass; one that cannot be sealed does not stop the others, and is reported once.
    ///
    /// # Errors
    /// [`StoreError::Database`], when the database fails.
    pub async fn seal_clear_values(&self) -> Result<u64, StoreError> {
        let mut pass = SealingPass::begin(&self.database, &self.unsealable);
        pass.seal(&ClearActive(self)).await?;
        pass.seal(&ClearOthers(self)).await?;
        let sealed = pass.finish().await?;
        self.examine_ends().await?;
        Ok(sealed)
    }
}

/// A version whose Private key field stands in the clear. The id in its head is what the pass goes on after.
struct ClearVersion {
    head: RowHead,
    id: String,
    content: Content,
}

impl AsRef<RowHead> for ClearVersion {
    fn as_ref(&self) -> &RowHead {
        &self.head
    }
}

impl ClearVersion {
    fn read(row: &Row) -> Result<Self, StoreError> {
        let head = RowHead::read(row, WHAT)?;
        Ok(Self { id: head.id.clone(), head, content: Content::read(row)? })
    }

    /// `update`, of a table whose key of a record is called `key`, with the sealed value; nothing when there is nothing to seal.
    fn sealing(&self, store: &CertStore, update: &'static str) -> Result<Option<Sql>, StoreError> {
        let clear = readable(self.head.record(), &self.content.private_key, Column::PrivateKey)?;
        let head = RowHead { id: self.id.clone(), ..self.head.clone() };
        let version = VersionOf { record: self.head.record(), id: head.uuid()?, number: self.head.version };
        let Some(sealed) = store.sealed_as_it_stands(version, clear)? else { return Ok(None) };
        let update = sql(update).bind(sealed).bind(&self.id).bind(self.head.version).bind(clear.expose());
        Ok(Some(update.bind(&self.head.owner)))
    }
}

struct ClearActive<'s>(&'s CertStore);

impl ClearRows for ClearActive<'_> {
    const WHAT: &'static str = "a private key";
    type Row = ClearVersion;

    /// Answered by the index `vestibule_cert_clear`, whose condition stands here word for word, or whose column.
    async fn after(&self, id: &str) -> Result<Vec<ClearVersion>, StoreError> {
        let rows = clear_active(self.0.database.dialect()).bind(id).bind(BATCH).fetch_all(&self.0.database).await?;
        rows.iter().map(ClearVersion::read).collect()
    }

    async fn seal(&self, row: &ClearVersion) -> Result<bool, StoreError> {
        let swap =
            "UPDATE vestibule_cert SET private_key = ? WHERE id = ? AND version = ? AND private_key = ? AND owner = ?";
        let Some(swap) = row.sealing(self.0, swap)? else { return Ok(false) };
        Ok(swap.execute(&self.0.database).await? == 1)
    }
}

pub(crate) fn clear_active(dialect: Dialect) -> Sql {
    let of = concat!(
        "SELECT ",
        row_head!(),
        ", ",
        texts!("vestibule_cert"),
        ", ",
        sizes!("vestibule_cert"),
        " FROM vestibule_cert "
    );
    sql(of).and(match dialect {
        Dialect::MySql => "WHERE clear_id > ? ORDER BY clear_id LIMIT ?",
        _ => {
            "WHERE private_key IS NOT NULL AND private_key <> '' AND substr(private_key, 1, 8) <> 'vsealed:' AND id > ?
            ORDER BY id LIMIT ?"
        }
    })
}

struct ClearOthers<'s>(&'s CertStore);

impl ClearRows for ClearOthers<'_> {
    const WHAT: &'static str = "a private key";
    type Row = ClearVersion;

    /// Answered by the index `vestibule_cert_version_clear`. An id is that of the record and the number of the version, after a space.
    async fn after(&self, id: &str) -> Result<Vec<ClearVersion>, StoreError> {
        let (cert_id, number) = id.split_once(' ').unwrap_or((id, "0"));
        let number: i64 = number.parse().unwrap_or_default();
        let statement = clear_others(self.0.database.dialect()).bind(cert_id).bind(cert_id).bind(number).bind(BATCH);
        let rows = statement.fetch_all(&self.0.database).await?;
        let read = rows.iter().map(ClearVersion::read).map(|row| {
            row.map(|mut row| {
                row.head.id = format!("{} {}", row.id, row.head.version);
                row
            })
        });
        read.collect()
    }

    async fn seal(&self, row: &ClearVersion) -> Result<bool, StoreError> {
        let swap =
            "UPDATE vestibule_cert_version SET private_key = ? WHERE cert_id = ? AND version = ? AND private_key = ?
            AND EXISTS (SELECT 1 FROM vestibule_cert WHERE id = cert_id AND owner = ?)";
        let Some(swap) = row.sealing(self.0, swap)? else { return Ok(false) };
        Ok(swap.execute(&self.0.database).await? == 1)
    }
}

pub(crate) fn clear_others(dialect: Dialect) -> Sql {
    let of = concat!(
        "SELECT cert.id, cert.owner, cert.name, '' AS display_name, '' AS type, other.version, other.created_at, other.created_at AS updated_at, ",
        texts!("other"),
        ", ",
        sizes!("other"),
        " FROM vestibule_cert_version AS other JOIN vestibule_cert AS cert ON cert.id = other.cert_id "
    );
    sql(of).and(match dialect {
        Dialect::MySql => {
            "WHERE other.clear_id >= ? AND (other.clear_id > ? OR other.version > ?) ORDER BY other.clear_id, other.version LIMIT ?"
        }
        _ => {
            "WHERE other.private_key IS NOT NULL AND other.private_key <> '' AND substr(other.private_key, 1, 8) <> 'vsealed:'
                AND other.cert_id >= ? AND (other.cert_id > ? OR other.version > ?)
            ORDER BY other.cert_id, other.version LIMIT ?"
        }
    })
}
