//! Running: a flow moves a cloud.

use crate::bind::flow::Plan;
use crate::bind::idle;
use crate::bind::metric::reference;
use crate::bind::result::{Done, advice, table};
use crate::call::{At, Call, Fail};
use crate::callback::own_time;
use crate::context::Context;
use crate::manual::{Entry, Kind};
use crate::{Ending, Reading};
use rhai::Dynamic;
use sdflow::metric::Estimate;
use sdflow::options::Options;
use sdflow::process::{Observer, Row};
use sdflow::run::{MetricChoice, Run, RunOptions};
use sdflow::target::{Gaussian, Target};
use sdflow::{Points, cost, process};
use std::collections::BTreeMap;
use std::sync::Arc;

pub const ENTRIES: &[Entry] = &[Entry {
    about: "Moves the points of `start` along a flow. The reference, unseen points or a target, is what `metrics` compare \
                with. Final metrics get their noise floors and are recorded in the run. A run that leaves the finite numbers ends \
                as \"diverged\" with its last finite points.",
    options: RunOptions::KEYS,
    example: "let p = dataset(\"8gaussians\");\nlet r = run(sd_flow(p), normal(500, 2), p, #{steps: 30, metrics: [\"energy\"]});\n\
                  print(r.stop);\nexpect(\"close\", r.metrics.energy < 1);",
    ..entry("run", "run(flow, start[, reference][, options])", "a result", run_flow)
}];

const fn entry(name: &'static str, signature: &'static str, returns: &'static str, call: crate::call::Native) -> Entry {
    Entry { name, kind: Kind::Run, signature, returns, about: "", options: &[], names: &[], example: "", call }
}

fn run_flow(call: &Call) -> Result<Dynamic, Fail> {
    let context = call.context;
    let plan: Plan = call.get(0, "a flow")?;
    let start = call.points(1)?;
    let mut options: RunOptions = call.options()?;
    options.carry = options.carry.or_else(|| call.points_option("carry").map(Arc::unwrap_or_clone));
    check_metrics(call, &options.metrics)?;
    idle::in_run(call, call.handles() > 2, &options);
    options.steps = context.steps(options.steps);
    let reference = match call.handles() > 2 {
        true => Some(reference(call, 2, start.n())?),
        false => None,
    };
    let place = |e| call.place(e);
    context.callbacks.taken();
    let mut watch = Watch(context);
    let (dim, start) = (start.dim(), Arc::unwrap_or_clone(start));
    let stream = context.stream("run");
    let pairwise = &context.pairwise;
    let reference = reference.as_ref();
    let made = match &context.dry {
        None => {
            let mut motion = plan.motion().map_err(place)?;
            let run = Run::of(motion.dynamics(), start).reference(reference).options(options).pairwise(pairwise);
            run.stream(stream).observed(&mut watch).map_err(place)?
        }
        Some(dry) => {
            let gauge = dry.gauge(pairwise);
            let (made, ahead) =
                cost::run(&|| plan.motion(), start, reference, &options, &gauge, stream).map_err(place)?;
            dry.add(&format!("run {}", plan.name), call.native.call_position(), &ahead);
            made
        }
    };
    made.warnings.iter().for_each(|warning| context.warn_once(warning));
    let metrics: BTreeMap<_, _> = made.metrics.iter().map(|(name, e)| (name.clone(), reading(e))).collect();
    metrics.iter().for_each(|(name, reading)| context.metric(name, reading.clone()));
    let snapshots = made.snapshots.into_iter().map(|s| (s.step, Arc::new(s.points))).collect();
    let points = Arc::new(made.points);
    let advice = advice(&made.ending);
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
    finish(call, done, dim, advice)
}

/// Puts a result into the run's record.
pub fn finish(call: &Call, done: Done, dim: usize, advice: String) -> Result<Dynamic, Fail> {
    let context = call.context;
    let ending = Ending { reason: done.ending.reason().into(), advice };
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
            let metrics = At::Key(call.len() - 1, "metrics".into());
            crate::options::check_all(metric, keys, options).map_err(|fail| fail.at(metrics))?;
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
