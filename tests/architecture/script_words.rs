//! The messages of the engine contain no script syntax: they say in words what is wrong and what is
//! expected, and the script language adds the syntax.

use crate::source::{Source, sources};
use sdflow_dsl::manual::manual;
use std::collections::BTreeMap;

/// The number of strings in each file that still contain script syntax: these numbers only fall.
const KNOWN: &[(&str, usize)] = &[];

/// The strings of a source that contain script syntax, with their lines.
fn scripted(source: &Source) -> Vec<String> {
    let strings = source.tokens.strings.iter().filter(|(_, text)| is_scripted(text));
    strings.map(|(line, text)| format!("{}:{line}: {text}", source.path)).collect()
}

/// True if a string contains a map `#{..}`, an entry of a map in backticks, or a call of a function
/// of the manual. A call with a placeholder as its argument, such as `exact({})`, is a label and
/// does not count.
fn is_scripted(text: &str) -> bool {
    let map = text.match_indices("#{").any(|(at, _)| !text[at + 2..].starts_with(':'));
    let word = |text: &str| text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').count();
    let entry = text.match_indices('`').any(|(at, _)| {
        let inside = &text[at + 1..];
        let end = word(inside);
        end > 0 && inside[end..].starts_with(": ")
    });
    map || entry || calls(text)
}

fn calls(text: &str) -> bool {
    text.match_indices('(').filter(|(at, _)| !text[at + 1..].starts_with('{')).any(|(at, _)| {
        let before = &text[..at];
        let start = before.rfind(|c: char| !(c.is_alphanumeric() || c == '_')).map_or(0, |i| i + 1);
        manual().iter().any(|entry| entry.name == &before[start..])
    })
}

#[test]
fn the_engine_s_messages_hold_no_script() {
    let all: BTreeMap<String, Vec<String>> =
        sources("engine/src").iter().map(|s| (s.path.clone(), scripted(s))).collect();
    let known = |path: &str| KNOWN.iter().find(|(known, _)| *known == path).map_or(0, |(_, count)| *count);
    let new: Vec<_> =
        all.iter().filter(|(path, found)| found.len() > known(path)).flat_map(|(_, found)| found).collect();
    assert!(new.is_empty(), "say it in words, without a script's syntax:\n{new:#?}");
    for (path, count) in KNOWN {
        let left = all.get(*path).map_or(0, Vec::len);
        assert_eq!(left, *count, "{path} became better, or is gone: write {left} in KNOWN");
    }
}

#[test]
fn planted_script_is_found() {
    for text in [
        "\"use samples(points, #{{standardise: true}})\"",
        "\"give `flatten: true`\"",
        "\"a kernel such as imq(1) is expected\"",
        "\"run(flow, points) moves them\"",
        "\"begin with flow.prior(n)\"",
        "r#\"or use `scaling: \"raw\"`\"#",
    ] {
        assert_eq!(scripted(&Source::new("engine/src/run/mod.rs", &format!("let hint = {text};"))).len(), 1, "{text}");
    }
    for text in ["\"exact({})\"", "\"#{:02x}\"", "\"f(x) of `x`\"", "\"the option `flatten`: rows\"", "\"log(1 + u)\""]
    {
        assert_eq!(scripted(&Source::new("engine/src/run/mod.rs", &format!("let hint = {text};"))).len(), 0, "{text}");
    }
    assert!(scripted(&Source::new("engine/src/run/mod.rs", "/// run(flow, points)\nfn f() {}")).is_empty());
}
