//! Animations: clouds one after the other.

use crate::bind::picture_sets::{Look, add_points, chart_of_sets, moment};
use crate::call::{Call, Entry, function};
use crate::language::{At, Fail, Kind, OPTIONS, Type, arg};
use crate::value::{Cloud, Done};
use rhai::{Array, Dynamic, Map};
use sdflow::Points;
use sdflow::io::write_atomic;
use sdflow::options::Options;
use sdflow::plot::{Chart, Picture};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The endings of files of animations.
const ANIMATED_AS: [&str; 2] = ["gif", "png"];

sdflow::options! {
    /// Options of `animate`.
    pub struct AnimateOptions {
        /// Title above every frame.
        title: String = String::new(),
        /// Points that are drawn behind every frame, such as those of the target.
        reference: Option<Points> = None,
        /// Length of the animation in seconds, from 0.1 to 600. In addition, the last frame stays
        /// for a quarter of this length.
        seconds: f64 = 4.0,
        /// Draws each point as a grey image of this width in pixels; left out: no images.
        image_width: Option<usize> = None,
        /// Whether all frames show the same region.
        same_axes: bool = true,
    }
}

pub const ENTRIES: &[Entry] = &[function(
    "animate",
    Kind::Saying,
    &[arg("what", Type::OneOf(&[Type::Result, Type::Array])), arg("file", Type::Text), OPTIONS],
    Type::Nothing,
    animate,
)
.about(
    "Draws the motion of particles into `plots/` of the run folder. `what` is the result of a run, \
     whose clouds are drawn (its option `snapshots` sets their number), or an array of elements \
     that `plot` draws as one chart each. Each cloud or element is a frame. A `.gif` shows the \
     frames one after the other. If the name ends in `.png`, each frame is a file with a number: \
     \"frame.png\" gives `frame-000.png` and so on.",
)
.options(AnimateOptions::KEYS)
.example(
    "let p = dataset(\"moons\").sample(500);\n\
     let r = run(sd_flow(p), normal(300, 2), #{steps: 20, snapshots: 5});\n\
     animate(r, \"run.gif\", #{reference: p});",
)];

fn animate(call: &Call) -> Result<Dynamic, Fail> {
    let name = call.text(1)?;
    let options: AnimateOptions = if call.len() > 2 { call.options()? } else { AnimateOptions::default() };
    let reference = call.points_option("reference");
    if !ANIMATED_AS.iter().any(|ending| name.ends_with(&format!(".{ending}"))) {
        return Err(call.bad(1, format!("is {name:?}"), "a name that ends in .gif or .png is expected"));
    }
    let path = call.context.writable(&name, "plots").map_err(|f| f.at(At::Argument(1)))?;
    let files = call.context.time("pictures", || {
        let mut picture = Picture::new(options.title.as_str());
        picture.same_axes = options.same_axes;
        for (title, cloud) in frames(call)? {
            picture = picture.with(frame(call, &title, &cloud, reference.as_ref(), &options)?);
        }
        write(call, &picture, &path, options.seconds)
    })?;
    files.iter().for_each(|file| call.context.record_file(file));
    Ok(Dynamic::UNIT)
}

/// Returns what the frames show, with their titles.
fn frames(call: &Call) -> Result<Vec<(String, Dynamic)>, Fail> {
    if let Some(done) = call.arg(0)?.clone().try_cast::<Done>() {
        if done.snapshots.len() < 2 {
            let seen = format!("has kept {} clouds", done.snapshots.len());
            return Err(call.bad(0, seen, "an animation needs at least 2").hint("run(flow, start, #{snapshots: 60})"));
        }
        let frame = |(step, points): &(usize, Arc<Points>)| {
            (format!("step {step}"), Dynamic::from(Cloud::new(Arc::clone(points)).named(&done.columns)))
        };
        return Ok(done.snapshots.iter().map(frame).collect());
    }
    let elements = call.get::<Array>(0, "the result of a run or an array")?;
    if elements.len() < 2 {
        return Err(call.bad(0, format!("has {} elements", elements.len()), "an animation needs at least 2"));
    }
    Ok(elements.into_iter().map(|element| moment(&element).unwrap_or((String::new(), element))).collect())
}

fn frame(
    call: &Call,
    title: &str,
    what: &Dynamic,
    reference: Option<&Arc<Points>>,
    options: &AnimateOptions,
) -> Result<Chart, Fail> {
    let look = Look { images: options.image_width.map(|width| (width, None)), ..Look::default() };
    let chart = Chart::new(title);
    let Some(points) = reference else { return chart_of_sets(chart, call, what, &look) };
    let chart = add_points(chart, Arc::clone(points), ("reference", true), &look)?;
    let named = || Dynamic::from(Map::from([("particles".into(), what.clone())]));
    chart_of_sets(chart, call, &if what.is::<Cloud>() { named() } else { what.clone() }, &look)
}

/// Writes the animation and returns its files. A dry run draws nothing.
fn write(call: &Call, picture: &Picture, path: &Path, seconds: f64) -> Result<Vec<PathBuf>, Fail> {
    let store = |path: &Path, bytes: &[u8]| write_atomic(path, |out| out.write_all(bytes));
    if path.extension().is_some_and(|ending| ending == "gif") {
        let written = call.context.mode.write(|| store(path, &picture.gif(seconds)?));
        return written.map(|()| vec![path.into()]).map_err(|error| call.place(error));
    }
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let numbered = |i: usize| path.with_file_name(format!("{stem}-{i:03}.png"));
    let written = call.context.mode.write(|| {
        let frames = picture.png_frames()?;
        frames.iter().enumerate().try_for_each(|(i, bytes)| store(&numbered(i), bytes))
    });
    written.map_err(|error| call.place(error))?;
    Ok((0..picture.charts.len()).map(numbered).collect())
}
