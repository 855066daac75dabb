//! Holds the documentation together: every page of the book is in its table of contents, and every relative link leads to a file.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that panics has failed")]

use std::path::{Path, PathBuf};

#[test]
fn the_table_of_contents_lists_every_page_of_the_book() {
    let book = book();
    let summary =
        std::fs::read_to_string(book.join("SUMMARY.md")).expect("the book has a table of contents, SUMMARY.md");
    let listed: Vec<PathBuf> = links(&summary).iter().map(|(_, target)| book.join(without_fragment(target))).collect();
    let missing: Vec<_> = pages(&book)
        .into_iter()
        .filter(|page| !page.ends_with("SUMMARY.md") && !listed.contains(page))
        .map(|page| format!("{} is not listed in SUMMARY.md", page.display()))
        .collect();
    assert!(missing.is_empty(), "\n{}\n", missing.join("\n"));
}

#[test]
fn every_relative_link_leads_to_a_file() {
    let root = root();
    let mut broken = Vec::new();
    let pages = pages(&root);
    assert!(!pages.is_empty(), "no page was found");
    for page in pages {
        let text = std::fs::read_to_string(&page).unwrap();
        for (line, target) in links(&text) {
            let file = without_fragment(&target);
            if file.is_empty() || has_scheme(file) {
                continue;
            }
            if !page.parent().unwrap().join(file).exists() {
                let page = page.strip_prefix(&root).unwrap().display();
                broken.push(format!("{page}:{line} links to \"{target}\", which does not exist"));
            }
        }
    }
    assert!(broken.is_empty(), "\n{}\n", broken.join("\n"));
}

#[test]
fn links_are_found_in_text_and_not_in_code() {
    let text = "\
See [one](a.md), [two](b.md#part \"Title\") and ![three](<c d.png>).
`[not](this.md)` [four][ref]
```
[nor](that.md)
```
[ref]: e.md
";
    let found = links(text);
    let found: Vec<_> = found.iter().map(|(line, target)| (*line, target.as_str())).collect();
    assert_eq!(found, [(1, "a.md"), (1, "b.md#part"), (1, "c d.png"), (6, "e.md")]);
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// The folder of the book's pages, as `docs/book.toml` names it.
fn book() -> PathBuf {
    let docs = root().join("docs");
    let settings = std::fs::read_to_string(docs.join("book.toml")).expect("docs/book.toml can be read");
    let named = settings.lines().find_map(|line| line.strip_prefix("src = \"")?.strip_suffix('"'));
    docs.join(named.unwrap_or("src")).canonicalize().unwrap()
}

/// All Markdown files below `folder`, without what is built or hidden.
fn pages(folder: &Path) -> Vec<PathBuf> {
    let mut pages = Vec::new();
    let mut next = vec![folder.to_owned()];
    while let Some(folder) = next.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            if path.is_dir() && !name.starts_with('.') && !matches!(name, "target" | "book") {
                next.push(path);
            } else if path.is_file() && name.ends_with(".md") {
                pages.push(path);
            }
        }
    }
    pages.sort();
    pages
}

/// The targets of inline links, images and reference definitions, each with its line.
fn links(text: &str) -> Vec<(usize, String)> {
    let mut links = Vec::new();
    let mut is_code = false;
    for (position, line) in text.lines().enumerate() {
        if line.trim_start().starts_with("```") {
            is_code = !is_code;
        }
        if is_code {
            continue;
        }
        // Every second part between backticks is code.
        for part in line.split('`').step_by(2) {
            let targets = part.split("](").skip(1).filter_map(|rest| rest.split_once(')'));
            links.extend(targets.map(|(target, _)| (position + 1, destination(target))));
        }
        let definition = line.strip_prefix('[').and_then(|rest| rest.split_once("]: "));
        links.extend(definition.map(|(_, target)| (position + 1, destination(target))));
    }
    links
}

/// A link's destination without its title.
fn destination(target: &str) -> String {
    let target = target.trim();
    match target.strip_prefix('<').and_then(|rest| rest.split_once('>')) {
        Some((inside, _)) => inside.to_owned(),
        None => target.split_whitespace().next().unwrap_or_default().to_owned(),
    }
}

fn without_fragment(target: &str) -> &str {
    target.split('#').next().unwrap_or_default()
}

fn has_scheme(target: &str) -> bool {
    ["http:", "https:", "mailto:"].iter().any(|scheme| target.starts_with(scheme))
}
