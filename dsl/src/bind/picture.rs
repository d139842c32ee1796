//! `plot`: pictures of points, densities, fields, images, tables and runs.

use crate::bind::picture_options::PlotOptions;
use crate::bind::picture_sets::{Look, chart_of_sets, clouds_of, moment};
use crate::bind::picture_tables::{curves, series_of, sweep_charts};
use crate::bind::unused_options as idle;
use crate::call::{Call, Entry, function};
use crate::language::{At, Fail, Kind, OPTIONS, Type, arg};
use rhai::{Array, Dynamic, Map};
use sdflow::options::Options;
use sdflow::plot::{Chart, Layer, Level, Picture};
use sdflow::table::Table;
use std::sync::Arc;

/// The types that can be drawn.
const DRAWABLE: Type = Type::OneOf(&[
    Type::Points,
    Type::Target,
    Type::Table,
    Type::Result,
    Type::Flow,
    Type::Function,
    Type::Array,
    Type::Map,
]);

pub const ENTRIES: &[Entry] =
    &[function("plot", Kind::Saying, &[arg("what", DRAWABLE), arg("file", Type::Text), OPTIONS], Type::Nothing, plot)
        .about(
            "Draws a picture into `plots/` of the run folder, as `.svg` or `.png`. `what` is what \
             the picture shows: sets of points, fields of arrows, tables or results of runs. A set \
             of points is given as points, or as a target, which is then sampled. An array of sets \
             makes one chart, with the first set behind the others. A map of named sets also makes \
             one chart, in the order of the alphabet, with the sets named `target`, `data`, \
             `reference` or `held_out` behind the others. An array of such arrays or maps makes \
             one chart for each element. A map of such arrays or maps does the same, and its keys \
             become the titles. Snapshots of a run make one chart each (at most nine), with their \
             steps as titles. With `paths` they make one chart with the paths of the particles. \
             Points of one coordinate are drawn as a histogram, points of two coordinates as a \
             scatter plot, and points of three as a view in space. Points of more coordinates are \
             drawn as a scatter plot along their principal axes. With `pairs` there is a chart for \
             each pair of coordinates. With `image_width` each point is drawn as a grey image. In \
             a chart of two coordinates, a flow is drawn as arrows, which show its velocity, \
             averaged over its noise. For this velocity, the set in front of the others is taken \
             as the cloud. If the flow contains a `denoiser` of the cloud or a `ratio`, this is \
             first trained on the same set. The discriminator of a `gan_flow` is not trained, so a \
             `gan_flow` shows no arrows. A function from points to vectors, such as `|x| \
             p.score(x)`, is also drawn as arrows. The columns of a table become curves in one \
             chart; if there are columns `x` and `x_se`, the curve of `x` gets a band of one \
             standard error. The columns of the history of a run get one chart each. From the \
             table of a sweep, the first quantity (or the quantities of `y`) is drawn as a heat \
             map over two axes or as curves over one axis. From the result of a run, the metrics \
             are drawn over the steps with their noise floors; without metrics, all measurements \
             are drawn. A map of results or of tables compares them: each quantity has a chart \
             with a curve for each name.",
        )
        .options(PlotOptions::KEYS)
        .example(
            "let p = dataset(\"moons\");\n\
             plot(#{target: p, particles: normal(500, 2)}, \"start.svg\", #{title: \"before\"});\n\
             let q = mixture(#{means: [[-2, 0], [2, 1]], std: 0.6});\n\
             plot(#{target: q, score: |x| q.score(x)}, \"score.svg\", #{density: true});\n\
             let r = run(sd_flow(q), normal(200, 2), #{steps: 20, snapshots: 12});\n\
             plot(r.snapshots, \"paths.svg\", #{paths: true});",
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
        let picture = picture(call, &options)?;
        idle::in_plot(call, &options, picture.charts.len());
        call.context.mode.find(|| picture.save(&path), || picture.check()).map_err(|e| call.place(e))
    })?;
    call.context.record_file(&path);
    Ok(Dynamic::UNIT)
}

fn picture(call: &Call, options: &PlotOptions) -> Result<Picture, Fail> {
    let size = match options.size.as_deref() {
        None => None,
        Some([width, height]) => Some((*width, *height)),
        Some(other) => {
            let fail =
                Fail::script(format!("`size` has {} numbers, but a width and a height are expected", other.len()));
            return Err(fail.hint("size: [600, 400]").at(At::Key(2, "size".into())));
        }
    };
    let what = call.arg(0)?;
    if options.pairs {
        let (clouds, names) = clouds_of(call, what, &Look::of(options))?;
        let made = Picture::pairs(options.title.as_str(), &clouds, &names).map_err(|e| call.place(e))?;
        return Ok(Picture { size, ..made });
    }
    let mut picture = Picture::new(options.title.as_str());
    // With images, `columns` is the number of images per line in each chart.
    picture.columns = options.columns.filter(|_| options.image_width.is_none());
    (picture.same_axes, picture.equal, picture.size) = (options.same_axes, options.equal, size);
    Ok(charts(call, what, options)?.into_iter().fold(picture, Picture::with))
}

/// Returns the charts of the picture, with the logarithmic axes of the options.
fn charts(call: &Call, what: &Dynamic, options: &PlotOptions) -> Result<Vec<Chart>, Fail> {
    let sweep = what.clone().try_cast::<Arc<Table>>().filter(|t| !t.axes().is_empty() && options.x.is_none());
    let mut made = match (sweep, series_of(what)) {
        (Some(table), _) => annotated(sweep_charts(&table, options)?, options)?,
        (None, Some(series)) => annotated(curves(&series, options)?, options)?,
        (None, None) => {
            idle::in_plot_of_points(call);
            let look = Look::of(options);
            let chart =
                |(title, part): &(String, Dynamic)| chart_of_sets(Chart::new(title.as_str()), call, part, &look);
            parts(call, what, options.paths)?.iter().map(chart).collect::<Result<Vec<Chart>, Fail>>()?
        }
    };
    for (chart, title) in made.iter_mut().zip(&options.titles) {
        chart.title.clone_from(title);
    }
    let log = |chart: Chart| if options.log_x { chart.log_x() } else { chart };
    Ok(made.into_iter().map(log).map(|chart| if options.log_y { chart.log_y() } else { chart }).collect())
}

/// Returns the charts of a table with the labels and levels of the options.
///
/// # Errors
/// A heat map should have levels.
fn annotated(charts: Vec<Chart>, options: &PlotOptions) -> Result<Vec<Chart>, Fail> {
    let has_heat = charts.iter().any(|chart| chart.layers.iter().any(|layer| matches!(layer, Layer::Heat(_))));
    if has_heat && !options.levels.is_empty() {
        let fail = Fail::script("`levels` are lines in a chart of curves, and this chart is a heat map");
        return Err(fail.hint("leave `levels` out").at(At::Key(2, "levels".into())));
    }
    let annotate = |mut chart: Chart| {
        chart = options.x_label.iter().fold(chart, |chart, label| chart.x(label.as_str()));
        chart = options.y_label.iter().fold(chart, |chart, label| chart.y(label.as_str()));
        options.levels.iter().fold(chart, |chart, (name, value)| chart.with(Level::new(*value, name.as_str())))
    };
    Ok(charts.into_iter().map(annotate).collect())
}

/// Returns the title and the content of every chart: one chart, or one per element.
fn parts(call: &Call, what: &Dynamic, paths: bool) -> Result<Vec<(String, Dynamic)>, Fail> {
    let is_group = |value: &Dynamic| value.is_array() || value.is_map();
    if let Some(map) = what.clone().try_cast::<Map>().filter(|map| map.values().all(is_group)) {
        if map.is_empty() {
            return Err(call.bad(0, "is empty", "something to draw is expected"));
        }
        return Ok(map.into_iter().map(|(name, part)| (name.to_string(), part)).collect());
    }
    let Some(array) = what.clone().try_cast::<Array>().filter(|_| !paths) else {
        return Ok(vec![(String::new(), what.clone())]);
    };
    if array.is_empty() {
        return Err(call.bad(0, "is empty", "something to draw is expected"));
    }
    if let Some(moments) = array.iter().map(moment).collect::<Option<Vec<_>>>() {
        return Ok(some_of(call, moments));
    }
    match array.iter().all(is_group) {
        true => Ok(array.into_iter().map(|part| (String::new(), part)).collect()),
        false => Ok(vec![(String::new(), what.clone())]),
    }
}

/// Returns at most nine of the moments of a motion, evenly spaced. If some are left out, a note
/// says so.
fn some_of(call: &Call, moments: Vec<(String, Dynamic)>) -> Vec<(String, Dynamic)> {
    const MOST: usize = 9;
    let all = moments.len();
    if all <= MOST {
        return moments;
    }
    call.context.note_once(&format!("plot: {MOST} of {all} clouds are drawn; `animate` shows all"));
    let chosen: Vec<usize> = (0..MOST).map(|i| (i * (all - 1) + (MOST - 1) / 2) / (MOST - 1)).collect();
    moments.into_iter().enumerate().filter(|(i, _)| chosen.contains(i)).map(|(_, moment)| moment).collect()
}
