//! Readings: what a metric gives, a number with its standard error and noise floor.

use crate::Reading;
use crate::bind::points::number;
use crate::call::{Call, Fail};
use crate::manual::{Entry, Kind};
use rhai::{Dynamic, Engine, Map};
use sdflow::cost;
use sdflow::metric::memorisation;
use sdflow::number::{estimate, number as plain};
use std::collections::BTreeMap;

pub const ENTRIES: &[Entry] = &[
    MEMORISATION,
    Entry {
        name: "value",
        kind: Kind::Metric,
        signature: "reading.value",
        returns: "a number",
        about: "The value of a metric. In comparisons and sums a reading stands for its value.",
        options: &[],
        names: &[],
        example: "let x = normal(100, 2);\nlet e = energy(x, normal(100, 2));\nprint(e.value);",
        call: |call| Ok(own(call)?.value.into()),
    },
    Entry {
        name: "se",
        kind: Kind::Metric,
        signature: "reading.se",
        returns: "a number, or `()` where it is not known",
        about: "The standard error of a metric.",
        options: &[],
        names: &[],
        example: "let e = energy(normal(100, 2), normal(100, 2));\nprint(e.se);",
        call: |call| Ok(own(call)?.se.map_or(Dynamic::UNIT, Dynamic::from)),
    },
    Entry {
        name: "floor",
        kind: Kind::Metric,
        signature: "reading.floor",
        returns: "a number, or `()` where it is not known",
        about: "The noise floor of a metric: the 95 % quantile of its value over pairs of fresh reference samples of the same \
                sizes. A value at or below it cannot be told from the reference.",
        options: &[],
        names: &[],
        example: "let e = energy(normal(100, 2), normal(100, 2));\nprint(e.floor);",
        call: |call| Ok(own(call)?.floor.map_or(Dynamic::UNIT, Dynamic::from)),
    },
    Entry {
        name: "parts",
        kind: Kind::Metric,
        signature: "reading.parts",
        returns: "a map of numbers",
        about: "What else the metric found: `modes_hit`, `within` and `variance` of `coverage`, the shares of `mode_weights`.",
        options: &[],
        names: &[],
        example: "let p = dataset(\"8gaussians\");\nprint(coverage(p.sample(200), p).parts.modes_hit);",
        call: |call| Ok(own(call)?.parts.into_iter().map(|(k, v)| (k.into(), v.into())).collect::<Map>().into()),
    },
];

/// The memorisation share, a reading of three sets instead of two.
const MEMORISATION: Entry = Entry {
    name: "memorisation",
    kind: Kind::Metric,
    signature: "memorisation(points, train, held_out)",
    returns: "a reading",
    about: "How much the points repeat the data they were made from: by how much the share whose nearest data point is a training \
            point exceeds chance, corrected for the sizes of the two sets. 0 for fresh points, 1 for copies of training points.",
    options: &[],
    names: &[],
    example: "let data = normal(200, 2).divide(0.8);\nprint(memorisation(data[0], data[0], data[1]));",
    call: |call| {
        let (points, train, held_out) = (call.points(0)?, call.points(1)?, call.points(2)?);
        let pairwise = &call.context.pairwise;
        let found = call.context.timed("metrics", || match &call.context.dry {
            None => memorisation(&points, &train, &held_out, pairwise.interrupt()),
            Some(dry) => {
                let (ahead, found) = cost::memorisation(&points, &train, &held_out, &dry.gauge(pairwise))?;
                dry.add("memorisation", call.native.call_position(), &ahead);
                Ok(found)
            }
        });
        let (value, se) = found.map_err(|e| call.place(e))?;
        Ok(Dynamic::from(Reading { value, se: Some(se), floor: None, parts: BTreeMap::new() }))
    },
};

fn own(call: &Call) -> Result<Reading, Fail> {
    call.receiver()
}

/// The value of a reading or a number.
pub fn value(dynamic: &Dynamic) -> Option<f64> {
    number(dynamic).or_else(|| dynamic.clone().try_cast::<Reading>().map(|r| r.value))
}

/// Readings compare and count as their value, and print with what is known about it.
pub fn register(engine: &mut Engine) {
    macro_rules! operators {
        ($($name:literal $result:ty: $op:expr;)*) => {$(
            let op: fn(f64, f64) -> $result = $op;
            engine.register_fn($name, move |a: Reading, b: Reading| op(a.value, b.value));
            engine.register_fn($name, move |a: Reading, b: f64| op(a.value, b));
            engine.register_fn($name, move |a: f64, b: Reading| op(a, b.value));
            engine.register_fn($name, move |a: Reading, b: i64| op(a.value, b as f64));
            engine.register_fn($name, move |a: i64, b: Reading| op(a as f64, b.value));
        )*};
    }
    operators! {
        "<" bool: |a, b| a < b;
        "<=" bool: |a, b| a <= b;
        ">" bool: |a, b| a > b;
        ">=" bool: |a, b| a >= b;
        "==" bool: |a, b| a == b;
        "!=" bool: |a, b| a != b;
        "+" f64: |a, b| a + b;
        "-" f64: |a, b| a - b;
        "*" f64: |a, b| a * b;
        "/" f64: |a, b| a / b;
    }
    engine.register_fn("-", |a: Reading| -a.value);
    engine.register_fn("abs", |a: &mut Reading| a.value.abs());
    engine.register_fn("to_float", |a: &mut Reading| a.value);
    engine.register_fn("to_string", |a: &mut Reading| text(a)).register_fn("to_debug", |a: &mut Reading| text(a));
}

/// "0.0123 ± 0.0041 (floor 0.02)".
pub fn text(reading: &Reading) -> String {
    let value = match reading.se {
        Some(se) => estimate(reading.value, se),
        None => plain(reading.value),
    };
    reading.floor.map_or_else(|| value.clone(), |floor| format!("{value} (floor {})", plain(floor)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reading_prints_what_is_known() {
        let reading = |value, se, floor| text(&Reading { value, se, floor, parts: BTreeMap::new() });
        assert_eq!(reading(0.012345, Some(0.00123), Some(0.02)), "0.0123 ± 0.0012 (floor 0.02)");
        assert_eq!(reading(2000.0, None, None), "2000");
    }
}
