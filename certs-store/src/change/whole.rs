//! Taking in whole records, each in one transaction.

use vestibule_database::{Change, RowKind, StoreError, sql};
use vestibule_oauth_provider::VersionState;

use super::plan::{Active, Plan, retired_at};
use super::{Edit, Operation};
use crate::field::Content;
use crate::grant;
use crate::judge::{ends, judge};
use crate::private_key::VersionOf;
use crate::row::{CertRow, Version, record};
use crate::{CertStore, CertView, WholeCert, WholeVersion};

/// The word for it in the history.
const IMPORT: &str = "import";

impl CertStore {
    /// Judges and stores a new record with all its versions, under the id that it has.
    ///
    /// # Errors
    /// [`StoreError::Refused`], as [`WholeCert::judge`] and when not exactly one version is active; [`StoreError::AlreadyExists`], when there is a record of
    /// that name or id; [`StoreError::Database`].
    pub async fn add_whole(&self, cert: &WholeCert, by: &str) -> Result<CertView, StoreError> {
        cert.judge()?;
        let record = record(&cert.owner, &cert.name);
        let (key_owners, key_hosts) = grant::write(record, &cert.sharing)?;
        let (active, others) = parts(cert)?;
        let highest = cert.versions.iter().map(|version| version.number).fold(1, i64::max);
        let (id, now) = (cert.id.to_string(), self.now());
        let of = |number| VersionOf { record, id: cert.id, number };
        let mut transaction = self.database.begin().await?;
        sql("INSERT INTO vestibule_cert
                (id, owner, name, display_name, type, certificate, private_key, version, revision, key_owners, key_hosts, not_after, created_at, updated_at)
            VALUES (?, ?, ?, ?, 'x509', ?, ?, ?, ?, ?, ?, ?, ?, ?)")
        .bind(&id)
        .bind(&cert.owner)
        .bind(&cert.name)
        .bind(&cert.display_name)
        .bind(&active.certificate)
        .bind(self.sealed(of(active.number), active.private_key.as_ref())?)
        .bind(active.number)
        .bind(highest)
        .bind(key_owners)
        .bind(key_hosts)
        .bind(ends(&active.certificate))
        .bind(now)
        .bind(now)
        .execute(&mut transaction)
        .await
        .map_err(|error| record.not_inserted(error))?;
        for (state, version) in others {
            let content = self.content(of(version.number), version)?;
            let not_after = ends(&version.certificate);
            let version = Version { number: version.number, state, content, not_after, since: now };
            super::write::come(&id, &version).execute(&mut transaction).await?;
        }
        let change = Change {
            actor: by,
            action: IMPORT,
            what: RowKind::Cert,
            row_id: &id,
            owner: &cert.owner,
            name: &cert.name,
            version: Some(active.number),
            detail: "",
        };
        change.note(&mut transaction, now).await?;
        transaction.commit().await?;
        self.get(&cert.owner, &cert.name).await
    }

    /// Judges the record and brings it to the one of the same owner and name, whose id stays: its versions are what they are in `cert`, and those that it does
    /// not have stay, a staged one as long as `cert` has none. Its revision is the one that is expected.
    ///
    /// # Errors
    /// As [`CertStore::add_whole`]; [`StoreError::NotFound`]; [`StoreError::Changed`], when it has another revision by now.
    pub async fn replace_whole(&self, cert: &WholeCert, by: &str) -> Result<CertView, StoreError> {
        cert.judge()?;
        let edit = Edit::of(&cert.owner, &cert.name, by).at(cert.revision);
        self.change(&edit, Operation::TakeIn(cert)).await
    }

    pub(super) async fn plan_take_in(&self, row: &CertRow, cert: &WholeCert) -> Result<Option<Plan>, StoreError> {
        let (active, others) = parts(cert)?;
        let mut plan = Plan::new(IMPORT).about(active.number);
        plan.display_name = (shown(cert) != row.head.display_name).then(|| cert.display_name.clone());
        if cert.sharing != row.grant {
            plan.sharing = Some(grant::write(row.record(), &cert.sharing)?);
        }
        if active.number != row.head.version || !self.holds(row, &row.active, active).await? {
            let content = self.content(row.version(active.number)?, active)?;
            plan.active = Some(Active { number: active.number, content, not_after: ends(&active.certificate) });
            // What was beside the active one and is the active one from now on.
            plan.goes.extend(row.others.iter().filter(|version| version.number == active.number).cloned());
        }
        let has = |number| cert.versions.iter().any(|version| version.number == number);
        if !has(row.head.version) {
            plan.comes.extend(self.retiring(row)?);
        }
        if others.iter().any(|(state, _)| *state == VersionState::Next) {
            // No two are staged.
            plan.goes.extend(row.next().filter(|next| !has(next.number)).cloned());
        }
        let since = retired_at(row, self.now());
        for (state, version) in others {
            if let Some(stored) = row.others.iter().find(|stored| stored.number == version.number) {
                if stored.state == state && self.holds(row, &stored.content, version).await? {
                    continue;
                }
                plan.goes.push(stored.clone());
            }
            let content = self.content(row.version(version.number)?, version)?;
            let not_after = ends(&version.certificate);
            plan.comes.push(Version { number: version.number, state, content, not_after, since });
        }
        let is_as_it_shall_be =
            plan.active.is_none() && plan.comes.is_empty() && plan.display_name.is_none() && plan.sharing.is_none();
        Ok((!is_as_it_shall_be).then_some(plan))
    }

    /// Whether this is what stands there.
    async fn holds(&self, row: &CertRow, stored: &Content, version: &WholeVersion) -> Result<bool, StoreError> {
        let opened = row.version(version.number)?.open(&stored.private_key, &self.keyring).await?;
        let given = version.private_key.as_ref().map_or("", |key| key.expose());
        let same_key = opened.map_or(given.is_empty(), |opened| opened.same_as(given));
        Ok(same_key && stored.certificate.text().is_some_and(|text| text.expose() == version.certificate))
    }

    fn content(&self, of: VersionOf<'_>, version: &WholeVersion) -> Result<Content, StoreError> {
        judge(of.record, &version.certificate, version.private_key.as_ref())?;
        Ok(Content::new(&version.certificate, self.sealed(of, version.private_key.as_ref())?))
    }
}

/// The display name as it is read back.
fn shown(cert: &WholeCert) -> &str {
    if cert.display_name.is_empty() { &cert.name } else { &cert.display_name }
}

/// The versions that are not the active one, with what they are.
type Others<'c> = Vec<(VersionState, &'c WholeVersion)>;

/// The active version, and the others.
fn parts(cert: &WholeCert) -> Result<(&WholeVersion, Others<'_>), StoreError> {
    let mut active = cert.versions.iter().filter(|version| version.state.is_none());
    match (active.next(), active.next()) {
        (Some(active), None) => {
            let others = cert.versions.iter().filter_map(|version| Some((version.state?, version))).collect();
            Ok((active, others))
        }
        _ => {
            let record = record(&cert.owner, &cert.name);
            Err(StoreError::Refused(format!("{record}: one of its versions, and no more, is the active one")))
        }
    }
}
