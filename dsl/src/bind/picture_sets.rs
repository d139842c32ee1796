//! Charts of points, targets and fields of vectors.

use crate::bind::picture_options::PlotOptions;
use crate::call::Call;
use crate::language::{At, Fail};
use crate::value::{Cloud, Plan, describe, number};
use rhai::{Array, Dynamic, FnPtr, Map};
use sdflow::flow::{Clock, FieldAt};
use sdflow::plot::{self, Arrows, Chart, Colour, Contours, Curve, Images, Paths};
use sdflow::target::{Density, Target};
use sdflow::{Points, Result as EngineResult};
use std::sync::Arc;

/// The number of points that are sampled from a target for a picture.
const DRAWN: usize = 2000;

/// Names of sets that are drawn behind the others.
const BEHIND: [&str; 4] = ["target", "data", "reference", "held_out"];

/// The number of arrows along each side of a chart, and of values of a density.
const ARROWS: usize = 20;
const DENSE: usize = 160;

/// The shares of the mass of a density around which lines are drawn.
const SHARES: [f64; 3] = [0.5, 0.8, 0.95];

/// How sets of points are drawn.
#[derive(Default)]
pub struct Look<'a> {
    /// The names of the sets of an array.
    pub labels: &'a [String],
    /// The names of the coordinates; none for those of the points.
    pub coordinates: &'a [String],
    /// Width of the image as which each point is drawn, and the number of images per line.
    pub images: Option<(usize, Option<usize>)>,
    /// True if a target is drawn by its density.
    pub density: bool,
    /// True if an array is drawn as the ways of particles.
    pub paths: bool,
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
    for set in &sets {
        chart = add_set(chart, call, set, look)?;
    }
    let front = sets.iter().rfind(|set| !set.behind).or(sets.last());
    for field in &fields {
        chart = add_field(chart, call, field, front)?;
    }
    Ok(chart.coordinates(&names(sets.iter().map(|set| &set.value), look)))
}

/// Returns the clouds of points, of an array of sets or of a map of named sets, and the names of
/// their coordinates.
pub fn clouds_of(call: &Call, what: &Dynamic, look: &Look) -> Result<(Vec<plot::Cloud>, Vec<String>), Fail> {
    let sets = sets(what, look.labels);
    let clouds = sets.iter().map(|set| Ok(cloud(points(call, &set.value)?, set))).collect::<Result<Vec<_>, Fail>>()?;
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
    let several = array.len() > 1;
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

/// Returns the points of a set: a sample if it is a target.
fn points(call: &Call, value: &Dynamic) -> Result<Arc<Points>, Fail> {
    if let Some(cloud) = value.clone().try_cast::<Cloud>() {
        return Ok(cloud.points);
    }
    let Some(target) = value.clone().try_cast::<Arc<dyn Target>>() else {
        let want = "points, a target, an array or a map of them, a result or a table is expected";
        return Err(call.bad(0, format!("holds {}", describe(value)), want));
    };
    match target.data() {
        Some(data) if data.weights.is_none() => Ok(Arc::clone(data.points)),
        _ => target.sample(DRAWN, call.context.stream("picture")).map(Arc::new).map_err(|e| call.place(e)),
    }
}

fn cloud(points: Arc<Points>, set: &Set) -> plot::Cloud {
    let cloud = plot::Cloud::new(points).label(set.label.as_str());
    if set.behind { cloud.backdrop() } else { cloud }
}

fn add_set(chart: Chart, call: &Call, set: &Set, look: &Look) -> Result<Chart, Fail> {
    if look.density
        && let Some(target) = set.value.clone().try_cast::<Arc<dyn Target>>()
        && let Some(density) = target.density()
        && target.dim() <= 2
    {
        return add_density(chart, call, set, (&target, density));
    }
    let points = points(call, &set.value)?;
    let Some((width, columns)) = look.images else { return Ok(chart.with(cloud(points, set))) };
    if width == 0 || !points.dim().is_multiple_of(width) {
        let message = format!("`image_width` is {width}, but a point has {} pixels", points.dim());
        return Err(Fail::script(message).at(At::Key(2, "image_width".into())));
    }
    let height = points.dim() / width;
    let mut images = Images::new(points, width, height);
    images.columns = columns;
    Ok(chart.with(images))
}

/// Adds the density of a target of one or two coordinates, over the region of a sample or, if it
/// cannot be sampled, of the sets before it.
fn add_density(
    chart: Chart,
    call: &Call,
    set: &Set,
    (target, density): (&Arc<dyn Target>, &dyn Density),
) -> Result<Chart, Fail> {
    let sample = target.sample(DRAWN, call.context.stream("picture"));
    let own = sample.ok().and_then(|points| Chart::default().with(plot::Cloud::new(points)).region());
    let region = own.or_else(|| chart.region()).ok_or_else(|| {
        let fail =
            call.bad(0, format!("holds {}", target.name()), "its region is unknown, because it cannot be sampled");
        fail.hint("draw points before it: plot([points, target], ..)")
    })?;
    let axes: Vec<Vec<f64>> = region.iter().map(|ends| line(*ends, 0.15, DENSE)).collect();
    let mut values = Vec::new();
    density.log_density(&grid(&axes), 0.0, &mut values).map_err(|e| call.place(e))?;
    let label = if set.label.is_empty() { "density" } else { set.label.as_str() };
    let [x, y] = match <[Vec<f64>; 2]>::try_from(axes) {
        Ok(axes) => axes,
        Err(axes) => return Ok(chart.with(curve_of_density(&axes[0], &values).label(label).colour(Colour::GREY))),
    };
    Ok(chart.with(Contours::of_mass(x, y, values, &SHARES).label(format!("{label} (50, 80, 95 %)"))))
}

/// Returns the density with an integral of 1 over the axis.
fn curve_of_density(x: &[f64], log_density: &[f64]) -> Curve {
    let top = log_density.iter().copied().filter(|v| v.is_finite()).fold(f64::NEG_INFINITY, f64::max);
    let y: Vec<f64> = log_density.iter().map(|v| (v - top).exp()).collect();
    let step = (x[x.len() - 1] - x[0]) / (x.len() - 1) as f64;
    let total = step * y.iter().filter(|v| v.is_finite()).sum::<f64>();
    Curve::new(x.to_vec(), y.into_iter().map(|v| v / total).collect())
}

/// True if the value is drawn as arrows.
fn is_field(value: &Dynamic) -> bool {
    value.is::<Plan>() || value.is::<FnPtr>()
}

/// Adds a flow, for the points in front as its cloud, or a function of points as arrows on a square
/// grid over the region of the chart.
fn add_field(chart: Chart, call: &Call, field: &Set, front: Option<&Set>) -> Result<Chart, Fail> {
    let region = chart.region().filter(|region| region.len() == 2);
    let (Some(region), Some(front)) = (region, front) else {
        let fail =
            call.bad(0, format!("holds {}", describe(&field.value)), "it is drawn over points of two coordinates");
        return Err(fail.hint("plot(#{target: p, particles: x, velocity: flow}, \"field.svg\")"));
    };
    let at = grid(&region.iter().map(|ends| line(*ends, 0.0, ARROWS)).collect::<Vec<_>>());
    let vectors = match (field.value.clone().try_cast::<Plan>(), field.value.clone().try_cast::<FnPtr>()) {
        (Some(plan), _) => velocity(call, &plan, &*points(call, &front.value)?, &at)?,
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

/// Returns the velocity at the places `at`, at the start of a run with this cloud. A dry run
/// returns the places.
fn velocity(call: &Call, plan: &Plan, cloud: &Points, at: &Points) -> Result<Arc<Points>, Fail> {
    let clock = Clock::at(0, 1, call.context.fixed_stream("velocity"));
    let evaluate = || -> EngineResult<Points> {
        let (mut motion, mut out) = (plan.motion()?, Points::default());
        let mut dynamics = motion.dynamics();
        dynamics.prepare(cloud, &clock)?;
        dynamics.velocity(&FieldAt::cloud(cloud, &clock, &call.context.pairwise).tracers(at), &mut out)?;
        Ok(out)
    };
    call.context.mode.find(evaluate, || Ok(at.clone())).map(Arc::new).map_err(|e| call.place(e))
}

/// Adds the ways of particles through the clouds of an array, from the first one, in grey, to the
/// last one.
fn chart_of_paths(chart: Chart, call: &Call, what: &Dynamic, look: &Look) -> Result<Chart, Fail> {
    let array = what.clone().try_cast::<Array>().unwrap_or_default();
    let moments: Vec<(String, Dynamic)> =
        array.iter().map(|value| moment(value).unwrap_or_else(|| (String::new(), value.clone()))).collect();
    let [(first, _), .., (last, _)] = moments.as_slice() else {
        let fail = call.bad(0, "is no array of at least two clouds", "`paths` joins the clouds of a motion");
        return Err(fail.hint("plot(r.snapshots, \"ways.svg\", #{paths: true})"));
    };
    let clouds = moments.iter().map(|(_, value)| points(call, value)).collect::<Result<Vec<_>, Fail>>()?;
    let label = |given: &str, i: usize, usual: &str| match (look.labels.get(i), given) {
        (Some(label), _) => label.clone(),
        (None, "") => usual.to_string(),
        (None, given) => given.to_string(),
    };
    let end = clouds.last().map(Arc::clone).unwrap_or_default();
    let set = |label: String, behind: bool| Set { label, behind, value: Dynamic::UNIT };
    let start = cloud(Arc::clone(&clouds[0]), &set(label(first, 0, "start"), true));
    let end = cloud(end, &set(label(last, 1, "end"), false)).colour(Colour::of(0));
    // Small markers leave the ways visible.
    let [start, end] = [start, end].map(|cloud| plot::Cloud { radius: Some(1.8), ..cloud });
    let ways = Paths { colour: Some(Colour::of(0)), ..Paths::new(clouds) };
    Ok(chart.with(start).with(ways).with(end).coordinates(&names(moments.iter().map(|(_, value)| value), look)))
}

/// Returns evenly spaced values between two ends that lie `beyond` times their distance outside.
fn line((low, high): (f64, f64), beyond: f64, count: usize) -> Vec<f64> {
    let length = if high > low { high - low } else { 1.0 };
    let (from, length) = (low - beyond * length, (1.0 + 2.0 * beyond) * length);
    (0..count).map(|i| from + length * i as f64 / (count - 1) as f64).collect()
}

/// Returns the points of a grid, the first coordinate changing fastest.
fn grid(axes: &[Vec<f64>]) -> Points {
    let mut rows: Vec<Vec<f64>> = vec![Vec::new()];
    for axis in axes.iter().rev() {
        let with =
            |row: &Vec<f64>| axis.iter().map(|v| std::iter::once(*v).chain(row.iter().copied()).collect()).collect();
        rows = rows.iter().flat_map(|row| -> Vec<Vec<f64>> { with(row) }).collect();
    }
    Points::from_rows(&rows).unwrap_or_default()
}
