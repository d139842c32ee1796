//! Charts of tables, of runs and of sweeps.

use crate::bind::arguments::column_name;
use crate::bind::picture_options::PlotOptions;
use crate::bind::sweep::places;
use crate::language::{At, Fail};
use crate::value::Done;
use rhai::{Dynamic, Map};
use sdflow::plot::{self, Chart, Colour, Curve, Level};
use sdflow::table::Table;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A table, or the history of a run, whose columns become curves.
pub struct Series {
    /// The name, if a map holds several tables or runs.
    name: String,
    table: Arc<Table>,
    /// The noise floors of the metrics of a run.
    floors: BTreeMap<String, f64>,
    /// The columns that can be drawn, from which the options may choose.
    usual: Vec<String>,
    /// The usual column of the horizontal axis.
    x: String,
    /// True for the history of a run, whose columns are different quantities.
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
    let has = |name: &str| table.columns().iter().any(|column| column == name);
    let is_run = has("step") && has("progress");
    let is_number = |column: &&String| table.values(column).iter().any(|v| v.is_finite());
    let first = table.columns().iter().find(is_number).cloned().unwrap_or_default();
    let x = if is_run { "step".into() } else { first };
    let is_drawn = |column: &&String| {
        let is_clock = *column == "progress" && is_run;
        !is_clock && !is_error(&table, column) && is_number(column)
    };
    let usual = table.columns().iter().filter(is_drawn).cloned().collect();
    Some(Series { name, table: Arc::clone(&table), floors: BTreeMap::new(), usual, x, is_run })
}

/// True if the column holds the standard errors of another one.
fn is_error(table: &Table, column: &str) -> bool {
    column.strip_suffix("_se").is_some_and(|of| table.columns().iter().any(|other| other == of))
}

/// Returns the charts of tables and runs. One table has one chart. A run has a chart per column,
/// because its history holds different quantities. Several tables also have a chart per column.
pub fn curves(series: &[Series], options: &PlotOptions) -> Result<Vec<Chart>, Fail> {
    let mut columns = options.y.clone().unwrap_or_default();
    if options.y.is_none() {
        for one in series {
            let x = options.x.as_ref().unwrap_or(&one.x);
            let others: Vec<&String> = one.usual.iter().filter(|name| *name != x && !columns.contains(name)).collect();
            columns.extend(others.into_iter().cloned());
        }
    }
    let other = series.iter().find(|one| one.x != series[0].x);
    if let (Some(other), None) = (other, &options.x) {
        let message = format!("the tables begin with different columns, `{}` and `{}`", series[0].x, other.x);
        return Err(Fail::script(message).hint("choose the horizontal axis: x: \"..\"").at(At::Argument(0)));
    }
    if columns.is_empty() {
        let fail = Fail::script("a picture of a table needs two columns of numbers").at(At::Argument(0));
        return Err(fail.hint("words and empty columns cannot be drawn"));
    }
    for name in &columns {
        check_column(series, name, "y")?;
    }
    options.x.iter().try_for_each(|name| check_column(series, name, "x"))?;
    if matches!(series, [one] if !one.is_run) {
        let chart = Chart::new("").y(if let [only] = columns.as_slice() { only.as_str() } else { "" });
        return Ok(vec![add_curves(chart, series, &columns, options)]);
    }
    let chart =
        |name: &String| add_curves(Chart::new("").y(name.as_str()), series, std::slice::from_ref(name), options);
    Ok(columns.iter().map(chart).collect())
}

/// Refuses a column that no table has, or that holds no numbers.
fn check_column(series: &[Series], name: &str, key: &str) -> Result<(), Fail> {
    let at = || At::Key(2, key.into());
    let with: Vec<&Series> =
        series.iter().filter(|one| one.table.columns().iter().any(|column| column == name)).collect();
    match (with.as_slice(), series) {
        ([], [first, ..]) => column_name(&first.table, name.into()).map(drop).map_err(|f| f.at(at())),
        (with, _) if with.iter().all(|one| !one.table.values(name).iter().any(|v| v.is_finite())) => {
            Err(Fail::script(format!("the column `{name}` holds no numbers")).at(at()))
        }
        _ => Ok(()),
    }
}

/// Adds a curve for each of `columns` in each series that has this column, with its errors and its
/// noise floor.
fn add_curves(mut chart: Chart, series: &[Series], columns: &[String], options: &PlotOptions) -> Chart {
    let floors = floors(series, columns);
    for (i, one) in series.iter().enumerate() {
        let x = options.x.as_ref().unwrap_or(&one.x);
        let has = |name: &String| one.table.columns().contains(name);
        for (k, name) in columns.iter().enumerate().filter(|(_, name)| has(name) && has(x)) {
            chart = chart.x(x.as_str());
            let label = match (series.len() > 1, columns.len() > 1) {
                (true, true) => format!("{} {name}", one.name),
                (true, false) => one.name.clone(),
                (false, true) => options.labels.get(k).unwrap_or(name).clone(),
                (false, false) if !one.is_run => options.labels.first().cloned().unwrap_or_default(),
                (false, false) => String::new(),
            };
            let mut curve = Curve::new(one.table.values(x), one.table.values(name)).label(label).marked();
            if columns.len() == 1 {
                curve = curve.colour(Colour::of(i));
            }
            let error = format!("{name}_se");
            if one.table.columns().contains(&error) {
                curve = curve.band(one.table.values(&error));
            }
            chart = chart.with(curve);
            if let (Some(floor), Floors::Apart) = (one.floors.get(name), &floors) {
                let level = Level::new(*floor, format!("noise floor of {}", one.name));
                chart = chart.with(Level { colour: Some(Colour::of(i)), ..level });
            }
        }
    }
    match floors {
        Floors::One(floor) => chart.with(Level::new(floor, "noise floor")),
        Floors::Apart | Floors::None => chart,
    }
}

/// The noise floors of the curves of a chart.
enum Floors {
    None,
    /// One floor for all curves, because their floors differ by at most a tenth.
    One(f64),
    /// A floor for each curve, because their floors differ.
    Apart,
}

fn floors(series: &[Series], columns: &[String]) -> Floors {
    let [name] = columns else { return Floors::None };
    let floors: Vec<f64> = series.iter().filter_map(|one| one.floors.get(name).copied()).collect();
    let (least, most) =
        floors.iter().fold((f64::INFINITY, 0.0), |(low, high): (f64, f64), f| (low.min(*f), high.max(*f)));
    match floors.len() {
        0 => Floors::None,
        n if most <= 1.1 * least => Floors::One(floors.iter().sum::<f64>() / n as f64),
        _ => Floors::Apart,
    }
}

/// Returns the charts of the table of a sweep: its first quantity, or the quantities of `y`, over
/// the axes.
pub fn sweep_charts(table: &Table, options: &PlotOptions) -> Result<Vec<Chart>, Fail> {
    let is_axis = |name: &String| table.axes().iter().any(|(axis, _)| axis == name);
    let first = table.columns().iter().find(|name| !is_axis(name)).cloned();
    let mut charts = Vec::new();
    for (i, name) in options.y.clone().unwrap_or(first.into_iter().collect()).into_iter().enumerate() {
        let name = column_name(table, name).map_err(|f| f.at(At::Key(2, "y".into())))?;
        let label = options.labels.get(i).unwrap_or(&name);
        let Some(picture) = plot::survey(&places(table, &name), label, label) else {
            let message = format!("`{name}` cannot be drawn over the axes of the sweep");
            let hint = "one or two axes of numbers must vary, and all others take at most 12 combinations of values";
            return Err(Fail::script(message).hint(hint).at(At::Argument(0)));
        };
        charts.extend(picture.charts);
    }
    Ok(charts)
}
