//! `list` and `doc`: the manual of the script language on the command line.

use crate::diagnostics::usage;
use crate::exit::Exit;
use crate::terminal;
use crate::wrap::{WIDTH, wrap};
use sdflow_dsl::Diagnostic;
use sdflow_dsl::manual::{self, Entry, Kind, Type};
use std::fmt::Write;

/// Lists all names of the script language, or the names of one kind.
///
/// # Errors
/// There is no such kind.
pub fn list(word: Option<&str>) -> Result<Exit, Diagnostic> {
    let kinds = match word {
        None => Kind::ALL.to_vec(),
        Some(word) => vec![Kind::of(word).ok_or_else(|| unknown_kind(word))?],
    };
    let text: String = kinds.into_iter().map(list_kind).filter(|text| !text.is_empty()).collect();
    terminal::print_result(text.trim_end());
    terminal::check_printed().map(|()| Exit::Done)
}

/// The works that the manual cites, one entry each.
pub const REFERENCES: &str = include_str!("../REFERENCES.bib");

/// Explains one name, word or citation, lists the names below one heading of the list, or prints
/// the glossary.
///
/// # Errors
/// There is no such name; the hint names the functions with an option of that name.
pub fn doc(name: &str) -> Result<Exit, Diagnostic> {
    // `list` shows methods with their owner.
    let (owner, own_name) = name.rsplit_once('.').map_or((None, name), |(owner, name)| (Some(owner), name));
    let is_of_owner = |entry: &&Entry| owner.is_none() || entry.receiver.map(Type::name) == owner;
    let entries: Vec<&Entry> = manual::entries_of(own_name).into_iter().filter(is_of_owner).collect();
    if entries.is_empty() {
        return match Kind::of(name) {
            Some(_) => list(Some(name)),
            None if name == "words" => print(&words()),
            None => print(&explain_other(name)?),
        };
    }
    let text: Vec<String> = entries.into_iter().map(explain).collect();
    terminal::print_result(text.join("\n").trim_end());
    terminal::check_printed().map(|()| Exit::Done)
}

/// Returns the glossary of the manual.
fn words() -> String {
    manual::WORDS.iter().copied().map(explain_word).collect()
}

fn explain_word((word, meaning): (&str, &str)) -> String {
    format!("{word}\n    {}\n", wrap(meaning, WIDTH - 4).join("\n    "))
}

/// Explains a word of the glossary, or a key by which the manual cites a work.
///
/// # Errors
/// There is no such word and no such key.
fn explain_other(name: &str) -> Result<String, Diagnostic> {
    let functions = manual::functions_with_option(name);
    match (manual::word(name).map(explain_word), functions.first()) {
        (Some(text), None) => Ok(text),
        (Some(text), Some(first)) => {
            let functions = quoted(&functions);
            Ok(format!("{text}\n`{name}` is also an option of {functions}: see `sdflow-engine doc {first}`.\n"))
        }
        (None, _) => cited_work(name).map(String::from).ok_or_else(|| unknown_name(name)),
    }
}

/// Returns the entry of the bibliography with this key.
pub fn cited_work(key: &str) -> Option<&'static str> {
    let key_of = |entry: &'static str| Some(entry.split_once('{')?.1.split_once(',')?.0);
    REFERENCES.split("\n\n").find(|entry| key_of(entry) == Some(key))
}

fn quoted(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// Prints the whole manual as Markdown.
///
/// # Errors
/// Standard output cannot be written.
pub fn print_markdown() -> Result<Exit, Diagnostic> {
    print(&manual::dsl_markdown())
}

/// Prints the definitions of all names, for an editor.
///
/// # Errors
/// Standard output cannot be written.
pub fn print_definitions() -> Result<Exit, Diagnostic> {
    print(&manual::definitions())
}

fn print(text: &str) -> Result<Exit, Diagnostic> {
    terminal::print_result(text.trim_end());
    terminal::check_printed().map(|()| Exit::Done)
}

fn unknown_name(name: &str) -> Diagnostic {
    let functions = manual::functions_with_option(name);
    if let Some(first) = functions.first() {
        let message = format!("`{name}` is not a function, but an option of {}", quoted(&functions));
        return usage(message, format!("sdflow-engine doc {first}"));
    }
    let near = manual::nearest(name).map(|near| format!("did you mean `{near}`?"));
    let hint = near.unwrap_or_else(|| "`sdflow-engine list` shows all names".into());
    usage(format!("there is no name `{name}` in the script language"), hint)
}

fn unknown_kind(word: &str) -> Diagnostic {
    let words = Kind::ALL.map(Kind::word);
    let hint = sdflow::nearest(word, words).map(|near| format!("did you mean `{near}`?"));
    usage(format!("there is no kind `{word}`"), hint.unwrap_or_else(|| format!("the kinds are {}", words.join(", "))))
}

fn list_kind(kind: Kind) -> String {
    let entries: Vec<&Entry> = manual::manual().iter().copied().filter(|entry| entry.kind == kind).collect();
    if entries.is_empty() {
        return String::new();
    }
    let width = entries.iter().map(|entry| entry.synopsis().chars().count()).max().unwrap_or(0).min(44);
    let mut text = format!("{}\n", kind.word());
    for entry in entries {
        let _ = writeln!(text, "  {:<width$}  {}", entry.synopsis(), first_sentence(entry.about));
    }
    text + "\n"
}

fn first_sentence(text: &str) -> String {
    let end = text.find(". ").map_or(text.len(), |at| at + 1);
    text[..end].split_whitespace().collect::<Vec<_>>().join(" ")
}

fn explain(entry: &Entry) -> String {
    let about = wrap(entry.about, WIDTH).join("\n");
    let mut text = format!("{}\n\n{about}\nReturns {}.\n", entry.synopsis(), entry.returns_in_words());
    if !entry.options.is_empty() {
        text.push_str("\nOptions\n");
    }
    for key in entry.options {
        let _ = writeln!(
            text,
            "  {}: {}{}\n      {}",
            key.name,
            manual::kind_of(key),
            manual::default_of(key).map(|default| format!(" (default {default})")).unwrap_or_default(),
            wrap(&manual::doc_of(entry, key), WIDTH - 6).join("\n      ")
        );
    }
    if !entry.names.is_empty() {
        text.push_str("\nNames\n");
    }
    for (name, what) in entry.names {
        let _ = writeln!(text, "  {name}: {}", wrap(what, WIDTH - 6).join("\n      "));
    }
    let example = entry.example.trim().replace('\n', "\n  ");
    if !example.is_empty() {
        let _ = write!(text, "\nExample\n  {example}\n");
    }
    text
}
