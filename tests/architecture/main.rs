//! The architecture of the sources: the order of the modules, no circles between files, files of at
//! most 300 lines, words that are kept in one place, words that are not used at all, and no script
//! syntax in the engine.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // A test and its helpers may fail by panicking.

mod circles;
mod distinct_types;
mod graph;
mod length;
mod names;
mod order;
mod plain_words;
mod script_words;
mod source;
mod tokens;
mod words;

use source::{Source, sources};

/// The sources of `folder` with `text` at the head of the file at `path`; the file is created if
/// there is none.
fn with_planted(folder: &str, path: &str, text: &str) -> Vec<Source> {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let before = std::fs::read_to_string(root.join(path)).unwrap_or_default();
    let mut all = sources(folder);
    all.retain(|source| source.path != path);
    all.push(Source::new(path, &format!("{text}\n{before}")));
    all
}
