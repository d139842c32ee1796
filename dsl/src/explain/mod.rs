//! Errors of Rhai and of sdflow as messages for the user: cause, place, hint.

mod arguments;
mod parse_error;
mod types;

pub use arguments::{call_mismatch, no_function};
pub use parse_error::of_parse;

use crate::language::{Diagnostic, Fail, Fault, Program, Type, innermost, limits, of_fail, without_position};
use crate::manual;
use crate::value::format_content;
use arguments::unknown_function;
use rhai::{EvalAltResult, ParseError, Position};
use types::{lower, plain};

/// Explains why a script failed while it ran.
pub fn of_run(error: &EvalAltResult, program: &Program) -> Diagnostic {
    let (cause, position) = innermost(error, Position::NONE);
    use EvalAltResult as E;
    let fail = match cause {
        E::ErrorRuntime(token, _) | E::ErrorTerminated(token, _) => match token.clone().try_cast::<Fail>() {
            Some(fail) => return of_fail(&fail, position, program),
            None if matches!(cause, E::ErrorTerminated(..)) => {
                Fail { kind: Fault::Interrupted, ..Fail::script("interrupted") }
            }
            None => Fail::script(format!("the script threw {}", format_content(token))),
        },
        E::ErrorFunctionNotFound(signature, _) => unknown_function(signature, position, &program.syntax),
        E::ErrorDotExpr(text, _) => unknown_property(text),
        E::ErrorPropertyNotFound(name, _) => {
            Fail::script(format!("the map has no key `{name}`")).hint("test for it with `\"key\" in map`")
        }
        E::ErrorVariableNotFound(name, _) => Fail::script(format!("there is no variable `{name}`")),
        E::ErrorMismatchDataType(want, seen, _) if !want.is_empty() => {
            Fail::script(format!("{} was found where {} is expected", plain(seen), plain(want)))
        }
        E::ErrorDataRace(text, _) => {
            let method = text.split('\'').nth(1).unwrap_or("a method");
            Fail::script(format!("the closure given to `{method}` uses the very value on which `{method}` is called"))
                .hint("copy the value first, as in `let copy = values;`, and use the copy in the closure")
        }
        E::ErrorIndexingType(text, _) if text.starts_with(Type::Points.name()) => {
            Fail::script("points have no brackets")
                .hint("write x.rows(0, 1) for the first point, x.column(0) for a coordinate")
        }
        E::ErrorTooManyOperations(_) => Fail::script(format!(
            "the script reached the limit of {} million operations",
            limits::OPERATIONS / 1_000_000
        ))
        .hint("call functions of whole sets of points instead of looping over points"),
        E::ErrorStackOverflow(_) => {
            Fail::script(format!("calls of functions are nested deeper than the limit of {} levels", limits::CALLS))
                .hint("use a loop instead of a recursion")
        }
        E::ErrorTooManyVariables(_) => {
            Fail::script(format!("the script has more than the limit of {} variables", limits::VARIABLES))
                .hint("keep values of one kind in an array")
        }
        E::ErrorDataTooLarge(what, _) => Fail::script(too_large(what))
            .hint("keep large data in points: `load` a file, or sample a target; `save` writes points"),
        E::ErrorParsing(kind, at) => {
            return of_parse(&ParseError(Box::new(kind.clone()), *at), &program.sources, &program.syntax);
        }
        other => Fail::script(lower(&without_position(other))),
    };
    of_fail(&fail, position, program)
}

fn too_large(what: &str) -> String {
    let what = what.to_lowercase();
    let (what, limit) = match &what {
        w if w.contains("string") => ("a string", format!("{} bytes", limits::STRING)),
        w if w.contains("array") => ("an array", format!("{} elements", limits::ARRAY)),
        _ => ("a map", format!("{} keys", limits::MAP)),
    };
    format!("{what} is larger than the limit of {limit}")
}

/// Explains Rhai's "Unknown property 'x' - a getter is not registered for type 'y'".
fn unknown_property(text: &str) -> Fail {
    let mut quoted = text.split('\'').skip(1).step_by(2);
    let (Some(name), Some(owner)) = (quoted.next(), quoted.next()) else { return Fail::script(lower(text)) };
    let fail = Fail::script(format!("{} has no property `{name}`", plain(owner)));
    let of_owner = || manual::manual().iter().filter(|e| e.receiver.is_some_and(|of| of.name() == owner));
    if text.contains("setter")
        && let Some(property) = of_owner().find(|e| e.name == name && e.is_property)
    {
        let fail = Fail::script(format!("the property `{name}` of {} can be read, but not changed", plain(owner)));
        return Fail { see: Some(property.name), ..fail };
    }
    if let Some(method) = of_owner().find(|e| e.name == name) {
        return Fail { see: Some(method.name), ..fail }.hint(format!("it is a method: {}", method.synopsis()));
    }
    match sdflow::nearest(name, of_owner().map(|e| e.name)) {
        Some(near) => fail.hint(format!("did you mean `.{near}`?")),
        None => fail.hint(format!("it has {}", of_owner().map(|e| e.synopsis()).collect::<Vec<_>>().join(", "))),
    }
}
