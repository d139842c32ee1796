//! The part of a script that decides the result of one of its calls.

use super::Program;
use rhai::Position;
use std::fmt::Write;

impl Program {
    /// Returns the text of everything that runs before or in the top-level statement at `position`:
    /// the script up to the end of that statement, the functions that it can call, and its imports.
    /// A change elsewhere does not change the result of the statement.
    pub fn text_up_to(&self, position: Position) -> String {
        let files = self.sources.files();
        let script = files.first().map_or("", |file| file.text.as_str());
        let next = self.main.statements().iter().map(rhai::Stmt::position).find(|start| *start > position);
        let end = next.and_then(|start| offset(script, start)).unwrap_or(script.len());
        let mut text = script[..end].to_string();
        // The text of a closure is part of the statement or the function that makes it.
        for function in self.main.iter_fn_def().filter(|function| !function.name.starts_with("anon$")) {
            let _ = write!(text, "\n{function:?}");
        }
        for file in files.iter().skip(1) {
            text.push_str(&file.text);
        }
        text
    }
}

/// Returns the byte offset of this position.
fn offset(text: &str, position: Position) -> Option<usize> {
    let (line, column) = (position.line()?, position.position().unwrap_or(1));
    let start: usize = text.split_inclusive('\n').take(line - 1).map(str::len).sum();
    let within = text.get(start..)?.char_indices().nth(column - 1).map(|(at, _)| at)?;
    Some(start + within)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::limits;
    use std::path::Path;

    fn prefix(text: &str, call: &str) -> String {
        let explain =
            |_: &rhai::ParseError, _: &super::super::Sources, _: &super::super::Syntax| panic!("{}", "syntax");
        let program = Program::compile(&limits::engine(), Path::new("a.rhai"), text.into(), explain).unwrap();
        let site = program.syntax.calls.iter().find(|site| site.name == call).unwrap();
        program.text_up_to(site.position)
    }

    #[test]
    fn what_comes_later_does_not_count() {
        let text = |start: &str, function: &str, end: &str| {
            format!(
                "fn f(x) {{ {function} }}\n/* é */ let x = {start};\nfor i in 0..3 {{\n  run(x);\n  print(1) }}\nlet s = || {end};\n{end}"
            )
        };
        let whole = prefix(&text("1", "x + 1", "print(2)"), "run");
        assert!(whole.contains("print(1)") && !whole.contains("print(2)"), "{whole}");
        assert_eq!(whole, prefix(&text("1", "x + 1", "3 + 4"), "run"));
        assert_ne!(whole, prefix(&text("2", "x + 1", "print(2)"), "run"));
        assert_ne!(whole, prefix(&text("1", "x + 2", "print(2)"), "run"));
        let last = prefix(&text("1", "x + 1", "done()"), "done");
        assert!(last.contains("done()"), "{last}");
    }
}
