//! A cell of a sweep: its name, and the results of its function.

use crate::context::Context;
use crate::language::{At, Diagnostic, Fail, Fault};
use crate::value::{Reading, describe, number, unknown};
use rhai::{Dynamic, EvalAltResult, Map, NativeCallContext, Position};
use std::collections::BTreeMap;

/// Returns the name of a cell, which lists the values of its axes.
pub fn name(cell: &Map) -> String {
    cell.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(", ")
}

/// The results of a cell, or the error with its place.
pub type Outcome = Result<Vec<(String, Reading)>, Diagnostic>;

/// Returns the results of `cell` from `made`, the value or error of the function, and from a
/// divergence that the script did not handle.
///
/// # Errors
/// An interrupt, which also ends the sweep.
pub fn outcome(
    cell: &Map,
    context: &Context,
    native: &NativeCallContext,
    made: Result<Dynamic, Box<EvalAltResult>>,
    diverged: Option<(String, Position)>,
) -> Result<Outcome, Fail> {
    let misfit = |message: String| {
        let fail = Fail { see: Some("sweep"), ..Fail::script(message).at(At::Argument(1)) };
        context.diagnose(&fail, native.call_position())
    };
    let made = match made.map_err(|error| context.explain(&error)) {
        Err(cause) if cause.kind == Fault::Interrupted => return Err(sdflow::Error::Interrupted.into()),
        made => made,
    };
    let value = match (made, diverged) {
        (_, Some((advice, position))) => return Ok(Err(context.diagnose(&Fail::diverged(advice), position))),
        (Err(cause), None) => return Ok(Err(cause)),
        (Ok(value), None) => unknown::plain(&value),
    };
    let Some(map) = value.clone().try_cast::<Map>() else {
        let seen = describe(&value);
        return Ok(Err(misfit(format!(
            "the function returned {seen}, but a map of numbers is expected: #{{energy: e}}"
        ))));
    };
    let readings: Result<Vec<_>, String> = map
        .iter()
        .map(|(name, value)| match cell.contains_key(name) {
            true => Err(format!("the function returned `{name}`, which is the name of an axis: choose another name")),
            false => reading(name, value),
        })
        .collect();
    Ok(readings.map_err(misfit))
}

fn reading(name: &str, value: &Dynamic) -> Result<(String, Reading), String> {
    if let Some(reading) = value.clone().try_cast::<Reading>() {
        return Ok((name.into(), reading));
    }
    match number(value).or_else(|| value.as_bool().ok().map(|truth| f64::from(u8::from(truth)))) {
        Some(value) => Ok((name.into(), Reading { value, se: None, floor: None, parts: BTreeMap::new() })),
        None => Err(format!("`{name}` is {}, but a number or a reading is expected", describe(value))),
    }
}
