//! Charts of tables, of runs and of sweeps.

use crate::bind::arguments::column_name;
use crate::bind::picture_options::PlotOptions;
use crate::bind::sweep::places;
use crate::language::{At, Fail};
use crate::value::Done;
use rhai::{Dynamic, Map};
use sdflow::plot::{self, Chart, Curve, Level};
use sdflow::table::Table;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The largest number of charts into which the columns of one table are divided.
const MOST_CHARTS: usize = 12;

/// A table, or the history of a run, whose columns become curves.
pub struct Series {
    /// The name in a map of several.
    name: String,
    table: Arc<Table>,
    /// The noise floors of the metrics of a run.
    floors: BTreeMap<String, f64>,
    /// The columns that can be drawn, from which the options may choose.
    usual: Vec<String>,
    /// The usual column of the horizontal axis.
    x: String,
    /// True for the history of a run.
    is_run: bool,
}

/// Returns the tables or runs that `what` consists of: one, or a map of several.
pub fn series_of(what: &Dynamic) -> Option<Vec<Series>> {
    if let Some(map) = what.clone().try_cast::<Map>().filter(|map| !map.is_empty()) {
        let named =
            |(name, value): (rhai::Identifier, Dynamic)| Some(Series { name: name.to_string(), ..one(&value)? });
        return map.into_iter().map(named).collect();
    }
    one(what).map(|series| vec![series])
}

fn one(value: &Dynamic) -> Option<Series> {
    let name = String::new();
    if let Some(done) = value.clone().try_cast::<Done>() {
        let table = Arc::clone(&done.history);
        let is_reading = |name: &&String| !["step", "progress"].contains(&name.as_str()) && !is_error(&table, name);
        let chosen = |name: &&String| done.metrics.is_empty() || done.metrics.contains_key(*name);
        let usual = table.columns().iter().filter(is_reading).filter(chosen).cloned().collect();
        let floors = done.metrics.iter().filter_map(|(name, m)| Some((name.clone(), m.floor?))).collect();
        return Some(Series { name, table: Arc::clone(&table), floors, usual, x: "step".into(), is_run: true });
    }
    let table = value.clone().try_cast::<Arc<Table>>()?;
    let x = table.columns().first().cloned().unwrap_or_default();
    let is_drawn = |column: &&String| {
        let is_clock = *column == "progress" && x == "step";
        !is_clock && !is_error(&table, column) && table.values(column).iter().any(|v| v.is_finite())
    };
    let usual = table.columns().iter().filter(is_drawn).cloned().collect();
    Some(Series { name, table: Arc::clone(&table), floors: BTreeMap::new(), usual, x, is_run: false })
}

/// True if the column holds the standard errors of another one.
fn is_error(table: &Table, column: &str) -> bool {
    column.strip_suffix("_se").is_some_and(|of| table.columns().iter().any(|other| other == of))
}

/// Returns the charts of tables and runs. One table has one chart, or a chart per column if these
/// cannot share an axis; a run, or several tables, have a chart per column.
pub fn curves(series: &[Series], options: &PlotOptions) -> Result<Vec<Chart>, Fail> {
    let mut columns = options.y.clone().unwrap_or_default();
    if options.y.is_none() {
        for one in series {
            let x = options.x.as_ref().unwrap_or(&one.x);
            let others: Vec<&String> = one.usual.iter().filter(|name| *name != x && !columns.contains(name)).collect();
            columns.extend(others.into_iter().cloned());
        }
    }
    for name in &columns {
        let misses = series.iter().all(|one| !one.table.columns().contains(name));
        if let Some(one) = series.first().filter(|_| misses) {
            column_name(&one.table, name.clone()).map_err(|f| f.at(At::Key(2, "y".into())))?;
        }
    }
    let is_table = matches!(series, [one] if !one.is_run);
    if is_table && (options.y.is_some() || share_an_axis(&series[0].table, &columns)) {
        let chart = Chart::new("").y(if let [only] = columns.as_slice() { only.as_str() } else { "" });
        return Ok(vec![add_curves(chart, series, &columns, options)?]);
    }
    let chart =
        |name: &String| add_curves(Chart::new("").y(name.as_str()), series, std::slice::from_ref(name), options);
    columns.iter().map(chart).collect()
}

/// Adds a curve for each column of each series, with its errors and its noise floor.
fn add_curves(mut chart: Chart, series: &[Series], columns: &[String], options: &PlotOptions) -> Result<Chart, Fail> {
    for one in series {
        let x = options.x.clone().unwrap_or_else(|| one.x.clone());
        let x = column_name(&one.table, x).map_err(|f| f.at(At::Key(2, "x".into())))?;
        chart = chart.x(x.as_str());
        for name in columns.iter().filter(|name| one.table.columns().contains(name)) {
            let label = match (series.len() > 1, columns.len() > 1) {
                (true, true) => format!("{} {name}", one.name),
                (true, false) => one.name.clone(),
                (false, true) => name.clone(),
                (false, false) => String::new(),
            };
            let mut curve = Curve::new(one.table.values(&x), one.table.values(name)).label(label).marked();
            let error = format!("{name}_se");
            if one.table.columns().contains(&error) {
                curve = curve.band(one.table.values(&error));
            }
            chart = chart.with(curve);
            if let Some(floor) = one.floors.get(name) {
                chart = chart.with(Level::new(*floor, "noise floor"));
            }
        }
    }
    Ok(chart)
}

/// True if the values of these columns can share an axis: the largest range is at most six times
/// the smallest, or there are too many columns for a chart each.
fn share_an_axis(table: &Table, columns: &[String]) -> bool {
    let size = |name: &String| {
        let values = table.values(name).into_iter().filter(|v| v.is_finite());
        values.fold(0.0, |most: f64, v| most.max(v.abs()))
    };
    let sizes = || columns.iter().map(size).filter(|size| *size > 0.0);
    let (least, most) = (sizes().fold(f64::INFINITY, f64::min), sizes().fold(0.0, f64::max));
    columns.len() > MOST_CHARTS || most <= 6.0 * least
}

/// Returns the charts of the table of a sweep: its first quantity, or the quantities of `y`, over
/// the axes.
pub fn sweep_charts(table: &Table, options: &PlotOptions) -> Result<Vec<Chart>, Fail> {
    let is_axis = |name: &String| table.axes().iter().any(|(axis, _)| axis == name);
    let first = table.columns().iter().find(|name| !is_axis(name)).cloned();
    let mut charts = Vec::new();
    for name in options.y.clone().unwrap_or(first.into_iter().collect()) {
        let name = column_name(table, name).map_err(|f| f.at(At::Key(2, "y".into())))?;
        let Some(picture) = plot::survey(&places(table, &name), &name, &name) else {
            let message = format!("`{name}` cannot be drawn over the axes of the sweep");
            let hint = "one or two axes of numbers must vary, and all others take at most 12 combinations of values";
            return Err(Fail::script(message).hint(hint).at(At::Argument(0)));
        };
        charts.extend(picture.charts);
    }
    Ok(charts)
}
