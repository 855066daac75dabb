//! Provider rows, and the cert records that are read with them.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use vestibule_login::{Opened, ProviderRows, StoredContent, StoredRow};
use vestibule_oauth_provider::{CertRecord, CertResolver, Config, Digest, Error, Result, RowRef, Uuid};

use super::held;
use crate::StaticCerts;

/// Provider rows held in memory, with the cert records that they name. It counts what it is asked.
#[derive(Debug, Default)]
pub struct MemoryRows {
    rows: Mutex<Vec<MemoryRow>>,
    certs: Mutex<Arc<StaticCerts>>,
    finds: AtomicUsize,
    openings: Arc<AtomicUsize>,
}

/// A row as it is held.
#[derive(Debug, Clone)]
pub struct MemoryRow {
    /// Its id, owner and name.
    pub row: RowRef,
    /// What people see on the button.
    pub display_name: String,
    /// What kind of service it is.
    pub category: String,
    /// The provider type.
    pub kind: String,
    /// Whether anybody may sign in with it.
    pub enabled: bool,
    /// Its config.
    pub config: Config,
    /// The names of records that its type's schema tells.
    pub certs: Vec<String>,
}

impl MemoryRows {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// An enabled row for sign-in, to be stored with [`MemoryRows::put`].
    pub fn row(id: u128, owner: &str, name: &str, kind: &str, config: &str) -> MemoryRow {
        MemoryRow {
            row: RowRef { id: Uuid::from_u128(id), owner: owner.to_owned(), name: name.to_owned() },
            display_name: name.to_owned(),
            category: "OAuth".to_owned(),
            kind: kind.to_owned(),
            enabled: true,
            config: Config::new(config),
            certs: Vec::new(),
        }
    }

    /// Stores a row, in place of the one of the same owner and name.
    pub fn put(&self, row: MemoryRow) {
        self.remove(&row.row.owner, &row.row.name);
        held(&self.rows).push(row);
    }

    /// Deletes a row.
    pub fn remove(&self, owner: &str, name: &str) {
        held(&self.rows).retain(|row| row.row.owner != owner || row.row.name != name);
    }

    /// Changes a row where it stands.
    pub fn change(&self, owner: &str, name: &str, change: impl FnOnce(&mut MemoryRow)) {
        let mut rows = held(&self.rows);
        let found = rows.iter_mut().find(|row| row.row.owner == owner && row.row.name == name);
        change(found.expect("a test changes rows that it stored"));
    }

    /// Replaces all cert records.
    pub fn put_certs(&self, certs: StaticCerts) {
        *held(&self.certs) = Arc::new(certs);
    }

    /// How often it was asked for a row.
    pub fn finds(&self) -> usize {
        self.finds.load(Ordering::Relaxed)
    }

    /// How often a row's content was opened.
    pub fn openings(&self) -> usize {
        self.openings.load(Ordering::Relaxed)
    }
}

#[async_trait]
impl ProviderRows for MemoryRows {
    async fn find(&self, owner: &str, name: &str, certs: &[String]) -> Result<Option<StoredRow>> {
        self.finds.fetch_add(1, Ordering::Relaxed);
        let records = ReadCerts { read: certs.to_vec(), certs: held(&self.certs).clone() };
        let found = held(&self.rows).iter().find(|row| row.row.owner == owner && row.row.name == name).cloned();
        let Some(row) = found else { return Ok(None) };
        let mut stored = format!("{:?} {:?}", row.kind, row.config.expose());
        for name in certs {
            stored.push_str(&as_stored(&records.certs, owner, name).await);
        }
        Ok(Some(StoredRow {
            row: row.row,
            display_name: row.display_name,
            category: row.category,
            kind: row.kind,
            enabled: row.enabled,
            stamp: Digest::of(&stored),
            certs: row.certs,
            content: Box::new(HeldContent {
                opened: Opened { config: row.config, certs: Arc::new(records) },
                openings: self.openings.clone(),
            }),
        }))
    }
}

/// All of a record but its private key, which nobody outside the seam can read: a test that changes a key changes the record's version too.
async fn as_stored(certs: &StaticCerts, owner: &str, name: &str) -> String {
    match certs.resolve(owner, name).await {
        Ok(record) => {
            let beside = record.private_key.beside();
            format!(" {record:?} {:?} {beside:?} {:?}", record.certificate, record.others)
        }
        Err(_) => format!(" {name:?} is absent"),
    }
}

#[derive(Debug)]
struct HeldContent {
    opened: Opened,
    openings: Arc<AtomicUsize>,
}

#[async_trait]
impl StoredContent for HeldContent {
    async fn open(&self) -> Result<Opened> {
        self.openings.fetch_add(1, Ordering::Relaxed);
        Ok(self.opened.clone())
    }
}

/// The records that were asked for with a row.
#[derive(Debug)]
struct ReadCerts {
    read: Vec<String>,
    certs: Arc<StaticCerts>,
}

#[async_trait]
impl CertResolver for ReadCerts {
    async fn resolve(&self, owner: &str, name: &str) -> Result<CertRecord> {
        if !self.read.iter().any(|read| read == name) {
            return Err(Error::internal(format!("cert record \"{name}\" was not asked for with the row")));
        }
        self.certs.resolve(owner, name).await
    }
}
