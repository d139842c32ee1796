//! What the cells gave, as a table, and what a script asks of it.

use crate::bind::arguments::column_name;
use crate::call::Call;
use crate::language::{At, Fail};
use crate::value::{Reading, number};
use rhai::{Array, Dynamic, Map};
use sdflow::plot::Place;
use sdflow::table::{Cell, Table};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The axis over which is averaged.
pub const SEED: &str = "seed";

/// What the cells gave, by place: all axes but the seeds'.
#[derive(Default)]
pub struct Survey(Vec<(Map, Found)>);

/// What the cells of one place gave: quantities by name, one value per seed, and how many cells
/// failed.
#[derive(Default)]
struct Found {
    readings: BTreeMap<String, Vec<Reading>>,
    failed: usize,
}

impl Survey {
    /// Adds what a cell gave; none when it failed.
    pub fn add(&mut self, cell: &Map, readings: Option<Vec<(String, Reading)>>) {
        let place: Map =
            cell.iter().filter(|(name, _)| *name != SEED).map(|(name, value)| (name.clone(), value.clone())).collect();
        let same = |other: &Map| other.iter().all(|(name, value)| place[name].to_string() == value.to_string());
        // A place's cells mostly follow each other.
        let at = self.0.iter().rposition(|(other, _)| same(other)).unwrap_or(self.0.len());
        if at == self.0.len() {
            self.0.push((place, Found::default()));
        }
        let found = &mut self.0[at].1;
        match readings {
            Some(readings) => {
                readings.into_iter().for_each(|(name, r)| found.readings.entry(name).or_default().push(r))
            }
            None => found.failed += 1,
        }
    }

    /// Has no cell given anything?
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(|(_, found)| found.readings.is_empty())
    }

    /// A row per place: its axes, then each quantity.
    pub fn table(&self, axes: &[(String, Array)]) -> Table {
        let seeded = axes.iter().any(|(name, _)| name == SEED);
        let failed = self.0.iter().any(|(_, found)| found.failed > 0);
        let places = axes.iter().filter(|(name, _)| name != SEED);
        let whole = |values: &Array| values.iter().all(|value| value.is_int());
        let mut table = Table::over(places.map(|(name, values)| (name.clone(), whole(values))).collect());
        for (place, found) in &self.0 {
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

/// The row with the smallest or the largest value of a column.
pub fn best(call: &Call) -> Result<Dynamic, Fail> {
    let table: Arc<Table> = call.receiver()?;
    let column = column_name(&table, call.text(1)?).map_err(|f| f.at(At::Argument(1)))?;
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
