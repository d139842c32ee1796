//! Everything a script can say, in one table: it registers the functions, answers `list` and `doc`, makes `docs/DSL.md`
//! and finds the name that was meant.

mod definitions;

pub use definitions::definitions;

use crate::call::Native;
use crate::{bind, options, spelling};
use sdflow::options::{Key, OptionType};
use serde_json::Value;
use std::fmt::Write;
use std::ops::RangeInclusive;
use std::sync::LazyLock;

/// One function, method or property of the script language.
#[derive(Clone)]
pub struct Entry {
    /// Its name.
    pub name: &'static str,
    /// The kind of thing it makes or does.
    pub kind: Kind,
    /// How it is written: `load(file[, options])`, `points.rows(i, j)`, `points.n`.
    pub signature: &'static str,
    /// What it returns.
    pub returns: &'static str,
    /// One paragraph.
    pub about: &'static str,
    /// The keys of its options map.
    pub options: &'static [Key],
    /// The names that its first argument may be, with what they mean.
    pub names: &'static [(&'static str, &'static str)],
    /// A few lines that run.
    pub example: &'static str,
    /// What it does.
    pub(crate) call: Native,
}

/// The kinds of [`Entry`], in the manual's order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Parameters.
    Parameter,
    /// Point sets.
    Points,
    /// Targets and bases.
    Target,
    /// Schedules.
    Schedule,
    /// Kernels.
    Kernel,
    /// Scores.
    Score,
    /// Flows.
    Flow,
    /// Models.
    Model,
    /// Metrics.
    Metric,
    /// Running.
    Run,
    /// Saying.
    Saying,
}

impl Kind {
    /// Are numbers that such a function returns found by computing, and not what the script itself says?
    pub fn is_result(self) -> bool {
        !matches!(self, Kind::Parameter | Kind::Schedule | Kind::Kernel)
    }

    /// All kinds in order.
    pub const ALL: [Kind; 11] = [
        Kind::Parameter,
        Kind::Points,
        Kind::Target,
        Kind::Schedule,
        Kind::Kernel,
        Kind::Score,
        Kind::Flow,
        Kind::Model,
        Kind::Metric,
        Kind::Run,
        Kind::Saying,
    ];

    /// The word for `list KIND`.
    pub fn word(self) -> &'static str {
        match self {
            Kind::Parameter => "parameters",
            Kind::Points => "points",
            Kind::Target => "targets",
            Kind::Schedule => "schedules",
            Kind::Kernel => "kernels",
            Kind::Score => "scores",
            Kind::Flow => "flows",
            Kind::Model => "models",
            Kind::Metric => "metrics",
            Kind::Run => "running",
            Kind::Saying => "saying",
        }
    }

    /// The kind that a word names, in singular or plural.
    pub fn of(word: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|k| k.word() == word || k.word().strip_suffix('s') == Some(word))
    }
}

impl Entry {
    /// The type whose method or property it is.
    pub fn receiver(&self) -> Option<&'static str> {
        let head = self.signature.split(['(', '[']).next()?;
        head.split_once('.').map(|(receiver, _)| receiver)
    }

    /// Is it read without parentheses?
    pub fn is_property(&self) -> bool {
        !self.signature.contains('(')
    }

    /// Numbers of arguments that it takes, a receiver not counted.
    pub fn arity(&self) -> RangeInclusive<usize> {
        let required = self.arguments().filter(|(_, optional)| !optional).count();
        required..=self.arguments().count()
    }

    /// The name of argument `i` as Rust counts: a receiver is argument 0.
    pub fn argument(&self, i: usize) -> Option<String> {
        let shift = usize::from(self.receiver().is_some());
        if i < shift {
            return self.receiver().map(String::from);
        }
        self.arguments().nth(i - shift).map(|(name, _)| name.to_string())
    }

    /// A call of it that works, from its example: "write normal(1000, 2)".
    pub fn usage(&self) -> String {
        let opened = format!("{}(", self.name);
        let written = self.example.find(&opened).and_then(|at| {
            let call = &self.example[at..];
            let mut depth = 0;
            let close = |c: char| {
                depth += i32::from(c == '(') - i32::from(c == ')');
                c == ')' && depth == 0
            };
            call.find(close).map(|end| &call[..=end])
        });
        match written.filter(|call| !call.contains('\n')) {
            Some(call) if self.receiver().is_none() => format!("for example {call}"),
            _ => format!("write {}", self.signature),
        }
    }

    /// Argument names with "may be left out".
    fn arguments(&self) -> impl Iterator<Item = (&'static str, bool)> {
        let inside = self.signature.split_once('(').map_or("", |(_, rest)| rest.trim_end_matches(')'));
        let optional_from = inside.find('[').unwrap_or(inside.len());
        let clean = |part: &'static str| part.trim_matches([' ', '[', ']']);
        let mut at = 0;
        inside.split(',').filter_map(move |part| {
            let start = at;
            at += part.len() + 1;
            // "a[, b]" splits into "a[" and " b]": an argument is optional when a bracket opened before it.
            let optional = start > optional_from || part.trim_start().starts_with('[');
            (!clean(part).is_empty()).then(|| (clean(part), optional))
        })
    }
}

/// Every entry, by kind and in the order of the manual.
pub fn manual() -> &'static [&'static Entry] {
    static ALL: LazyLock<Vec<&'static Entry>> = LazyLock::new(|| {
        let mut all: Vec<&'static Entry> = bind::ENTRIES.iter().flat_map(|list| list.iter()).collect();
        all.extend(bind::kernel::entries());
        all.extend(bind::metric::entries());
        all.sort_by_key(|e| e.kind);
        all
    });
    &ALL
}

/// The entries called `name`: a function, and the methods of that name.
pub fn named(name: &str) -> Vec<&'static Entry> {
    manual().iter().copied().filter(|e| e.name == name).collect()
}

/// The name in the manual that `name` was most likely meant to be.
pub fn nearest(name: &str) -> Option<String> {
    sdflow::nearest(name, manual().iter().map(|e| e.name))
}

/// One entry as Markdown.
pub fn entry_markdown(entry: &Entry) -> String {
    let mut text = format!("### `{}`\n\n{}\n\n", entry.signature, entry.about);
    let _ = writeln!(text, "Returns {}.\n", entry.returns);
    if !entry.options.is_empty() {
        text.push_str("| option | default | what it is |\n|---|---|---|\n");
        for key in entry.options {
            let doc = doc_of(entry, key).replace('|', "\\|");
            let _ = writeln!(text, "| `{}` | {} | {doc} |", key.name, default_of(key));
        }
        text.push('\n');
    }
    if !entry.names.is_empty() {
        text.push_str("| name | what it is |\n|---|---|\n");
        entry.names.iter().for_each(|(name, what)| text.push_str(&format!("| `{name}` | {what} |\n")));
        text.push('\n');
    }
    let _ = writeln!(text, "```rhai\n{}\n```\n", entry.example.trim());
    text
}

/// What a key of `entry` does, with the spelling that it had before.
pub fn doc_of(entry: &Entry, key: &Key) -> String {
    match spelling::earlier(entry.name, key.name) {
        None => key.doc.trim().into(),
        Some(old) => format!("{} The old spelling, `\"{old}\"`, works and is warned of.", key.doc.trim()),
    }
}

/// The default of a key as a script would write it.
pub fn default_of(key: &Key) -> String {
    match ((key.default)(), key.value) {
        (Value::Null, _) => "chosen".into(),
        (_, OptionType::Options(_)) => "`#{}`".into(),
        (value, _) => format!("`{}`", written(&value)),
    }
}

/// A value as a script writes it.
fn written(value: &Value) -> String {
    match value {
        Value::Number(number) => match number.as_f64().filter(|_| !number.is_u64()) {
            Some(x) if x != 0.0 && x.abs() < 1e-3 => format!("{x:e}"),
            Some(x) => x.to_string(),
            None => number.to_string(),
        },
        Value::Array(values) => format!("[{}]", values.iter().map(written).collect::<Vec<_>>().join(", ")),
        Value::Object(map) => match map.get("schedule").and_then(Value::as_str) {
            Some(name) => {
                let values = map.iter().filter(|(key, _)| *key != "schedule").map(|(_, value)| written(value));
                format!("{name}({})", values.collect::<Vec<_>>().join(", "))
            }
            None => {
                let pairs = map.iter().map(|(key, value)| format!("{key}: {}", written(value)));
                format!("#{{{}}}", pairs.collect::<Vec<_>>().join(", "))
            }
        },
        plain => plain.to_string(),
    }
}

/// The whole of `docs/DSL.md`.
pub fn dsl_markdown() -> String {
    let mut text = String::from(INTRODUCTION);
    for kind in Kind::ALL {
        let entries: Vec<_> = manual().iter().filter(|e| e.kind == kind).collect();
        if entries.is_empty() {
            continue;
        }
        let mut title = kind.word().to_string();
        title[..1].make_ascii_uppercase();
        let _ = write!(text, "\n## {title}\n\n");
        entries.iter().for_each(|e| text.push_str(&entry_markdown(e)));
    }
    text.trim_end().to_string() + "\n"
}

/// What a key wants, in words, for `doc`.
pub fn kind_of(key: &Key) -> String {
    match key.value {
        OptionType::Name(known) => format!("\"{}\"", known().join("\" | \"")),
        other => options::wanted(&other),
    }
}

const INTRODUCTION: &str = "\
# The script language

This file is generated from the functions themselves: `sdflow-engine doc --markdown > docs/DSL.md`.

A script is [Rhai](https://rhai.rs/book): `let x = 1.0;`, `if`, `for`, functions, closures `|t| ..`, maps `#{a: 1}`,
arrays, strings, `import \"file\" as name;`. Points, targets, scores and flows are arguments and come first; one map of
options comes last and may be left out. An unknown option is an error. A whole number is welcome where a number is meant,
but `1/2` is 0: write `1.0/2.0`. Functions see only their parameters; a constant of the script is `global::NAME` in them.
Nothing in a script runs per particle.

A script reads files below its own folder and the folders of `--allow-read`, and writes below its run folder.
";
