//! Schedules: maps of plain data whose key `schedule` names the kind.

use crate::call::{Call, Entry, function};
use crate::language::{Fail, Kind, Type, arg, optional};
use rhai::{Dynamic, Map};

pub const ENTRIES: &[Entry] = &[
    function("constant", Kind::Schedule, &[arg("value", Type::Number)], Type::Map, tag)
        .returned("a schedule, as a map")
        .about("The same value throughout the run; a plain number means the same.")
        .example("let sigma = constant(0.5);"),
    function("linear", Kind::Schedule, &[arg("from", Type::Number), arg("to", Type::Number)], Type::Map, tag)
        .returned("a schedule, as a map")
        .about("`from + t (to - from)` at progress `t` from 0 to 1.")
        .example("let sigma = linear(10, 0.1);"),
    function("cosine", Kind::Schedule, &[arg("from", Type::Number), arg("to", Type::Number)], Type::Map, tag)
        .returned("a schedule, as a map")
        .about("`to + (from - to) (1 + cos(pi t)) / 2`: the value changes slowly at both ends.")
        .example("let sigma = cosine(10, 0.1);"),
    function("geometric", Kind::Schedule, &[arg("from", Type::Number), arg("to", Type::Number)], Type::Map, tag)
        .returned("a schedule, as a map")
        .about("`from (to / from)^t`: the value changes by equal factors in equal times; both ends must be positive.")
        .example("let sigma = geometric(10, 0.1);"),
    function(
        "karras",
        Kind::Schedule,
        &[arg("from", Type::Number), arg("to", Type::Number), optional("rho", Type::Number)],
        Type::Map,
        tag,
    )
    .returned("a schedule, as a map")
    .about(
        "`(from^(1/rho) + t (to^(1/rho) - from^(1/rho)))^rho` [karras2022elucidating]. The default \
         of `rho` is 7; with `rho` = 1 the schedule is linear.",
    )
    .example("let sigma = karras(80, 0.002);"),
    function(
        "polynomial",
        Kind::Schedule,
        &[arg("from", Type::Number), arg("to", Type::Number), optional("power", Type::Number)],
        Type::Map,
        tag,
    )
    .returned("a schedule, as a map")
    .about("`from + t^power (to - from)`. The default of `power` is 2.")
    .example("let step = polynomial(1, 0.1, 3);"),
    function(
        "sigmoid",
        Kind::Schedule,
        &[arg("from", Type::Number), arg("to", Type::Number), optional("steepness", Type::Number)],
        Type::Map,
        tag,
    )
    .returned("a schedule, as a map")
    .about(
        "A logistic curve that is exactly `from` at the start and `to` at the end. The default of \
         `steepness` is 10.",
    )
    .example("let sigma = sigmoid(10, 0.1);"),
    function("adaptive", Kind::Schedule, &[arg("from", Type::Number), arg("to", Type::Number)], Type::Map, tag)
        .returned("a schedule, as a map")
        .about(
            "A value that falls from `from` to `to`; both must be positive. It stays the same \
             while each step moves the particles less than the step before. As the option `step` \
             of a flow, the value lies between `from` and `to` and is chosen by the error of the \
             step.",
        )
        .example("let sigma = adaptive(10, 0.1);"),
];

/// Returns a schedule as a map: `cosine(10, 0.1)` is `#{schedule: "cosine", from: 10.0, to: 0.1}`.
fn tag(call: &Call) -> Result<Dynamic, Fail> {
    let mut map = Map::from([("schedule".into(), call.signature.name.into())]);
    for i in 0..*call.signature.arity().end() {
        let name = call.signature.argument(i).unwrap_or_default();
        let value = match (i < call.len(), name) {
            (true, _) => call.number(i)?,
            (false, "rho") => 7.0,
            (false, "power") => 2.0,
            (false, _) => 10.0,
        };
        map.insert(name.into(), value.into());
    }
    Ok(map.into())
}
