//! Comments and messages use the words of the field, and doc comments are narrow enough to read.
//!
//! The glossary in CONTRIBUTING.md says which word stands for what.

use crate::source::texts;
use crate::tokens::Tokens;
use std::cmp::Ordering;
use std::path::Path;

/// Words and phrases that are not terms of the field, with the replacement.
const FORBIDDEN: &[(&str, &str)] = &[
    ("law", "distribution"),
    ("laws", "distributions"),
    ("take turns", "minibatch"),
    ("takes turns", "minibatch"),
    ("whose turn", "minibatch"),
    ("carried point", "tracer"),
    ("carried points", "tracers"),
    ("follower", "tracer"),
    ("followers", "tracers"),
    ("foretell", "estimate"),
    ("foretells", "estimates"),
    ("foretold", "estimated"),
    ("mend", "correct, fix"),
    ("mends", "corrects, fixes"),
    ("nobody", "no one, or name who does not"),
    ("is wanted", "is expected"),
    ("are wanted", "are expected"),
    ("hears", "receives"),
    ("in vain", "without success"),
    ("foreseen", "expected"),
];

/// The widest line of a doc comment, in characters.
const WIDTH: usize = 100;

/// The number of forbidden words and of wide doc comments that each package still contains: these
/// numbers only fall.
const KNOWN: [Known; 4] = [
    Known { folder: "engine/src", words: 0, wide: 0 },
    Known { folder: "dsl/src", words: 0, wide: 0 },
    Known { folder: "src", words: 0, wide: 0 },
    Known { folder: "tests", words: 0, wide: 0 },
];

struct Known {
    folder: &'static str,
    words: usize,
    wide: usize,
}

/// Each forbidden word in the comments and in the strings of a source, with its line. A string
/// without a space is a key, a label or a name, and not a sentence.
fn forbidden(path: &str, text: &str) -> Vec<String> {
    let comments = text.lines().enumerate().filter_map(|(i, line)| Some((i + 1, comment(line)?.to_string())));
    let strings = Tokens::of(text).strings.into_iter().filter(|(_, text)| text.contains(' '));
    comments.chain(strings).flat_map(|(line, sentence)| forbidden_in(path, line, &sentence)).collect()
}

/// Each forbidden word in one sentence.
fn forbidden_in(path: &str, line: usize, sentence: &str) -> Vec<String> {
    let words = spaced(sentence);
    let found = FORBIDDEN.iter().filter(|(word, _)| words.contains(&format!(" {word} ")));
    found.map(|(word, instead)| format!("{path}:{line}: `{word}`: say {instead}")).collect()
}

/// The comment on a line, if there is one.
fn comment(line: &str) -> Option<&str> {
    let begin = if line.trim_start().starts_with("//") { line.find("//") } else { line.rfind(" // ") }?;
    Some(&line[begin..]).filter(|rest| line.trim_start().starts_with("//") || !rest.contains('"'))
}

/// The words of a sentence in lower case, each between two spaces.
fn spaced(sentence: &str) -> String {
    let plain = |c: char| if c.is_alphanumeric() || c == '_' { c.to_ascii_lowercase() } else { ' ' };
    let words: String = sentence.chars().map(plain).collect();
    format!(" {} ", words.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// Each line of a doc comment that is too wide.
fn wide(path: &str, text: &str) -> Vec<String> {
    // A row of a table cannot be wrapped.
    let is_doc = |line: &str| {
        let text = ["///", "//!"].iter().find_map(|mark| line.trim_start().strip_prefix(mark));
        text.is_some_and(|text| !text.starts_with(" | "))
    };
    let lines = text.lines().enumerate().filter(|(_, line)| is_doc(line) && line.chars().count() > WIDTH);
    lines.map(|(i, line)| format!("{path}:{}: {} columns", i + 1, line.chars().count())).collect()
}

/// The message about the findings `found` in `folder`; None if their number is `known`.
fn complaint(folder: &str, key: &str, found: &[String], known: usize) -> Option<String> {
    let (n, list) = (found.len(), found.join("\n"));
    match n.cmp(&known) {
        Ordering::Less => Some(format!("{folder} became better: write `{key}: {n}` for {known} in KNOWN")),
        Ordering::Equal => None,
        Ordering::Greater => Some(format!("{list}\n{folder}: these are {n}, but `{key}: {known}` are known")),
    }
}

#[test]
fn comments_and_messages_use_the_words_of_the_field() {
    let complaints = KNOWN.iter().filter_map(|Known { folder, words, .. }| {
        // This file has to contain the words themselves.
        let all = texts(folder).into_iter().filter(|(path, _)| !path.ends_with("plain_words.rs"));
        let found: Vec<_> = all.flat_map(|(path, text)| forbidden(&path, &text)).collect();
        complaint(folder, "words", &found, *words)
    });
    let complaints: Vec<_> = complaints.collect();
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

#[test]
fn documents_and_templates_use_the_words_of_the_field() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let documents = [
        "README.md",
        "engine/README.md",
        "scripts/README.md",
        "docs/performance.md",
        "docs/README.md",
        "docs/tutorial.md",
        "docs/python.md",
        "docs/methods.md",
    ];
    let templates = ["compare", "data", "density", "flow", "generator", "map", "posterior", "sweep"]
        .map(|name| format!("src/new/{name}.rhai"));
    for name in documents.map(String::from).iter().chain(&templates) {
        let text = std::fs::read_to_string(root.join(name)).unwrap();
        let lines = text.lines().enumerate();
        let found: Vec<_> = lines.flat_map(|(i, line)| forbidden_in(name, i + 1, line)).collect();
        assert_eq!(found, Vec::<String>::new());
    }
}

#[test]
fn doc_comments_are_wrapped() {
    let complaints = KNOWN.iter().filter_map(|Known { folder, wide: known, .. }| {
        let found: Vec<_> = texts(folder).into_iter().flat_map(|(path, text)| wide(&path, &text)).collect();
        complaint(folder, "wide", &found, *known)
    });
    let complaints: Vec<_> = complaints.collect();
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

#[test]
fn the_counts_only_fall() {
    let found = ["a".to_string(), "b".to_string()];
    assert!(complaint("src", "words", &found, 2).is_none());
    assert!(complaint("src", "words", &found, 1).unwrap().contains("`words: 1` are known"));
    assert!(complaint("src", "words", &found, 3).unwrap().contains("write `words: 2`"));
}

#[test]
fn planted_words_are_found() {
    for text in [
        "/// Points of the target's law.\nfn f() {}",
        "let x = 1; // The law of x.",
        "let hint = \"mend that cell\";",
        "let hint = r#\"Nobody knows \"x\"\"#;",
        "/// Rows of the particles whose turn it is.",
        "    //! Where the followers are.",
    ] {
        assert_eq!(forbidden("a.rs", text).len(), 1, "{text}");
    }
    for text in [
        "let law = target.law();",
        "stream.label(\"followers\")",
        "/// Flaws, lawn, amended, turns.",
        "let s = \"a // b\"; // Plain.",
    ] {
        assert_eq!(forbidden("a.rs", text), Vec::<String>::new(), "{text}");
    }
}

#[test]
fn planted_wide_comments_are_found() {
    let line = |mark: &str, n: usize| format!("{mark} {}", "x".repeat(n - mark.len() - 1));
    for mark in ["///", "//!", "    ///"] {
        assert_eq!(wide("a.rs", &line(mark, WIDTH + 1)).len(), 1, "{mark}");
        assert!(wide("a.rs", &line(mark, WIDTH)).is_empty(), "{mark}");
    }
    assert!(wide("a.rs", &line("let", WIDTH + 1)).is_empty());
}
