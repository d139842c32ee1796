//! Running: a flow moves a cloud, or trains a generator.

use crate::bind::flow::Plan;
use crate::bind::generator::Model;
use crate::bind::idle;
use crate::bind::learned::law;
use crate::bind::metric::{accepted, reference};
use crate::bind::points::Cloud;
use crate::bind::result::{Done, table};
use crate::call::{At, Call, Fail};
use crate::callback::own_time;
use crate::context::Context;
use crate::dry;
use crate::manual::{Entry, Kind};
use crate::{Ending, Reading};
use rhai::Dynamic;
use sdflow::generator::{FitOptions, RegressOptions, fit, regress};
use sdflow::metric::Estimate;
use sdflow::options::Options;
use sdflow::points::no_room;
use sdflow::process::{Observer, Row};
use sdflow::run::{Forecast, MetricChoice, RunOptions};
use sdflow::target::{Gaussian, Target};
use sdflow::{Points, process, run};
use std::collections::BTreeMap;
use std::sync::Arc;

pub const ENTRIES: &[Entry] = &[
    Entry {
        about: "Moves the points of `start` along a flow. The reference, unseen points or a target, is what `metrics` compare \
                with. Final metrics get their noise floors and are recorded in the run. A run that leaves the finite numbers ends \
                as \"diverged\" with its last finite points.",
        options: RunOptions::KEYS,
        example: "let p = dataset(\"8gaussians\");\nlet r = run(sd_flow(p), normal(500, 2), p, #{steps: 30, metrics: [\"energy\"]});\n\
                  print(r.stop);\nexpect(\"close\", r.metrics.energy < 1);",
        ..entry("run", "run(flow, start[, reference][, options])", "a result", run_flow)
    },
    Entry {
        about: "Trains a generator in place so that base points through it follow the flow: each step moves its points by the flow, \
                holds them, and takes one Adam step of regression towards them. The base is a target such as \
                `gaussian(#{dim: 8})`.",
        options: FitOptions::KEYS,
        example: "let p = ar1(0.5, #{dim: 4});\nlet g = affine(#{dim: 4});\n\
                  let r = fit(g, sd_flow(p, gaussian_fit()), gaussian(#{dim: 4}), #{steps: 20});\nlet y = g.sample(100);",
        ..entry("fit", "fit(generator, flow, base[, options])", "a result", fit_generator)
    },
    Entry {
        about: "Trains a generator in place on pairs of rows, `min mean |g(input) - output|^2`: by least squares an affine one, by Adam \
                a net. With the start and the end of a deterministic run (`noise: \"none\"`) it becomes the flow's map: `apply` takes it \
                to new points, `save` keeps it.",
        options: RegressOptions::KEYS,
        example: "let start = normal(500, 2);\nlet p = dataset(\"moons\").sample(500);\n\
                  let r = run(sd_flow(p, #{noise: \"none\"}), start, #{steps: 5});\n\
                  let map = mlp(#{hidden: 32});\nregress(map, start, r.points, #{steps: 20});\n\
                  save(map, \"map.safetensors\");\nlet moved = map.apply(normal(100, 2));",
        ..entry("regress", "regress(generator, inputs, outputs[, options])", "a result", regress_generator)
    },
];

const fn entry(name: &'static str, signature: &'static str, returns: &'static str, call: crate::call::Native) -> Entry {
    Entry { name, kind: Kind::Run, signature, returns, about: "", options: &[], names: &[], example: "", call }
}

fn run_flow(call: &Call) -> Result<Dynamic, Fail> {
    let context = call.context;
    let plan: Plan = call.get(0, "a flow")?;
    let start = call.points(1)?;
    let mut options: RunOptions = call.options()?;
    options.carry = options.carry.or_else(|| call.points_option("carry").map(|points| (*points).clone()));
    check_metrics(call, &options.metrics)?;
    idle::in_run(call, call.handles() > 2, &options);
    options.steps = context.steps(options.steps);
    let reference = match call.handles() > 2 {
        true => Some(reference(call, 2, start.count())?),
        false => None,
    };
    let place = |e| call.place(e);
    let mut flow = plan.flow().map_err(place)?;
    context.callbacks.taken();
    let mut watch = Watch(context);
    let (start, dim) = ((*start).clone(), start.dim());
    let stream = context.stream("run");
    let pairwise = &context.pairwise;
    let (flow, reference) = (flow.as_mut(), reference.as_ref());
    let made = match &context.dry {
        None => run::run(flow, start, reference, &options, pairwise, stream, &mut watch).map_err(place)?,
        Some(dry) => {
            let (made, ahead) = run::forecast(flow, start, reference, &options, pairwise, stream).map_err(place)?;
            dry.add(&format!("run {}", plan.name), call.native.call_position(), &ahead);
            made
        }
    };
    made.warnings.iter().for_each(|warning| context.warn_once(warning));
    let metrics: BTreeMap<_, _> = made.metrics.iter().map(|(name, e)| (name.clone(), reading(e))).collect();
    metrics.iter().for_each(|(name, reading)| context.metric(name, reading.clone()));
    let snapshots = made.snapshots.into_iter().map(|s| (s.step, Arc::new(s.points))).collect();
    let points = Arc::new(made.points);
    let done = Done {
        points,
        carried: made.carried.map(Arc::new),
        log_det: made.log_det.map(Arc::from),
        history: table(&made.history),
        snapshots,
        metrics,
        ending: made.ending,
        stats: made.stats,
    };
    finish(call, done, dim)
}

fn fit_generator(call: &Call) -> Result<Dynamic, Fail> {
    let context = call.context;
    let model: Model = call.get(0, "a generator")?;
    let plan: Plan = call.get(1, "a flow")?;
    let base = base(call, 2)?;
    let mut options: FitOptions = call.options()?;
    options.steps = context.steps(options.steps);
    options.batch = context.points(options.batch);
    let place = |e| call.place(e);
    let mut flow = plan.flow().map_err(place)?;
    context.callbacks.taken();
    if let Some(why) = no_room(options.batch, base.dim()) {
        return Err(call.place(sdflow::Error::argument("batch", options.batch, why)));
    }
    let stream = context.stream("fit");
    let asked = options.clone();
    if context.dry.is_some() {
        options.steps = options.steps.min(dry::FIT_STEPS);
        options.batch = context.held(options.batch, base.dim());
    }
    let (mut made, points, dim) = model
        .trained(&base, |generator| {
            let made =
                fit(generator, flow.as_mut(), base.as_ref(), &options, &context.pairwise, stream, &mut Watch(context))?;
            let u = base.sample(options.batch, stream.label("result"))?;
            let mut points = Points::default();
            generator.forward(&u, &mut points)?;
            let dim = generator.dim();
            Ok((made, points, dim))
        })
        .map_err(place)?;
    if let Some(dry) = &context.dry {
        let ahead = dry::fit_ahead(&mut made.stats, flow.as_ref(), &asked, &options, dim);
        dry.add(&format!("fit {}", plan.name), call.native.call_position(), &ahead);
    }
    let done = Done {
        points: Arc::new(points.standing_for(asked.batch)),
        history: table(&made.history),
        ..Done::of(made.ending, made.stats)
    };
    finish(call, done, dim)
}

fn regress_generator(call: &Call) -> Result<Dynamic, Fail> {
    let context = call.context;
    let model: Model = call.get(0, "a generator")?;
    let (inputs, outputs) = (call.points(1)?, call.points(2)?);
    if inputs.count() != outputs.count() {
        let want = format!("the inputs have {}", inputs.count());
        return Err(call.bad(2, format!("has {} rows", outputs.count()), &want));
    }
    let mut options: RegressOptions = call.options()?;
    options.steps = context.steps(options.steps);
    let asked = options.steps;
    if context.dry.is_some() {
        options.steps = asked.min(dry::FIT_STEPS);
    }
    let (base, stream) = (law(call, 1)?, context.stream("regress"));
    let (made, points) = model
        .trained(&base, |generator| {
            let pairs = (&*inputs, &*outputs);
            let made = regress(generator, pairs, &options, &context.interrupt, stream, &mut Watch(context))?;
            let mut points = Points::default();
            generator.forward(&inputs, &mut points)?;
            Ok((made, points))
        })
        .map_err(|e| call.place(e))?;
    if let Some(dry) = &context.dry {
        let seconds = made.stats.flow_seconds * asked as f64 / options.steps as f64;
        let ahead = Forecast { steps: asked as u64, seconds, ..Forecast::default() };
        dry.add("regress", call.native.call_position(), &ahead);
    }
    let done = Done {
        points: Arc::new(points.standing_for(inputs.count())),
        history: table(&made.history),
        ..Done::of(made.ending, made.stats)
    };
    finish(call, done, outputs.dim())
}

/// The base of a generator: a target, or points as their own distribution.
fn base(call: &Call, i: usize) -> Result<Arc<dyn Target>, Fail> {
    match call.arg(i)?.clone().try_cast::<Cloud>() {
        Some(_) => {
            Err(call.wrong(i, "a target").hint("fresh base points are drawn at every step: gaussian(#{dim: 8})"))
        }
        None => call.get(i, "a target"),
    }
}

/// Puts a result into the run's record.
fn finish(call: &Call, done: Done, dim: usize) -> Result<Dynamic, Fail> {
    let context = call.context;
    let ending = Ending { reason: done.ending.reason().into(), advice: done.ending.advice() };
    if matches!(done.ending, process::Ending::Diverged { .. }) {
        context.diverged(&ending.advice, call.native.call_position());
    }
    context.spent("flow", (done.stats.flow_seconds - own_time(call, &done.stats)).max(0.0));
    context.spent("metrics", done.stats.metric_seconds);
    // As `bench` counts: two products of n x m x dim, a multiplication and an addition each.
    context.computed(4.0 * done.stats.flow_pairs as f64 * dim as f64);
    context.ended(ending, done.stats.steps, done.stats.nfe);
    match done.ending {
        process::Ending::Interrupted { .. } => {
            keep(call, &done.points)?;
            Err(sdflow::Error::Interrupted.into())
        }
        _ => Ok(Dynamic::from(done)),
    }
}

/// Keeps the points of an interrupted process.
fn keep(call: &Call, points: &Points) -> Result<(), Fail> {
    let path = call.context.sandbox.writable("interrupted.npy", "samples")?;
    sdflow::io::save_npy(&path, points).map_err(|e| call.place(e))?;
    call.context.wrote(&path);
    Ok(())
}

/// Names the metric that cannot be made, before anything runs.
fn check_metrics(call: &Call, choices: &[MetricChoice]) -> Result<(), Fail> {
    for choice in choices {
        if let MetricChoice::Map { metric, options } = choice {
            let known = crate::manual::named(metric);
            let keys = known.iter().find(|e| e.kind == Kind::Metric).map_or(&[][..], |e| e.options);
            if let Some(key) = options.keys().find(|key| keys.iter().all(|k| k.name != key.as_str())) {
                return Err(crate::options::unknown(metric, key, keys).at(At::Key(call.len() - 1, "metrics".into())));
            }
            if let Err(want) = accepted(metric, options.clone().into()) {
                return Err(Fail::script(format!("the options of `{metric}` cannot be used: {want}"))
                    .at(At::Key(call.len() - 1, "metrics".into())));
            }
        }
        choice.build().map_err(|e| call.place(e).at(At::Key(call.len() - 1, "metrics".into())))?;
    }
    Ok(())
}

/// A metric's estimate as it is recorded.
pub fn reading(estimate: &Estimate) -> Reading {
    Reading {
        value: estimate.value,
        se: Some(estimate.se).filter(|se| se.is_finite()),
        floor: estimate.floor,
        parts: estimate.parts.iter().cloned().collect(),
    }
}

/// Passes on what a process tells.
pub struct Watch<'a>(pub &'a Context);

impl Observer for Watch<'_> {
    fn note(&mut self, note: &str) {
        self.0.note(note);
    }

    fn progress(&mut self, what: &str, done: usize, total: usize, detail: &dyn Fn() -> String) {
        self.0.listener.progress(what, done, total, &detail());
    }

    fn row(&mut self, row: &Row) {
        self.0.listener.row(row);
    }
}

/// `N(0, I)`: the base of a generator that was not trained yet.
pub fn standard(dim: usize) -> sdflow::Result<Arc<dyn Target>> {
    Ok(Arc::new(Gaussian::isotropic(vec![0.0; dim], 1.0)?))
}
