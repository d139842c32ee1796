//! The dependences between files: every path is followed, through re-exports, to the file that
//! defines its last name.

use crate::names::{Names, Path, Use};
use crate::source::Source;
use std::collections::{BTreeMap, BTreeSet};

/// For each file, the files that it names, with the names.
pub type Edges = BTreeMap<String, BTreeMap<String, BTreeSet<String>>>;

/// The modules of one crate.
struct Modules<'a> {
    files: BTreeMap<Path, (&'a str, Names)>,
}

/// The end of a path.
enum End {
    File(String),
    Module(Path),
}

/// The longest chain of re-exports that is followed.
const DEEPEST: usize = 12;

/// The dependences between the files of a crate. `mod child;` and the `pub use` of child modules
/// only re-export names: the file depends on these names only if it also uses them elsewhere. A
/// `use` of a module is not a dependence, but the use of a name of the module is a dependence.
pub fn edges(sources: &[Source]) -> Edges {
    let files = sources.iter().map(|s| (s.module(), (s.path.as_str(), Names::of(&s.tokens.words)))).collect();
    let modules = Modules { files };
    let mut edges = Edges::new();
    for (module, (file, names)) in &modules.files {
        let own = edges.entry(file.to_string()).or_default();
        let mut add = |path: &Path| {
            if let Some(End::File(to)) = modules.end(module, path, 0).filter(|end| !end.is(file)) {
                own.entry(to).or_default().insert(path.last().cloned().unwrap_or_default());
            }
        };
        for taken in &names.uses {
            if !taken.public || names.words.contains(&taken.name) || !modules.is_below(module, taken) {
                add(&taken.path);
            }
        }
        names.paths.iter().for_each(add);
    }
    edges
}

impl End {
    fn is(&self, file: &str) -> bool {
        matches!(self, End::File(to) if to == file)
    }
}

impl Modules<'_> {
    /// True if `taken` re-exports a name of a child of `module`.
    fn is_below(&self, module: &Path, taken: &Use) -> bool {
        match self.end(module, &taken.path, 0) {
            Some(End::File(to)) => self.files.iter().any(|(at, (file, _))| *file == to && at.starts_with(module)),
            Some(End::Module(at)) => at.starts_with(module),
            None => true,
        }
    }

    /// The target of `path` as named in `module`; None if the path leaves the crate.
    fn end(&self, module: &Path, path: &Path, depth: usize) -> Option<End> {
        let (first, rest) = path.split_first()?;
        let supers = path.iter().take_while(|segment| *segment == "super").count();
        match first.as_str() {
            "crate" => self.walk(&Vec::new(), rest, depth),
            "self" => self.walk(module, rest, depth),
            "super" => self.walk(&module[..module.len().checked_sub(supers)?].to_vec(), &path[supers..], depth),
            _ => self.knows(module, first).then(|| self.walk(module, path, depth)).flatten(),
        }
    }

    /// True if `name` is a child of `module`, or is imported or defined there.
    fn knows(&self, module: &Path, name: &String) -> bool {
        self.files.get(module).is_some_and(|(_, names)| {
            names.children.contains(name)
                || names.defined.contains(name)
                || names.uses.iter().any(|taken| taken.name == *name && taken.path.first() != Some(name))
                || names.uses.iter().any(|taken| taken.name == *name && taken.path.len() > 1)
        })
    }

    /// Follows `path` down from `module`. At the end of the path, an item is preferred to a module
    /// of the same name.
    fn walk(&self, module: &Path, path: &[String], depth: usize) -> Option<End> {
        let (file, names) = self.files.get(module)?;
        let Some((segment, rest)) = path.split_first() else { return Some(End::Module(module.clone())) };
        let below = [module.as_slice(), std::slice::from_ref(segment)].concat();
        let child = names.children.contains(segment) && self.files.contains_key(&below);
        let taken = names.uses.iter().find(|taken| taken.name == *segment && depth < DEEPEST);
        let ends = rest.is_empty() || !child;
        if ends && names.defined.contains(segment) {
            return Some(End::File(file.to_string()));
        }
        match taken {
            Some(taken) if ends => match self.end(module, &taken.path, depth + 1)? {
                End::Module(at) => self.walk(&at, rest, depth + 1),
                end => Some(end),
            },
            _ if child => self.walk(&below, rest, depth),
            // A macro may define this name.
            _ => Some(End::File(file.to_string())),
        }
    }
}

/// Files that depend on each other in a circle. Each circle consists of its files and the edges
/// among them.
pub fn circles(edges: &Edges) -> Vec<Edges> {
    let reached = |from: &String| {
        let (mut seen, mut open) = (BTreeSet::new(), vec![from.clone()]);
        while let Some(file) = open.pop() {
            let new = edges.get(&file).into_iter().flatten().map(|(to, _)| to.clone());
            open.extend(new.filter(|to| seen.insert(to.clone())).collect::<Vec<_>>());
        }
        seen
    };
    let reach: BTreeMap<&String, BTreeSet<String>> = edges.keys().map(|file| (file, reached(file))).collect();
    let mut found: Vec<Edges> = Vec::new();
    for (file, all) in reach.iter().filter(|(file, all)| all.contains(**file)) {
        if found.iter().any(|circle| circle.contains_key(*file)) {
            continue;
        }
        let inside: BTreeSet<&String> =
            all.iter().filter(|to| reach.get(to).is_some_and(|r| r.contains(*file))).collect();
        let among = |from: &String| {
            let own = edges[from].iter().filter(|(to, _)| inside.contains(to));
            (from.clone(), own.map(|(to, names)| (to.clone(), names.clone())).collect())
        };
        found.push(inside.iter().map(|from| among(from)).collect());
    }
    found
}

/// A circle as text: one line per file with the names that it uses from the other files.
pub fn shown(circle: &Edges) -> String {
    let mut out = format!("{} files in a circle:\n", circle.len());
    for (from, all) in circle {
        for (to, names) in all {
            let names = names.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
            out += &format!("  {from} -> {to} ({names})\n");
        }
    }
    out
}
