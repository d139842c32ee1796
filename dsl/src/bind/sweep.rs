//! Sweeps inside a script: a function called for every combination of some values, its numbers in one table.

use crate::bind::points::number;
use crate::bind::table::existing;
use crate::bind::unknown;
use crate::call::{At, Call, Fail, described};
use crate::context::diverged_with;
use crate::manual::{Entry, Kind};
use crate::{Diagnostic, Fault, Reading};
use rhai::{Array, Dynamic, FnPtr, Map};
use sdflow::output::{Cell, Place, Table};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The axis over which is averaged.
const SEED: &str = "seed";

/// Most cells.
const MOST: usize = 10_000;

pub const ENTRIES: &[Entry] = &[
    Entry {
        about: "Calls the function for every combination of the axes' values (axes in the order of their names, the last \
                fastest) with a map of them, and collects the numbers or readings of the map that it returns. Over an axis \
                `seed` is averaged: each quantity becomes its mean with the standard error of the mean, and `<name>_sd` the \
                standard deviation over the seeds. The axis sets nothing, because every call draws random numbers anew. \
                Cells run one after another, each on all threads; a cell that fails is told, recorded in the column \
                `failed`, and stops nothing. Variables from outside are copied for each cell: assigning them changes nothing \
                outside. Final metrics that a cell measures do not become the run's own. `sdflow-engine sweep` does the same \
                with whole scripts, several at a time, and goes on where it was cut off.",
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

/// What the cells of one place gave: quantities by name, one value per seed, and how many cells failed.
#[derive(Default)]
struct Found {
    readings: BTreeMap<String, Vec<Reading>>,
    failed: usize,
}

fn sweep(call: &Call) -> Result<Dynamic, Fail> {
    let axes = axes(call)?;
    let function: FnPtr = call.get(1, "a function |p| #{..}")?;
    let total: usize = axes.iter().map(|(_, values)| values.len()).product();
    let mut found: Vec<(Map, Found)> = Vec::new();
    let mut first_failure = None;
    // A dry run calls the function for the first cell and counts it for all.
    let mut first: Option<Vec<(String, Reading)>> = None;
    for index in 0..total {
        let cell = cell(&axes, index);
        let name = cell.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(", ");
        call.context.listener.progress("sweep", index, total, &name);
        let outcome = match (&call.context.dry, &first) {
            (None, _) => outcome(call, &function, cell.clone())?,
            (Some(_), Some(readings)) => Ok(Vec::clone(readings)),
            (Some(dry), None) => {
                let readings = dry.counted(total as u64, || outcome(call, &function, cell.clone()))?;
                Ok(first.insert(readings.map_err(|cause| dry.failed(cause))?).clone())
            }
        };
        let place: Map = cell.into_iter().filter(|(name, _)| name != SEED).collect();
        let same = |other: &Map| other.iter().all(|(name, value)| place[name].to_string() == value.to_string());
        let at = found.iter().position(|(other, _)| same(other)).unwrap_or(found.len());
        if at == found.len() {
            found.push((place, Found::default()));
        }
        match outcome {
            Ok(readings) => {
                readings.into_iter().for_each(|(name, r)| found[at].1.readings.entry(name).or_default().push(r));
            }
            Err(cause) => {
                first_failure.get_or_insert(format!("{name}: {}", cause.line()));
                let message = format!("sweep: the cell {name} failed: {}", cause.message);
                call.context.tell(&Diagnostic { message, ..cause });
                found[at].1.failed += 1;
            }
        }
    }
    call.context.listener.progress("sweep", total, total, "");
    match first_failure {
        Some(cause) if found.iter().all(|(_, found)| found.readings.is_empty()) => {
            Err(Fail::script(format!("every cell of the sweep failed, first {cause}")).at(At::Argument(1)))
        }
        _ => Ok(Dynamic::from(Arc::new(tabled(&axes, &found)))),
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

/// What the function gives for a cell, or why it failed and where.
///
/// # Errors
/// An interrupt, which ends the sweep too.
fn outcome(call: &Call, function: &FnPtr, cell: Map) -> Result<Result<Vec<(String, Reading)>, Diagnostic>, Fail> {
    let mut function = function.clone();
    for captured in function.iter_curry_mut() {
        *captured = captured.flatten_clone();
    }
    let (made, diverged) = call.context.apart(|| function.call_within_context::<Dynamic>(call.native, (cell,)));
    let misfit = |message: String| {
        let fail = Fail { see: Some("sweep"), ..Fail::script(message).at(At::Argument(1)) };
        call.context.placed(&fail, call.native.call_position())
    };
    let value = match (made, diverged) {
        (Err(error), None) => {
            let cause = call.context.explained(&error);
            return if cause.kind == Fault::Interrupted {
                Err(sdflow::Error::Interrupted.into())
            } else {
                Ok(Err(cause))
            };
        }
        (_, Some((advice, position))) => return Ok(Err(call.context.placed(&diverged_with(advice), position))),
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

/// A row per place: its axes, then each quantity.
fn tabled(axes: &[(String, Array)], found: &[(Map, Found)]) -> Table {
    let seeded = axes.iter().any(|(name, _)| name == SEED);
    let failed = found.iter().any(|(_, found)| found.failed > 0);
    let places = axes.iter().filter(|(name, _)| name != SEED);
    let whole = |values: &Array| values.iter().all(|value| value.is_int());
    let mut table = Table::over(places.map(|(name, values)| (name.clone(), whole(values))).collect());
    for (place, found) in found {
        let value = |value: &Dynamic| number(value).map_or_else(|| Cell::Text(value.to_string()), Cell::Number);
        let mut row: Vec<(String, Cell)> = place.iter().map(|(name, v)| (name.to_string(), value(v))).collect();
        for (name, readings) in &found.readings {
            let (mean, sd) = averaged(readings);
            row.push((name.clone(), mean));
            row.extend(seeded.then(|| (format!("{name}_sd"), sd)));
        }
        row.extend(failed.then(|| ("failed".to_string(), Cell::Number(found.failed as f64))));
        table.push(row);
    }
    table
}

/// Mean with its standard error, and standard deviation; of one reading itself.
fn averaged(readings: &[Reading]) -> (Cell, Cell) {
    let n = readings.len() as f64;
    let value = readings.iter().map(|r| r.value).sum::<f64>() / n;
    match readings {
        [Reading { se: Some(se), .. }] => (Cell::Estimate { value, se: *se }, Cell::Empty),
        [_] => (Cell::Number(value), Cell::Empty),
        _ => {
            let sd = (readings.iter().map(|r| (r.value - value).powi(2)).sum::<f64>() / (n - 1.0)).sqrt();
            (Cell::Estimate { value, se: sd / n.sqrt() }, Cell::Number(sd))
        }
    }
}

fn best(call: &Call) -> Result<Dynamic, Fail> {
    let table: Arc<Table> = call.receiver()?;
    let column = existing(&table, call.text(1)?).map_err(|f| f.at(At::Argument(1)))?;
    let largest = match call.len() > 2 {
        false => false,
        true => match call.text(2)?.as_str() {
            "smallest" => false,
            "largest" => true,
            other => return Err(call.bad(2, format!("is {other:?}"), "\"smallest\" or \"largest\" is wanted")),
        },
    };
    let values = table.values(&column);
    let finite = (0..table.n()).filter(|i| values[*i].is_finite());
    let order = |a: &usize, b: &usize| values[*a].total_cmp(&values[*b]);
    // The first of equals, either way.
    let found = if largest { finite.rev().max_by(order) } else { finite.min_by(order) };
    found.map(|i| row(&table, i)).ok_or_else(|| Fail::script(format!("no row has a finite value in `{column}`")))
}

/// A row as a script's map.
fn row(table: &Table, i: usize) -> Dynamic {
    let value = |name: &String| match table.cell(i, name) {
        Cell::Empty => Dynamic::UNIT,
        Cell::Text(text) => text.clone().into(),
        Cell::Number(value) if table.axes().iter().any(|(axis, whole)| axis == name && *whole) => {
            (*value as i64).into()
        }
        Cell::Number(value) => (*value).into(),
        Cell::Estimate { value, se } => {
            Dynamic::from(Reading { value: *value, se: Some(*se), floor: None, parts: BTreeMap::new() })
        }
    };
    table.columns().iter().map(|name| (name.into(), value(name))).collect::<Map>().into()
}

/// The places of a sweep's table with the values of one of its columns.
pub fn places(table: &Table, column: &str) -> Vec<Place> {
    let text = |i: usize, axis: &str| match table.cell(i, axis) {
        Cell::Number(value) => value.to_string(),
        other => other.text(),
    };
    let place = |i: usize| {
        let (value, se) = match table.cell(i, column) {
            Cell::Estimate { value, se } => (*value, *se),
            Cell::Number(value) => (*value, f64::NAN),
            _ => (f64::NAN, f64::NAN),
        };
        let axes = table.axes().iter().map(|(axis, _)| (axis.clone(), text(i, axis))).collect();
        Place { axes, value, se }
    };
    (0..table.n()).map(place).collect()
}
