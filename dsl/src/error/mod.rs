//! Rhai's errors and ours as the user sees them: cause, place, hint.

mod mismatch;
mod parse;

pub use mismatch::{call_mismatch, no_function};
pub use parse::of_parse;

use crate::call::{At, Fail};
use crate::import::Program;
use crate::manual;
use crate::syntax::Site;
use crate::{Diagnostic, Fault, bind, language};
use mismatch::unknown_function;
use rhai::{EvalAltResult, ParseError, Position};

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
        E::ErrorTooManyVariables(_) => Fail::script(format!("more than {} variables, the limit", language::VARIABLES))
            .hint("keep values of one kind in an array"),
        E::ErrorDataTooLarge(what, _) => Fail::script(too_large(what))
            .hint("large data belongs into points: `load` a file, or sample a target; `save` writes them"),
        E::ErrorParsing(kind, at) => {
            return of_parse(&ParseError(Box::new(kind.clone()), *at), &program.sources, &program.syntax);
        }
        other => Fail::script(lower(&without_position(&other.to_string()))),
    };
    of_fail(&fail, position, program)
}

fn too_large(what: &str) -> String {
    let what = what.to_lowercase();
    let (what, limit) = match &what {
        w if w.contains("string") => ("a string", format!("{} bytes", language::STRING)),
        w if w.contains("array") => ("an array", format!("{} elements", language::ARRAY)),
        _ => ("a map", format!("{} keys", language::MAP)),
    };
    format!("{what} is larger than {limit}, the limit")
}

/// One of our failures, placed at the part of the call that it names.
pub fn of_fail(fail: &Fail, position: Position, program: &Program) -> Diagnostic {
    let mut hint = fail.hint.clone();
    let mut at = position;
    let told = match &fail.at {
        At::Inside { part, .. } => part,
        part => part,
    };
    if let Some(site) = program.syntax.call_at(position) {
        let shift = usize::from(site.method);
        let part = match told {
            At::Call | At::Inside { .. } => None,
            At::Argument(i) => i.checked_sub(shift).and_then(|i| site.args.get(i)).map(|a| (a.position, a)),
            At::Key(i, key) => i.checked_sub(shift).and_then(|i| site.args.get(i)).map(|a| {
                let pair = a.keys.iter().flatten().find(|p| p.name == *key);
                let within = matches!(fail.at, At::Inside { .. });
                pair.map_or((a.position, a), |p| (if within { p.value.position } else { p.position }, &p.value))
            }),
        };
        if let Some((found, arg)) = part {
            at = if found.is_none() { at } else { found };
            if arg.whole_quotient {
                hint = Some("1/2 is 0 in whole numbers: write 1.0/2.0".into());
            }
        }
    }
    let (place, message) = match (program.sources.place(at), &fail.at) {
        (place, At::Inside { text, at, length, .. }) => {
            match place.as_ref().and_then(|place| place.inside(text, *at, *length)) {
                Some(inside) => (Some(inside), fail.message.clone()),
                None => (place, format!("{}, at character {} of \"{text}\"", fail.message, at + 1)),
            }
        }
        (place, _) => (place, fail.message.clone()),
    };
    Diagnostic { kind: fail.kind, message, place, hint, see: fail.see.map(String::from) }
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

/// Where a script failed.
pub fn place_of(error: &EvalAltResult) -> Position {
    innermost(error, Position::NONE).1
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
