//! Errors of a script that cannot be parsed.

use super::types::lower;
use crate::language::{Diagnostic, Fault, Sources, Syntax, limits};
use crate::manual;
use rhai::{LexError, ParseError, ParseErrorType};

/// Explains the error of a script that cannot be parsed.
pub fn of_parse(error: &ParseError, sources: &Sources, syntax: &Syntax) -> Diagnostic {
    let place = sources.place(error.position()).or_else(|| sources.last());
    let line = place.as_ref().and_then(|p| p.source.lines().nth(p.line - 1)).unwrap_or_default().to_string();
    let (message, hint) = parse_cause(error.err_type(), &line, place.as_ref().map_or(1, |p| p.column), syntax, sources);
    Diagnostic { kind: Fault::Script, message, place, hint, see: None }
}

fn parse_cause(
    error: &ParseErrorType,
    line: &str,
    column: usize,
    syntax: &Syntax,
    sources: &Sources,
) -> (String, Option<String>) {
    let rest: String = line.chars().skip(column - 1).collect();
    if let Some(number) = leading_point(line, column) {
        return (format!("`{number}` is not a number in this language"), Some(format!("write 0{number}")));
    }
    match error {
        ParseErrorType::Reserved(symbol) if !symbol.chars().any(char::is_alphabetic) => {
            (format!("`{symbol}` means nothing in this language"), None)
        }
        // A reserved word cannot be the name of a property, but the parser does not say so.
        ParseErrorType::PropertyExpected if rest.starts_with(char::is_alphabetic) => {
            let word: String = rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            (format!("`{word}` is a reserved word"), Some(format!("put it in quotes: #{{\"{word}\": ..}}")))
        }
        ParseErrorType::Reserved(word) => {
            (format!("`{word}` is a reserved word"), Some(format!("choose another name, such as `{word}_`")))
        }
        ParseErrorType::BadInput(LexError::MalformedChar(text)) => {
            (format!("'{text}' is no string"), Some(format!("strings have double quotes: \"{text}\"")))
        }
        ParseErrorType::BadInput(LexError::ImproperSymbol(symbol, text)) if text.contains("reserved") => {
            (format!("`{symbol}` is a reserved word"), Some(format!("choose another name, such as `{symbol}_`")))
        }
        ParseErrorType::VariableUndefined(name) => explain_undefined(name, line, syntax, sources),
        ParseErrorType::ModuleUndefined(name) => {
            (format!("there is no module `{name}`"), Some(format!("import it first: import \"file\" as {name};")))
        }
        ParseErrorType::MissingToken(token, why) if token == "," && rest.starts_with([';', '}']) => {
            let bracket = if why.contains("array") {
                "]"
            } else if why.contains("map") {
                "}"
            } else {
                ")"
            };
            (format!("`{bracket}` is missing before `{}`", &rest[..1]), missing(bracket, &rest))
        }
        ParseErrorType::MissingToken(token, why) => (missing_token(token, why), missing(token, &rest)),
        ParseErrorType::UnexpectedEOF => (
            "the script ends before an expression is complete".into(),
            Some("close every `(`, `[`, `{` and string".into()),
        ),
        ParseErrorType::DuplicatedProperty(name) => {
            (format!("the option `{name}` is given twice"), Some("keep one of them".into()))
        }
        ParseErrorType::ExprTooDeep => {
            let message = format!("an expression is nested deeper than the limit of {} levels", limits::DEPTH);
            (message, Some("give its parts names with `let`".into()))
        }
        ParseErrorType::LiteralTooLarge(what, limit) => (format!("{what} exceeds the limit of {limit}"), None),
        other if other.to_string().contains("typo of '=='") => {
            ("a condition is expected, but `=` assigns a value".into(), Some("compare with `==`".into()))
        }
        other => (lower(&other.to_string()), None),
    }
}

/// Returns the number such as `.5` at this column or just before it.
fn leading_point(line: &str, column: usize) -> Option<String> {
    let text: Vec<char> = line.chars().collect();
    let starts = |at: usize| {
        let digit = text.get(at + 1).is_some_and(char::is_ascii_digit);
        let free = at == 0 || !(text[at - 1].is_alphanumeric() || matches!(text[at - 1], ')' | ']' | '_' | '.'));
        text.get(at) == Some(&'.') && digit && free
    };
    let at = [column.checked_sub(1), column.checked_sub(2)].into_iter().flatten().find(|&at| starts(at))?;
    let digits = text[at + 1..].iter().take_while(|c| c.is_ascii_alphanumeric());
    Some(std::iter::once(&'.').chain(digits).collect())
}

fn explain_undefined(name: &str, line: &str, syntax: &Syntax, sources: &Sources) -> (String, Option<String>) {
    let message = format!("there is no variable `{name}`");
    let declared: Vec<String> = sources.files().iter().flat_map(|f| declarations(&f.text)).collect();
    if declared.iter().any(|d| d == name) {
        let hint = format!("a function cannot see outer variables: pass `{name}` as an argument");
        return (message, Some(format!("{hint}, or declare it by `const` and write `global::{name}`")));
    }
    let is_option = line.contains(&format!("{name}:")) && !manual::functions_with_option(name).is_empty();
    if is_option && !line.contains("#{") {
        return (message, Some(format!("options are a map: write #{{{name}: ..}}")));
    }
    if let Some(entry) = manual::entries_of(name).first() {
        return (message, Some(format!("it is a function: write {}", entry.synopsis())));
    }
    if ["True", "False", "None", "null", "nil"].contains(&name) {
        return (message, Some("write true, false or ()".into()));
    }
    if manual::manual().iter().any(|entry| entry.names.iter().any(|(known, _)| *known == name)) {
        return (message, Some(format!("put the name in quotes: \"{name}\"")));
    }
    let known = declared.iter().chain(&syntax.variables).map(String::as_str);
    let near = sdflow::nearest(name, known.filter(|k| *k != name)).or_else(|| manual::nearest(name));
    let quoted = line.contains("load(") || line.contains("dataset(");
    let hint = near.map(|n| format!("did you mean `{n}`?"));
    (message, hint.or_else(|| quoted.then(|| format!("put a string in quotes: \"{name}\""))))
}

/// Returns the names after `let`, `const` and `for`, by a plain scan, because the text need not
/// parse.
fn declarations(text: &str) -> Vec<String> {
    let words: Vec<&str> = text.split(|c: char| !(c.is_alphanumeric() || c == '_')).filter(|w| !w.is_empty()).collect();
    words.windows(2).filter(|w| ["let", "const", "for"].contains(&w[0])).map(|w| w[1].to_string()).collect()
}

/// The message for a missing token; `why` is the reason in Rhai's words.
fn missing_token(token: &str, why: &str) -> String {
    match why.strip_prefix("to separate the arguments to function call '") {
        Some(function) => {
            format!("`{token}` is missing between the arguments of `{}`", function.trim_end_matches('\''))
        }
        None => format!("`{token}` is missing {why}"),
    }
}

/// The hint for a token that is missing before `rest`.
fn missing(token: &str, rest: &str) -> Option<String> {
    match token {
        "," => Some(match rest.chars().next() {
            Some(_) => "put a `,` before the marked place, or close the bracket".into(),
            None => "put a `,` or close the bracket".into(),
        }),
        ";" => Some("put a `;` at the end of the statement before it".into()),
        ")" | "]" | "}" => Some(format!("close the bracket with `{token}`")),
        _ => None,
    }
}
