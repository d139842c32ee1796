//! Arithmetic with unknown numbers, and comparisons of them.

use super::Dry;
use crate::value::unknown::{NAME, Number, Unknown, plain, veil};
use crate::value::{ARITHMETIC, Matrix, Reading, UNARY};
use rhai::{Array, Dynamic, Engine, EvalAltResult, NativeCallContext, Scope};
use std::any::TypeId;
use std::sync::Arc;

/// Registers operators for unknown numbers and readings: the result of arithmetic is unknown, and
/// the result of a comparison is assumed. Readings have the operators that they have in a run.
pub fn register(engine: &mut Engine, dry: &Arc<Dry>) {
    engine.register_type_with_name::<Unknown>(NAME);
    let unknown = [TypeId::of::<Unknown>(), TypeId::of::<Reading>()];
    let all = [unknown[0], unknown[1], TypeId::of::<f64>(), TypeId::of::<i64>()];
    for a in all {
        for b in all {
            if unknown.contains(&a) || unknown.contains(&b) {
                binary(engine, dry, [a, b]);
            }
        }
    }
    unary::<Unknown>(engine, dry);
    unary::<Reading>(engine, dry);
    engine.register_fn("sort", sort);
    let row = |matrix: &mut Matrix, i: i64| matrix.row(i).map(veil);
    engine.register_indexer_get(row);
}

/// Registers the operators of two numbers of these types. The closures read the types of their
/// arguments when they run: a closure for each of the twelve pairs of types would take twelve times
/// as long to compile.
fn binary(engine: &mut Engine, dry: &Arc<Dry>, pair: [TypeId; 2]) {
    type Op = fn(f64, f64) -> f64;
    let ops: [(&str, Op); 11] = [
        ("+", |a, b| a + b),
        ("-", |a, b| a - b),
        ("*", |a, b| a * b),
        ("/", |a, b| a / b),
        ("%", |a, b| a % b),
        ("**", f64::powf),
        ("min", f64::min),
        ("max", f64::max),
        ("hypot", f64::hypot),
        ("atan", f64::atan2),
        ("log", f64::log),
    ];
    let (of_reading, of_whole) = (pair.contains(&TypeId::of::<Reading>()), pair.contains(&TypeId::of::<i64>()));
    let exists = |name: &str| {
        let for_floats_only = ["hypot", "atan", "log"].contains(&name);
        !(of_whole && for_floats_only) && (!of_reading || ARITHMETIC.iter().any(|(own, _)| *own == name))
    };
    for (name, op) in ops.into_iter().filter(|(name, _)| exists(name)) {
        engine.register_raw_fn(name, pair, move |_, arguments| {
            let ((a, whole_a), (b, whole_b)) = (any_number(arguments[0]), any_number(arguments[1]));
            Ok(Unknown { value: op(a, b), whole: whole_a && whole_b && !["/", "**"].contains(&name) })
        });
    }
    for name in ["<", "<=", ">", ">=", "==", "!="] {
        let dry = Arc::clone(dry);
        engine.register_raw_fn(name, pair, move |native, _| Ok(dry.decided(native.call_position())));
    }
}

/// Returns a number of any type, and whether it is whole.
fn any_number(x: &Dynamic) -> (f64, bool) {
    if let Some(x) = x.read_lock::<Unknown>() {
        return x.number();
    }
    if let Some(x) = x.read_lock::<Reading>() {
        return x.number();
    }
    match x.as_float() {
        Ok(x) => x.number(),
        Err(_) => x.as_int().unwrap_or_default().number(),
    }
}

fn unary<A: Number>(engine: &mut Engine, dry: &Arc<Dry>) {
    type Op = fn(f64) -> f64;
    let ops: [(&str, Op); 28] = [
        ("-", |x| -x),
        ("+", |x| x),
        ("abs", f64::abs),
        ("sqrt", f64::sqrt),
        ("exp", f64::exp),
        ("ln", f64::ln),
        ("log", f64::log10),
        ("sin", f64::sin),
        ("cos", f64::cos),
        ("tan", f64::tan),
        ("asin", f64::asin),
        ("acos", f64::acos),
        ("atan", f64::atan),
        ("sinh", f64::sinh),
        ("cosh", f64::cosh),
        ("tanh", f64::tanh),
        ("asinh", f64::asinh),
        ("acosh", f64::acosh),
        ("atanh", f64::atanh),
        ("to_degrees", f64::to_degrees),
        ("to_radians", f64::to_radians),
        ("int", f64::trunc),
        ("fraction", f64::fract),
        ("floor", f64::floor),
        ("ceiling", f64::ceil),
        ("round", f64::round),
        ("to_float", |x| x),
        ("to_int", f64::trunc),
    ];
    let of_reading = TypeId::of::<A>() == TypeId::of::<Reading>();
    for (name, op) in ops.into_iter().filter(|(name, _)| !of_reading || UNARY.iter().any(|(own, _)| own == name)) {
        engine.register_fn(name, move |a: A| {
            let (value, whole) = a.number();
            Unknown { value: op(value), whole: name == "to_int" || (whole && ["-", "+", "abs"].contains(&name)) }
        });
    }
    for name in ["is_nan", "is_finite", "is_infinite"].into_iter().filter(|_| !of_reading) {
        let dry = Arc::clone(dry);
        engine.register_fn(name, move |native: NativeCallContext, _: A| dry.decided(native.call_position()));
    }
    engine.register_fn("to_string", |_: &mut A| "?").register_fn("to_debug", |_: &mut A| "?");
}

/// Sorts an array as Rhai does. Unknown numbers are compared by their stand-ins, and stay unknown.
fn sort(array: &mut Array) -> Result<(), Box<EvalAltResult>> {
    let unknown = array.iter().any(|x| x.is::<Unknown>());
    let plain: Array = array.iter().map(plain).collect();
    let mut scope = Scope::new();
    scope.push("array", plain);
    Engine::new().run_with_scope(&mut scope, "array.sort()").map_err(|mut error| {
        error.clear_position();
        error
    })?;
    let found = scope.get_value::<Array>("array").unwrap_or_default();
    let number = |x: &Dynamic| Some((x.as_float().ok().or(x.as_int().ok().map(|x| x as f64))?, x.is_int()));
    let veil = |x: Dynamic| match number(&x).filter(|_| unknown) {
        Some((value, whole)) => Dynamic::from(Unknown { value, whole }),
        None => x,
    };
    *array = found.into_iter().map(veil).collect();
    Ok(())
}
