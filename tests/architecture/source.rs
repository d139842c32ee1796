//! The Rust sources of a folder, without their tests.

use crate::tokens::Tokens;
use std::path::Path;

/// One source file, without comments and without its test module.
pub struct Source {
    /// The path from the root of the repository, with `/`.
    pub path: String,
    /// Its code.
    pub tokens: Tokens,
    /// The modules that it declares for tests only, as paths without an extension.
    tests: Vec<String>,
}

/// The paths and the full texts of all Rust files below `folder`, a folder of the repository.
pub fn texts(folder: &str) -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    let mut folders = vec![root.join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display())) {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                let name = path.strip_prefix(root).unwrap().to_string_lossy().replace('\\', "/");
                found.push((name, std::fs::read_to_string(&path).unwrap()));
            }
        }
    }
    found.sort();
    found
}

/// The root of a separate crate, which calls the library in the same folder.
const PROGRAM: &str = "src/main.rs";

/// All Rust sources below `folder`, except for files that are test modules.
pub fn sources(folder: &str) -> Vec<Source> {
    let mut found: Vec<Source> = texts(folder).iter().map(|(path, text)| Source::new(path, text)).collect();
    let tests: Vec<String> = found.iter().flat_map(|source| source.tests.clone()).collect();
    let is_test = |path: &str| tests.iter().any(|t| path == format!("{t}.rs") || path.starts_with(&format!("{t}/")));
    found.retain(|source| !is_test(&source.path) && source.path != PROGRAM);
    found
}

/// True if the line stands before the declaration of a test module.
fn is_test_line(line: &str) -> bool {
    line == "#[cfg(test)]" || line.starts_with("#[cfg(all(test")
}

impl Source {
    pub fn new(path: &str, text: &str) -> Source {
        let home = match path.trim_end_matches(".rs").rsplit_once('/') {
            Some((folder, "mod" | "lib" | "main")) => folder,
            _ => path.trim_end_matches(".rs"),
        };
        let (mut code, mut tests) = (String::new(), Vec::new());
        let mut lines = text.lines().peekable();
        while let Some(line) = lines.next() {
            let declared = lines.peek().filter(|_| is_test_line(line)).and_then(|next| next.strip_prefix("mod "));
            match declared.map(|rest| rest.trim_end_matches([' ', '{', '}', ';'])) {
                Some(_) if lines.peek().is_some_and(|next| next.ends_with('{')) => break,
                Some(name) => tests.push(format!("{home}/{name}")),
                None => {}
            }
            code.push_str(line);
            code.push('\n');
        }
        Source { path: path.into(), tokens: Tokens::of(&code), tests }
    }

    /// The module's path inside its crate; it is empty for the crate's root.
    pub fn module(&self) -> Vec<String> {
        let inside = self.path.split_once("src/").map_or("", |(_, rest)| rest).trim_end_matches(".rs");
        let mut parts: Vec<String> = inside.split('/').map(String::from).collect();
        if parts.last().is_some_and(|last| ["mod", "lib", "main"].contains(&last.as_str())) {
            parts.pop();
        }
        parts
    }
}
