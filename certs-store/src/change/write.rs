//! Writing a plan, all of it or nothing.

use vestibule_database::{Change, DbError, RowKind, Sql, StoreError, Transaction, sql};

use super::plan::Plan;
use crate::CertStore;
use crate::row::{CertRow, Version, record};

impl CertStore {
    /// Writes `plan`, which was made for `row`, and says whether `row` still stood there; if it did not, nothing is written.
    pub(super) async fn write(&self, row: &CertRow, plan: &Plan, by: &str) -> Result<bool, StoreError> {
        let erases = (plan.active.is_some() && row.active.is_clear())
            || plan.goes.iter().any(|version| version.content.is_clear());
        if erases {
            // Before, too: who is cancelled in the middle does not come to the line after it.
            self.database.note_clear_text();
        }
        let mut transaction = self.database.begin().await?;
        if !self.write_in(&mut transaction, row, plan, by).await? {
            transaction.rollback().await?;
            return Ok(false);
        }
        transaction.commit().await?;
        if erases {
            self.database.note_clear_text();
        }
        Ok(true)
    }

    async fn write_in(
        &self,
        transaction: &mut Transaction,
        row: &CertRow,
        plan: &Plan,
        by: &str,
    ) -> Result<bool, StoreError> {
        let (now, head) = (self.now(), &row.head);
        let name = plan.name.as_deref().unwrap_or(&head.name);
        // First the record, whose lock everybody wants who changes anything of it. It has its old name until the rows that use it know the new one.
        if statement(row, plan, now).execute(&mut *transaction).await? != 1 {
            return Ok(false);
        }
        for version in &plan.goes {
            if gone(&head.id, version).execute(&mut *transaction).await? != 1 {
                return Ok(false);
            }
        }
        for version in &plan.comes {
            match come(&head.id, version).execute(&mut *transaction).await {
                Err(DbError::AlreadyThere) => return Ok(false),
                done => done?,
            };
        }
        let mut detail = plan.detail.clone();
        if let Some(to) = &plan.name {
            if let Some(users) = &self.users {
                let shared = &self.shared_owner;
                let rows = users.renamed(transaction, &head.owner, &head.name, to, shared, by).await?;
                detail = format!("{detail}; rows that name it: {rows}");
            }
            let renamed = sql("UPDATE vestibule_cert SET name = ? WHERE id = ?").bind(to).bind(&head.id);
            let renamed = renamed.execute(&mut *transaction).await;
            renamed.map_err(|error| record(&head.owner, to).not_inserted(error))?;
        }
        let change = Change {
            actor: by,
            action: plan.action,
            what: RowKind::Cert,
            row_id: &head.id,
            owner: &head.owner,
            name,
            version: plan.version,
            detail: &detail,
        };
        change.note(transaction, now).await?;
        Ok(true)
    }
}

/// The change of the record itself, for the row as it was read.
fn statement(row: &CertRow, plan: &Plan, now: i64) -> Sql {
    let mut update = sql("UPDATE vestibule_cert SET revision = ?, updated_at = ?").bind(plan.revision(row)).bind(now);
    if let Some(display_name) = &plan.display_name {
        update = update.and(", display_name = ?").bind(display_name);
    }
    if let Some((owners, hosts)) = &plan.sharing {
        update = update.and(", key_owners = ?, key_hosts = ?").bind(owners).bind(hosts);
    }
    if let Some(active) = &plan.active {
        update = update
            .and(", type = 'x509', version = ?, certificate = ?, private_key = ?, not_after = ?")
            .bind(active.number)
            .bind(active.content.certificate.for_column().unwrap_or_default())
            .bind(active.content.private_key.for_column())
            .bind(active.not_after);
    }
    let update = update
        .and(" WHERE id = ? AND owner = ? AND name = ? AND revision = ? AND version = ?")
        .bind(&row.head.id)
        .bind(&row.head.owner)
        .bind(&row.head.name)
        .bind(row.revision)
        .bind(row.head.version);
    if plan.active.is_some() { row.active.still_in(update) } else { update }
}

fn gone(cert_id: &str, version: &Version) -> Sql {
    let delete = sql("DELETE FROM vestibule_cert_version WHERE cert_id = ? AND version = ? AND state = ?");
    version.content.still_in(delete.bind(cert_id).bind(version.number).bind(version.state.as_str()))
}

pub(super) fn come(cert_id: &str, version: &Version) -> Sql {
    sql("INSERT INTO vestibule_cert_version (cert_id, version, state, certificate, private_key, not_after, created_at)
        VALUES (?, ?, ?, ?, ?, ?, ?)")
    .bind(cert_id)
    .bind(version.number)
    .bind(version.state.as_str())
    .bind(version.content.certificate.for_column().unwrap_or_default())
    .bind(version.content.private_key.for_column())
    .bind(version.not_after)
    .bind(version.since)
}
