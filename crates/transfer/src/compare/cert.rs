//! Cert records. Nothing that is stored is deleted: what a file has replaced becomes a retired version.

use uuid::Uuid;
use vestibule_certs_store::{WholeCert, WholeVersion};
use vestibule_oauth_provider::{KeyGrant, VersionState};

use super::{Compared, Known, Verdict};
use crate::entry::{CertEntry, Key, VersionEntry};
use crate::file::State;

/// What the file's record would change of the stored one.
pub(crate) fn compare_cert(entry: &CertEntry, stored: Option<&WholeCert>, fresh_id: Uuid) -> Compared<WholeCert> {
    let compared = match stored {
        None => new(entry, fresh_id),
        Some(stored) => changed(entry, stored),
    };
    match &compared.verdict {
        Verdict::New(write) | Verdict::Changed { write, .. } => match write.judge() {
            Ok(()) => compared,
            Err(error) => Compared::refused(error.to_string()),
        },
        Verdict::Unchanged | Verdict::Refused(_) => compared,
    }
}

fn changed(entry: &CertEntry, stored: &WholeCert) -> Compared<WholeCert> {
    let mut merging = Merging {
        versions: stored.versions.clone(),
        highest: stored.versions.iter().map(|version| version.number).fold(stored.revision, i64::max),
        fields: Vec::new(),
        notes: Vec::new(),
    };
    let mut write = stored.clone();
    if stored.display_name != entry.display_name {
        merging.fields.push("display_name".to_owned());
        write.display_name.clone_from(&entry.display_name);
    }
    if let Some(grant) = entry.grant.as_ref().filter(|grant| **grant != stored.sharing) {
        merging.fields.push("sharing".to_owned());
        write.sharing = grant.clone();
    }
    if let Err(why) = merging.merge(entry) {
        return Compared::refused(why);
    }
    write.versions = merging.versions;
    Compared::of(Known::Stored, merging.fields, write, merging.notes).keeping_id(entry.id, stored.id)
}

fn new(entry: &CertEntry, fresh_id: Uuid) -> Compared<WholeCert> {
    let mut notes = Vec::new();
    let versions = entry.versions.iter().map(|version| {
        if matches!(version.private_key, Key::LeftOut) && version.state != State::Retired {
            notes.push(format!(
                "version {} comes in without its private key, which the file leaves out; add it",
                version.number
            ));
        }
        content(version, version.number)
    });
    let versions = versions.collect();
    let write = WholeCert {
        id: entry.id.unwrap_or(fresh_id),
        revision: 0,
        owner: entry.owner.clone(),
        name: entry.name.clone(),
        display_name: entry.display_name.clone(),
        sharing: entry.grant.clone().unwrap_or_else(KeyGrant::every_owner),
        versions,
    };
    Compared::of(Known::New, Vec::new(), write, notes)
}

fn content(version: &VersionEntry, number: i64) -> WholeVersion {
    let private_key = match &version.private_key {
        Key::Text(key) => Some(key.clone()),
        Key::None | Key::LeftOut => None,
    };
    WholeVersion { number, state: version.state.into(), certificate: version.certificate.clone(), private_key }
}

/// Bringing the file's versions into those that are stored.
struct Merging {
    versions: Vec<WholeVersion>,
    /// The greatest number that a version of the record ever had.
    highest: i64,
    fields: Vec<String>,
    notes: Vec<String>,
}

impl Merging {
    /// What has the same content is the same version, whatever its number.
    fn merge(&mut self, entry: &CertEntry) -> Result<(), String> {
        let mut ordered: Vec<_> = entry.versions.iter().collect();
        // The active one first, then the staged one: what stands in their way is retired before the others are looked at. Old ones before newer ones.
        ordered.sort_by_key(|version| (order(version.state), version.number));
        for in_file in ordered {
            match self.versions.iter().position(|stored| is_same(stored, in_file)) {
                Some(at) => self.met(at, in_file)?,
                None => self.comes(in_file)?,
            }
        }
        Ok(())
    }

    /// A version that is not stored.
    fn comes(&mut self, in_file: &VersionEntry) -> Result<(), String> {
        let is_left_out = matches!(in_file.private_key, Key::LeftOut);
        if is_left_out && in_file.state == State::Active {
            return Err("its active version is another than the stored one, and the file leaves out its private key; export with sealed secrets, or stage \
                        it by hand"
                .to_owned());
        }
        self.make_room_for(in_file.state)?;
        let number = in_file.number.max(self.highest.saturating_add(1));
        self.highest = number;
        self.fields.push(format!("version {number} ({})", in_file.state.as_str()));
        if is_left_out {
            self.notes.push(format!("version {number} comes in without its private key, which the file leaves out"));
        }
        self.versions.push(content(in_file, number));
        Ok(())
    }

    /// A version that is stored, with its key or without.
    fn met(&mut self, at: usize, in_file: &VersionEntry) -> Result<(), String> {
        let Some(stored) = self.versions.get_mut(at) else { return Ok(()) };
        let (number, was) = (stored.number, State::from(stored.state));
        if let (None, Key::Text(key)) = (&stored.private_key, &in_file.private_key) {
            self.fields.push(format!("version {number}: private_key"));
            stored.private_key = Some(key.clone());
        }
        // A version that is staged or in use here is not retired because it was retired there.
        if was == in_file.state || in_file.state == State::Retired {
            return Ok(());
        }
        self.make_room_for(in_file.state)?;
        self.fields.push(format!("version {number} ({} instead of {})", in_file.state.as_str(), was.as_str()));
        if let Some(stored) = self.versions.get_mut(at) {
            stored.state = in_file.state.into();
        }
        Ok(())
    }

    /// The active version retires for another; the staged one does not go for another.
    fn make_room_for(&mut self, state: State) -> Result<(), String> {
        match state {
            State::Retired => {}
            State::Active => {
                for version in self.versions.iter_mut().filter(|version| version.state.is_none()) {
                    version.state = Some(VersionState::Retired);
                }
            }
            State::Next => {
                let staged = self.versions.iter().find(|version| version.state == Some(VersionState::Next));
                if let Some(staged) = staged {
                    return Err(format!(
                        "version {} is staged here, and the file has another; switch to the one that is staged, or throw it away",
                        staged.number
                    ));
                }
            }
        }
        Ok(())
    }
}

/// The same certificate and key; a key that is missing on either side, or left out, is not another one.
fn is_same(stored: &WholeVersion, in_file: &VersionEntry) -> bool {
    stored.certificate == in_file.certificate
        && match (&stored.private_key, &in_file.private_key) {
            (Some(stored), Key::Text(key)) => stored.same_as(key.expose()),
            (Some(_), Key::None) => false,
            (_, Key::LeftOut) | (None, _) => true,
        }
}

fn order(state: State) -> u8 {
    match state {
        State::Active => 0,
        State::Next => 1,
        State::Retired => 2,
    }
}
