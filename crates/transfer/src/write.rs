//! Writing a file row by row.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::json;
use vestibule_certs_store::WholeCert;
use vestibule_oauth_provider::{Random, Schema, Secret};
use vestibule_provider_store::WholeProvider;

use vestibule_database::StoreError;

use crate::TransferError;
use crate::config_text;
use crate::entry::X509;
use crate::file::{
    CertInFile, Cipher, ConfigInFile, ConfigValue, FORMAT, ProviderInFile, SecretsHead, VERSION, VersionInFile,
};
use crate::file_key::{FileKey, Place};
use crate::passphrase::{Kdf, Passphrase};
use crate::secret_text::SecretText;

/// What an export does with secrets.
#[derive(Clone)]
#[expect(missing_debug_implementations, reason = "a secret is not to be printed")]
pub enum Secrets {
    /// They are sealed under this passphrase.
    Sealed(Passphrase),
    /// They are left out.
    LeftOut,
}

/// How the secrets of one file are written.
enum Sealing<'r> {
    With(FileKey, &'r dyn Random),
    LeftOut,
}

/// A file that is being written: a row a line, so that two files can be compared.
pub(crate) struct FileWriter<'w> {
    out: &'w mut (dyn Write + Send),
    sealing: Sealing<'w>,
    is_first: bool,
}

impl<'w> FileWriter<'w> {
    /// Begins a file.
    pub(crate) fn begin(
        out: &'w mut (dyn Write + Send),
        secrets: &Secrets,
        exported_at: i64,
        random: &'w dyn Random,
    ) -> Result<Self, TransferError> {
        let (sealing, head) = match secrets {
            Secrets::LeftOut => (Sealing::LeftOut, SecretsHead::LeftOut {}),
            Secrets::Sealed(passphrase) => {
                passphrase.fit_to_seal()?;
                let kdf = Kdf::fresh(random)?;
                let key = FileKey::new(&kdf, passphrase)?;
                let head = SecretsHead::Sealed { kdf, cipher: Cipher::Aes256Gcm, check: key.check_value(random)? };
                (Sealing::With(key, random), head)
            }
        };
        let mut writer = Self { out, sealing, is_first: true };
        let head = to_text(&head)?;
        let (format, version) = (json!(FORMAT), json!(VERSION));
        writer.text(&format!(
            "{{\n\"format\": {format},\n\"version\": {version},\n\"exported_at\": {exported_at},\n\"secrets\": {head},\n\"certs\": ["
        ))?;
        Ok(writer)
    }

    pub(crate) fn cert(&mut self, cert: WholeCert) -> Result<(), TransferError> {
        let mut versions = Vec::with_capacity(cert.versions.len());
        for version in cert.versions {
            let place = Place {
                what: "cert",
                owner: &cert.owner,
                name: &cert.name,
                version: version.number,
                field: "private_key",
            };
            let holds_no_secret = version.holds_no_secret();
            let private_key = match version.private_key {
                None => None,
                Some(text) if holds_no_secret => Some(SecretText::Clear(text)),
                Some(text) => Some(self.sealing.put_away(&text, &place)?),
            };
            let (number, state, certificate) = (version.number, version.state.into(), version.certificate);
            versions.push(VersionInFile { number, state, certificate, private_key });
        }
        self.row(&CertInFile {
            id: Some(cert.id),
            owner: cert.owner,
            name: cert.name,
            display_name: cert.display_name,
            kind: X509.to_owned(),
            sharing: cert.sharing.into(),
            versions,
        })
    }

    /// Ends the records; provider rows follow.
    pub(crate) fn certs_done(&mut self) -> Result<(), TransferError> {
        self.is_first = true;
        self.text("\n],\n\"providers\": [")
    }

    /// Writes a row of the type whose fields `schema` tells.
    pub(crate) fn provider(&mut self, provider: WholeProvider, schema: &Schema) -> Result<(), TransferError> {
        let WholeProvider { id, row, .. } = provider;
        let fields = config_text::fields(row.config.expose()).map_err(|said| {
            StoreError::Unreadable(format!("provider row \"{}/{}\", config: {said}; correct it", row.owner, row.name))
        })?;
        let mut config = Vec::with_capacity(fields.len());
        for field in &fields {
            // What its type does not know may be a misspelt secret.
            let may_be_secret = schema.secrets().any(|name| name == field.name)
                || !schema.fields().iter().any(|known| known.name() == field.name);
            let value = match field.as_text().filter(|text| may_be_secret && !text.is_empty()) {
                None => config_text::in_file(field),
                Some(text) => {
                    let place =
                        Place { what: "provider", owner: &row.owner, name: &row.name, version: 0, field: &field.name };
                    ConfigValue::Text(self.sealing.put_away(&text, &place)?)
                }
            };
            config.push((field.name.clone(), value));
        }
        self.row(&ProviderInFile {
            id: Some(id),
            owner: row.owner,
            name: row.name,
            display_name: row.display_name,
            category: row.category,
            kind: row.kind,
            enabled: row.enabled,
            config: ConfigInFile(config),
        })
    }

    /// Ends the file. Without this it is not whole, and is refused when it is read.
    pub(crate) fn finish(mut self) -> Result<(), TransferError> {
        self.text("\n]\n}\n")?;
        self.out.flush().map_err(not_written)
    }

    fn row(&mut self, row: &impl Serialize) -> Result<(), TransferError> {
        let text = to_text(row)?;
        let separator = if self.is_first { "\n" } else { ",\n" };
        self.is_first = false;
        self.text(separator)?;
        self.text(&text)
    }

    fn text(&mut self, text: &str) -> Result<(), TransferError> {
        self.out.write_all(text.as_bytes()).map_err(not_written)
    }
}

impl Sealing<'_> {
    fn put_away(&self, clear: &Secret, place: &Place<'_>) -> Result<SecretText, TransferError> {
        match self {
            Self::With(key, random) => Ok(SecretText::sealed(key.seal(clear.expose(), place, *random)?)),
            Self::LeftOut => Ok(SecretText::left_out()),
        }
    }
}

fn to_text(value: &impl Serialize) -> Result<String, TransferError> {
    serde_json::to_string(value).map_err(|error| not_written(error.into()))
}

fn not_written(source: io::Error) -> TransferError {
    TransferError::File { what: "write", source }
}
