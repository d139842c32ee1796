//! Running: a flow moves a cloud, or trains a generator.

use crate::bind::flow::Plan;
use crate::bind::generator::Model;
use crate::bind::idle;
use crate::bind::metric::{accepted, reference};
use crate::bind::points::Cloud;
use crate::call::{At, Call, Fail};
use crate::callback::own_time;
use crate::context::Context;
use crate::dry;
use crate::manual::{Entry, Kind};
use crate::{Ending, Reading};
use rhai::{Dynamic, Engine, Map};
use sdflow::generator::{FitOptions, fit};
use sdflow::metric::Estimate;
use sdflow::options::Options;
use sdflow::output::{Cell, Table};
use sdflow::process::{Observer, Row, Stats};
use sdflow::run::{MetricChoice, RunOptions};
use sdflow::target::{Gaussian, Target};
use sdflow::{Points, process, run};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What a script holds after `run` or `fit`.
#[derive(Debug, Clone)]
pub struct Done {
    /// The cloud at the end, or base noise through the generator.
    pub points: Arc<Points>,
    /// Measurements on the way.
    pub history: Arc<Table>,
    /// Clouds kept on the way with their step.
    pub snapshots: Vec<(usize, Arc<Points>)>,
    /// Final metrics.
    pub metrics: BTreeMap<String, Reading>,
    ending: process::Ending,
    stats: Stats,
}

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
        about: "The points at the end.",
        example: "let r = run(sd_flow(dataset(\"25gaussians\")), normal(200, 2), #{steps: 3});\nsave(r.points, \"moved.npy\");",
        ..entry("points", "result.points", "points", |call| Ok(cloud(&own(call)?.points)))
    },
    Entry {
        about: "The measurements over the run: step, progress, the flow's own readings such as sigma, the metrics and their \
                errors (`energy_se`).",
        example: "let r = run(sd_flow(dataset(\"25gaussians\")), normal(200, 2), #{steps: 3});\nplot(r.history, \"sigma.svg\", #{y: [\"sigma\"]});",
        ..entry("history", "result.history", "a table", |call| Ok(Dynamic::from(own(call)?.history)))
    },
    Entry {
        about: "How it ended: \"finished\", \"converged\", \"diverged\" or \"interrupted\". A script that reads it answers for a \
                divergence itself; otherwise the run exits with code 5.",
        example: "let r = run(sd_flow(dataset(\"25gaussians\")), normal(200, 2), #{steps: 3});\nprint(r.stop);",
        ..entry("stop", "result.stop", "a string", |call| {
            call.context.looked();
            Ok(own(call)?.ending.reason().into())
        })
    },
    Entry {
        about: "Steps, evaluations of the velocity (`nfe`), pairs in all and of the flow (`flow_pairs`), and seconds in the flow \
                and in metrics.",
        example: "let r = run(sd_flow(dataset(\"25gaussians\")), normal(200, 2), #{steps: 3});\nprint(r.stats.nfe);",
        ..entry("stats", "result.stats", "a map of numbers", |call| Ok(stats(&own(call)?.stats)))
    },
    Entry {
        about: "The final metrics by name, with errors and noise floors.",
        example: "let p = dataset(\"moons\");\n\
                  let r = run(sd_flow(p.sample(300)), normal(200, 2), p, #{steps: 3, metrics: [\"energy\"]});\nprint(r.metrics.energy);",
        ..entry("metrics", "result.metrics", "a map of readings", |call| {
            let readings = own(call)?.metrics.into_iter();
            Ok(readings.map(|(name, reading)| (name.into(), Dynamic::from(reading))).collect::<Map>().into())
        })
    },
    Entry {
        about: "The clouds kept on the way, `snapshots` of the options many.",
        example: "let r = run(sd_flow(dataset(\"25gaussians\")), normal(200, 2), #{steps: 4, snapshots: 3});\n\
                  plot([[r.snapshots[0]], [r.snapshots[2]]], \"way.svg\");",
        ..entry("snapshots", "result.snapshots", "an array of points", |call| {
            Ok(own(call)?.snapshots.iter().map(|(_, points)| cloud(points)).collect::<rhai::Array>().into())
        })
    },
];

const fn entry(name: &'static str, signature: &'static str, returns: &'static str, call: crate::call::Native) -> Entry {
    Entry { name, kind: Kind::Run, signature, returns, about: "", options: &[], names: &[], example: "", call }
}

fn own(call: &Call) -> Result<Done, Fail> {
    call.receiver()
}

fn cloud(points: &Arc<Points>) -> Dynamic {
    Dynamic::from(Cloud { points: points.clone(), standardiser: None, target: None })
}

fn run_flow(call: &Call) -> Result<Dynamic, Fail> {
    let context = call.context;
    let plan: Plan = call.get(0, "a flow")?;
    let start = call.points(1)?;
    let mut options: RunOptions = call.options()?;
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
    finish(
        call,
        Done { points, history: table(&made.history), snapshots, metrics, ending: made.ending, stats: made.stats },
        dim,
    )
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
    if options.batch.checked_mul(base.dim()).is_none_or(|values| values > 1 << 30) {
        let error = sdflow::Error::argument("batch", options.batch, "a batch holds at most 2^30 values");
        return Err(call.place(error));
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
        snapshots: Vec::new(),
        metrics: BTreeMap::new(),
        ending: made.ending,
        stats: made.stats,
    };
    finish(call, done, dim)
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

/// Rows of history with `step` first.
fn table(rows: &[Row]) -> Arc<Table> {
    let mut table = Table::default();
    for row in rows {
        let first = ["step", "progress"].iter().filter_map(|n| row.get_key_value(*n));
        let rest = row.iter().filter(|(n, _)| !["step", "progress"].contains(&n.as_str()));
        table.push(first.chain(rest).map(|(name, value)| (name.as_str(), Cell::Number(*value))));
    }
    Arc::new(table)
}

fn stats(stats: &Stats) -> Dynamic {
    let pairs = [("pairs", stats.pairs), ("flow_pairs", stats.flow_pairs)];
    let counts = [("steps", stats.steps), ("nfe", stats.nfe)].into_iter().chain(pairs);
    let seconds = [("flow_seconds", stats.flow_seconds), ("metric_seconds", stats.metric_seconds)];
    let counts = counts.map(|(name, count)| (name.into(), Dynamic::from(count as i64)));
    counts.chain(seconds.into_iter().map(|(name, s)| (name.into(), s.into()))).collect::<Map>().into()
}

/// Passes on what a process tells.
struct Watch<'a>(&'a Context);

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

/// How a result prints.
pub fn register(engine: &mut Engine) {
    let text = |done: &mut Done| format!("{} after {} steps", done.ending.reason(), done.stats.steps);
    engine.register_fn("to_string", text).register_fn("to_debug", text);
}

/// `N(0, I)`: the base of a generator that was not trained yet.
pub fn standard(dim: usize) -> sdflow::Result<Arc<dyn Target>> {
    Ok(Arc::new(Gaussian::isotropic(vec![0.0; dim], 1.0)?))
}
