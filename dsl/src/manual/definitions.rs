//! The manual as Rhai definition files, for editors.

use super::{doc_of, manual};
use crate::call::Entry;
use std::fmt::Write;

/// Returns every function, method and property with its documentation, as the text of a `.d.rhai`
/// file: `module static;`, then a line `fn name(argument: type) -> type;` for each possible number
/// of arguments.
pub fn definitions() -> String {
    let mut text = String::from("module static;\n");
    manual().iter().for_each(|entry| text.push_str(&definition(entry)));
    text
}

fn definition(entry: &Entry) -> String {
    let mut text = String::new();
    for count in entry.arity() {
        text.push('\n');
        write_comment(&mut text, entry);
        let receiver = entry.receiver.map(|owner| format!("this_{}: {}", owner.name(), owner.defined(true)));
        let others = entry.args.iter().take(count).map(|arg| format!("{}: {}", arg.name, arg.value.defined(true)));
        let arguments: Vec<String> = receiver.into_iter().chain(others).collect();
        let get = if entry.is_property { "get " } else { "" };
        let returns = entry.returns.defined(false);
        let _ = writeln!(text, "fn {get}{}({}) -> {returns};", entry.name, arguments.join(", "));
    }
    text
}

fn write_comment(text: &mut String, entry: &Entry) {
    let mut line = |words: &str| {
        let _ = writeln!(text, "/// {words}");
    };
    line(&format!("`{}`: {}", entry.synopsis(), entry.about));
    line(&format!("Returns {}.", entry.returns_in_words()));
    entry.options.iter().for_each(|key| line(&format!("- `{}`: {}", key.name, doc_of(entry, key))));
}
