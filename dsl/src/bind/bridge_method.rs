//! Methods of bridges: drift, simulation and marginals.

use crate::bind::unused_options as idle;
use crate::call::{Call, Entry, function};
use crate::language::{At, Fail, Kind, OPTIONS, Type, arg};
use crate::value::{BridgeHandle, Cloud};
use rhai::{Array, Dynamic, Map};
use sdflow::Points;
use sdflow::bridge::{Direction, Method, Path, SimulateOptions, Snapshot, simulate};
use sdflow::cost;
use sdflow::flow::mean_variance;
use sdflow::number::number;
use sdflow::options::Options;
use sdflow::target::Target;
use std::sync::Arc;

sdflow::options! {
    /// Options of `bridge.drift`.
    pub struct DriftOptions {
        /// "forward", or "backward" for the drift of the process in reversed time.
        direction: Direction = Direction::Forward,
    }
}

sdflow::options! {
    /// Options of `bridge.path`.
    pub struct PathOptions {
        /// Number of steps from one end to the other, at least `snapshots`; no effect on "plan".
        steps: usize = 100,
        /// "forward" from the source, or "backward" from the target; some bridges have no backward
        /// drift.
        direction: Direction = Direction::Forward,
        /// "sde", "ode" or "plan", as for `bridge.sample`.
        method: Method = Method::Sde,
        /// For "sde": whether the last step adds no noise, as in `bridge.sample`.
        denoise: bool = false,
        /// Number of intervals into which the time is divided, at least 1; the result holds the
        /// points at both ends of each interval. The intervals are equal for "plan"; otherwise
        /// they are whole steps, and equal if their number divides `steps`.
        snapshots: usize = 20,
    }
}

pub const ENTRIES: &[Entry] = &[
    function(
        "drift",
        Kind::Bridge,
        &[arg("t", Type::Number), arg("points", Type::Points), OPTIONS],
        Type::Points,
        drift,
    )
    .of(Type::Bridge)
    .about(
        "The drift `u(t, x)` at every point `x`, for a time `t` from 0 to 1: the process is `dX = \
         u dt + sqrt(epsilon) dB`. The sum of the forward and the backward drift is `epsilon` \
         times the score of the marginal. Half of the forward drift minus the backward drift is \
         the velocity of the probability flow.",
    )
    .options(DriftOptions::KEYS)
    .example(
        "let b = gaussian_bridge(gaussian(#{dim: 2}), gaussian(#{mean: [3, 0]}));\n\
         print(b.drift(0.5, normal(10, 2)).mean());",
    ),
    function("sample", Kind::Bridge, &[arg("points", Type::Points), OPTIONS], Type::Points, sample)
        .of(Type::Bridge)
        .about(
            "Moves points from one end of the bridge to the other, and returns the moved points. \
             Row `i` of the result is the end of the path that starts at row `i` of the points.",
        )
        .options(SimulateOptions::KEYS)
        .example(
            "let b = gaussian_bridge(gaussian(#{dim: 2}), gaussian(#{mean: [3, 0]}));\n\
             let y = b.sample(normal(100, 2), #{steps: 20});\n\
             let back = b.sample(y, #{direction: \"backward\", method: \"ode\", steps: 20});",
        ),
    function("path", Kind::Bridge, &[arg("points", Type::Points), OPTIONS], Type::List(&Type::Map), path)
        .of(Type::Bridge)
        .returned("an array of maps with the time `t` and the `points`; the start comes first")
        .about("Moves points along the bridge, and returns them at the ends of intervals of time.")
        .options(PathOptions::KEYS)
        .example(
            "let b = gaussian_bridge(gaussian(#{dim: 2}), gaussian(#{mean: [3, 0]}));\n\
         for moment in b.path(normal(100, 2), #{steps: 20, snapshots: 4}) {\n\
             print(`${moment.t}: ${kl_gauss(moment.points, b.marginal(moment.t))}`);\n\
         }",
        ),
    function("marginal", Kind::Bridge, &[arg("t", Type::Number)], Type::Target, |call| {
        let marginal = receiver(call)?.bridge.expect_marginal(call.number(1)?);
        Ok(Dynamic::from(Arc::new(marginal.map_err(|e| call.place(e))?) as Arc<dyn Target>))
    })
    .of(Type::Bridge)
    .about("The distribution at a time from 0 to 1. It is known only for a bridge between Gaussians.")
    .example(
        "let b = gaussian_bridge(gaussian(#{dim: 2}), gaussian(#{mean: [3, 0]}));\n\
         print(b.marginal(0.5).mean()[0]);",
    ),
    function("source", Kind::Bridge, &[], Type::Target, |call| {
        let handle = receiver(call)?;
        end(&handle, handle.source.as_ref(), "source")
    })
    .of(Type::Bridge)
    .property()
    .about("The distribution at time 0.")
    .example(
        "let b = gaussian_bridge(gaussian(#{dim: 2}), gaussian(#{mean: [3, 0]}));\n\
         print(b.source.mean()[0]);",
    ),
    function("target", Kind::Bridge, &[], Type::Target, |call| {
        let handle = receiver(call)?;
        end(&handle, handle.target.as_ref(), "target")
    })
    .of(Type::Bridge)
    .property()
    .about("The distribution at time 1.")
    .example(
        "let pair = bridge_pair(gaussian(#{dim: 1}), #{means: [[-2], [2]]});\n\
         print(pair.target.sample(100).mean()[0]);",
    ),
    function("dim", Kind::Bridge, &[], Type::Whole, |call| Ok((receiver(call)?.bridge.dim() as i64).into()))
        .of(Type::Bridge)
        .property()
        .about("The number of coordinates.")
        .example("print(gaussian_bridge(gaussian(#{dim: 2}), gaussian(#{dim: 2})).dim);"),
    function("epsilon", Kind::Bridge, &[], Type::Number, |call| {
        Ok(receiver(call)?.bridge.reference().epsilon().into())
    })
    .of(Type::Bridge)
    .property()
    .about("The variance of the noise per unit of time.")
    .example("print(gaussian_bridge(gaussian(#{dim: 2}), gaussian(#{dim: 2})).epsilon);"),
];

fn receiver(call: &Call) -> Result<BridgeHandle, Fail> {
    call.receiver()
}

fn end(handle: &BridgeHandle, end: Option<&Arc<dyn Target>>, name: &str) -> Result<Dynamic, Fail> {
    match end {
        Some(target) => Ok(Dynamic::from(target.clone())),
        None => Err(Fail::script(format!("{} does not know its {name}", handle.bridge.name()))
            .hint("a file does not hold the ends of a bridge: use the distributions that it was made from")),
    }
}

fn drift(call: &Call) -> Result<Dynamic, Fail> {
    let (handle, t, points) = (receiver(call)?, call.number(1)?, call.points(2)?);
    let options: DriftOptions = call.options()?;
    let act = || {
        let mut out = Points::default();
        handle.bridge.drift(options.direction, t, &points, &mut out).map(|()| out)
    };
    let made = call.work("drift", || call.context.time("bridges", act), |gauge| cost::repeated(1, gauge, |_| act()))?;
    Ok(Cloud::value(made))
}

fn sample(call: &Call) -> Result<Dynamic, Fail> {
    let options: SimulateOptions = call.options()?;
    let path = motion(call, options, 1)?;
    Ok(path.into_iter().next_back().map_or(Dynamic::UNIT, |last| Cloud::value(last.points)))
}

fn path(call: &Call) -> Result<Dynamic, Fail> {
    let PathOptions { steps, direction, method, denoise, snapshots } = call.options()?;
    let entry = |Snapshot { t, points }| {
        let map = Map::from([("t".into(), t.into()), ("points".into(), Cloud::value(points))]);
        Dynamic::from(map)
    };
    let path = motion(call, SimulateOptions { steps, direction, method, denoise }, snapshots)?;
    Ok(path.into_iter().map(entry).collect::<Array>().into())
}

/// Warns if the noise of the last step widens the distribution in which the bridge ends.
fn warn_of_noise(call: &Call, handle: &BridgeHandle, options: &SimulateOptions) {
    /// The share of the variance of this distribution that the noise may have.
    const SHARE: f64 = 0.25;
    let end = if options.direction == Direction::Forward { &handle.target } else { &handle.source };
    let (Some(end), Method::Sde, false) = (end, options.method, options.denoise) else { return };
    let epsilon = handle.bridge.reference().epsilon();
    let Some(variance) = mean_variance(end.as_ref()) else { return };
    let noise = epsilon / options.steps.max(1) as f64;
    if noise > SHARE * variance {
        call.context.warn_once(&format!(
            "the noise of one step of the bridge has the standard deviation {}, and the distribution at its end only {}: \
             the points end too far apart; take {} steps or more, a smaller `epsilon`, or `denoise: true`",
            number(noise.sqrt()),
            number(variance.sqrt()),
            number((10.0 * epsilon / variance).ceil())
        ));
    }
}

/// Moves the points of the call. A dry run makes a few steps, and returns the points after them for
/// every time.
fn motion(call: &Call, mut options: SimulateOptions, snapshots: usize) -> Result<Path, Fail> {
    let (context, handle, points) = (call.context, receiver(call)?, call.points(1)?);
    idle::in_simulation(call, options.method);
    if options.method != Method::Plan && options.steps >= snapshots {
        options.steps = context.steps(options.steps).max(snapshots);
    }
    let stream = context.stream("bridge");
    let run = |options: &SimulateOptions, snapshots: usize| {
        simulate(handle.bridge.as_ref(), &points, options, snapshots, stream, &context.interrupt)
    };
    let measure = |gauge: &cost::Gauge| {
        if options.steps < snapshots || options.steps == 0 || snapshots == 0 {
            // Errors must be the same as in a run.
            return run(&options, snapshots).map(|path| (path, cost::Cost::default()));
        }
        let few = |steps: usize| run(&SimulateOptions { steps, ..options.clone() }, 1);
        let (mut path, cost) = cost::repeated(options.steps, gauge, few)?;
        while let Some(last) = path.last().cloned().filter(|_| path.len() <= snapshots) {
            path.push(last);
        }
        for (k, snapshot) in path.iter_mut().enumerate() {
            let t = k as f64 / snapshots as f64;
            snapshot.t = if options.direction == Direction::Forward { t } else { 1.0 - t };
        }
        Ok((path, cost))
    };
    warn_of_noise(call, &handle, &options);
    let act = || context.time("bridges", || run(&options, snapshots));
    call.work("bridge", act, measure).map_err(|fail| match fail.at {
        At::Call => fail.at(At::Argument(1)),
        _ => fail,
    })
}
