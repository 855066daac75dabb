//! What goes wrong with a file.

use std::io;

use vestibule_database::StoreError;
use vestibule_oauth_provider::Error;

/// Why rows cannot be moved. No message holds a secret.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TransferError {
    /// The file cannot be read or written.
    #[error("cannot {what} the file")]
    File {
        /// What was tried.
        what: &'static str,
        /// Why not.
        source: io::Error,
    },
    /// The file is not what it should be, or is not there as a whole.
    #[error("{0}")]
    Format(String),
    /// The passphrase is missing, too short or another.
    #[error("{0}")]
    Passphrase(String),
    /// What the import was told cannot be done.
    #[error("{0}")]
    Told(String),
    /// The stores failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// There were no random bytes.
    #[error("no random bytes")]
    Random(#[source] Error),
}

impl From<TransferError> for Error {
    fn from(error: TransferError) -> Self {
        match error {
            TransferError::Store(error) => error.into(),
            TransferError::Random(source) => Self::internal("no random bytes").caused_by(source),
            TransferError::File { what, source } => {
                Self::configuration(format!("cannot {what} the file: {source}")).caused_by(source)
            }
            said => Self::configuration(said.to_string()),
        }
    }
}

/// Where a text stops being json, or that it cannot be read.
pub(crate) fn broken(error: serde_json::Error) -> TransferError {
    let (line, column) = (error.line(), error.column());
    if error.is_io() {
        let error = io::Error::from(error);
        // What the reader of one record says of its size.
        return match error.kind() {
            io::ErrorKind::FileTooLarge => TransferError::Format(error.to_string()),
            _ => TransferError::File { what: "read", source: error },
        };
    }
    if error.is_eof() {
        return TransferError::Format(format!("the file ends early (line {line}, column {column}): it was cut off"));
    }
    if error.is_data() {
        return TransferError::Format(format!("the file: {}", without_value(&error)));
    }
    TransferError::Format(format!("the file is not valid json (line {line}, column {column})"))
}

/// What is wrong with one row of a file, without the value that was found there: it may be a secret in the wrong place.
pub(crate) fn misread(error: &serde_path_to_error::Error<serde_json::Error>) -> String {
    let said = without_value(error.inner());
    let path = error.path().to_string();
    shown(&if path == "." { said } else { format!("\"{path}\": {said}") }, 300)
}

/// What serde says, without the value that it found.
fn without_value(error: &serde_json::Error) -> String {
    let said = error.to_string();
    let said = said.rsplit_once(" at line ").map_or(&*said, |(said, _)| said);
    let repeats_value = ["invalid ", "unknown variant"].iter().any(|start| said.starts_with(start));
    match said.rsplit_once(", expected ") {
        Some((_, expected)) if repeats_value => format!("expected {expected}"),
        None if repeats_value => "is not what stands here".to_owned(),
        _ => said.to_owned(),
    }
}

/// A text of somebody else's for a message: escaped and shortened.
pub(crate) fn shown(text: &str, most: usize) -> String {
    let mut shown = String::new();
    for letter in text.chars().take(most) {
        if letter.is_control() {
            shown.extend(letter.escape_debug());
        } else {
            shown.push(letter);
        }
    }
    shown
}
