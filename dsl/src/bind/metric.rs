//! Metrics: one function per metric of the engine.

use crate::bind::points::Cloud;
use crate::bind::run::reading;
use crate::call::{At, Call, Fail};
use crate::dry::Dry;
use crate::manual::{Entry, Kind};
use crate::{Reading, options};
use rhai::Dynamic;
use sdflow::metric::{self, Estimate, METRICS, Metric, Reference};
use sdflow::target::Target;
use sdflow::{Error, Points, cost};
use serde_json::Value;
use std::sync::Arc;

/// The entries of all metrics, made from the engine's own list.
pub fn entries() -> impl Iterator<Item = &'static Entry> {
    METRICS.iter().map(|m| {
        // Once per process: the manual lives as long as it.
        let signature: &'static str = Box::leak(format!("{}(points, reference[, options])", m.name).into_boxed_str());
        let about = format!(
            "The {}. The reference is a sample that the flow has not seen, or a target, which is then sampled afresh.",
            m.summary
        );
        let needs = match m.name {
            "fisher" | "log_density" => "gaussian(#{dim: 2})",
            _ => "dataset(\"8gaussians\")",
        };
        let example = format!("let d = {}(normal(100, 2), {needs});\nprint(d);", m.name);
        let entry = Entry {
            name: m.name,
            kind: Kind::Metric,
            signature,
            returns: "a reading: `.value`, `.se` its standard error, `.floor` its noise floor; it compares like a number",
            about: Box::leak(about.into_boxed_str()),
            options: m.keys,
            names: &[],
            example: Box::leak(example.into_boxed_str()),
            call: measured,
        };
        &*Box::leak(Box::new(entry))
    })
}

fn measured(call: &Call) -> Result<Dynamic, Fail> {
    let name = call.entry.name;
    let options = match call.map() {
        Some(map) => Value::Object(options::plain(&map, call, call.entry.options)?),
        None => Value::Null,
    };
    let metric = metric::by_name(name, options.clone()).map_err(|e| call.place(e))?;
    let points = call.points(0)?;
    let reference = reference(call, 1, points.n())?;
    let reading = call.context.timed("metrics", || {
        let stream = call.context.stream(name);
        let (found, floor) = match &call.context.dry {
            Some(dry) => estimated(call, dry, metric.as_ref(), &points, &reference, &options)?,
            None => {
                let pairwise = &call.context.pairwise;
                let found = metric.estimate(&points, &reference, pairwise, stream).map_err(|e| call.place(e))?;
                (found, floor(call, metric.as_ref(), &reference, points.n(), &options)?)
            }
        };
        Ok::<_, Fail>(Reading { floor, ..reading(&found) })
    })?;
    Ok(Dynamic::from(reading))
}

/// Argument `i` as a reference for `n` points: a set of points, with its target when it is a sample of one, or a
/// target, of which a fresh sample is drawn.
pub fn reference(call: &Call, i: usize, n: usize) -> Result<Reference, Fail> {
    let made = if let Some(cloud) = call.arg(i)?.clone().try_cast::<Cloud>() {
        match &cloud.target {
            Some(target) => Reference::with_target(Arc::clone(&cloud.points), target.clone()),
            None => Reference::new(cloud.points),
        }
    } else if let Some(target) = call.arg(i)?.clone().try_cast::<Arc<dyn Target>>() {
        Reference::of(target, n, call.context.stream("reference"))
    } else {
        return Err(call.wrong(i, "a set of points or a target"));
    };
    made.map_err(|e| call.place(e).at(At::Argument(i)))
}

/// Notes what the metric would cost, and gives numbers in place of its value and its floor.
fn estimated(
    call: &Call,
    dry: &Dry,
    metric: &dyn Metric,
    points: &Points,
    reference: &Reference,
    options: &Value,
) -> Result<(Estimate, Option<f64>), Fail> {
    let (gauge, stream) = (dry.gauge(&call.context.pairwise), metric::floor_stream(metric.name()));
    let found = cost::metric(metric.name(), options, points, reference, &gauge, stream);
    let found = found.map_err(|e| call.place(e))?;
    let at = call.native.call_position();
    dry.add(metric.name(), at, &found.once);
    let key = floor_key(call, metric, reference, points.n(), options)?;
    let floor = call.context.kept(&key, call.arg(1)?.clone(), || {
        dry.add(&format!("floor of {}", metric.name()), at, &found.floor);
        Ok(Some(found.estimate.value))
    })?;
    Ok((found.estimate, floor))
}

/// The noise floor, kept for the next question of the same kind; none where the reference is too small for one.
fn floor(
    call: &Call,
    metric: &dyn Metric,
    reference: &Reference,
    n: usize,
    options: &Value,
) -> Result<Option<f64>, Fail> {
    let key = floor_key(call, metric, reference, n, options)?;
    // The argument stays alive beside the key, so that no other object can take its address.
    let alive = call.arg(1)?.clone();
    call.context.kept(&key, alive, || {
        match metric::floor(metric, reference, n, &call.context.pairwise, metric::floor_stream(metric.name())) {
            Ok(floor) if floor.is_finite() => Ok(Some(floor)),
            Err(Error::Interrupted) => Err(Error::Interrupted.into()),
            _ => Ok(None),
        }
    })
}

/// What tells one noise floor from another.
fn floor_key(
    call: &Call,
    metric: &dyn Metric,
    reference: &Reference,
    n: usize,
    options: &Value,
) -> Result<String, Fail> {
    let source = match (reference.target(), call.arg(1)?.clone().try_cast::<Cloud>()) {
        (Some(target), _) if target.data().is_none() => Arc::as_ptr(target) as *const () as usize,
        (_, Some(cloud)) => Arc::as_ptr(&cloud.points) as usize,
        (Some(target), _) => Arc::as_ptr(target) as *const () as usize,
        _ => 0,
    };
    let m = reference.points().n();
    Ok(format!("{} {options} {n} {m} {source}", metric.name()))
}
