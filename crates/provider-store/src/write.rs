//! Storing, replacing, renaming, switching and deleting rows. Each change is noted in the history, in the transaction that makes it.

use uuid::Uuid;
use vestibule_database::{Change, DbError, RowKind, StoreError, Transaction, check_name, sql};
use vestibule_oauth_provider::Secret;

use crate::config_text::ConfigText;
use crate::fields::Fields;
use crate::references::References;
use crate::row::record;
use crate::{NewProvider, ProviderStore, ProviderView};

/// The most letters of a display name.
const LONGEST_DISPLAY_NAME: usize = 200;
/// The most letters of a category.
const LONGEST_CATEGORY: usize = 100;

impl ProviderStore {
    /// Stores a new row. That the config is a JSON object of fields that its type knows, and its secrets strings, is seen here; whether a sign-in would
    /// work, by its factory's `check`. It may name cert records that are not there yet, see [`ProviderView::missing_certs`]. `by` is who does it, for the
    /// history.
    ///
    /// # Errors
    /// [`StoreError::Refused`], naming row, field and remedy; [`StoreError::AlreadyExists`]; [`StoreError::Database`].
    pub async fn add(&self, provider: NewProvider, by: &str) -> Result<ProviderView, StoreError> {
        let id = self.random.uuid().map_err(DbError::Random)?;
        self.insert(id, provider, "create", by).await
    }

    pub(crate) async fn insert(
        &self,
        id: Uuid,
        provider: NewProvider,
        action: &str,
        by: &str,
    ) -> Result<ProviderView, StoreError> {
        check(&provider)?;
        let config = self.sealed_config(&provider, &id, 1, None).await?;
        let (id, now) = (id.to_string(), self.now());
        let mut transaction = self.database.begin().await?;
        sql("INSERT INTO vestibule_provider
                (id, owner, name, display_name, category, type, enabled, config, examined, version, created_at, updated_at)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 1, ?, ?)")
        .bind(&id)
        .bind(&provider.owner)
        .bind(&provider.name)
        .bind(&provider.display_name)
        .bind(&provider.category)
        .bind(&provider.kind)
        .bind(provider.enabled)
        .bind(config.expose())
        .bind(config.expose())
        .bind(now)
        .bind(now)
        .execute(&mut transaction)
        .await
        .map_err(|error| provider.record().not_inserted(error))?;
        self.note_references(&mut transaction, &id, &provider.kind, &config).await?;
        let change = Change { version: Some(1), ..self.change(by, action, &id, &provider.owner, &provider.name) };
        change.note(&mut transaction, now).await?;
        transaction.commit().await?;
        self.get(&provider.owner, &provider.name).await
    }

    /// Puts the row in the place of the one of the same owner and name, whose id stays. `expected` is the version that the caller saw, if it is to be
    /// replaced only as long as it is that one.
    ///
    /// # Errors
    /// As [`ProviderStore::add`]; [`StoreError::NotFound`]; [`StoreError::Changed`], when it is another version than the expected one, or somebody else
    /// replaced it at the same moment.
    pub async fn replace(
        &self,
        provider: NewProvider,
        expected: Option<i64>,
        by: &str,
    ) -> Result<ProviderView, StoreError> {
        check(&provider)?;
        let stored = self.row(&provider.owner, &provider.name).await?;
        let before = stored.head.version;
        if expected.is_some_and(|expected| expected != before) {
            return Err(StoreError::Changed(provider.record().to_string()));
        }
        let version = before.saturating_add(1);
        let config = self.sealed_config(&provider, &stored.head.uuid()?, version, Some(&stored)).await?;
        let (id, now) = (&stored.head.id, self.now());
        let mut transaction = self.database.begin().await?;
        let replaced = sql("UPDATE vestibule_provider
             SET display_name = ?, category = ?, type = ?, enabled = ?, config = ?, examined = ?, version = ?, updated_at = ?
             WHERE id = ? AND owner = ? AND name = ? AND version = ?")
        .bind(&provider.display_name)
        .bind(&provider.category)
        .bind(&provider.kind)
        .bind(provider.enabled)
        .bind(config.expose())
        .bind(config.expose())
        .bind(version)
        .bind(now)
        .bind(id)
        .bind(&provider.owner)
        .bind(&provider.name)
        .bind(before)
        .execute(&mut transaction)
        .await?;
        provider.record().unchanged(replaced)?;
        self.note_references(&mut transaction, id, &provider.kind, &config).await?;
        let change =
            Change { version: Some(version), ..self.change(by, "replace", id, &provider.owner, &provider.name) };
        change.note(&mut transaction, now).await?;
        transaction.commit().await?;
        self.get(&provider.owner, &provider.name).await
    }

    /// Gives a row another name. Its id, and so the accounts that were linked through it, stay; its callback address becomes another, which the upstream
    /// has to know, and sign-ins under way end.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; [`StoreError::Refused`], when `new` is no name; [`StoreError::AlreadyExists`]; [`StoreError::Changed`];
    /// [`StoreError::Database`].
    pub async fn rename(&self, owner: &str, name: &str, new: &str, by: &str) -> Result<(), StoreError> {
        check_name("name", new)?;
        let row = self.row(owner, name).await?;
        if name == new {
            return Ok(());
        }
        let (id, now) = (&row.head.id, self.now());
        let mut transaction = self.database.begin().await?;
        let rename =
            sql("UPDATE vestibule_provider SET name = ?, updated_at = ? WHERE id = ? AND owner = ? AND name = ?");
        let renamed = rename.bind(new).bind(now).bind(id).bind(owner).bind(name).execute(&mut transaction).await;
        record(owner, name).unchanged(renamed.map_err(|error| record(owner, new).not_inserted(error))?)?;
        let former = format!("formerly \"{name}\"");
        let change = Change { detail: &former, ..self.change(by, "rename", id, owner, new) };
        change.note(&mut transaction, now).await?;
        Ok(transaction.commit().await?)
    }

    /// Lets people sign in with the row.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::Changed`], [`StoreError::Database`].
    pub async fn enable(&self, owner: &str, name: &str, by: &str) -> Result<(), StoreError> {
        self.switch(owner, name, Switch::On, by).await
    }

    /// Ends sign-ins with the row, those under way included.
    ///
    /// # Errors
    /// As [`ProviderStore::enable`].
    pub async fn disable(&self, owner: &str, name: &str, by: &str) -> Result<(), StoreError> {
        self.switch(owner, name, Switch::Off, by).await
    }

    /// Deletes a row. No row that is added here gets its id again.
    ///
    /// # Errors
    /// As [`ProviderStore::enable`].
    pub async fn delete(&self, owner: &str, name: &str, by: &str) -> Result<(), StoreError> {
        let id = self.row(owner, name).await?.head.id;
        let mut transaction = self.database.begin().await?;
        let delete = sql("DELETE FROM vestibule_provider WHERE id = ? AND owner = ? AND name = ?");
        let deleted = delete.bind(&id).bind(owner).bind(name).execute(&mut transaction).await?;
        record(owner, name).unchanged(deleted)?;
        self.change(by, "delete", &id, owner, name).note(&mut transaction, self.now()).await?;
        Ok(transaction.commit().await?)
    }

    async fn switch(&self, owner: &str, name: &str, to: Switch, by: &str) -> Result<(), StoreError> {
        let row = self.row(owner, name).await?;
        let enabled = to == Switch::On;
        if row.enabled == enabled {
            return Ok(());
        }
        let (id, now) = (&row.head.id, self.now());
        let mut transaction = self.database.begin().await?;
        let switch =
            sql("UPDATE vestibule_provider SET enabled = ?, updated_at = ? WHERE id = ? AND owner = ? AND name = ?");
        let switched = switch.bind(enabled).bind(now).bind(id).bind(owner).bind(name).execute(&mut transaction).await?;
        record(owner, name).unchanged(switched)?;
        let action = if enabled { "enable" } else { "disable" };
        self.change(by, action, id, owner, name).note(&mut transaction, now).await?;
        Ok(transaction.commit().await?)
    }

    async fn note_references(
        &self,
        transaction: &mut Transaction,
        id: &str,
        kind: &str,
        config: &Secret,
    ) -> Result<(), StoreError> {
        let text = ConfigText::read(config.expose()).map_err(StoreError::Refused)?;
        Ok(References::of(&text, Fields::of(&self.registry, kind)).note(transaction, id).await?)
    }

    fn change<'a>(&self, by: &'a str, action: &'a str, row_id: &'a str, owner: &'a str, name: &'a str) -> Change<'a> {
        Change { actor: by, action, what: RowKind::Provider, row_id, owner, name, version: None, detail: "" }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Switch {
    On,
    Off,
}

/// Refuses what no database would take, or would cut off.
fn check(provider: &NewProvider) -> Result<(), StoreError> {
    check_name("owner", &provider.owner)?;
    check_name("name", &provider.name)?;
    check_label(provider, "display name", &provider.display_name, LONGEST_DISPLAY_NAME)?;
    check_label(provider, "category", &provider.category, LONGEST_CATEGORY)
}

fn check_label(provider: &NewProvider, what: &str, text: &str, most: usize) -> Result<(), StoreError> {
    let refuse = |said: String| Err(StoreError::Refused(format!("{}: the {what} {said}", provider.record())));
    let length = text.chars().count();
    if length > most {
        return refuse(format!("has {length} characters; {most} at most are allowed"));
    }
    if text.chars().any(char::is_control) {
        return refuse("has a control character in it, such as a line break; type it again".to_owned());
    }
    Ok(())
}
