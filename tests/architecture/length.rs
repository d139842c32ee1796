//! The length of the sources.

use crate::source::texts;

/// The largest number of lines of a source.
const MOST: usize = 300;

fn complaint(path: &str, text: &str) -> Option<String> {
    let lines = text.lines().count();
    (lines > MOST).then(|| format!("{path} has {lines} lines: divide it into files of at most {MOST} lines"))
}

#[test]
fn sources_are_short() {
    let all = ["engine/src", "dsl/src", "src"].into_iter().flat_map(texts);
    let complaints: Vec<_> = all.filter_map(|(path, text)| complaint(&path, &text)).collect();
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

#[test]
fn a_long_source_is_seen() {
    let lines = |n: usize| "//\n".repeat(n);
    assert!(complaint("a.rs", &lines(MOST)).is_none());
    assert!(complaint("a.rs", &lines(MOST + 1)).unwrap().starts_with("a.rs has 301 lines"));
}
