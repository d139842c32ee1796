//! `run`, which moves a cloud along a flow.

use crate::bind::arguments::{SAMPLE, reference};
use crate::bind::ending::{self, record_result};
use crate::bind::unused_options as idle;
use crate::call::{Call, Entry, function, options};
use crate::context::ContextObserver;
use crate::language::{At, Fail, Kind, OPTIONS, Type, arg, optional};
use crate::value::{Done, Plan, Reading, columns_of, history};
use rhai::Dynamic;
use sdflow::cost::Gauge;
use sdflow::metric::METRICS;
use sdflow::options::Options;
use sdflow::run::{MetricChoice, Run, RunOptions};
use sdflow::{Points, cost};
use std::collections::BTreeMap;
use std::sync::Arc;

pub const ENTRIES: &[Entry] = &[function(
    "run",
    Kind::Run,
    &[arg("flow", Type::Flow), arg("start", Type::Points), optional("reference", SAMPLE), OPTIONS],
    Type::Result,
    run_flow,
)
.about(
    "Moves the points of `start` along a flow. The option `metrics` compares the particles with \
     the reference: points that the flow has not used, or a target. At the end, the noise floors \
     of the metrics are computed as well. `run.json` records the metrics and the noise floors. A \
     run whose particles become infinite or NaN ends as \"diverged\" with its last finite points.",
)
.options(RunOptions::KEYS)
.example(
    "let p = dataset(\"8gaussians\");\n\
     let r = run(sd_flow(p), normal(500, 2), p, #{steps: 30, metrics: [\"energy\"]});\n\
     print(r.stop);\n\
     expect(\"close\", r.metrics.energy < 1);",
)];

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
    context.callbacks.take_seconds();
    let dim = start.dim();
    let (number, stream) = context.numbered_stream("run");
    let what = format!("run {}", plan.name);
    let reference = reference.as_ref();
    let watch = ContextObserver::new(context, call.owner(format!("run-{number}")), &what);
    let mut watch = watch.filming(number as usize + 1, &start, reference.map(|reference| reference.points()));
    let pairwise = &context.pairwise;
    let act = || {
        let mut motion = plan.motion()?;
        let run = Run::of(motion.dynamics(), Points::clone(&start)).reference(reference).options(options.clone());
        run.pairwise(pairwise).stream(stream).run_with(&mut watch)
    };
    let measure =
        |gauge: &Gauge| cost::run(&|| plan.motion(), Points::clone(&start), reference, &options, gauge, stream);
    let made = call.work(what, act, measure)?;
    watch.finish(made.stats.steps as usize, &made.points);
    made.warnings.iter().for_each(|warning| context.warn_once(warning));
    let metrics: BTreeMap<_, _> = made.metrics.iter().map(|(name, e)| (name.clone(), Reading::from(e))).collect();
    metrics.iter().for_each(|(name, reading)| context.record_run_metric(name, reading.clone(), number + 1));
    let snapshots = made.snapshots.into_iter().map(|s| (s.step, Arc::new(s.points))).collect();
    let points = Arc::new(made.points);
    let advice = ending::advice(&made.ending, plan.name, !made.warnings.is_empty());
    let named = |i: usize| call.arg(i).map(columns_of).ok().filter(|columns| columns.len() == dim);
    let done = Done {
        points,
        columns: [1, 2, 0].into_iter().find_map(named).unwrap_or_default(),
        carried: made.carried.map(Arc::new),
        log_det: made.log_det.map(Arc::from),
        history: history(&made.history),
        snapshots,
        metrics,
        ending: made.ending,
        stats: made.stats,
    };
    record_result(call, done, dim, advice)
}

/// Builds all metrics before anything runs, so that the error names the metric that cannot be
/// built.
fn check_metrics(call: &Call, choices: &[MetricChoice]) -> Result<(), Fail> {
    for choice in choices {
        if let MetricChoice::Map { metric, options } = choice {
            let keys = METRICS.iter().find(|known| known.name == metric).map_or(&[][..], |known| known.keys);
            let metrics = At::Key(call.len() - 1, "metrics".into());
            options::check_all(metric, keys, options).map_err(|fail| fail.at(metrics))?;
        }
        choice.build().map_err(|e| call.place(e).at(At::Key(call.len() - 1, "metrics".into())))?;
    }
    Ok(())
}
