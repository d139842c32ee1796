//! Errors of function calls: the name, the number of arguments or the receiver is wrong.

use super::types::plain;
use crate::call::Entry;
use crate::language::{Fail, Syntax, Type};
use crate::manual;
use rhai::Position;

/// Functions that are defined for numbers with decimals only, so that a quotient of whole numbers,
/// which has no decimals, is noticed.
const OF_DECIMALS: [&str; 20] = [
    "sqrt", "exp", "ln", "log", "sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh", "asinh", "acosh",
    "atanh", "hypot", "floor", "ceiling", "round",
];

/// What to write in place of arithmetic with points.
const NO_ARITHMETIC: &str = "compute with coordinates: x.column(0).map(|u| 2.0 * u), and points([[..], ..]) of rows";

/// Explains a call that fits no function: the name, the number of arguments or the receiver is
/// wrong.
pub fn unknown_function(signature: &str, position: Position, syntax: &Syntax) -> Fail {
    let (name, types) = signature.split_once(" (").unwrap_or((signature, ""));
    let name = name.rsplit("::").next().unwrap_or(name).trim();
    let types: Vec<&str> = types.strip_suffix(')').unwrap_or(types).split(", ").filter(|t| !t.is_empty()).collect();
    if name.chars().all(|c| !c.is_alphanumeric()) {
        let words: Vec<String> = types.iter().map(|t| plain(t)).collect();
        let fail = Fail::script(format!("`{name}` does not work on {}", words.join(" and ")));
        let has_points = types.iter().any(|of| plain(of) == plain(Type::Points.name()));
        let is_arithmetic = ["+", "-", "*", "/", "%", "**"].contains(&name);
        return if has_points && is_arithmetic { fail.hint(NO_ARITHMETIC) } else { fail };
    }
    if OF_DECIMALS.contains(&name) && types.iter().all(|of| ["i64", "f64"].contains(of)) {
        let hint = "write 2.0 for 2, and n.to_float() for a variable";
        return Fail::script(format!("`{name}` takes numbers with decimals, and a whole number was given")).hint(hint);
    }
    // In `f.call(x)` the site is the call of `call`, and the name is that of the closure in `f`.
    let is_method = syntax.call_at(position).is_some_and(|site| site.method && site.name == name);
    call_mismatch(name, types.len(), is_method, types.first().copied(), syntax)
        .unwrap_or_else(|| no_function(name, types.len(), syntax))
}

/// Explains a call of a known name with the wrong number of arguments or the wrong receiver.
pub fn call_mismatch(name: &str, given: usize, method: bool, receiver: Option<&str>, syntax: &Syntax) -> Option<Fail> {
    let entries = manual::entries_of(name);
    let own = given - usize::from(method).min(given);
    if let Some(arities) = syntax.functions.get(name).filter(|a| !a.contains(&own)) {
        if method && arities.contains(&given) {
            let message =
                format!("`{name}` is a function of the script without `this`, so it is not called as a method");
            return Some(
                Fail::script(message).hint(format!("write {name}(..), with all arguments in the parentheses")),
            );
        }
        let counts: Vec<String> = arities.iter().map(usize::to_string).collect();
        let want = format!("{} argument{}", counts.join(" or "), if counts == ["1"] { "" } else { "s" });
        return Some(count_error(name, &want, own));
    }
    let entry = *entries.first()?;
    let written: Vec<String> = entries.iter().map(|e| e.synopsis()).collect();
    let usage = format!("write {}", written.join(" or "));
    let see = Some(entry.name);
    if entries.iter().all(|e| e.is_property) {
        let fail = Fail::script(format!("`{name}` is a property: leave out the parentheses"));
        return Some(Fail { see, ..fail }.hint(format!("write .{name}")));
    }
    let owners: Vec<&str> = entries.iter().filter_map(|e| e.receiver).map(Type::name).collect();
    let fits = |count: usize| {
        entries.iter().any(|e| e.arity().contains(&(count - usize::from(e.receiver.is_some()).min(count))))
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
    Some(Fail { see, ..count_error(name, &want, given).hint(usage) })
}

fn count_error(name: &str, want: &str, given: usize) -> Fail {
    let were = if given == 1 { "1 was".into() } else { format!("{given} were") };
    Fail::script(format!("`{name}` takes {want}, {were} given"))
}

/// Explains a call of an unknown name with `given` arguments. The hint is the nearest name that
/// takes this number of arguments, or else the nearest of all names.
pub fn no_function(name: &str, given: usize, syntax: &Syntax) -> Fail {
    let takes = |entry: &&&Entry| {
        let own = given.checked_sub(usize::from(entry.receiver.is_some()));
        own.is_some_and(|n| entry.arity().contains(&n))
    };
    let fitting = manual::manual().iter().filter(takes).map(|e| e.name);
    let own = syntax.functions.iter().filter(|(_, arities)| arities.contains(&given)).map(|(name, _)| name.as_str());
    let all = || manual::manual().iter().map(|e| e.name).chain(syntax.functions.keys().map(String::as_str));
    let near = sdflow::nearest(name, fitting.chain(own)).or_else(|| sdflow::nearest(name, all()));
    let fail = Fail::script(format!("there is no function `{name}`"));
    match near {
        Some(near) => {
            let see = manual::entries_of(&near).first().map(|e| e.name);
            Fail { see, ..fail }.hint(format!("did you mean `{near}`?"))
        }
        None => fail.hint("`sdflow-engine list` shows all names"),
    }
}
