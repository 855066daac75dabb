//! Holds the walls of the house: who may import whom, which library lives where, and where a vendor may be named. `docs/architecture.md` has the
//! reasons.
//!
//! A new package fails here until it has a line in [`MAY_IMPORT`].
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that panics has failed"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// Which packages of the house each folder may import (dev-dependencies are free). `providers/*` and `examples/*` stand for every folder in them, `*` for
/// everything that is not named with `!`.
const MAY_IMPORT: &[(&str, &[&str])] = &[
    ("crates/oauth-provider", &[]),
    ("crates/x509-material", &[]),
    // Shares nothing with what is tested against it, so that both cannot be wrong together.
    ("crates/alipay-simulator", &[]),
    ("crates/http-client", &["crates/oauth-provider"]),
    ("crates/database", &["crates/oauth-provider"]),
    ("crates/login", &["crates/oauth-provider"]),
    ("certs-store", &["crates/database", "crates/oauth-provider", "crates/x509-material"]),
    // A provider row names cert records, and both are read in one query.
    ("crates/provider-store", &["certs-store", "crates/database", "crates/login", "crates/oauth-provider"]),
    ("crates/attempt-store", &["crates/database", "crates/login", "crates/oauth-provider"]),
    ("crates/transfer", &["certs-store", "crates/database", "crates/oauth-provider", "crates/provider-store"]),
    ("providers/*", &["crates/oauth-provider", "crates/x509-material", "providers/oauth2", "providers/oidc"]),
    (
        "crates/vestibule",
        &["*", "!crates/server", "!crates/soak", "!crates/testkit", "!crates/alipay-simulator", "!examples/*"],
    ),
    ("crates/server", &["*", "!crates/soak", "!crates/testkit", "!examples/*"]),
    ("crates/soak", &["*", "!crates/testkit", "!examples/*"]),
    ("crates/testkit", &["crates/login", "crates/oauth-provider"]),
    ("examples/*", &["crates/vestibule", "crates/oauth-provider", "crates/alipay-simulator"]),
];

/// Packages that are tools of this project: nothing of the house may need them, in tests neither.
const TOOLS: &[&str] = &["crates/soak"];

/// In which folders a library of consequence may be a dependency (dev-dependencies are free, except of the first two).
const HOMES: &[(&str, &[&str])] = &[
    ("reqwest", &["crates/http-client"]),
    // The long checks look at a server as a browser does, and faster.
    ("hyper", &["crates/http-client", "crates/server", "crates/soak"]),
    // The example is a host, with tables of its own.
    ("sqlx", &["crates/database", "crates/testkit", "examples/*"]),
    ("axum", &["crates/login", "crates/vestibule", "crates/server", "crates/alipay-simulator", "examples/*"]),
];

/// The features of sqlx that bring a driver.
const DRIVERS: &[&str] = &["any", "mysql", "postgres", "sqlite", "sqlite-bundled", "sqlite-unbundled"];

/// Libraries that a folder may have behind a feature that is off by default, and not otherwise.
const OPTIONAL_ONLY: &[(&str, &str)] = &[("crates/login", "axum")];

/// Folders whose sources name no vendor, and the files in them that may.
const VENDOR_FREE: &[(&str, &[&str])] = &[
    ("crates/oauth-provider", &[]),
    ("crates/x509-material", &[]),
    ("crates/http-client", &[]),
    ("crates/database", &[]),
    ("crates/login", &[]),
    ("crates/provider-store", &[]),
    ("crates/attempt-store", &[]),
    ("crates/transfer", &[]),
    ("certs-store", &[]),
    // Its re-export of a provider is a feature.
    ("crates/vestibule", &["src/lib.rs"]),
    ("crates/server", &["src/providers.rs", "src/commands/demo"]),
];

/// Folders in `providers/` that are protocols, not vendors.
const PROTOCOLS: &[&str] = &["oauth2", "oidc"];

struct House {
    root: PathBuf,
    packages: Vec<Package>,
}

struct Package {
    name: String,
    folder: String,
    dependencies: Vec<Dependency>,
    features: BTreeMap<String, Vec<String>>,
    license: Option<String>,
    description: Option<String>,
    manifest: String,
}

struct Dependency {
    name: String,
    /// The folder, where it is a package of the house.
    folder: Option<String>,
    is_dev: bool,
    is_optional: bool,
    /// What it asks of the dependency.
    features: Vec<String>,
}

#[test]
fn packages_import_only_what_their_room_may() {
    let house = House::read();
    let mut faults = Vec::new();
    for package in &house.packages {
        let Some((_, may)) = MAY_IMPORT.iter().find(|(room, _)| stands_for(room, &package.folder)) else {
            faults.push(format!(
                "{} ({}) has no line in MAY_IMPORT: say there which packages of the house it may import",
                package.name, package.folder
            ));
            continue;
        };
        for dependency in package.dependencies.iter().filter(|dependency| !dependency.is_dev) {
            let Some(folder) = &dependency.folder else { continue };
            if !permits(may, folder) {
                faults.push(format!(
                    "{} depends on {}: {} may import {may:?} and no other package of the house",
                    package.name, dependency.name, package.folder
                ));
            }
        }
    }
    none(&faults);
}

#[test]
fn the_test_kit_is_a_dev_dependency_only() {
    let house = House::read();
    let faults: Vec<_> = house
        .packages
        .iter()
        .flat_map(|package| package.dependencies.iter().map(move |dependency| (package, dependency)))
        .filter(|(_, dependency)| dependency.name == "vestibule-testkit" && !dependency.is_dev)
        .map(|(package, _)| format!("{} depends on vestibule-testkit: it belongs in [dev-dependencies]", package.name))
        .collect();
    none(&faults);
}

#[test]
fn libraries_of_consequence_stay_in_their_homes() {
    let house = House::read();
    let mut faults = Vec::new();
    for package in &house.packages {
        for dependency in &package.dependencies {
            let Some((library, homes)) = HOMES.iter().find(|(library, _)| *library == dependency.name) else {
                continue;
            };
            let is_free = dependency.is_dev && !matches!(*library, "reqwest" | "hyper");
            if !is_free && !homes.iter().any(|home| stands_for(home, &package.folder)) {
                faults.push(format!("{} depends on {library}: its homes are {homes:?}", package.name));
            }
        }
    }
    none(&faults);
}

#[test]
fn only_the_database_room_names_a_driver() {
    let house = House::read();
    let homes = HOMES.iter().find_map(|(library, homes)| (*library == "sqlx").then_some(*homes)).unwrap();
    let mut faults = Vec::new();
    for package in &house.packages {
        if homes.iter().any(|home| stands_for(home, &package.folder)) {
            continue;
        }
        let asked = package.dependencies.iter().filter(|dependency| dependency.name == "sqlx");
        let passed_on = package.features.values().flatten().filter_map(|feature| feature.strip_prefix("sqlx"));
        let drivers = asked.flat_map(|dependency| dependency.features.iter().map(String::as_str));
        let passed_on = passed_on.filter_map(|feature| feature.trim_start_matches('?').strip_prefix('/'));
        for driver in drivers.chain(passed_on).filter(|feature| DRIVERS.contains(feature)) {
            faults.push(format!(
                "{} asks sqlx for \"{driver}\": drivers are features of vestibule-database, so that a host takes only its own",
                package.name
            ));
        }
    }
    none(&faults);
}

#[test]
fn nothing_of_the_house_needs_a_tool() {
    let house = House::read();
    let mut faults = Vec::new();
    for package in &house.packages {
        for dependency in &package.dependencies {
            let folder = dependency.folder.as_deref().unwrap_or_default();
            if TOOLS.contains(&folder) {
                faults
                    .push(format!("{} depends on {}, which is a tool of this project", package.name, dependency.name));
            }
        }
    }
    none(&faults);
}

#[test]
fn web_frameworks_are_off_by_default_where_a_host_may_have_another() {
    let house = House::read();
    let mut faults = Vec::new();
    for (folder, library) in OPTIONAL_ONLY {
        let package = house.package(folder);
        let plain = package
            .dependencies
            .iter()
            .any(|dependency| dependency.name == *library && !dependency.is_dev && !dependency.is_optional);
        if plain {
            faults.push(format!("{} depends on {library}: it must be optional there, behind a feature", package.name));
        }
        if package.default_features().contains(*library) {
            faults.push(format!(
                "{} turns {library} on by default: a host may have another, leave it to a feature",
                package.name
            ));
        }
    }
    none(&faults);
}

#[test]
fn every_package_has_license_description_and_the_lints_of_the_house() {
    let house = House::read();
    let mut faults = Vec::new();
    for package in &house.packages {
        if package.license.as_deref() != Some("Apache-2.0") {
            faults.push(format!("{} lacks \"license.workspace = true\"", package.name));
        }
        if package.description.as_deref().is_none_or(str::is_empty) {
            faults.push(format!("{} lacks a description", package.name));
        }
        let has_lints = package
            .manifest
            .split_once("\n[lints]\n")
            .is_some_and(|(_, rest)| rest.trim_start().starts_with("workspace = true"));
        if !has_lints {
            faults.push(format!("{} lacks \"[lints]\" with \"workspace = true\"", package.name));
        }
        let expected = match package.folder.split_once('/') {
            Some(("providers", vendor)) => format!("vestibule-provider-{vendor}"),
            Some(("crates", "vestibule")) => "vestibule".to_owned(),
            Some((_, folder)) => format!("vestibule-{folder}"),
            None => format!("vestibule-{}", package.folder),
        };
        if package.name != expected {
            faults.push(format!(
                "{} stands in {}: a package is named after its folder, \"{expected}\"",
                package.name, package.folder
            ));
        }
    }
    none(&faults);
}

#[test]
fn generic_rooms_name_no_vendor() {
    let house = House::read();
    let vendors: Vec<_> = house
        .packages
        .iter()
        .filter_map(|package| package.folder.strip_prefix("providers/"))
        .filter(|name| !PROTOCOLS.contains(name))
        .collect();
    assert!(!vendors.is_empty(), "no vendor was found in providers/");
    let mut faults = Vec::new();
    for (folder, exempt) in VENDOR_FREE {
        let package = house.root.join(folder);
        for file in sources(&package.join("src")) {
            let inside = file.strip_prefix(&package).unwrap().to_str().unwrap();
            if exempt.iter().any(|prefix| inside.starts_with(prefix)) || inside.ends_with("tests.rs") {
                continue;
            }
            let text = std::fs::read_to_string(&file).unwrap();
            for (number, line) in code_lines(&text) {
                for vendor in vendors.iter().filter(|vendor| line.to_lowercase().contains(**vendor)) {
                    faults.push(format!(
                        "{folder}/{inside}:{number} names {vendor}: what a vendor does differently belongs in providers/{vendor}"
                    ));
                }
            }
        }
    }
    none(&faults);
}

#[test]
fn comments_and_tests_are_not_code() {
    let text = "\
//! Alipay in a head.
/// Alipay in a doc comment.
let url = \"https://alipay.example\"; // Alipay aside
#[cfg(test)]
mod tests {
    const ALIPAY: u8 = 1;
}
";
    let lines: Vec<_> = code_lines(text).collect();
    assert_eq!(lines, [(3, "let url = \"https://alipay.example\"; ")]);
}

#[test]
fn patterns_stand_for_what_they_say() {
    assert!(stands_for("providers/*", "providers/alipay"));
    assert!(!stands_for("providers/*", "providers"));
    assert!(!stands_for("crates/login", "crates/login-more"));
    assert!(permits(&["*", "!examples/*"], "crates/login"));
    assert!(!permits(&["*", "!examples/*"], "examples/embed-axum"));
    assert!(!permits(&["crates/login"], "crates/database"));
}

impl House {
    fn read() -> Self {
        let output = Command::new(env!("CARGO"))
            .args(["metadata", "--format-version", "1", "--no-deps", "--offline"])
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .output()
            .expect("cargo runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
        let root = PathBuf::from(metadata["workspace_root"].as_str().unwrap());
        let packages: Vec<_> =
            metadata["packages"].as_array().unwrap().iter().map(|package| Package::read(package, &root)).collect();
        assert!(packages.len() > 10, "only {} packages were found", packages.len());
        Self { root, packages }
    }

    fn package(&self, folder: &str) -> &Package {
        self.packages
            .iter()
            .find(|package| package.folder == folder)
            .unwrap_or_else(|| panic!("there is no package in {folder}"))
    }
}

impl Package {
    fn read(package: &Value, root: &Path) -> Self {
        let text = |key: &str| package[key].as_str().map(str::to_owned);
        let manifest = PathBuf::from(text("manifest_path").unwrap());
        let dependencies = package["dependencies"].as_array().unwrap();
        Self {
            name: text("name").unwrap(),
            folder: folder(manifest.parent().unwrap(), root),
            dependencies: dependencies.iter().map(|dependency| Dependency::read(dependency, root)).collect(),
            features: serde_json::from_value(package["features"].clone()).unwrap(),
            license: text("license"),
            description: text("description"),
            manifest: std::fs::read_to_string(manifest).unwrap(),
        }
    }

    /// Everything that the default features turn on: features, and names of optional dependencies.
    fn default_features(&self) -> BTreeSet<String> {
        let mut on = BTreeSet::new();
        let mut next = vec!["default".to_owned()];
        while let Some(feature) = next.pop() {
            // "dep:axum", "axum/json" and "axum?/json" all speak of axum; the last one does not turn it on.
            let name = feature.trim_start_matches("dep:").split('/').next().unwrap();
            if name.ends_with('?') || !on.insert(name.to_owned()) {
                continue;
            }
            next.extend(self.features.get(name).into_iter().flatten().cloned());
        }
        on
    }
}

impl Dependency {
    fn read(dependency: &Value, root: &Path) -> Self {
        Self {
            name: dependency["name"].as_str().unwrap().to_owned(),
            folder: dependency["path"].as_str().map(|path| folder(Path::new(path), root)),
            is_dev: dependency["kind"] == "dev",
            is_optional: dependency["optional"] == true,
            features: serde_json::from_value(dependency["features"].clone()).unwrap(),
        }
    }
}

fn folder(path: &Path, root: &Path) -> String {
    path.strip_prefix(root).unwrap().to_str().unwrap().replace('\\', "/")
}

/// Whether `pattern`, a folder or `folder/*`, stands for `folder`.
fn stands_for(pattern: &str, folder: &str) -> bool {
    match pattern.strip_suffix("/*") {
        Some(parent) => folder.rsplit_once('/').is_some_and(|(above, _)| above == parent),
        None => pattern == folder,
    }
}

fn permits(may: &[&str], folder: &str) -> bool {
    let is_refused =
        may.iter().filter_map(|pattern| pattern.strip_prefix('!')).any(|pattern| stands_for(pattern, folder));
    !is_refused && may.iter().any(|pattern| *pattern == "*" || stands_for(pattern, folder))
}

/// The numbered lines of a source without comments, up to its tests.
fn code_lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines()
        .enumerate()
        .take_while(|(_, line)| *line != "#[cfg(test)]")
        .filter(|(_, line)| !line.trim_start().starts_with("//"))
        .map(|(position, line)| (position + 1, line.split_once("// ").map_or(line, |(code, _)| code)))
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut next = vec![folder.to_owned()];
    while let Some(folder) = next.pop() {
        for entry in std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
            let path = entry.unwrap().path();
            if path.is_dir() {
                next.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}

#[track_caller]
fn none(faults: &[String]) {
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}
