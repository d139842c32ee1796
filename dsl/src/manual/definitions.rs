//! The registry as an editor reads it: Rhai's definition files.

use super::{Entry, doc_of, manual};
use std::fmt::Write;

/// Every function, method and property with its documentation, as the text of a `.d.rhai` file: `module static;`, then a
/// line `fn name(argument: type) -> type;` for each number of arguments that may be given. A type that is not one of the
/// handles or plain values is `?`, as Rhai writes it.
pub fn definitions() -> String {
    let mut text = String::from("module static;\n");
    manual().iter().for_each(|entry| text.push_str(&defined(entry)));
    text
}

fn defined(entry: &Entry) -> String {
    let mut text = String::new();
    for count in entry.arity() {
        text.push('\n');
        commented(&mut text, entry);
        let receiver = entry.receiver().map(|owner| format!("this_{owner}: {}", type_of(owner)));
        let first = usize::from(receiver.is_some());
        let others = (first..first + count).filter_map(|i| entry.argument(i)).map(|name| {
            let kind = type_of(&name);
            format!("{name}: {kind}")
        });
        let arguments: Vec<String> = receiver.into_iter().chain(others).collect();
        let get = if entry.is_property() { "get " } else { "" };
        let returned = returned(entry.returns);
        let _ = writeln!(text, "fn {get}{}({}) -> {returned};", entry.name, arguments.join(", "));
    }
    text
}

fn commented(text: &mut String, entry: &Entry) {
    let mut line = |words: &str| {
        let _ = writeln!(text, "/// {words}");
    };
    line(&format!("`{}`: {}", entry.signature, entry.about));
    line(&format!("Returns {}.", entry.returns));
    entry.options.iter().for_each(|key| line(&format!("- `{}`: {}", key.name, doc_of(entry, key))));
}

/// The type of an argument by its name.
fn type_of(name: &str) -> &'static str {
    match name {
        "points" | "start" => "points",
        "target" => "target",
        "flow" => "flow",
        "generator" => "generator",
        "result" => "result",
        "matrix" => "matrix",
        "reading" => "reading",
        "table" => "table",
        "score" => "score",
        "options" | "values" | "axes" => "Map",
        "file" | "metric" | "relation" | "column" => "String",
        "n" | "dim" | "i" | "j" => "int",
        "lo" | "hi" | "from" | "to" | "rho" | "h" | "bound" => "float",
        "function" => "FnPtr",
        "condition" => "bool",
        _ => "?",
    }
}

/// The type of what comes back, by its description.
fn returned(words: &str) -> &'static str {
    let first: Vec<&str> = words.split([',', ' ']).filter(|w| !["a", "an", "the"].contains(w)).take(2).collect();
    match first.as_slice() {
        ["nothing", ..] => "()",
        ["whole", "number"] => "int",
        ["number", ..] => "float",
        ["string", ..] => "String",
        ["condition", ..] => "bool",
        ["array", ..] => "Array",
        ["map", ..] | ["schedule", ..] | ["row", ..] => "Map",
        ["points", ..] => "points",
        ["target", ..] => "target",
        ["score", ..] => "score",
        ["flow", ..] => "flow",
        ["generator", ..] => "generator",
        ["result", ..] => "result",
        ["matrix", ..] => "matrix",
        ["reading", ..] => "reading",
        ["table", ..] => "table",
        _ => "?",
    }
}
