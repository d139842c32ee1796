//! Unknown numbers: what a script sees of results in a dry run.

use crate::Reading;
use crate::context::Context;
use rhai::{Array, Dynamic, Engine, EvalAltResult, Map, NativeCallContext, Scope};
use std::sync::Arc;

/// The type as messages call it.
pub const NAME: &str = "unknown number";

/// A number that a run would compute.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Unknown {
    /// A number of its kind, for functions that want one.
    value: f64,
    /// Is it whole?
    whole: bool,
}

/// A number of any type, and whether it is whole.
trait Number: Clone + Send + Sync + 'static {
    fn number(&self) -> (f64, bool);
}

impl Number for f64 {
    fn number(&self) -> (f64, bool) {
        (*self, false)
    }
}

impl Number for i64 {
    fn number(&self) -> (f64, bool) {
        (*self as f64, true)
    }
}

impl Number for Reading {
    fn number(&self) -> (f64, bool) {
        (self.value, false)
    }
}

impl Number for Unknown {
    fn number(&self) -> (f64, bool) {
        (self.value, self.whole)
    }
}

/// Is there an unknown number in a value?
pub fn within(value: &Dynamic) -> bool {
    if let Some(array) = value.read_lock::<Array>() {
        return array.iter().any(within);
    }
    match value.read_lock::<Map>() {
        Some(map) => map.values().any(within),
        None => value.is::<Unknown>(),
    }
}

/// The value with plain numbers in place of unknown ones.
pub fn taken(value: &Dynamic) -> Dynamic {
    if !within(value) {
        return value.clone();
    }
    let plain = |x: &Dynamic| match x.clone().try_cast::<Unknown>() {
        Some(Unknown { value, whole: true }) => (value as i64).into(),
        Some(Unknown { value, .. }) => value.into(),
        None => taken(x),
    };
    each(value, plain)
}

/// The value with its numbers, whole ones excepted, made unknown.
pub fn veiled(value: Dynamic) -> Dynamic {
    each(&value, |x| match x.as_float() {
        Ok(value) => Dynamic::from(Unknown { value, whole: false }),
        Err(_) if x.is_array() || x.is_map() => veiled(x.clone()),
        Err(_) => x.clone(),
    })
}

/// `act` of a value, or of each element of an array or a map.
fn each(value: &Dynamic, act: impl Fn(&Dynamic) -> Dynamic) -> Dynamic {
    if let Some(array) = value.read_lock::<Array>() {
        return array.iter().map(act).collect::<Array>().into();
    }
    match value.read_lock::<Map>() {
        Some(map) => map.iter().map(|(key, x)| (key.clone(), act(x))).collect::<Map>().into(),
        None => act(value),
    }
}

/// Arithmetic with unknown numbers and readings is unknown, and what they decide is assumed.
pub fn register(engine: &mut Engine, context: &Arc<Context>) {
    engine.register_type_with_name::<Unknown>(NAME);
    macro_rules! pairs {
        ($($a:ty, $b:ty;)*) => {$( binary::<$a, $b>(engine, context); )*};
    }
    pairs! {
        Unknown, Unknown; Unknown, f64; f64, Unknown; Unknown, i64; i64, Unknown;
        Reading, Reading; Reading, f64; f64, Reading; Reading, i64; i64, Reading;
        Reading, Unknown; Unknown, Reading;
    }
    unary::<Unknown>(engine, context);
    unary::<Reading>(engine, context);
    engine.register_fn("sort", sorted);
    let row = |matrix: &mut crate::bind::matrix::Matrix, i: i64| matrix.row(i).map(veiled);
    engine.register_indexer_get(row);
}

fn binary<A: Number, B: Number>(engine: &mut Engine, context: &Arc<Context>) {
    type Op = fn(f64, f64) -> f64;
    let ops: [(&str, Op); 8] = [
        ("+", |a, b| a + b),
        ("-", |a, b| a - b),
        ("*", |a, b| a * b),
        ("/", |a, b| a / b),
        ("%", |a, b| a % b),
        ("**", f64::powf),
        ("min", f64::min),
        ("max", f64::max),
    ];
    for (name, op) in ops {
        engine.register_fn(name, move |a: A, b: B| {
            let ((a, whole_a), (b, whole_b)) = (a.number(), b.number());
            Unknown { value: op(a, b), whole: whole_a && whole_b && !["/", "**"].contains(&name) }
        });
    }
    for name in ["<", "<=", ">", ">=", "==", "!="] {
        let context = Arc::clone(context);
        engine.register_fn(name, move |native: NativeCallContext, _: A, _: B| decided(&context, &native));
    }
}

fn unary<A: Number>(engine: &mut Engine, context: &Arc<Context>) {
    type Op = fn(f64) -> f64;
    let ops: [(&str, Op); 16] = [
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
        ("tanh", f64::tanh),
        ("floor", f64::floor),
        ("ceiling", f64::ceil),
        ("round", f64::round),
        ("to_float", |x| x),
        ("to_int", f64::trunc),
    ];
    for (name, op) in ops {
        engine.register_fn(name, move |a: A| {
            let (value, whole) = a.number();
            Unknown { value: op(value), whole: name == "to_int" || (whole && ["-", "+", "abs"].contains(&name)) }
        });
    }
    for name in ["is_nan", "is_finite", "is_infinite"] {
        let context = Arc::clone(context);
        engine.register_fn(name, move |native: NativeCallContext, _: A| decided(&context, &native));
    }
    engine.register_fn("to_string", |_: &mut A| "?").register_fn("to_debug", |_: &mut A| "?");
}

/// Sorts an array as rhai does, by what unknown numbers stand for; which came where stays unknown.
fn sorted(array: &mut Array) -> Result<(), Box<EvalAltResult>> {
    let unknown = array.iter().any(|x| x.is::<Unknown>());
    let plain: Array = array.iter().map(taken).collect();
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

fn decided(context: &Context, native: &NativeCallContext) -> bool {
    context.dry.as_ref().is_some_and(|dry| dry.decided(native.call_position()))
}
