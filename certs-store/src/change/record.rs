//! Changing what a record is called, and who may sign with it.

use vestibule_database::{StoreError, check_name};
use vestibule_oauth_provider::KeyGrant;

use super::plan::Plan;
use super::{Edit, Operation};
use crate::row::CertRow;
use crate::store::check_display_name;
use crate::{CertStore, CertView, grant};

impl CertStore {
    /// Says for whom and towards which hosts the private key signs.
    ///
    /// # Errors
    /// [`StoreError::Refused`], naming what is no owner or no host; [`StoreError::NotFound`]; [`StoreError::Changed`]; [`StoreError::Database`].
    pub async fn set_sharing(&self, edit: &Edit<'_>, sharing: &KeyGrant) -> Result<CertView, StoreError> {
        self.change(edit, Operation::SetSharing(sharing)).await
    }

    /// Says what people call it. Empty: its name.
    ///
    /// # Errors
    /// As [`CertStore::set_sharing`].
    pub async fn set_display_name(&self, edit: &Edit<'_>, display_name: &str) -> Result<CertView, StoreError> {
        self.change(edit, Operation::SetDisplayName(display_name)).await
    }

    /// Gives it another name, in the record and in every row that names it.
    ///
    /// # Errors
    /// [`StoreError::AlreadyExists`], when the owner has a record of that name; as [`CertStore::set_sharing`].
    pub async fn rename(&self, edit: &Edit<'_>, name: &str) -> Result<CertView, StoreError> {
        self.change(edit, Operation::Rename(name)).await
    }
}

pub(super) fn plan_sharing(row: &CertRow, sharing: &KeyGrant) -> Result<Option<Plan>, StoreError> {
    let (owners, hosts) = grant::write(row.record(), sharing)?;
    if *sharing == row.grant {
        return Ok(None);
    }
    let detail = format!("key owners \"{owners}\", key hosts \"{hosts}\"");
    Ok(Some(Plan { sharing: Some((owners, hosts)), detail, ..Plan::new("share") }))
}

pub(super) fn plan_display_name(row: &CertRow, display_name: &str) -> Result<Option<Plan>, StoreError> {
    check_display_name(row.record(), display_name)?;
    let shown = if display_name.is_empty() { &row.head.name } else { display_name };
    if shown == row.head.display_name {
        return Ok(None);
    }
    Ok(Some(Plan { display_name: Some(display_name.to_owned()), ..Plan::new("set_display_name") }))
}

pub(super) fn plan_rename(row: &CertRow, name: &str) -> Result<Option<Plan>, StoreError> {
    check_name("name", name)?;
    if name == row.head.name {
        return Ok(None);
    }
    let detail = format!("was \"{}\"", row.head.name);
    Ok(Some(Plan { name: Some(name.to_owned()), detail, ..Plan::new("rename") }))
}
