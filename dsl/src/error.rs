//! Rhai's errors and ours as the user sees them: cause, place, hint.

use crate::call::{At, Fail};
use crate::import::Program;
use crate::manual;
use crate::source::Sources;
use crate::syntax::{Site, Syntax};
use crate::{Diagnostic, Fault, bind, language};
use rhai::{EvalAltResult, LexError, ParseError, ParseErrorType, Position};

/// A script that does not parse.
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
        ParseErrorType::Reserved(word) => {
            (format!("`{word}` is a reserved word"), Some(format!("choose another name, such as `{word}_`")))
        }
        ParseErrorType::BadInput(LexError::ImproperSymbol(symbol, text)) if text.contains("reserved") => {
            (format!("`{symbol}` is a reserved word"), Some(format!("choose another name, such as `{symbol}_`")))
        }
        ParseErrorType::VariableUndefined(name) => undefined(name, line, syntax, sources),
        ParseErrorType::ModuleUndefined(name) => {
            (format!("there is no module `{name}`"), Some(format!("import it first: import \"file\" as {name};")))
        }
        ParseErrorType::MissingToken(token, why) => (format!("`{token}` is missing {why}"), missing(token, &rest)),
        ParseErrorType::UnexpectedEOF => {
            ("the script ends in the middle of something".into(), Some("close every `(`, `[`, `{` and string".into()))
        }
        ParseErrorType::DuplicatedProperty(name) => {
            (format!("the option `{name}` is given twice"), Some("keep one of them".into()))
        }
        ParseErrorType::ExprTooDeep => {
            let message = format!("an expression is nested deeper than {} levels, the limit", language::DEPTH);
            (message, Some("give its parts names with `let`".into()))
        }
        ParseErrorType::LiteralTooLarge(what, limit) => (format!("{what} is over {limit}, the limit"), None),
        other => (lower(&other.to_string()), None),
    }
}

/// `.5` at this column or just before it.
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

fn undefined(name: &str, line: &str, syntax: &Syntax, sources: &Sources) -> (String, Option<String>) {
    let message = format!("there is no variable `{name}`");
    let declared: Vec<String> = sources.files().iter().flat_map(|f| declarations(&f.text)).collect();
    if declared.iter().any(|d| d == name) {
        let hint =
            "a function or block sees only its own variables: pass it as an argument; a `const` of the script is";
        return (message, Some(format!("{hint} `global::{name}` in a function")));
    }
    if let Some(entry) = manual::named(name).first() {
        return (message, Some(format!("it is a function: write {}", entry.signature)));
    }
    if ["True", "False", "None", "null", "nil"].contains(&name) {
        return (message, Some("write true, false or ()".into()));
    }
    let known = declared.iter().chain(&syntax.variables).map(String::as_str);
    let near = sdflow::nearest(name, known.filter(|k| *k != name)).or_else(|| manual::nearest(name));
    let quoted = line.contains("load(") || line.contains("dataset(");
    let hint = near.map(|n| format!("did you mean `{n}`?"));
    (message, hint.or_else(|| quoted.then(|| format!("a string stands in quotes: \"{name}\""))))
}

/// Names after `let`, `const`, `for` and `fn` parameters, by a plain scan: the text need not parse.
fn declarations(text: &str) -> Vec<String> {
    let words: Vec<&str> = text.split(|c: char| !(c.is_alphanumeric() || c == '_')).filter(|w| !w.is_empty()).collect();
    words.windows(2).filter(|w| ["let", "const", "for"].contains(&w[0])).map(|w| w[1].to_string()).collect()
}

fn missing(token: &str, rest: &str) -> Option<String> {
    match token {
        "," => Some(match rest.chars().next() {
            Some(_) => "put a `,` before it, or close the bracket".into(),
            None => "put a `,` or close the bracket".into(),
        }),
        ";" => Some("put a `;` at the end of the statement before it".into()),
        ")" | "]" | "}" => Some(format!("close the bracket with `{token}`")),
        _ => None,
    }
}

/// A script that failed while it ran.
pub fn of_run(error: &EvalAltResult, program: &Program) -> Diagnostic {
    let (cause, position) = innermost(error, Position::NONE);
    use EvalAltResult as E;
    let fail = match cause {
        E::ErrorRuntime(token, _) | E::ErrorTerminated(token, _) => match token.clone().try_cast::<Fail>() {
            Some(fail) => return of_fail(&fail, position, program),
            None if matches!(cause, E::ErrorTerminated(..)) => {
                Fail { kind: Fault::Interrupted, ..Fail::script("interrupted") }
            }
            None => Fail::script(format!("the script threw {}", crate::call::shown(token))),
        },
        E::ErrorFunctionNotFound(signature, _) => unknown_function(signature, position, &program.syntax),
        E::ErrorDotExpr(text, _) => unknown_property(text),
        E::ErrorPropertyNotFound(name, _) => {
            Fail::script(format!("the map has no key `{name}`")).hint("test for it with `\"key\" in map`")
        }
        E::ErrorVariableNotFound(name, _) => Fail::script(format!("there is no variable `{name}`")),
        E::ErrorMismatchDataType(want, seen, _) if !want.is_empty() => {
            Fail::script(format!("{} was found where {} is wanted", plain(seen), plain(want)))
        }
        E::ErrorTooManyOperations(_) => {
            Fail::script(format!("the script ran {} million operations, the limit", language::OPERATIONS / 1_000_000))
                .hint("a script orchestrates: leave loops over points to the functions")
        }
        E::ErrorStackOverflow(_) => {
            Fail::script(format!("functions call each other deeper than {} levels, the limit", language::CALLS))
                .hint("use a loop instead of a recursion")
        }
        E::ErrorTooManyVariables(_) => Fail::script(format!("more than {} variables, the limit", language::VARIABLES)),
        E::ErrorDataTooLarge(what, _) => Fail::script(too_large(what)),
        E::ErrorParsing(kind, at) => {
            return of_parse(&ParseError(Box::new(kind.clone()), *at), &program.sources, &program.syntax);
        }
        other => Fail::script(lower(&without_position(&other.to_string()))),
    };
    of_fail(&fail, position, program)
}

fn too_large(what: &str) -> String {
    let what = what.to_lowercase();
    let limit = match &what {
        w if w.contains("string") => format!("{} bytes", language::STRING),
        w if w.contains("array") => format!("{} elements", language::ARRAY),
        _ => format!("{} keys", language::MAP),
    };
    format!("{} is larger than {limit}, the limit", what.replace("length of", "a").replace("size of", "a").trim())
}

/// One of our failures, placed at the part of the call that it names.
pub fn of_fail(fail: &Fail, position: Position, program: &Program) -> Diagnostic {
    let mut hint = fail.hint.clone();
    let mut at = position;
    if let Some(site) = program.syntax.call_at(position) {
        let shift = usize::from(site.method);
        let part = match &fail.at {
            At::Call => None,
            At::Argument(i) => i.checked_sub(shift).and_then(|i| site.args.get(i)).map(|a| (a.position, a)),
            At::Key(i, key) => i.checked_sub(shift).and_then(|i| site.args.get(i)).map(|a| {
                let pair = a.keys.iter().flatten().find(|p| p.name == *key);
                pair.map_or((a.position, a), |p| (p.position, &p.value))
            }),
        };
        if let Some((found, arg)) = part {
            at = if found.is_none() { at } else { found };
            if arg.whole_quotient {
                hint = Some("1/2 is 0 in whole numbers: write 1.0/2.0".into());
            }
        }
    }
    Diagnostic {
        kind: fail.kind,
        message: fail.message.clone(),
        place: program.sources.place(at),
        hint,
        see: fail.see.map(String::from),
    }
}

/// The error inside all calls and modules, with the innermost position that is known.
fn innermost(error: &EvalAltResult, outer: Position) -> (&EvalAltResult, Position) {
    let known = |position: Position| if position.is_none() { outer } else { position };
    match error {
        EvalAltResult::ErrorInFunctionCall(_, _, inner, position)
        | EvalAltResult::ErrorInModule(_, inner, position) => innermost(inner, known(*position)),
        other => (other, known(other.position())),
    }
}

/// A call that fits no function: the name, the number of arguments or the receiver is wrong.
fn unknown_function(signature: &str, position: Position, syntax: &Syntax) -> Fail {
    let (name, types) = signature.split_once(" (").unwrap_or((signature, ""));
    let name = name.rsplit("::").next().unwrap_or(name).trim();
    let types: Vec<&str> = types.trim_end_matches(')').split(", ").filter(|t| !t.is_empty()).collect();
    if name.chars().all(|c| !c.is_alphanumeric()) {
        let words: Vec<String> = types.iter().map(|t| plain(t)).collect();
        return Fail::script(format!("`{name}` does not work on {}", words.join(" and ")));
    }
    let site = syntax.call_at(position);
    call_mismatch(name, types.len(), site.is_some_and(|s| s.method), types.first().copied(), syntax)
        .unwrap_or_else(|| no_function(name, syntax))
}

/// The failure of a call of a known name with the wrong number of arguments or the wrong receiver.
pub fn call_mismatch(name: &str, given: usize, method: bool, receiver: Option<&str>, syntax: &Syntax) -> Option<Fail> {
    let entries = manual::named(name);
    if let Some(arities) = syntax.functions.get(name).filter(|a| !a.contains(&given)) {
        let counts: Vec<String> = arities.iter().map(usize::to_string).collect();
        let written = given - usize::from(method);
        return Some(Fail::script(format!("`{name}` takes {} arguments, {written} were given", counts.join(" or "))));
    }
    let entry = *entries.first()?;
    let written: Vec<&str> = entries.iter().map(|e| e.signature).collect();
    let usage = format!("write {}", written.join(" or "));
    let see = Some(entry.name);
    if entries.iter().all(|e| e.is_property()) {
        return Some(Fail { see, ..Fail::script(format!("`{name}` is read without parentheses")).hint(usage) });
    }
    let owners: Vec<&str> = entries.iter().filter_map(|e| e.receiver()).collect();
    let fits = |count: usize| {
        entries.iter().any(|e| e.arity().contains(&(count - usize::from(e.receiver().is_some()).min(count))))
    };
    if fits(given) && !owners.is_empty() {
        let seen = receiver.map_or("this".into(), plain);
        let message = format!("`{name}` belongs to {}; {seen} has none", owners.join(", "));
        return Some(Fail { see, ..Fail::script(message).hint(usage) });
    }
    let given = given - usize::from(method || !owners.is_empty()).min(given);
    let range = entry.arity();
    let want = match (*range.start(), *range.end()) {
        (0, 0) => "no arguments".into(),
        (1, 1) => "1 argument".into(),
        (a, b) if a == b => format!("{a} arguments"),
        (a, b) => format!("{a} to {b} arguments"),
    };
    let were = if given == 1 { "1 was" } else { &format!("{given} were") };
    Some(Fail { see, ..Fail::script(format!("`{name}` takes {want}, {were} given")).hint(usage) })
}

/// The failure of a call of a name that nobody knows.
pub fn no_function(name: &str, syntax: &Syntax) -> Fail {
    let known = manual::manual().iter().map(|e| e.name).chain(syntax.functions.keys().map(String::as_str));
    let fail = Fail::script(format!("there is no function `{name}`"));
    match sdflow::nearest(name, known) {
        Some(near) => {
            Fail { see: manual::named(&near).first().map(|e| e.name), ..fail }.hint(format!("did you mean `{near}`?"))
        }
        None => fail.hint("`sdflow-engine list` shows all names"),
    }
}

/// Rhai's "Unknown property 'x' - a getter is not registered for type 'y'".
fn unknown_property(text: &str) -> Fail {
    let mut quoted = text.split('\'').skip(1).step_by(2);
    let (Some(name), Some(owner)) = (quoted.next(), quoted.next()) else { return Fail::script(lower(text)) };
    let fail = Fail::script(format!("{} has no property `{name}`", plain(owner)));
    let of_owner = || manual::manual().iter().filter(|e| e.receiver() == Some(owner));
    if let Some(method) = of_owner().find(|e| e.name == name) {
        return Fail { see: Some(method.name), ..fail }.hint(format!("it is a method: write {}", method.signature));
    }
    match sdflow::nearest(name, of_owner().map(|e| e.name)) {
        Some(near) => fail.hint(format!("did you mean `.{near}`?")),
        None => fail.hint(format!("it has {}", of_owner().map(|e| e.signature).collect::<Vec<_>>().join(", "))),
    }
}

/// A type's name in words.
fn plain(name: &str) -> String {
    match name.split(" | ").next().unwrap_or(name) {
        "i64" => "a whole number".into(),
        "f64" => "a number".into(),
        "bool" => "a truth value".into(),
        "&str" | "string" | "ImmutableString" | "String" => "a string".into(),
        "()" => "nothing, ()".into(),
        "array" => "an array".into(),
        "map" => "a map".into(),
        "Fn" => "a function".into(),
        other => bind::spoken(other).into(),
    }
}

fn without_position(text: &str) -> String {
    text.rfind(" (line ").map_or(text, |at| &text[..at]).to_string()
}

fn lower(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_lowercase().chain(chars).collect())
}

/// The place of a call for `check`.
pub fn at_call(fail: &Fail, site: &Site, program: &Program) -> Diagnostic {
    of_fail(fail, site.position, program)
}
