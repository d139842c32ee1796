//! The names of a source: its declarations, its imports by `use`, and the paths that it uses.

use std::collections::BTreeSet;

/// A path's segments.
pub type Path = Vec<String>;

/// One name that a `use` imports.
#[derive(Debug, Clone)]
pub struct Use {
    pub name: String,
    pub path: Path,
    /// True if it is re-exported, by `pub use` of any visibility.
    pub public: bool,
}

/// The names of one source.
#[derive(Debug, Default)]
pub struct Names {
    /// Modules declared by `mod name;`.
    pub children: BTreeSet<String>,
    /// Functions, types, traits, constants and macros.
    pub defined: BTreeSet<String>,
    pub uses: Vec<Use>,
    /// Paths of two or more segments outside `use`.
    pub paths: Vec<Path>,
    /// Every word outside `use`.
    pub words: BTreeSet<String>,
}

const TYPES: [&str; 5] = ["struct", "enum", "trait", "type", "union"];
const VALUES: [&str; 3] = ["fn", "const", "static"];

impl Names {
    pub fn of(tokens: &[String]) -> Names {
        let mut names = Names::default();
        let (mut i, mut depth) = (0, 0usize);
        while i < tokens.len() {
            let word = |at: usize| tokens.get(at).map_or("", String::as_str);
            let next = word(i + 1).to_string();
            match word(i) {
                "{" => depth += 1,
                "}" => depth = depth.saturating_sub(1),
                "use" => {
                    let public = i > 0 && [")", "pub"].contains(&word(i - 1));
                    i = names.read_use(tokens, i + 1, &Vec::new(), public);
                    continue;
                }
                "mod" if word(i + 2) == ";" => {
                    names.children.insert(next);
                    i += 2;
                }
                "macro_rules" => _ = names.defined.insert(word(i + 2).into()),
                // The braces of a macro may contain types, so a type is recorded at any depth.
                kind if TYPES.contains(&kind) => _ = names.defined.insert(next),
                kind if VALUES.contains(&kind) => {
                    if depth == 0 {
                        names.defined.insert(next);
                    }
                    i += usize::from(kind == "fn");
                }
                first if is_name(first) => {
                    i = names.read_path(tokens, i);
                    continue;
                }
                _ => {}
            }
            i += 1;
        }
        names
    }

    /// Reads `a::b::c` at `i` and returns where it ends.
    fn read_path(&mut self, tokens: &[String], mut i: usize) -> usize {
        let begin = i;
        let mut path = vec![tokens[i].clone()];
        while let [a, b, segment, ..] = &tokens[i + 1..]
            && a == ":"
            && b == ":"
            && is_name(segment)
        {
            path.push(segment.clone());
            i += 3;
        }
        // `.name` is a field or a method, and not a name in the scope of this file.
        if i == begin && begin > 0 && tokens[begin - 1] == "." {
            return i + 1;
        }
        self.words.insert(path[0].clone());
        if path.len() > 1 {
            self.paths.push(path);
        }
        i + 1
    }

    /// Reads the tree of a `use` at `i`, below `base`, and returns where it ends.
    fn read_use(&mut self, tokens: &[String], mut i: usize, base: &Path, public: bool) -> usize {
        let mut path = base.clone();
        let mut name = None;
        while i < tokens.len() {
            match tokens[i].as_str() {
                "{" => {
                    i += 1;
                    while tokens.get(i).is_some_and(|token| token != "}") {
                        i = self.read_use(tokens, i, &path, public);
                        i += usize::from(tokens.get(i).is_some_and(|token| token == ","));
                    }
                    return i + 1;
                }
                ";" | "," | "}" => break,
                "as" => {
                    name = tokens.get(i + 1).cloned();
                    i += 1;
                }
                "self" if !path.is_empty() => {}
                ":" => {}
                segment => path.push(segment.into()),
            }
            i += 1;
        }
        if let Some(last) = path.last().cloned() {
            self.uses.push(Use { name: name.unwrap_or(last), path, public });
        }
        i
    }
}

fn is_name(token: &str) -> bool {
    token.starts_with(|c: char| c.is_alphabetic() || c == '_')
}
