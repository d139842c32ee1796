//! The place in the script of the failure of a call.

use super::diagnostic::Diagnostic;
use super::fail::{At, Fail};
use super::program::Program;
use rhai::{EvalAltResult, Position};

/// Returns a failure as a message with a place: the part of the call that the failure names.
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

/// Returns the innermost error inside calls and modules, with the innermost position that is known.
pub fn innermost(error: &EvalAltResult, outer: Position) -> (&EvalAltResult, Position) {
    let known = |position: Position| if position.is_none() { outer } else { position };
    match error {
        EvalAltResult::ErrorInFunctionCall(_, _, inner, position)
        | EvalAltResult::ErrorInModule(_, inner, position) => innermost(inner, known(*position)),
        other => (other, known(other.position())),
    }
}

/// Returns the message of an error of the interpreter without the position at its end.
pub fn without_position(error: &EvalAltResult) -> String {
    let text = error.to_string();
    text.rfind(" (line ").map_or(text.as_str(), |at| &text[..at]).to_string()
}
