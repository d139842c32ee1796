//! Pictures of points, images and tables.

use crate::bind::arguments::column_name;
use crate::bind::sweep::places;
use crate::bind::unused_options as idle;
use crate::call::{Call, Entry, function};
use crate::language::{At, Fail, Kind, OPTIONS, Type, arg};
use crate::value::{Cloud, Done, describe};
use rhai::{Array, Dynamic, Map};
use sdflow::options::Options;
use sdflow::plot::{self, Chart, Curve, Images, Level, Picture};
use sdflow::table::Table;
use sdflow::target::Target;
use std::sync::Arc;

/// The number of points that are sampled from a target for a picture.
const DRAWN: usize = 2000;

/// Names of sets that are drawn behind the others.
const BEHIND: [&str; 4] = ["target", "data", "reference", "held_out"];

sdflow::options! {
    /// Options of `plot`.
    pub struct PlotOptions {
        /// Title above the picture.
        title: String = String::new(),
        /// Titles of the charts, for a picture with several charts.
        titles: Vec<String> = Vec::new(),
        /// Names of the sets of points of an array, for the legend.
        labels: Vec<String> = Vec::new(),
        /// For a table: the column of the horizontal axis; left out: the first column.
        x: Option<String> = None,
        /// For a table: the columns to draw; left out: all other columns.
        y: Option<Vec<String>> = None,
        /// Whether the horizontal axis is logarithmic.
        log_x: bool = false,
        /// Whether the vertical axis is logarithmic.
        log_y: bool = false,
        /// Width in pixels of the grey image as which each point is drawn; left out: no images.
        image_width: Option<usize> = None,
        /// Number of charts (or images) per line; left out: the picture is as square as possible.
        columns: Option<usize> = None,
        /// Whether all charts of points show the same region.
        same_axes: bool = true,
    }
}

/// The types that can be drawn.
const DRAWABLE: Type = Type::OneOf(&[Type::Points, Type::Target, Type::Table, Type::Result, Type::Array, Type::Map]);

pub const ENTRIES: &[Entry] =
    &[function("plot", Kind::Saying, &[arg("what", DRAWABLE), arg("file", Type::Text), OPTIONS], Type::Nothing, plot)
        .about(
            "Draws a picture into `plots/` of the run folder, as `.svg` or `.png`. `what` can be \
             points, or a target, which is sampled according to its weights. An array of these \
             makes one chart, with the first set behind the others. A map of named sets also makes \
             one chart, with `target`, `data`, `reference` or `held_out` behind the others. An \
             array of such arrays or maps makes one chart for each of them. The columns of a table \
             become curves. For the table of a sweep, the first quantity (or the quantities of \
             `y`) is drawn as a heat map over two axes or as curves over one axis. For the result \
             of a run, its metrics are drawn over the steps with their noise floors. Points of one \
             coordinate become a histogram, of two a scatter plot, of three a view in space, and \
             of more a scatter plot along their principal axes. With `image_width` each point is \
             drawn as a grey image.",
        )
        .options(PlotOptions::KEYS)
        .example(
            "let p = dataset(\"moons\");\n\
             plot(#{target: p, particles: normal(500, 2)}, \"start.svg\", #{title: \"before\"});",
        )];

/// The endings of files of pictures.
pub const DRAWN_AS: [&str; 2] = ["svg", "png"];

fn plot(call: &Call) -> Result<Dynamic, Fail> {
    let name = call.text(1)?;
    let options: PlotOptions = if call.len() > 2 { call.options()? } else { PlotOptions::default() };
    if !DRAWN_AS.iter().any(|ending| name.ends_with(&format!(".{ending}"))) {
        return Err(call.bad(1, format!("is {name:?}"), "a name that ends in .svg or .png is expected"));
    }
    let path = call.context.writable(&name, "plots").map_err(|f| f.at(At::Argument(1)))?;
    call.context.time("pictures", || {
        let charts = charts(call, call.arg(0)?, &options)?;
        idle::in_plot(call, charts.len());
        let mut picture = Picture::new(options.title.as_str());
        // With images, `columns` is that of each chart.
        picture.columns = options.columns.filter(|_| options.image_width.is_none());
        picture.same_axes = options.same_axes;
        picture = charts.into_iter().fold(picture, Picture::with);
        call.context.mode.write(|| picture.save(&path)).map_err(|e| call.place(e))
    })?;
    call.context.record_file(&path);
    Ok(Dynamic::UNIT)
}

/// Returns one chart, or one chart per element if the elements are arrays or maps.
fn charts(call: &Call, what: &Dynamic, options: &PlotOptions) -> Result<Vec<Chart>, Fail> {
    if let Some(done) = what.clone().try_cast::<Done>() {
        return Ok(metric_charts(&done, options));
    }
    if let Some(table) = what.clone().try_cast::<Arc<Table>>().filter(|t| !t.axes().is_empty() && options.x.is_none()) {
        return sweep_charts(&table, options);
    }
    let array = what.clone().try_cast::<Array>();
    if array.as_ref().is_some_and(Vec::is_empty) {
        return Err(call.bad(0, "is empty", "something to draw is expected"));
    }
    let several = array.filter(|a| a.iter().all(|e| e.is_array() || e.is_map()));
    let Some(parts) = several else { return Ok(vec![chart(call, what, options, "")?]) };
    let title = |i: usize| options.titles.get(i).map_or("", String::as_str);
    parts.iter().enumerate().map(|(i, part)| chart(call, part, options, title(i))).collect()
}

fn chart(call: &Call, what: &Dynamic, options: &PlotOptions, title: &str) -> Result<Chart, Fail> {
    let chart = match what.clone().try_cast::<Arc<Table>>() {
        Some(table) => curves(Chart::new(title), &table, options)?,
        None => {
            let images = options.image_width.map(|width| (width, options.columns));
            single(Chart::new(title), call, what, &options.labels, images)?
        }
    };
    let chart = if options.log_x { chart.log_x() } else { chart };
    Ok(if options.log_y { chart.log_y() } else { chart })
}

/// Width of the image as which each point is drawn, and the number of images per line.
pub type ImageGrid = Option<(usize, Option<usize>)>;

/// Adds points, an array of sets or a map of named sets to a chart.
pub fn single(
    mut chart: Chart,
    call: &Call,
    what: &Dynamic,
    labels: &[String],
    images: ImageGrid,
) -> Result<Chart, Fail> {
    let label = |i: usize| labels.get(i).map_or("", String::as_str);
    if let Some(map) = what.clone().try_cast::<Map>() {
        let behind = |name: &str| BEHIND.contains(&name);
        let (back, front): (Vec<_>, Vec<_>) = map.iter().partition(|(name, _)| behind(name));
        for (name, set) in back.into_iter().chain(front) {
            chart = layer(chart, call, set, name, behind(name), images)?;
        }
    } else if let Some(sets) = what.clone().try_cast::<Array>() {
        for (i, set) in sets.iter().enumerate() {
            chart = layer(chart, call, set, label(i), i == 0 && sets.len() > 1, images)?;
        }
    } else {
        chart = layer(chart, call, what, label(0), false, images)?;
    }
    Ok(chart)
}

/// Adds a set of points to a chart as a layer.
pub fn layer(
    chart: Chart,
    call: &Call,
    set: &Dynamic,
    label: &str,
    behind: bool,
    images: ImageGrid,
) -> Result<Chart, Fail> {
    let points = if let Some(cloud) = set.clone().try_cast::<Cloud>() {
        cloud.points
    } else if let Some(target) = set.clone().try_cast::<Arc<dyn Target>>() {
        match target.data() {
            Some(data) if data.weights.is_none() => Arc::clone(data.points),
            _ => Arc::new(target.sample(DRAWN, call.context.stream("picture")).map_err(|e| call.place(e))?),
        }
    } else {
        let want = "points, a target, an array or a map of them, or a table is expected";
        return Err(call.bad(0, format!("holds {}", describe(set)), want));
    };
    let Some((width, columns)) = images else {
        let cloud = plot::Cloud::new(points).label(label);
        return Ok(chart.with(if behind { cloud.backdrop() } else { cloud }));
    };
    if width == 0 || !points.dim().is_multiple_of(width) {
        let message = format!("`image_width` is {width}, but a point has {} pixels", points.dim());
        return Err(Fail::script(message).at(At::Key(2, "image_width".into())));
    }
    let height = points.dim() / width;
    let mut images = Images::new(points, width, height);
    images.columns = columns;
    Ok(chart.with(images))
}

/// Returns a chart for each metric of a run, over its steps and with its noise floor; for a run
/// without metrics, a chart for each reading of the flow.
fn metric_charts(done: &Done, options: &PlotOptions) -> Vec<Chart> {
    let table = &done.history;
    let own = |name: &&String| !(name.ends_with("_se") || ["step", "progress"].contains(&name.as_str()));
    let chosen = |name: &&String| done.metrics.is_empty() || done.metrics.contains_key(*name);
    let names = table.columns().iter().filter(own).filter(chosen);
    names
        .map(|name| {
            let mut curve = Curve::new(table.values("step"), table.values(name)).label(name.as_str()).marked();
            if table.columns().contains(&format!("{name}_se")) {
                curve = curve.band(table.values(&format!("{name}_se")));
            }
            let mut chart = Chart::new(name.as_str()).x("step").with(curve);
            if let Some(floor) = done.metrics.get(name).and_then(|m| m.floor) {
                chart = chart.with(Level::new(floor, "noise floor"));
            }
            if options.log_y { chart.log_y() } else { chart }
        })
        .collect()
}

/// Returns the charts of the table of a sweep: its first quantity, or the quantities of `y`, over
/// the axes.
fn sweep_charts(table: &Table, options: &PlotOptions) -> Result<Vec<Chart>, Fail> {
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
    let log = |chart: Chart| if options.log_x { chart.log_x() } else { chart };
    Ok(charts.into_iter().map(log).map(|chart| if options.log_y { chart.log_y() } else { chart }).collect())
}

/// Adds the columns of a table as curves over one of them.
fn curves(chart: Chart, table: &Table, options: &PlotOptions) -> Result<Chart, Fail> {
    let first = || table.columns().first().cloned().unwrap_or_default();
    let key = |name: &'static str| move |f: Fail| f.at(At::Key(2, name.into()));
    let x = column_name(table, options.x.clone().unwrap_or_else(first)).map_err(key("x"))?;
    let others = || table.columns().iter().filter(|c| **c != x).cloned().collect();
    let mut chart = chart.x(x.as_str());
    for name in options.y.clone().unwrap_or_else(others) {
        let name = column_name(table, name).map_err(key("y"))?;
        let values = table.values(&name);
        if values.iter().any(|v| v.is_finite()) {
            chart = chart.with(Curve::new(table.values(&x), values).label(name.as_str()).marked());
        }
    }
    Ok(chart)
}
