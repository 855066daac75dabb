//! What a test may find on a machine or not: a browser, a client, data that does not ship with the project.

use std::io::Write;
use std::path::{Path, PathBuf};

/// The variable that lists, separated by commas, what must be there. `.ci/run` sets it.
const REQUIRED: &str = "VESTIBULE_REQUIRE";

/// Says, past the test runner's capturing, that a check could not be run here; fails instead when `VESTIBULE_REQUIRE` lists `what`.
///
/// # Panics
/// When the check is required here.
pub fn skip(what: &str, check: &str, remedy: &str) {
    assert!(!is_required(what), "{check} could not be run and {REQUIRED} asks for it: {remedy}");
    // The macros' output is captured for passing tests; the handle's is not.
    let _ = writeln!(std::io::stderr(), "SKIPPED {check}: {remedy}");
}

/// `found`, or a visible note that `check` was skipped.
///
/// # Panics
/// When it is not found and required here.
pub fn require<T>(found: Option<T>, what: &str, check: &str, remedy: &str) -> Option<T> {
    if found.is_none() {
        skip(what, check, remedy);
    }
    found
}

/// The folder of shared test data beside the checkout, or a visible note that `check` was skipped.
///
/// # Panics
/// When it is not there and required here.
pub fn fixtures(check: &str) -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/fixtures");
    require(folder.is_dir().then_some(folder), "fixtures", check, "the shared test data does not ship with the project")
}

fn is_required(what: &str) -> bool {
    std::env::var(REQUIRED).is_ok_and(|list| list.split(',').any(|required| required.trim() == what))
}
