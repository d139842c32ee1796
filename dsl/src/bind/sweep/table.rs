//! The results of the cells as a table, and the methods of that table.

use super::cell::name;
use crate::bind::arguments::column_name;
use crate::call::Call;
use crate::cells::{Places, SEED, SeedMean, seed_mean};
use crate::language::{At, Fail};
use crate::value::{Reading, number};
use rhai::{Array, Dynamic, Map};
use sdflow::plot;
use sdflow::table::{Cell, Table};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The results of the cells by place; a place is given by all axes except that of the seeds.
#[derive(Default)]
pub struct Survey(Places<Place>);

/// The results of the cells of one place: its axes, the quantities by name with one value for each
/// seed, and the number of cells that failed.
struct Place {
    axes: Map,
    readings: BTreeMap<String, Vec<Reading>>,
    failed: usize,
}

impl Survey {
    /// Adds the results of a cell; None if it failed.
    pub fn add(&mut self, cell: &Map, readings: Option<Vec<(String, Reading)>>) {
        let axes: Map =
            cell.iter().filter(|(name, _)| *name != SEED).map(|(name, v)| (name.clone(), v.clone())).collect();
        let place = self.0.at(name(&axes), || Place { axes, readings: BTreeMap::new(), failed: 0 });
        match readings {
            Some(readings) => {
                readings.into_iter().for_each(|(name, r)| place.readings.entry(name).or_default().push(r));
            }
            None => place.failed += 1,
        }
    }

    /// True if no cell has results.
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(|place| place.readings.is_empty())
    }

    /// Returns a name that two columns of the table would have; None if all names differ.
    pub fn shared_name(&self, axes: &[(String, Array)]) -> Option<String> {
        let seeded = axes.iter().any(|(name, _)| name == SEED);
        let quantities: BTreeSet<&String> = self.0.iter().flat_map(|place| place.readings.keys()).collect();
        let own = axes.iter().map(|(name, _)| name.clone()).filter(|name| name != SEED);
        let deviations = quantities.iter().filter(|_| seeded).map(|name| format!("{name}_sd"));
        let errors = quantities.iter().filter(|_| seeded).map(|name| format!("{name}_se"));
        let results = quantities.iter().map(|name| name.to_string());
        let mut known = BTreeSet::new();
        let mut all = own.chain(results).chain(deviations).chain(errors).chain(["failed".to_string()]);
        all.find(|name| !known.insert(name.clone()))
    }

    /// Returns a row for each place: its axes, then each quantity.
    pub fn table(&self, axes: &[(String, Array)]) -> Table {
        let seeded = axes.iter().any(|(name, _)| name == SEED);
        let failed = self.0.iter().any(|place| place.failed > 0);
        let axes = axes.iter().filter(|(name, _)| name != SEED);
        let whole = |values: &Array| values.iter().all(|value| value.is_int());
        let mut table = Table::over(axes.map(|(name, values)| (name.clone(), whole(values))).collect());
        for place in self.0.iter() {
            let value = |value: &Dynamic| number(value).map_or_else(|| Cell::Text(value.to_string()), Cell::Number);
            let mut row: Vec<(String, Cell)> =
                place.axes.iter().map(|(name, v)| (name.to_string(), value(v))).collect();
            for (name, readings) in &place.readings {
                let (mean, sd) = average(readings);
                row.push((name.clone(), mean));
                row.extend(seeded.then(|| (format!("{name}_sd"), sd)));
            }
            row.extend(failed.then(|| ("failed".to_string(), Cell::Number(place.failed as f64))));
            table.push(row);
        }
        table
    }
}

/// Returns the mean with its standard error, and the standard deviation; for a single reading, the
/// reading itself.
fn average(readings: &[Reading]) -> (Cell, Cell) {
    let values: Vec<_> = readings.iter().map(|r| (r.value, r.se)).collect();
    let SeedMean { value, se, sd, .. } = seed_mean(&values);
    let mean = se.map_or(Cell::Number(value), |se| Cell::Estimate { value, se });
    (mean, sd.map_or(Cell::Empty, Cell::Number))
}

/// Returns the row with the smallest or the largest value of a column.
pub fn best(call: &Call) -> Result<Dynamic, Fail> {
    let table: Arc<Table> = call.receiver()?;
    let column = column_name(&table, call.text(1)?).map_err(|f| f.at(At::Argument(1)))?;
    let largest = match call.len() > 2 {
        false => false,
        true => match call.text(2)?.as_str() {
            "smallest" => false,
            "largest" => true,
            other => return Err(call.bad(2, format!("is {other:?}"), "\"smallest\" or \"largest\" is expected")),
        },
    };
    let values = table.values(&column);
    let finite = (0..table.n()).filter(|i| values[*i].is_finite());
    let order = |a: &usize, b: &usize| values[*a].total_cmp(&values[*b]);
    // If several rows have the smallest or the largest value, the first of them is chosen.
    let found = if largest { finite.rev().max_by(order) } else { finite.min_by(order) };
    found.map(|i| row(&table, i)).ok_or_else(|| Fail::script(format!("no row has a finite value in `{column}`")))
}

/// Returns a row as a map of the script.
pub fn row(table: &Table, i: usize) -> Dynamic {
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

/// Returns the places of the table of a sweep with the values of one of its columns.
pub fn places(table: &Table, column: &str) -> Vec<plot::Place> {
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
        plot::Place { axes, value, se, floor: f64::NAN }
    };
    (0..table.n()).map(place).collect()
}
