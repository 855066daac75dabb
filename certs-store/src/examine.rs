//! When the certificates end that plain SQL put there.

use std::sync::{Arc, Mutex, PoisonError};

use vestibule_database::{Sql, StoreError, sql};

use crate::CertStore;
use crate::field::{Content, sizes, texts};
use crate::judge::ends;

/// How many records one pass looks at. Those in which nothing can be read keep nothing, and are looked at again when all others were.
const MOST: u32 = 256;

/// Up to which id the last pass looked. Clones share it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Examined {
    last: Arc<Mutex<String>>,
}

/// Answered by the index `vestibule_cert_not_after`.
pub(crate) fn unexamined() -> Sql {
    let of = concat!(
        "SELECT id, version, ",
        texts!("vestibule_cert"),
        ", ",
        sizes!("vestibule_cert"),
        " FROM vestibule_cert"
    );
    sql(of).and(" WHERE not_after IS NULL AND id > ? AND certificate <> '' ORDER BY id LIMIT ?")
}

impl CertStore {
    /// Fills in when the active version ends, where nobody said: in records that plain SQL inserted. A record that is changed meanwhile is left alone.
    pub(crate) async fn examine_ends(&self) -> Result<(), StoreError> {
        let after = self.examined.last.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let rows = unexamined().bind(after).bind(MOST).fetch_all(&self.database).await?;
        let mut last = String::new();
        for row in &rows {
            let (id, content) = (row.text("id")?, Content::read(row)?);
            if let Some(end) = content.certificate.text().and_then(|text| ends(text.expose())) {
                let update =
                    sql("UPDATE vestibule_cert SET not_after = ? WHERE not_after IS NULL AND id = ? AND version = ?");
                let update = content.still_in(update.bind(end).bind(&id).bind(row.int("version")?));
                update.execute(&self.database).await?;
            }
            last = id;
        }
        if u32::try_from(rows.len()).is_ok_and(|read| read < MOST) {
            last.clear();
        }
        *self.examined.last.lock().unwrap_or_else(PoisonError::into_inner) = last;
        Ok(())
    }
}
