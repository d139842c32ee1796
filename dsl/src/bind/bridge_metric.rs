//! Measurements of bridges.

use crate::bind::arguments::SAMPLE;
use crate::call::{Call, Entry, function};
use crate::language::{At, Fail, Kind, OPTIONS, Type, arg};
use crate::value::{BridgeHandle, Cloud, Reading};
use rhai::Dynamic;
use sdflow::Points;
use sdflow::bridge::{Conditional, ConditionalErrorOptions, conditional_error, path_energy};
use sdflow::cost;
use sdflow::options::Options;
use sdflow::target::Target;
use std::sync::Arc;

sdflow::options! {
    /// Options of `path_energy`.
    pub struct PathEnergyOptions {
        /// Number of Euler steps, at least 1; the error of the sum is of order `1 / steps`.
        steps: usize = 100,
    }
}

pub const ENTRIES: &[Entry] = &[
    function(
        "cbw_uvp",
        Kind::Metric,
        &[
            arg("found", Type::OneOf(&[Type::Bridge, Type::Target])),
            arg("exact", Type::Bridge),
            arg("starts", SAMPLE),
            OPTIONS,
        ],
        Type::Reading,
        cbw_uvp,
    )
    .returned(
        "a reading in percent; if the plan of `found` is exact, `.parts.exact` is the value \
         without sampling noise",
    )
    .about(
        "The error of the plan of a bridge: the conditional Bures-Wasserstein unexplained variance \
         in percent [gushchin2023building]. For each start, the mean `m` and the covariance `S` of \
         `samples` ends of the bridge `found` are compared with the mean `m'` and the covariance \
         `S'` of the exact plan: `BW = |m - m'|^2 / 2 + tr(S + S' - 2 (S^1/2 S' S^1/2)^1/2) / 2`. \
         The mean of `BW` over the starts is divided by half the variance of the end. The value is \
         above 0 even if the two bridges are the same, because moments of samples have an error, \
         so compare it with `cbw_uvp(exact, exact, starts)`. A target in place of the bridge \
         `found` stands for an end that does not depend on the start.",
    )
    .options(ConditionalErrorOptions::KEYS)
    .example(
        "let pair = bridge_pair(gaussian(#{dim: 2}), #{means: [[2, 0], [-2, 1]]});\n\
         let found = light_sb(pair.source, pair.target, #{epsilon: pair.epsilon, components: 4, steps: 20});\n\
         print(cbw_uvp(found, pair, pair.source, #{points: 20, samples: 50}));\n\
         print(cbw_uvp(pair, pair, pair.source, #{points: 20, samples: 50}));",
    ),
    function(
        "path_energy",
        Kind::Metric,
        &[arg("bridge", Type::Bridge), arg("points", Type::Points), OPTIONS],
        Type::Reading,
        energy,
    )
    .about(
        "The relative entropy of a bridge to its reference process: the mean of `int |u - f|^2 / \
         (2 epsilon) dt` over paths of the bridge from these points, where `u` is the drift of the \
         bridge and `f` is the drift of the reference process. Of all diffusions between the same \
         ends, the Schroedinger bridge has the smallest value.",
    )
    .options(PathEnergyOptions::KEYS)
    .example(
        "let b = gaussian_bridge(gaussian(#{dim: 2}), gaussian(#{mean: [3, 0]}));\n\
         print(path_energy(b, normal(100, 2), #{steps: 20}));",
    ),
];

fn cbw_uvp(call: &Call) -> Result<Dynamic, Fail> {
    let context = call.context;
    let options: ConditionalErrorOptions = call.options()?;
    let (first, exact) = (call.arg(0)?.clone(), call.get::<BridgeHandle>(1, "a bridge")?.bridge);
    let (bridge, target) = (first.clone().try_cast::<BridgeHandle>(), first.try_cast::<Arc<dyn Target>>());
    let found = match (&bridge, &target, options.steps) {
        (Some(handle), _, Some(steps)) => Conditional::Euler(handle.bridge.as_ref(), context.steps(steps)),
        (Some(handle), _, None) => Conditional::Plan(handle.bridge.as_ref()),
        (None, Some(target), _) => Conditional::Independent(target.as_ref()),
        (None, None, _) => return Err(call.wrong(0, "a bridge or a target")),
    };
    let (starts, samples) = (starts(call, options.points)?, context.points(options.samples));
    let stream = context.stream("cbw_uvp");
    let run = |starts: &Points| {
        let mut tell = |done, total| context.listener.progress("cbw_uvp", done, total, "");
        conditional_error(found, exact.as_ref(), starts, samples, stream, &context.interrupt, &mut tell)
    };
    let measure = |gauge: &cost::Gauge| match starts.n() {
        // Errors must be the same as in a run.
        n if n < 2 || samples < 2 => run(&starts).map(|made| (made, cost::Cost::default())),
        n => cost::repeated(n, gauge, |n| run(&starts.rows(0..n))),
    };
    let made = call.work("cbw_uvp", || context.time("metrics", || run(&starts)), measure)?;
    Ok(Dynamic::from(Reading::from(&made)))
}

/// Returns the starting points from argument 2: points, or `n` points of a target.
fn starts(call: &Call, n: usize) -> Result<Arc<Points>, Fail> {
    if call.arg(2)?.is::<Cloud>() {
        return call.points(2);
    }
    let target: Arc<dyn Target> = call.get(2, "a set of points or a target")?;
    let n = call.context.points(n);
    if n == 0 {
        return Err(call.place(sdflow::Error::argument("points", n, "it must be at least 2")));
    }
    let drawn = target.sample(n, call.context.stream("starts"));
    drawn.map(Arc::new).map_err(|e| call.place(e).at(At::Argument(2)))
}

fn energy(call: &Call) -> Result<Dynamic, Fail> {
    let context = call.context;
    let options: PathEnergyOptions = call.options()?;
    let (handle, points) = (call.get::<BridgeHandle>(0, "a bridge")?, call.points(1)?);
    let (steps, stream) = (context.steps(options.steps), context.stream("path_energy"));
    let run = |steps: usize| path_energy(handle.bridge.as_ref(), &points, steps, stream, &context.interrupt);
    let act = || context.time("metrics", || run(steps));
    let made = call.work("path_energy", act, |gauge| match steps {
        0 => run(0).map(|made| (made, cost::Cost::default())),
        _ => cost::repeated(steps, gauge, run),
    })?;
    Ok(Dynamic::from(Reading::from(&made)))
}
