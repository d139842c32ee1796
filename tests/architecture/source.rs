//! Rust sources as tokens, far enough to see which paths they name.

use std::path::Path;

/// One source file without comments, strings and its test module.
pub struct Source {
    /// From the root of the repository, with `/`.
    pub path: String,
    /// Its code.
    pub tokens: Tokens,
    test_files: Vec<String>,
}

/// Words and punctuation marks in order.
pub struct Tokens(Vec<String>);

/// All Rust sources below `folder`, a folder of the repository, but for files that are test modules.
pub fn sources(folder: &str) -> Vec<Source> {
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
                found.push(Source::new(&name, &std::fs::read_to_string(&path).unwrap()));
            }
        }
    }
    let tests: Vec<String> = found.iter().flat_map(|source| source.test_files.clone()).collect();
    found.retain(|source| !tests.contains(&source.path));
    found
}

/// Files that `text`, the source at `path`, declares as modules for tests only.
fn test_files(path: &str, text: &str) -> Vec<String> {
    let own = path.trim_end_matches(".rs");
    let home = if ["mod", "lib", "main"].iter().any(|root| own.ends_with(&format!("/{root}"))) {
        own.rsplit_once('/').map_or("", |(folder, _)| folder)
    } else {
        own
    };
    let declared = text.split("#[cfg(test)]\nmod ").skip(1).filter_map(|rest| rest.split_once(';'));
    let named = declared.filter(|(name, _)| name.chars().all(|c| c.is_alphanumeric() || c == '_'));
    named.map(|(name, _)| format!("{home}/{name}.rs")).collect()
}

impl Source {
    pub fn new(path: &str, text: &str) -> Source {
        let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
        Source { path: path.into(), tokens: Tokens::of(code), test_files: test_files(path, text) }
    }

    /// The module's path inside its crate; the crate's root has none.
    pub fn module(&self) -> Vec<String> {
        let inside = self.path.split_once("src/").map_or("", |(_, rest)| rest).trim_end_matches(".rs");
        let parts = inside.split('/').filter(|part| !["mod", "lib", "main"].contains(part));
        parts.map(String::from).collect()
    }

    /// First words after the crate's root in every path that this source names: `crate::a::b`, `use crate::{a, b::c}`,
    /// and `super::` as far as it leads out of the module.
    pub fn named_modules(&self) -> Vec<String> {
        let tokens = &self.tokens.0;
        let mut named = Vec::new();
        for (i, word) in tokens.iter().enumerate() {
            let continues = i >= 2 && tokens[i - 1] == ":" && tokens[i - 2] == ":";
            let root = match word.as_str() {
                "crate" if !continues => Some(i + 1),
                "super" if !continues => self.root_after_supers(i),
                _ => None,
            };
            if let Some(at) = root {
                named.extend(self.tokens.first_words(at));
            }
        }
        named
    }

    /// Where the path of `super`s that starts at `i` goes on, if it leads to the crate's root.
    fn root_after_supers(&self, i: usize) -> Option<usize> {
        let supers = self.tokens.0[i..].chunks(3).take_while(|chunk| chunk[0] == "super").count();
        (supers == self.module().len()).then_some(i + 3 * supers - 2)
    }
}

impl Tokens {
    /// Does this sequence of tokens occur?
    pub fn contain(&self, word: &[&str]) -> bool {
        self.0.windows(word.len()).any(|window| window.iter().zip(word).all(|(a, b)| a == b))
    }

    /// The first words behind the `::` at `at`: one, or those of a group in braces.
    fn first_words(&self, at: usize) -> Vec<String> {
        let rest = &self.0[at.min(self.0.len())..];
        match rest {
            [a, b, brace, inside @ ..] if a == ":" && b == ":" && brace == "{" => group(inside),
            [a, b, word, ..] if a == ":" && b == ":" => vec![word.clone()],
            _ => Vec::new(),
        }
    }

    fn of(code: &str) -> Tokens {
        let chars: Vec<char> = code.chars().collect();
        let mut tokens = Vec::new();
        let mut i = 0;
        while i < chars.len() {
            let next = chars.get(i + 1).copied().unwrap_or(' ');
            i = match chars[i] {
                '/' if next == '/' => past_line(&chars, i),
                '/' if next == '*' => past_block(&chars, i),
                '"' => past_string(&chars, i),
                'r' if next == '"' || next == '#' => {
                    past_raw_string(&chars, i).unwrap_or_else(|| word(&chars, i, &mut tokens))
                }
                '\'' => past_char(&chars, i),
                c if c.is_alphanumeric() || c == '_' => word(&chars, i, &mut tokens),
                c => {
                    if !c.is_whitespace() {
                        tokens.push(c.to_string());
                    }
                    i + 1
                }
            };
        }
        Tokens(tokens)
    }
}

/// The first word of each entry of a group, up to its closing brace.
fn group(inside: &[String]) -> Vec<String> {
    let mut words = Vec::new();
    let (mut depth, mut fresh) = (0, true);
    for token in inside {
        match token.as_str() {
            "{" => depth += 1,
            "}" if depth == 0 => break,
            "}" => depth -= 1,
            "," if depth == 0 => fresh = true,
            word if fresh => {
                words.push(word.to_string());
                fresh = false;
            }
            _ => {}
        }
    }
    words
}

fn word(chars: &[char], i: usize, tokens: &mut Vec<String>) -> usize {
    let end = (i..chars.len()).find(|&j| !(chars[j].is_alphanumeric() || chars[j] == '_')).unwrap_or(chars.len());
    tokens.push(chars[i..end].iter().collect());
    end
}

fn past_line(chars: &[char], i: usize) -> usize {
    (i..chars.len()).find(|&j| chars[j] == '\n').unwrap_or(chars.len())
}

fn past_block(chars: &[char], i: usize) -> usize {
    let end = (i + 2..chars.len()).find(|&j| chars[j] == '*' && chars.get(j + 1) == Some(&'/'));
    end.map_or(chars.len(), |j| j + 2)
}

fn past_string(chars: &[char], i: usize) -> usize {
    let mut j = i + 1;
    while j < chars.len() && chars[j] != '"' {
        j += if chars[j] == '\\' { 2 } else { 1 };
    }
    j + 1
}

/// Behind `r"..."` or `r#"..."#`; none when it is a raw word such as `r#type`.
fn past_raw_string(chars: &[char], i: usize) -> Option<usize> {
    let hashes = chars[i + 1..].iter().take_while(|c| **c == '#').count();
    let open = i + 1 + hashes;
    if chars.get(open) != Some(&'"') {
        return None;
    }
    let closes =
        |j: usize| chars[j] == '"' && chars[j + 1..].iter().take(hashes).filter(|c| **c == '#').count() == hashes;
    Some((open + 1..chars.len()).find(|&j| closes(j)).map_or(chars.len(), |j| j + 1 + hashes))
}

/// Behind a character; a lifetime's quote is passed alone.
fn past_char(chars: &[char], i: usize) -> usize {
    match chars.get(i + 1) {
        Some('\\') => (i + 3..chars.len()).find(|&j| chars[j] == '\'').map_or(chars.len(), |j| j + 1),
        Some(_) if chars.get(i + 2) == Some(&'\'') => i + 3,
        _ => i + 1,
    }
}
