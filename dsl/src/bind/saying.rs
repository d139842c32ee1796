//! Checks, records and the conclusion.

use crate::Reading;
use crate::bind::reading;
use crate::call::{At, Call, Fail, described};
use crate::manual::{Entry, Kind};
use rhai::{Dynamic, Map};
use sdflow::number::significant;
use std::collections::BTreeMap;

pub const ENTRIES: &[Entry] = &[
    Entry {
        name: "expect",
        kind: Kind::Saying,
        signature: "expect(name, condition)",
        returns: "the condition",
        about: "Records a claim and whether it holds. A claim that fails does not stop the script; the run then ends with exit \
                code 4.",
        options: &[],
        names: &[],
        example: "let y = normal(100, 2);\nexpect(\"two coordinates\", y.dim == 2);",
        call: |call| {
            let (name, pass) = (call.text(0)?, call.truth(1)?);
            call.context.check(&name, pass, None);
            Ok(pass.into())
        },
    },
    Entry {
        name: "threshold",
        kind: Kind::Saying,
        signature: "threshold(metric, relation, bound)",
        returns: "nothing",
        about: "A claim about a metric's final value, judged at the end of the run: the relation is \"<\", \"<=\", \">\" or \
                \">=\". A metric that the run never measured is an error.",
        options: &[],
        names: &[],
        example: "threshold(\"error\", \"<\", 0.1);\nrecord(#{error: 0.02});",
        call: threshold,
    },
    Entry {
        name: "record",
        kind: Kind::Saying,
        signature: "record(values)",
        returns: "nothing",
        about: "Adds numbers to the run's final metrics: a map of names and numbers or readings. A later value replaces an \
                earlier one.",
        options: &[],
        names: &[],
        example: "let y = normal(100, 2);\nrecord(#{mean: y.mean()[0], n: y.n});",
        call: record,
    },
    Entry {
        name: "conclude",
        kind: Kind::Saying,
        signature: "conclude(text)",
        returns: "nothing",
        about: "Records what the run found, one paragraph in plain words with the measured numbers in it. It stands in the summary, \
                in `run.json` and, by `sdflow-engine findings`, in a document over many runs. Build the sentence from the \
                numbers, so that it is true whatever they are. A run has one conclusion; line breaks become spaces.",
        options: &[],
        names: &[],
        example: "let e = energy(normal(100, 2), normal(100, 2));\nlet ratio = rounded(e / e.floor, 2);\n\
                  conclude(`Two samples of one law differ in energy by ${ratio} times the noise floor.`);",
        call: conclude,
    },
    Entry {
        name: "rounded",
        kind: Kind::Saying,
        signature: "rounded(x[, digits])",
        returns: "a string",
        about: "A number, or the value of a reading, as text in `digits` significant digits, 3 if not given. Digits before the point are \
                kept and zeros at the end are left out.",
        options: &[],
        names: &[],
        example: "print(`${rounded(1.0 / 3)} is ${rounded(100.0 / 3, 2)} %`);",
        call: rounded,
    },
];

/// Significant digits that a number of 64 bits can have.
const DIGITS: usize = 17;

fn conclude(call: &Call) -> Result<Dynamic, Fail> {
    if call.context.within_cell() {
        let fail = Fail::script("a cell of a sweep has no conclusion: the run has one");
        return Err(fail.hint("conclude after the sweep, from its table"));
    }
    let text = call.text(0)?.split_whitespace().collect::<Vec<_>>().join(" ");
    if text.is_empty() {
        return Err(call.bad(0, "is empty", "a sentence is wanted").hint(call.entry.usage()));
    }
    call.context.conclude(&text, call.native.call_position())?;
    Ok(Dynamic::UNIT)
}

fn rounded(call: &Call) -> Result<Dynamic, Fail> {
    let value = reading::value(call.arg(0)?).ok_or_else(|| call.wrong(0, "a number or a reading"))?;
    let digits = if call.len() > 1 { call.count(1, 1)? } else { 3 };
    if digits > DIGITS {
        return Err(call.bad(1, format!("is {digits}"), &format!("it must be at most {DIGITS}")));
    }
    let unknown = call.unknown || (call.context.dry.is_some() && call.arg(0)?.is::<Reading>());
    Ok(if unknown { "?".into() } else { significant(value, digits).into() })
}

fn threshold(call: &Call) -> Result<Dynamic, Fail> {
    if call.context.within_cell() {
        let fail = Fail::script("a threshold judges the run's final metrics, and a cell of a sweep leaves none");
        return Err(fail.hint("`expect` judges here; or `record` what the table says and judge it after the sweep"));
    }
    let (metric, relation, bound) = (call.text(0)?, call.text(1)?, call.number(2)?);
    let holds: fn(f64, f64) -> bool = match relation.as_str() {
        "<" => |a, b| a < b,
        "<=" => |a, b| a <= b,
        ">" => |a, b| a > b,
        ">=" => |a, b| a >= b,
        _ => return Err(call.bad(1, format!("is {relation:?}"), "one of \"<\", \"<=\", \">\", \">=\" is wanted")),
    };
    let name = format!("{metric} {relation} {bound}");
    call.context.threshold(&name, &metric, move |value| holds(value, bound), call.native.call_position());
    Ok(Dynamic::UNIT)
}

fn record(call: &Call) -> Result<Dynamic, Fail> {
    let map: Map = call.get(0, "a map of names and numbers")?;
    for (name, value) in &map {
        let entry = match value.clone().try_cast::<Reading>() {
            Some(entry) => entry,
            None => {
                let value = reading::value(value).ok_or_else(|| {
                    let message = format!("`{name}` is {}, but a number or a reading is wanted", described(value));
                    Fail::script(message).at(At::Key(0, name.to_string()))
                })?;
                Reading { value, se: None, floor: None, parts: BTreeMap::new() }
            }
        };
        call.context.metric(name, entry);
    }
    Ok(Dynamic::UNIT)
}
