//! Numbers and arrays of numbers.

use rhai::{Array, Dynamic, Engine};

/// A function of one number.
type OfNumber = fn(f64) -> f64;

/// The functions of one number that Rhai has for numbers with decimals only.
pub const OF_DECIMALS: [(&str, OfNumber); 16] = [
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
];

/// Registers functions of whole numbers.
pub fn register(engine: &mut Engine) {
    for (name, of) in OF_DECIMALS {
        engine.register_fn(name, move |whole: i64| of(whole as f64));
    }
}

/// Returns a number, whole or not.
pub fn number(value: &Dynamic) -> Option<f64> {
    value.as_float().ok().or_else(|| value.as_int().ok().map(|i| i as f64))
}

/// Returns an array of numbers.
pub fn numbers(values: &[f64]) -> Dynamic {
    values.iter().map(|x| Dynamic::from(*x)).collect::<Array>().into()
}
