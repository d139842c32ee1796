//! The manual: all names of the script language in one table. The table is used to register the
//! functions, to print `list` and `doc`, to write `docs/DSL.md`, and to find the nearest name.

mod definitions;
mod words;

pub use definitions::definitions;
pub use words::{WORDS, word};

pub use crate::call::Entry;
pub use crate::language::{Arg, Kind, Signature, Type};

use crate::bind;
use crate::call::option_type;
use crate::language::deprecated;
use sdflow::options::{Key, OptionType};
use serde_json::Value;
use std::fmt::Write;

/// Returns all entries, by kind and in the order of the manual.
pub fn manual() -> &'static [&'static Entry] {
    bind::entries()
}

/// Returns the entries with the current or former name `name`: functions and methods.
pub fn entries_of(name: &str) -> Vec<&'static Entry> {
    let name = deprecated::current_function(name).unwrap_or(name);
    manual().iter().copied().filter(|e| e.name == name).collect()
}

/// Returns the names of the functions that have an option `name`.
pub fn functions_with_option(name: &str) -> Vec<&'static str> {
    manual().iter().filter(|entry| entry.options.iter().any(|key| key.name == name)).map(|entry| entry.name).collect()
}

/// Returns the name in the manual that is nearest to `name`, if any is near.
pub fn nearest(name: &str) -> Option<String> {
    sdflow::nearest(name, manual().iter().map(|e| e.name))
}

/// Returns one entry as Markdown.
pub fn entry_markdown(entry: &Entry) -> String {
    let mut text = format!("### `{}`\n\n{}\n\n", entry.synopsis(), entry.about);
    let _ = writeln!(text, "Returns {}.\n", entry.returns_in_words());
    if !entry.options.is_empty() {
        text.push_str("| option | default | what it is |\n|---|---|---|\n");
        for key in entry.options {
            let doc = doc_of(entry, key).replace('|', "\\|");
            let _ = writeln!(text, "| `{}` | {} | {doc} |", key.name, default_of(key).unwrap_or_default());
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

/// Returns the description of a key of `entry`, with its former name.
pub fn doc_of(entry: &Entry, key: &Key) -> String {
    match deprecated::earlier(entry.name, key.name) {
        None => key.doc.trim().into(),
        Some(old) => format!("{} The old name `\"{old}\"` still works, with a warning.", key.doc.trim()),
    }
}

/// Returns the default of a key as a script would write it; None if the description states it.
pub fn default_of(key: &Key) -> Option<String> {
    match ((key.default)(), key.value) {
        (Value::Null, _) => None,
        (_, OptionType::Options(_)) => Some("`#{}`".into()),
        (value, _) => Some(format!("`{}`", format_value(&value))),
    }
}

/// Formats a value as a script writes it.
fn format_value(value: &Value) -> String {
    match value {
        Value::Number(number) => match number.as_f64().filter(|_| !number.is_u64()) {
            Some(x) if x != 0.0 && x.abs() < 1e-3 => format!("{x:e}"),
            Some(x) => x.to_string(),
            None => number.to_string(),
        },
        Value::Array(values) => format!("[{}]", values.iter().map(format_value).collect::<Vec<_>>().join(", ")),
        Value::Object(map) => match map.get("schedule").and_then(Value::as_str) {
            Some(name) => {
                let values = map.iter().filter(|(key, _)| *key != "schedule").map(|(_, value)| format_value(value));
                format!("{name}({})", values.collect::<Vec<_>>().join(", "))
            }
            None => {
                let pairs = map.iter().map(|(key, value)| format!("{key}: {}", format_value(value)));
                format!("#{{{}}}", pairs.collect::<Vec<_>>().join(", "))
            }
        },
        plain => plain.to_string(),
    }
}

/// Returns the text of `docs/DSL.md`.
pub fn dsl_markdown() -> String {
    let mut text = format!("{INTRODUCTION}\n## Words\n\n{}", words::words_markdown());
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

/// Describes the type of a key, for `doc`.
pub fn kind_of(key: &Key) -> String {
    match key.value {
        // A tab is shown as it is typed.
        OptionType::Name(known) => format!("\"{}\"", known().join("\" | \"").replace('\t', "\\t")),
        other => option_type::describe_type(&other),
    }
}

const INTRODUCTION: &str = "\
# The script language

This file is generated from the documentation in the code: `sdflow-engine doc --markdown > docs/DSL.md`.

A script is [Rhai](https://rhai.rs/book): `let x = 1.0;`, `if`, `for`, functions, closures `|t| ..`, maps `#{a: 1}`,
arrays, strings, `import \"file\" as name;`. The arguments of a function come first: points, targets, scores and flows. One
map of options comes last. In the headings below, brackets enclose arguments that may be left out. An unknown option is an
error. A whole number is accepted where a number is expected, but `1/2` is 0: write `1.0/2.0`. A function that is declared
with `fn` cannot see variables outside it; it reads a constant of the script as `global::NAME`. Functions work on whole sets
of points, so a script needs no loop over particles.

A script reads files below its own folder and the folders of `--allow-read`, and writes below its run folder.
";
