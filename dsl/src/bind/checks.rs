//! Checks, records and the conclusion.

use crate::call::{Call, Entry, function};
use crate::language::{At, Fail, Kind, Type, arg, optional};
use crate::value::{Reading, describe, plain_value};
use rhai::{Dynamic, Map};
use sdflow::number::significant;
use std::collections::BTreeMap;

pub const ENTRIES: &[Entry] = &[
    function("expect", Kind::Saying, &[arg("name", Type::Text), arg("condition", Type::Truth)], Type::Truth, |call| {
        let (name, pass) = (call.text(0)?, call.truth(1)?);
        call.context.record_check(&name, pass, None);
        Ok(pass.into())
    })
    .returned("the condition")
    .about(
        "Records a check: its name and whether its condition holds. A failed check does not stop \
         the script, but the run ends with exit code 4.",
    )
    .example(
        "let y = normal(100, 2);\n\
         expect(\"two coordinates\", y.dim == 2);",
    ),
    function(
        "threshold",
        Kind::Saying,
        &[arg("metric", Type::Text), arg("relation", Type::Text), arg("bound", Type::Number)],
        Type::Nothing,
        threshold,
    )
    .about(
        "Declares a check of the final value of a metric, which is made at the end of the run. The \
         relation is \"<\", \"<=\", \">\" or \">=\". It is an error if the run never measured the \
         metric.",
    )
    .example(
        "threshold(\"error\", \"<\", 0.1);\n\
         record(#{error: 0.02});",
    ),
    function("record", Kind::Saying, &[arg("values", Type::Map)], Type::Nothing, record)
        .about(
            "Adds the numbers of a map to the run's final metrics. The keys of the map are names, \
             and its values are numbers or readings. A later value replaces an earlier one.",
        )
        .example(
            "let y = normal(100, 2);\n\
             record(#{mean: y.mean()[0], n: y.n});",
        ),
    function("conclude", Kind::Saying, &[arg("text", Type::Text)], Type::Nothing, conclude)
        .about(
            "Records the conclusion of the run, one paragraph in plain words with the measured \
             numbers. It appears in the summary and in `run.json`, and `sdflow-engine findings` \
             collects the conclusions of many runs in one document. Build the sentences from the \
             measured numbers, so that the text is true whatever the numbers are. A run has one \
             conclusion. Line breaks become spaces.",
        )
        .example(
            "let e = energy(normal(100, 2), normal(100, 2));\n\
             let ratio = rounded(e / e.floor, 2);\n\
             conclude(`Two samples of one distribution differ in energy by ${ratio} times the noise \
             floor.`);",
        ),
    function(
        "rounded",
        Kind::Saying,
        &[arg("x", Type::OneOf(&[Type::Number, Type::Reading])), optional("digits", Type::Whole)],
        Type::Text,
        round_to_text,
    )
    .about(
        "A number, or the value of a reading, as text with `digits` significant digits (default \
         3). All digits before the decimal point are kept, and zeros at the end are left out.",
    )
    .example("print(`${rounded(1.0 / 3)} is ${rounded(100.0 / 3, 2)} %`);"),
];

/// The number of digits that an f64 needs at most.
const DIGITS: usize = 17;

fn conclude(call: &Call) -> Result<Dynamic, Fail> {
    if call.context.within_cell() {
        let fail = Fail::script("`conclude` does not work in a cell of a sweep, because a run has one conclusion");
        return Err(fail.hint("call `conclude` after the sweep, with numbers of its table"));
    }
    let text = call.text(0)?.split_whitespace().collect::<Vec<_>>().join(" ");
    if text.is_empty() {
        return Err(call.bad(0, "is empty", "a sentence is expected").hint(call.signature.usage()));
    }
    call.context.conclude(&text, call.native.call_position())?;
    Ok(Dynamic::UNIT)
}

fn round_to_text(call: &Call) -> Result<Dynamic, Fail> {
    let value = plain_value(call.arg(0)?).ok_or_else(|| call.wrong(0, "a number or a reading"))?;
    let digits = if call.len() > 1 { call.count(1, 1)? } else { 3 };
    if digits > DIGITS {
        return Err(call.bad(1, format!("is {digits}"), &format!("it must be at most {DIGITS}")));
    }
    let unknown = call.unknown || call.context.mode.hides(call.arg(0)?);
    Ok(if unknown { "?".into() } else { significant(value, digits).into() })
}

fn threshold(call: &Call) -> Result<Dynamic, Fail> {
    if call.context.within_cell() {
        let fail = Fail::script("`threshold` checks the final metrics of the run, and a cell of a sweep has none");
        return Err(
            fail.hint("use `expect` here, or `record` a value of the table after the sweep and check this value")
        );
    }
    let (metric, relation, bound) = (call.text(0)?, call.text(1)?, call.number(2)?);
    let holds: fn(f64, f64) -> bool = match relation.as_str() {
        "<" => |a, b| a < b,
        "<=" => |a, b| a <= b,
        ">" => |a, b| a > b,
        ">=" => |a, b| a >= b,
        _ => return Err(call.bad(1, format!("is {relation:?}"), "one of \"<\", \"<=\", \">\", \">=\" is expected")),
    };
    let name = format!("{metric} {relation} {bound}");
    call.context.record_threshold(&name, &metric, move |value| holds(value, bound), call.native.call_position());
    Ok(Dynamic::UNIT)
}

fn record(call: &Call) -> Result<Dynamic, Fail> {
    let map: Map = call.get(0, "a map of names and numbers")?;
    for (name, value) in &map {
        let entry = match value.clone().try_cast::<Reading>() {
            Some(entry) => entry,
            None => {
                let value = plain_value(value).ok_or_else(|| {
                    let message = format!("`{name}` is {}, but a number or a reading is expected", describe(value));
                    Fail::script(message).at(At::Key(0, name.to_string()))
                })?;
                Reading { value, se: None, floor: None, parts: BTreeMap::new() }
            }
        };
        call.context.record_metric(name, entry);
    }
    Ok(Dynamic::UNIT)
}
