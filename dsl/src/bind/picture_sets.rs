//! Charts of points, targets and fields of vectors.

use crate::bind::field::mean_velocity;
use crate::bind::picture_density::{DRAWN, add_density, grid, line};
use crate::bind::picture_options::PlotOptions;
use crate::call::Call;
use crate::language::{At, Fail};
use crate::value::{Cloud, Done, Plan, describe, number};
use rhai::{Array, Dynamic, FnPtr, Map};
use sdflow::Points;
use sdflow::plot::{self, Arrows, Chart, Colour, Images, Paths};
use sdflow::table::Table;
use sdflow::target::Target;
use std::sync::Arc;

/// Names of sets that are drawn behind the others.
const BEHIND: [&str; 4] = ["target", "data", "reference", "held_out"];

/// The number of arrows along each side of a chart.
const ARROWS: usize = 20;

/// How sets of points are drawn.
#[derive(Default)]
pub struct Look<'a> {
    /// The names of the sets of an array.
    pub labels: &'a [String],
    /// The names of the coordinates; if empty, the names that the points have.
    pub coordinates: &'a [String],
    /// If each point is drawn as an image: the width of an image, and the number of images per
    /// line.
    pub images: Option<(usize, Option<usize>)>,
    /// True if a target is drawn by its density.
    pub density: bool,
    /// True if an array is drawn as the paths of particles.
    pub paths: bool,
    /// The progress of a run at which flows are drawn.
    pub progress: f64,
}

impl<'a> Look<'a> {
    /// Returns the look that the options describe.
    pub fn of(options: &'a PlotOptions) -> Look<'a> {
        Look {
            labels: &options.labels,
            coordinates: &options.coordinates,
            images: options.image_width.map(|width| (width, options.columns)),
            density: options.density,
            paths: options.paths,
            progress: options.progress,
        }
    }
}

/// A set of a chart: its name, whether it is drawn behind the others, and its value.
struct Set {
    label: String,
    behind: bool,
    value: Dynamic,
}

/// Adds points, an array of sets or a map of named sets to a chart. Fields of vectors come last,
/// because they fill the region of the other sets.
pub fn chart_of_sets(mut chart: Chart, call: &Call, what: &Dynamic, look: &Look) -> Result<Chart, Fail> {
    if look.paths {
        return chart_of_paths(chart, call, what, look);
    }
    let (fields, sets): (Vec<Set>, Vec<Set>) =
        sets(what, look.labels).into_iter().partition(|set| is_field(&set.value));
    chart = named(chart, sets.iter().map(|set| &set.value), look);
    let clouds = sets.iter().filter_map(|set| Some(set.value.read_lock::<Cloud>()?.points.clone()));
    let region = clouds.map(plot::Cloud::new).fold(Chart::default(), Chart::with).region();
    for set in &sets {
        chart = add_set(chart, call, set, look, region.as_deref())?;
    }
    let front = sets.iter().rfind(|set| !set.behind).or(sets.last());
    for field in &fields {
        chart = add_field(chart, call, field, front, look.progress)?;
    }
    Ok(chart)
}

/// Returns the clouds of points, of an array of sets or of a map of named sets, and the names of
/// their coordinates.
pub fn clouds_of(call: &Call, what: &Dynamic, look: &Look) -> Result<(Vec<plot::Cloud>, Vec<String>), Fail> {
    let sets = sets(what, look.labels);
    let clouds = sets
        .iter()
        .map(|set| Ok(cloud(points(call, &set.value)?, &set.label, set.behind)))
        .collect::<Result<Vec<_>, Fail>>()?;
    Ok((clouds, names(sets.iter().map(|set| &set.value), look)))
}

/// Returns a moment of a motion, with its time in words: a snapshot of a run, or an element of the
/// path of a bridge.
pub fn moment(value: &Dynamic) -> Option<(String, Dynamic)> {
    if let Some(map) = value.read_lock::<Map>() {
        let (t, points) = (map.get("t").and_then(number)?, map.get("points")?);
        return (map.len() == 2).then(|| (format!("t = {}", sdflow::number::significant(t, 3)), points.clone()));
    }
    let time = value.read_lock::<Cloud>()?.time.clone()?;
    Some((time.to_string(), value.clone()))
}

fn sets(what: &Dynamic, labels: &[String]) -> Vec<Set> {
    if let Some(map) = what.clone().try_cast::<Map>() {
        let named = map.into_iter().map(|(name, value)| {
            let behind = BEHIND.contains(&name.as_str());
            Set { label: name.to_string(), behind, value }
        });
        let (back, front): (Vec<Set>, Vec<Set>) = named.partition(|set| set.behind);
        return back.into_iter().chain(front).collect();
    }
    let array = what.clone().try_cast::<Array>().unwrap_or_else(|| vec![what.clone()]);
    let several = array.iter().filter(|value| !is_field(value)).count() > 1;
    let time = |value: &Dynamic| Some(value.read_lock::<Cloud>()?.time.as_ref()?.to_string());
    let set = |(i, value): (usize, Dynamic)| {
        let label = labels.get(i).cloned().or_else(|| time(&value).filter(|_| several)).unwrap_or_default();
        Set { label, behind: i == 0 && several, value }
    };
    array.into_iter().enumerate().map(set).collect()
}

/// Returns the names of the coordinates: those of the look, or of the first set that has some.
fn names<'a>(values: impl Iterator<Item = &'a Dynamic>, look: &Look) -> Vec<String> {
    if !look.coordinates.is_empty() {
        return look.coordinates.to_vec();
    }
    let of = |value: &Dynamic| value.read_lock::<Cloud>().map(|cloud| cloud.columns.to_vec());
    values.filter_map(of).find(|names| !names.is_empty()).unwrap_or_default()
}

/// Gives a chart the names of the coordinates of these sets, if they have some.
fn named<'a>(chart: Chart, values: impl Iterator<Item = &'a Dynamic>, look: &Look) -> Chart {
    let names = names(values, look);
    if names.is_empty() { chart } else { chart.coordinates(&names) }
}

/// Returns the points of a set: a sample if it is a target.
fn points(call: &Call, value: &Dynamic) -> Result<Arc<Points>, Fail> {
    if let Some(cloud) = value.clone().try_cast::<Cloud>() {
        return Ok(cloud.points);
    }
    let Some(target) = value.clone().try_cast::<Arc<dyn Target>>() else {
        let fail = call.bad(
            0,
            format!("holds {}", describe(value)),
            "points, a target, or an array or a map of them is expected",
        );
        return Err(match value {
            value if value.is::<Done>() || value.is::<Arc<Table>>() => {
                fail.hint("a map of results or of tables is drawn as curves")
            }
            value if number(value).is_some() || value.is_array() => fail.hint("points([[0, 0], [1, 2]])"),
            _ => fail,
        });
    };
    match target.data() {
        Some(data) if data.weights.is_none() => Ok(Arc::clone(data.points)),
        _ => target.sample(DRAWN, call.context.stream("picture")).map(Arc::new).map_err(|e| call.place(e)),
    }
}

fn cloud(points: Arc<Points>, label: &str, behind: bool) -> plot::Cloud {
    let cloud = plot::Cloud::new(points).label(label);
    if behind { cloud.backdrop() } else { cloud }
}

fn add_set(chart: Chart, call: &Call, set: &Set, look: &Look, region: Option<&[(f64, f64)]>) -> Result<Chart, Fail> {
    if look.density
        && let Some(target) = set.value.clone().try_cast::<Arc<dyn Target>>()
        && let Some(density) = target.density()
        && target.dim() <= 2
    {
        return add_density(chart, call, (&set.label, set.behind), (&target, density), region);
    }
    add_points(chart, points(call, &set.value)?, (&set.label, set.behind), look)
}

/// Adds points to a chart, as a cloud or as images. The cloud has a label, and may be behind the
/// others.
pub fn add_points(
    chart: Chart,
    points: Arc<Points>,
    (label, behind): (&str, bool),
    look: &Look,
) -> Result<Chart, Fail> {
    let Some((width, columns)) = look.images else { return Ok(chart.with(cloud(points, label, behind))) };
    if width == 0 || !points.dim().is_multiple_of(width) {
        let message = format!("`image_width` is {width}, but a point has {} pixels", points.dim());
        return Err(Fail::script(message).at(At::Key(2, "image_width".into())));
    }
    let height = points.dim() / width;
    let mut images = Images::new(points, width, height);
    images.columns = columns;
    Ok(chart.with(images))
}

/// True if the value is drawn as arrows.
fn is_field(value: &Dynamic) -> bool {
    value.is::<Plan>() || value.is::<FnPtr>()
}

/// Adds a field as arrows on a square grid over the region of the chart. The field is a function of
/// points, or a flow whose cloud consists of the points of `front`.
fn add_field(chart: Chart, call: &Call, field: &Set, front: Option<&Set>, progress: f64) -> Result<Chart, Fail> {
    let region = chart.region().filter(|region| region.len() == 2);
    let (Some(region), Some(front)) = (region, front) else {
        let fail =
            call.bad(0, format!("holds {}", describe(&field.value)), "it is drawn over points of two coordinates");
        return Err(fail.hint("plot(#{target: p, particles: x, velocity: flow}, \"field.svg\")"));
    };
    let at = grid(&region.iter().map(|ends| line(*ends, 0.0, ARROWS)).collect::<Vec<_>>());
    let vectors = match (field.value.clone().try_cast::<Plan>(), field.value.clone().try_cast::<FnPtr>()) {
        (Some(plan), _) => mean_velocity(call, &plan, &*points(call, &front.value)?, &at, progress)?.into(),
        (None, Some(function)) => {
            let made = call.context.callbacks.call(&function, "the function of the arrows", &at);
            let made = made.map_err(|e| call.place(e))?;
            let Some(vectors) = made.clone().try_cast::<Cloud>() else {
                let fail = call.bad(0, format!("returned {}", describe(&made)), "a vector for each point is expected");
                return Err(fail.hint("|x| p.score(x)"));
            };
            vectors.points
        }
        (None, None) => return Ok(chart),
    };
    Ok(chart.with(Arrows::new(at, vectors).label(field.label.as_str())))
}

/// Adds the paths of particles through the clouds of an array, from the first cloud, in grey, to
/// the last. For a map, the paths of each of its arrays are added, over its other sets.
fn chart_of_paths(mut chart: Chart, call: &Call, what: &Dynamic, look: &Look) -> Result<Chart, Fail> {
    let Some(map) = what.clone().try_cast::<Map>() else { return add_paths(chart, call, what, look) };
    let (motions, sets): (Map, Map) = map.into_iter().partition(|(_, value)| value.is_array());
    let apart = Look { paths: false, coordinates: look.coordinates, ..Look::default() };
    chart = chart_of_sets(chart, call, &sets.into(), &apart)?;
    for (name, motion) in motions {
        let labels = [format!("{name}, start"), name.to_string()];
        chart = add_paths(
            chart,
            call,
            &motion,
            &Look { labels: &labels, coordinates: look.coordinates, ..Look::default() },
        )?;
    }
    Ok(chart)
}

fn add_paths(chart: Chart, call: &Call, what: &Dynamic, look: &Look) -> Result<Chart, Fail> {
    let array = what.clone().try_cast::<Array>().unwrap_or_default();
    let moments: Vec<(String, Dynamic)> =
        array.iter().map(|value| moment(value).unwrap_or_else(|| (String::new(), value.clone()))).collect();
    let [(first, _), .., (last, _)] = moments.as_slice() else {
        let fail = call.bad(0, "holds no array of two clouds or more", "`paths` joins the clouds of a motion");
        return Err(fail.hint("plot(r.snapshots, \"paths.svg\", #{paths: true})"));
    };
    let clouds = moments.iter().map(|(_, value)| points(call, value)).collect::<Result<Vec<_>, Fail>>()?;
    let label = |given: &str, i: usize, usual: &str| match (look.labels.get(i), given) {
        (Some(label), _) => label.clone(),
        (None, "") => usual.to_string(),
        (None, given) => given.to_string(),
    };
    // Small markers leave the paths visible.
    let small = |points: &Arc<Points>, label: String| plot::Cloud {
        radius: Some(1.8),
        ..plot::Cloud::new(Arc::clone(points)).label(label)
    };
    let colour = Colour::of(chart.layers.iter().filter(|layer| matches!(layer, plot::Layer::Paths(_))).count());
    let start = small(&clouds[0], label(first, 0, "start")).backdrop();
    let end = small(&clouds[clouds.len() - 1], label(last, 1, "end")).colour(colour);
    let paths = Paths { colour: Some(colour), ..Paths::new(clouds) };
    let chart = chart.with(start).with(paths).with(end);
    Ok(named(chart, moments.iter().map(|(_, value)| value), look))
}
