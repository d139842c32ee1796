//! Metrics: one function per metric of the engine.

use crate::bind::arguments::{SAMPLE, reference};
use crate::call::{Call, Entry, function, options};
use crate::language::{Arg, Fail, Kind, OPTIONS, Type, arg};
use crate::value::Reading;
use rhai::Dynamic;
use sdflow::cost::{Cost, Gauge};
use sdflow::metric::{self, Floor, METRICS, Metric, Reference};
use sdflow::options::Options;
use sdflow::{Error, Points, cost};
use serde_json::{Map, Value};

/// The entries of all metrics, built from the list of the engine.
pub fn entries() -> impl Iterator<Item = &'static Entry> {
    METRICS.iter().map(|m| {
        // The text is leaked once per process, because the manual lives as long as the process.
        let text = |text: String| -> &'static str { Box::leak(text.into_boxed_str()) };
        let about = format!(
            "The {}. As the reference, give held-out points, which the method has not used, or a \
             target, from which a fresh sample is drawn.",
            m.summary
        );
        let needs = match m.name {
            "fisher" | "log_density" => "gaussian(#{dim: 2})",
            _ => "dataset(\"8gaussians\")",
        };
        let example = format!("let d = {}(normal(100, 2), {needs});\nprint(d);", m.name);
        let entry = function(m.name, Kind::Metric, ARGS, Type::Reading, measure)
            .returned(
                "a reading with `.value`, the standard error `.se` and the noise floor `.floor`; \
                 in comparisons the reading stands for its value",
            )
            .about(text(about))
            .options(Box::leak([m.keys, FloorChoice::KEYS].concat().into_boxed_slice()))
            .example(text(example));
        &*Box::leak(Box::new(entry))
    })
}

sdflow::options! {
    /// The option that every metric has besides its own.
    pub struct FloorChoice {
        /// Whether the noise floor is also computed. Without the floor, a value takes far less
        /// time, except for `c2st`, whose floor has a closed form. Other floors take 200 further
        /// evaluations of the metric; `w2` and `sinkhorn_divergence` take 40, and `sliced_w2` takes
        /// 400 for more than 40,000 points. These evaluations use at most 2,000 points of both sets
        /// together if the cost of the metric grows with the number of pairs of points. For
        /// `sliced_w2` the limit is 40,000 points of both sets together, and for `w2` it is
        /// `max_points` points of each set.
        floor: bool = true,
    }
}

const ARGS: &[Arg] = &[arg("points", Type::Points), arg("reference", SAMPLE), OPTIONS];

fn measure(call: &Call) -> Result<Dynamic, Fail> {
    let name = call.signature.name;
    let mut plain = match call.map() {
        Some(map) => options::plain(&map, call, call.signature.options)?,
        None => Map::new(),
    };
    let has_floor = plain.remove("floor") != Some(Value::Bool(false));
    let options = Value::Object(plain);
    let metric = metric::by_name(name, options.clone()).map_err(|e| call.place(e))?;
    let points = call.points(0)?;
    let reference = reference(call, 1, points.n())?;
    if let Some(warning) = metric::units_warning([&*metric], &reference) {
        call.context.warn_once(&warning);
    }
    call.context.time("metrics", || {
        let (stream, pairwise) = (call.context.stream(name), &call.context.pairwise);
        let measure = |gauge: &Gauge| {
            cost::metric(name, &options, &points, &reference, gauge, stream).map(|found| (found.estimate, found.once))
        };
        let found = call.work(name, || metric.estimate(&points, &reference, pairwise, stream), measure)?;
        let floor = match has_floor {
            true => floor(call, metric.as_ref(), &points, &reference, &options)?,
            false => None,
        };
        let found = match floor {
            Some(floor) => found.with_floor(floor),
            None => found,
        };
        Ok(Dynamic::from(Reading::from(&found)))
    })
}

/// Returns the noise floor. None if it cannot be measured, for example because the reference is too
/// small.
fn floor(
    call: &Call,
    metric: &dyn Metric,
    points: &Points,
    reference: &Reference,
    options: &Value,
) -> Result<Option<Floor>, Fail> {
    let (name, pairwise) = (metric.name(), &call.context.pairwise);
    let finite = |floor: Floor| Some(floor).filter(|floor| floor.value.is_finite());
    if let Some(floor) = metric::known_floor(metric, reference, points.n()) {
        return Ok(finite(floor));
    }
    let what = format!("noise floor of {name}");
    let mut tell = |done, total| call.context.listener.progress(&what, done, total, "");
    let act = || match metric::floor_observed(metric, reference, points.n(), pairwise, &mut tell) {
        Ok(floor) => Ok(finite(floor)),
        Err(Error::Interrupted) => Err(Error::Interrupted),
        Err(error) => {
            call.context.warn_once(&format!("the noise floor of {name} could not be measured: {error}"));
            Ok(None)
        }
    };
    call.work(format!("floor of {name}"), act, |gauge| {
        let stream = call.context.fixed_stream(name);
        let found = cost::metric(name, options, points, reference, gauge, stream)?;
        let floor = Floor { value: found.estimate.value, se: 1.0 };
        metric::keep_floor(metric, reference, points.n(), floor);
        let is_first = metric::is_first_estimate(metric, reference, points.n());
        let cost = if is_first { found.floor } else { Cost::default() };
        Ok((Some(floor), cost))
    })
}
