//! Sweeps inside a script: a function is called for all combinations of some values, and the
//! numbers that it returns form one table.

mod cell;
mod script_cells;
mod table;

pub use table::places;

use crate::call::{Call, Entry, function};
use crate::context::detach;
use crate::language::{At, Diagnostic, Fail, Kind, Type, arg, limits, optional};
use crate::value::describe;
use cell::{Outcome, name, outcome};
use rhai::{Array, Dynamic, FnPtr, Map};
use sdflow::table::Table;
use std::collections::HashSet;
use std::sync::Arc;
use table::{Survey, best, row};

/// The largest number of cells.
const MOST: usize = 10_000;

pub const ENTRIES: &[Entry] = &[
    function("sweep", Kind::Run, &[arg("axes", Type::Map), arg("function", Type::Function)], Type::Table, sweep)
        .returned("a table with one row per combination, averaged over seeds")
        .about(
            "Calls a function for every combination of the values of the axes, and makes a table \
             of the results. `axes` is a map from names to lists of values. Each combination is a \
             cell. The function gets a map of the values of its cell, and returns a map of numbers \
             or readings, which become a row of the table. Axes are sorted by name, and the last \
             axis varies fastest. If there is an axis `seed`, results are averaged over it: each \
             quantity becomes its mean with the standard error of the mean, and `<name>_sd` is the \
             standard deviation over the seeds. The value of `seed` does not set the random \
             numbers: every cell has its own random numbers, which do not depend on the other \
             cells. The cells share the cores, with one thread for each cell if there are enough \
             cells. Prints, warnings and files of the cells are added to the run in the order of \
             the cells, so the results do not depend on the number of threads. A cell that fails \
             is reported and counted in the column `failed`, and the other cells go on. After an \
             interruption, the same command computes only the missing cells. Variables from \
             outside the function are copied for each cell: assigning to them, or training a \
             generator, changes nothing outside. The metrics of a `run` within a cell are not \
             recorded as metrics of the script's run; to have them in the table, return them from \
             the function. If several cells save a file of the same name, the file of the last \
             cell is kept. To keep all files, put the values of the cell into the name, as in \
             `y-${p.n}.npy`. The command `sdflow-engine sweep` runs whole scripts in the same way, \
             with two differences: its axis `seed` sets the random numbers, and its table has one \
             row for each cell.",
        )
        .example(
            "let t = sweep(#{n: [50, 100], seed: [1, 2, 3]}, |p| #{energy: energy(normal(p.n, 2), \
             normal(p.n, 2))});\n\
             print(t.best(\"energy\").n);\n\
             t.plot(\"energy.svg\");\n\
             t.save(\"energy.csv\");",
        ),
    function("best", Kind::Saying, &[arg("column", Type::Text), optional("which", Type::Text)], Type::Map, best)
        .of(Type::Table)
        .returned("the row, a map")
        .about(
            "The row with the smallest value in a column, or with the largest value if `which` is \
             \"largest\". Values that are not finite are ignored.",
        )
        .example(
            "let t = table([#{n: 1, energy: 0.3}, #{n: 2, energy: 0.1}]);\n\
             print(t.best(\"energy\").n);",
        ),
    function("rows", Kind::Saying, &[], Type::List(&Type::Map), |call| {
        let table: Arc<Table> = call.receiver()?;
        Ok((0..table.n()).map(|i| row(&table, i)).collect::<Array>().into())
    })
    .of(Type::Table)
    .property()
    .about(
        "All rows, each as a map from the columns to their values. A number with a standard error \
         is a reading; whole numbers on the axes of a sweep stay whole numbers.",
    )
    .example("for row in table([#{n: 1}, #{n: 2}]).rows { print(row.n); }"),
];

fn sweep(call: &Call) -> Result<Dynamic, Fail> {
    if call.context.sweeps.max(call.context.mode.sweeps()) >= limits::SWEEPS {
        let message = format!("sweeps are nested deeper than the limit of {} levels", limits::SWEEPS);
        return Err(Fail::script(message).hint("give one sweep more axes").at(At::Call));
    }
    let axes = axes(call)?;
    let function: FnPtr = call.get(1, "a function |p| #{..}")?;
    let total: usize = axes.iter().map(|(_, values)| values.len()).product();
    let cells: Vec<Map> = (0..total).map(|index| cell(&axes, index)).collect();
    let mut survey = Survey::default();
    let mut first_failure = None;
    let first = || look_at_cells(call, &function, &cells);
    let all = || {
        script_cells::compute(call, &function, &cells, |index, outcome| {
            if let Err(cause) = &outcome {
                let name = name(&cells[index]);
                first_failure.get_or_insert(format!("{name}: {}", cause.line()));
                let message = format!("sweep: the cell {name} failed: {}", cause.message);
                call.context.tell(&Diagnostic { message, ..cause.clone() });
            }
            survey.add(&cells[index], outcome.ok());
        })
    };
    if let Some(readings) = call.context.mode.cells(total, first, all)? {
        cells.iter().for_each(|cell| survey.add(cell, Some(readings.clone())));
    }
    match first_failure {
        Some(cause) if survey.is_empty() => {
            Err(Fail::script(format!("every cell of the sweep failed, first {cause}")).at(At::Argument(1)))
        }
        _ => match survey.shared_name(&axes) {
            None => Ok(Dynamic::from(Arc::new(survey.table(&axes)))),
            Some(name) => {
                let hint = "besides the axes and the results there may be a column `failed` and, over seeds, a \
                            column `x_sd` and an error `x_se` for each result `x`";
                let message = format!("two columns of the table of the sweep would have the name `{name}`");
                Err(Fail::script(message).hint(hint).at(At::Argument(1)))
            }
        },
    }
}

/// Returns the axes in the order of their names, each an array of values.
fn axes(call: &Call) -> Result<Vec<(String, Array)>, Fail> {
    let map: Map = call.get(0, "a map of axes, each an array of values,")?;
    let mut axes = Vec::new();
    for (name, values) in map {
        let refused = |seen: String| {
            let message = format!("the axis `{name}` {seen}, but an array of numbers, strings or booleans is expected");
            Fail::script(message).hint(format!("write {name}: [1, 2, 3]")).at(At::Key(0, name.to_string()))
        };
        let Some(array) = values.clone().try_cast::<Array>() else {
            return Err(refused(format!("is {}", describe(&values))));
        };
        if array.is_empty() {
            return Err(refused("is empty".into()));
        }
        if let Some(odd) = array.iter().find(|v| !["i64", "f64", "bool", "string"].contains(&v.type_name())) {
            return Err(refused(format!("holds {}", describe(odd))));
        }
        // Values that are written alike share the rows of the table.
        let written = |value: &Dynamic| match value.as_float() {
            Ok(x) if x.fract() == 0.0 && x.abs() < 1e15 => format!("{x:.0}"),
            _ => value.to_string(),
        };
        let mut known = HashSet::new();
        if let Some(again) = array.iter().find(|value| !known.insert(written(value))) {
            let fail = Fail::script(format!("the axis `{name}` has the value {again} twice"));
            return Err(fail.hint("give each value once").at(At::Key(0, name.to_string())));
        }
        axes.push((name.to_string(), array));
    }
    let total = axes.iter().try_fold(1usize, |n, (_, values)| n.checked_mul(values.len()));
    match total {
        Some(n) if n <= MOST => Ok(axes),
        _ => Err(call.bad(0, "makes too many cells", &format!("at most {MOST} are allowed"))),
    }
}

/// Returns the values of the `index`-th cell; the last axis varies fastest.
fn cell(axes: &[(String, Array)], index: usize) -> Map {
    let mut rest = index;
    let mut cell = Map::new();
    for (name, values) in axes.iter().rev() {
        cell.insert(name.into(), values[rest % values.len()].clone());
        rest /= values.len();
    }
    cell
}

/// Returns the results of the first cell in a dry run. A cell that fails does not end a sweep, so
/// if it fails, the last cell decides.
fn look_at_cells(call: &Call, function: &FnPtr, cells: &[Map]) -> Result<Outcome, Fail> {
    let mode = &call.context.mode;
    let first = dry_run(call, function, cells[0].clone())?;
    match (&first, cells) {
        (Ok(_), _) => Ok(first),
        (Err(cause), [_, .., last]) => {
            mode.forget_end();
            let other = dry_run(call, function, last.clone())?;
            if let Err(other) = &other {
                mode.note_cell_failure(other.is_same(cause));
            }
            Ok(other)
        }
        (Err(_), _) => {
            mode.note_cell_failure(true);
            Ok(first)
        }
    }
}

/// Returns the results of a cell in a dry run.
fn dry_run(call: &Call, function: &FnPtr, cell: Map) -> Result<Outcome, Fail> {
    let function = detach(function)?;
    let (made, diverged) =
        call.context.set_apart(|| function.call_within_context::<Dynamic>(call.native, (cell.clone(),)));
    if let Err(error) = &made {
        call.context.mode.note_end(error);
    }
    outcome(&cell, call.context, call.native, made, diverged)
}
