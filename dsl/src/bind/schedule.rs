//! Schedules: tagged maps of plain data.

use crate::call::{Call, Fail};
use crate::manual::{Entry, Kind};
use rhai::{Dynamic, Map};

const fn entry(name: &'static str, signature: &'static str, about: &'static str, example: &'static str) -> Entry {
    let returns = "a schedule, a map of plain data";
    Entry { name, kind: Kind::Schedule, signature, returns, about, options: &[], names: &[], example, call: tagged }
}

pub const ENTRIES: &[Entry] = &[
    entry(
        "constant",
        "constant(value)",
        "The same value throughout; a plain number means the same.",
        "let sigma = constant(0.5);",
    ),
    entry(
        "linear",
        "linear(from, to)",
        "`from + t (to - from)` at progress `t` from 0 to 1.",
        "let sigma = linear(10, 0.1);",
    ),
    entry(
        "cosine",
        "cosine(from, to)",
        "`to + (from - to) (1 + cos(pi t)) / 2`: slow at both ends.",
        "let sigma = cosine(10, 0.1);",
    ),
    entry(
        "geometric",
        "geometric(from, to)",
        "`from (to / from)^t`: equal factors in equal times; both ends positive.",
        "let sigma = geometric(10, 0.1);",
    ),
    entry(
        "karras",
        "karras(from, to[, rho])",
        "`(from^(1/rho) + t (to^(1/rho) - from^(1/rho)))^rho`; `rho` is 7 when left out, 1 is linear \
         [karras2022elucidating].",
        "let sigma = karras(80, 0.002);",
    ),
    entry(
        "polynomial",
        "polynomial(from, to[, power])",
        "`from + t^power (to - from)`; `power` is 2 when left out.",
        "let step = polynomial(1, 0.1, 3);",
    ),
    entry(
        "sigmoid",
        "sigmoid(from, to[, steepness])",
        "A logistic curve that meets both ends; `steepness` is 10 when left out.",
        "let sigma = sigmoid(10, 0.1);",
    ),
    entry(
        "adaptive",
        "adaptive(from, to)",
        "From `from` down to `to`, held wherever the flow still has work to do; both ends positive.",
        "let sigma = adaptive(10, 0.1);",
    ),
];

/// `cosine(10, 0.1)` is `#{schedule: "cosine", from: 10.0, to: 0.1}`.
fn tagged(call: &Call) -> Result<Dynamic, Fail> {
    let mut map = Map::from([("schedule".into(), call.entry.name.into())]);
    for i in 0..*call.entry.arity().end() {
        let name = call.entry.argument(i).unwrap_or_default();
        let value = match (i < call.len(), name.as_str()) {
            (true, _) => call.number(i)?,
            (false, "rho") => 7.0,
            (false, "power") => 2.0,
            (false, _) => 10.0,
        };
        map.insert(name.into(), value.into());
    }
    Ok(map.into())
}
