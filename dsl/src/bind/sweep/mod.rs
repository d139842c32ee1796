//! Sweeps inside a script: a function called for every combination of some values, its numbers in one table.

mod crew;
mod store;
mod table;

pub use table::places;

use crate::bind::points::number;
use crate::call::{At, Call, Fail, described};
use crate::callback::detached;
use crate::context::{Context, diverged_with};
use crate::dry::unknown;
use crate::manual::{Entry, Kind};
use crate::{Diagnostic, Fault, Reading};
use rhai::{Array, Dynamic, EvalAltResult, FnPtr, Map, NativeCallContext, Position};
use sdflow::table::Table;
use std::collections::BTreeMap;
use std::sync::Arc;
use table::{Survey, best, row};

/// Most cells.
const MOST: usize = 10_000;

pub const ENTRIES: &[Entry] = &[
    Entry {
        about: "Calls the function for every combination of the axes' values (axes in the order of their names, the last \
                fastest) with a map of them, and collects the numbers or readings of the map that it returns. Over an axis \
                `seed` is averaged: each quantity becomes its mean with the standard error of the mean, and `<name>_sd` the \
                standard deviation over the seeds. The axis sets nothing: every cell has random numbers of its own, the same \
                whatever runs beside it. Cells share the cores, one thread each where there are enough, and come into the run in \
                their order; a cell that fails is told, counted in the column `failed`, and stops nothing. A run that was cut \
                off goes on with the cells that it has finished. Variables from outside are copied for each cell: assigning \
                them, or training a generator, changes nothing outside. Final metrics that a cell measures do not become the \
                run's own; of files of one name the last cell's stays: name them by the cell, `y-${p.n}.npy`. \
                `sdflow-engine sweep` does the same with whole scripts.",
        example: "let t = sweep(#{n: [50, 100], seed: [1, 2, 3]}, |p| #{energy: energy(normal(p.n, 2), normal(p.n, 2))});\n\
                  print(t.best(\"energy\").n);\nt.plot(\"energy.svg\");\nt.save(\"energy.csv\");",
        ..entry("sweep", "sweep(axes, function)", "a table with a row per combination, the seeds averaged", sweep)
    },
    Entry {
        about: "The row with the smallest value in a column, or with the largest when `which` is \"largest\". Values that are not \
                finite do not count.",
        example: "let t = table([#{n: 1, energy: 0.3}, #{n: 2, energy: 0.1}]);\nprint(t.best(\"energy\").n);",
        kind: Kind::Saying,
        ..entry("best", "table.best(column[, which])", "the row, a map", best)
    },
    Entry {
        about: "All rows. A number with a standard error is a reading; whole numbers of a sweep's axes stay whole.",
        example: "for row in table([#{n: 1}, #{n: 2}]).rows { print(row.n); }",
        kind: Kind::Saying,
        ..entry("rows", "table.rows", "an array of maps", |call| {
            let table: Arc<Table> = call.receiver()?;
            Ok((0..table.n()).map(|i| row(&table, i)).collect::<Array>().into())
        })
    },
];

const fn entry(name: &'static str, signature: &'static str, returns: &'static str, call: crate::call::Native) -> Entry {
    Entry { name, kind: Kind::Run, signature, returns, about: "", options: &[], names: &[], example: "", call }
}

fn sweep(call: &Call) -> Result<Dynamic, Fail> {
    let axes = axes(call)?;
    let function: FnPtr = call.get(1, "a function |p| #{..}")?;
    let total: usize = axes.iter().map(|(_, values)| values.len()).product();
    let cells: Vec<Map> = (0..total).map(|index| cell(&axes, index)).collect();
    let mut survey = Survey::default();
    let mut first_failure = None;
    if let Some(dry) = &call.context.dry {
        // The function is called for the first cell and counted for all.
        let readings = dry.counted(total as u64, || rehearsed(call, &function, cells[0].clone()))?;
        let readings = readings.map_err(|cause| dry.failed(cause))?;
        cells.iter().for_each(|cell| survey.add(cell, Some(readings.clone())));
    } else {
        crew::computed(call, &detached(&function), &cells, |index, outcome| {
            if let Err(cause) = &outcome {
                let name = name(&cells[index]);
                first_failure.get_or_insert(format!("{name}: {}", cause.line()));
                let message = format!("sweep: the cell {name} failed: {}", cause.message);
                call.context.tell(&Diagnostic { message, ..cause.clone() });
            }
            survey.add(&cells[index], outcome.ok());
        })?;
    }
    match first_failure {
        Some(cause) if survey.is_empty() => {
            Err(Fail::script(format!("every cell of the sweep failed, first {cause}")).at(At::Argument(1)))
        }
        _ => Ok(Dynamic::from(Arc::new(survey.table(&axes)))),
    }
}

/// The axes in the order of their names, each an array with values.
fn axes(call: &Call) -> Result<Vec<(String, Array)>, Fail> {
    let map: Map = call.get(0, "a map of axes, each an array of values,")?;
    let mut axes = Vec::new();
    for (name, values) in map {
        let refused = |seen: String| {
            let message = format!("the axis `{name}` {seen}, but an array of numbers, words or truth values is wanted");
            Fail::script(message).hint(format!("write {name}: [1, 2, 3]")).at(At::Key(0, name.to_string()))
        };
        let Some(array) = values.clone().try_cast::<Array>() else {
            return Err(refused(format!("is {}", described(&values))));
        };
        if array.is_empty() {
            return Err(refused("is empty".into()));
        }
        if let Some(odd) = array.iter().find(|v| !["i64", "f64", "bool", "string"].contains(&v.type_name())) {
            return Err(refused(format!("holds {}", described(odd))));
        }
        axes.push((name.to_string(), array));
    }
    let total = axes.iter().try_fold(1usize, |n, (_, values)| n.checked_mul(values.len()));
    match total {
        Some(n) if n <= MOST => Ok(axes),
        _ => Err(call.bad(0, format!("makes more than {MOST} cells"), "fewer are wanted")),
    }
}

/// The values of the `index`-th cell, the last axis fastest.
fn cell(axes: &[(String, Array)], index: usize) -> Map {
    let mut rest = index;
    let mut cell = Map::new();
    for (name, values) in axes.iter().rev() {
        cell.insert(name.into(), values[rest % values.len()].clone());
        rest /= values.len();
    }
    cell
}

/// A cell by its values.
fn name(cell: &Map) -> String {
    cell.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(", ")
}

/// What the function gives for a cell in a dry run.
fn rehearsed(call: &Call, function: &FnPtr, cell: Map) -> Result<Outcome, Fail> {
    let function = detached(function);
    let (made, diverged) = call.context.apart(|| function.call_within_context::<Dynamic>(call.native, (cell,)));
    outcome(call.context, call.native, made, diverged)
}

/// What a cell gave, or why it failed and where.
type Outcome = Result<Vec<(String, Reading)>, Diagnostic>;

/// What `made`, the function's value or its error, and an unseen divergence say.
///
/// # Errors
/// An interrupt, which ends the sweep too.
fn outcome(
    context: &Context,
    native: &NativeCallContext,
    made: Result<Dynamic, Box<EvalAltResult>>,
    diverged: Option<(String, Position)>,
) -> Result<Outcome, Fail> {
    let misfit = |message: String| {
        let fail = Fail { see: Some("sweep"), ..Fail::script(message).at(At::Argument(1)) };
        context.placed(&fail, native.call_position())
    };
    let value = match (made, diverged) {
        (Err(error), None) => {
            let cause = context.explained(&error);
            return if cause.kind == Fault::Interrupted {
                Err(sdflow::Error::Interrupted.into())
            } else {
                Ok(Err(cause))
            };
        }
        (_, Some((advice, position))) => return Ok(Err(context.placed(&diverged_with(advice), position))),
        (Ok(value), None) => unknown::taken(&value),
    };
    let Some(map) = value.clone().try_cast::<Map>() else {
        let seen = described(&value);
        return Ok(Err(misfit(format!(
            "the function returned {seen}, but a map of numbers is wanted: #{{energy: e}}"
        ))));
    };
    let readings: Result<Vec<_>, String> = map.iter().map(|(name, value)| reading(name, value)).collect();
    Ok(readings.map_err(misfit))
}

fn reading(name: &str, value: &Dynamic) -> Result<(String, Reading), String> {
    if let Some(reading) = value.clone().try_cast::<Reading>() {
        return Ok((name.into(), reading));
    }
    match number(value).or_else(|| value.as_bool().ok().map(|truth| f64::from(u8::from(truth)))) {
        Some(value) => Ok((name.into(), Reading { value, se: None, floor: None, parts: BTreeMap::new() })),
        None => Err(format!("`{name}` is {}, but a number or a reading is wanted", described(value))),
    }
}
