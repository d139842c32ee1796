//! Unknown numbers, which stand for results in a dry run.

use super::metric_value::Reading;
use rhai::{Array, Dynamic, Map};

/// The name of the type in messages.
pub const NAME: &str = "unknown number";

/// A number that a run would compute.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Unknown {
    /// The number that stands in for it in functions that need a number.
    pub value: f64,
    /// True for a whole number.
    pub whole: bool,
}

/// A number of any type, and whether it is whole.
pub trait Number: Clone + Send + Sync + 'static {
    /// Returns the number, and whether it is whole.
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

/// True if a value contains an unknown number.
pub fn holds_unknown(value: &Dynamic) -> bool {
    if let Some(array) = value.read_lock::<Array>() {
        return array.iter().any(holds_unknown);
    }
    match value.read_lock::<Map>() {
        Some(map) => map.values().any(holds_unknown),
        None => value.is::<Unknown>(),
    }
}

/// Returns the value with plain numbers in place of unknown ones.
pub fn plain(value: &Dynamic) -> Dynamic {
    if !holds_unknown(value) {
        return value.clone();
    }
    let plain = |x: &Dynamic| match x.clone().try_cast::<Unknown>() {
        Some(Unknown { value, whole: true }) => (value as i64).into(),
        Some(Unknown { value, .. }) => value.into(),
        None => plain(x),
    };
    each(value, plain)
}

/// Returns the value with unknown numbers in place of its numbers. Whole numbers stay known.
pub fn veil(value: Dynamic) -> Dynamic {
    each(&value, |x| match x.as_float() {
        Ok(value) => Dynamic::from(Unknown { value, whole: false }),
        Err(_) if x.is_array() || x.is_map() => veil(x.clone()),
        Err(_) => x.clone(),
    })
}

/// Applies `act` to a value, or to each element of an array or a map.
fn each(value: &Dynamic, act: impl Fn(&Dynamic) -> Dynamic) -> Dynamic {
    if let Some(array) = value.read_lock::<Array>() {
        return array.iter().map(act).collect::<Array>().into();
    }
    match value.read_lock::<Map>() {
        Some(map) => map.iter().map(|(key, x)| (key.clone(), act(x))).collect::<Map>().into(),
        None => act(value),
    }
}
