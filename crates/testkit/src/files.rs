//! What stands in the files of a folder.

use std::path::Path;

/// The names of the files in `folder` that hold `text` somewhere in their bytes. For tests that look for secrets: see first that it finds one.
///
/// # Panics
/// When `text` is empty, or the folder or a file in it cannot be read.
pub fn files_with(text: &str, folder: &Path) -> Vec<String> {
    assert!(!text.is_empty(), "every file holds an empty text");
    let entries = folder.read_dir().expect("the folder is there");
    let entries = entries.map(|entry| entry.expect("the folder can be read"));
    let holds = |path: &Path| {
        let bytes = std::fs::read(path).expect("the file can be read");
        bytes.windows(text.len()).any(|window| window == text.as_bytes())
    };
    entries.filter(|entry| holds(&entry.path())).map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
}
