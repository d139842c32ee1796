//! No two types of the command line share a name, so that a name says which type is meant.

use crate::source::{Source, sources};
use std::collections::BTreeMap;

const KINDS: [&str; 4] = ["struct", "enum", "trait", "type"];

/// Names of types that several files define, with those files.
fn shared(sources: &[Source]) -> Vec<String> {
    let mut files: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for source in sources {
        for pair in source.tokens.words.windows(2).filter(|pair| KINDS.contains(&pair[0].as_str())) {
            files.entry(&pair[1]).or_default().push(&source.path);
        }
    }
    let shared = files.into_iter().filter(|(_, files)| files.len() > 1);
    shared.map(|(name, files)| format!("{name}: {}", files.join(", "))).collect()
}

#[test]
fn no_two_types_of_the_command_line_share_a_name() {
    assert_eq!(shared(&sources("src")), Vec::<String>::new());
}

#[test]
fn a_planted_name_is_found() {
    let of = |path: &str, text: &str| Source::new(path, text);
    let found = shared(&[of("src/a.rs", "pub struct Report;"), of("src/b.rs", "enum Report { A }")]);
    assert_eq!(found, ["Report: src/a.rs, src/b.rs"]);
    assert!(shared(&[of("src/a.rs", "struct Report;"), of("src/b.rs", "use crate::a::Report;")]).is_empty());
}
