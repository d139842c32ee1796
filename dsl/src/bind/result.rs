//! What a run of a flow, or the training of a generator, leaves in a script's hands.

use crate::Reading;
use crate::bind::points::{Cloud, numbers};
use crate::call::{Call, Fail};
use crate::manual::{Entry, Kind};
use rhai::{Dynamic, Engine, Map};
use sdflow::Points;
use sdflow::process::{self, Row, Stats};
use sdflow::table::{Cell, Table};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What a script holds after `run` or `fit`.
#[derive(Debug, Clone)]
pub struct Done {
    /// The cloud at the end, or base noise through the generator.
    pub points: Arc<Points>,
    /// The carried points at the end.
    pub carried: Option<Arc<Points>>,
    /// The logarithm of the map's Jacobian determinant at each of them.
    pub log_det: Option<Arc<[f64]>>,
    /// Measurements on the way.
    pub history: Arc<Table>,
    /// Clouds kept on the way with their step.
    pub snapshots: Vec<(usize, Arc<Points>)>,
    /// Final metrics.
    pub metrics: BTreeMap<String, Reading>,
    /// How it ended.
    pub ending: process::Ending,
    /// What it cost.
    pub stats: Stats,
}

impl Done {
    /// One that leaves nothing but how it ended and what it cost.
    pub fn of(ending: process::Ending, stats: Stats) -> Done {
        Done {
            points: Arc::default(),
            carried: None,
            log_det: None,
            history: Arc::default(),
            snapshots: Vec::new(),
            metrics: BTreeMap::new(),
            ending,
            stats,
        }
    }
}

pub const ENTRIES: &[Entry] = &[
    Entry {
        about: "The points at the end.",
        example: "let r = run(sd_flow(dataset(\"25gaussians\")), normal(200, 2), #{steps: 3});\nsave(r.points, \"moved.npy\");",
        ..entry("points", "result.points", "points", |call| Ok(cloud(&own(call)?.points)))
    },
    Entry {
        about: "The points of `carry` at the end: where the flow takes points that it does not feel. With `noise: \"none\"` the way from \
                start to end is a map of space, and these are its values.",
        example: "let p = dataset(\"moons\").sample(300);\n\
                  let r = run(sd_flow(p, #{noise: \"none\"}), normal(200, 2), #{steps: 3, carry: normal(50, 2)});\n\
                  save(r.carried, \"carried.npy\");",
        ..entry("carried", "result.carried", "points", |call| match own(call)?.carried {
            Some(points) => Ok(cloud(&points)),
            None => Err(left_out("carried no points", "run(flow, start, #{carry: held_out})")),
        })
    },
    Entry {
        about: "`log |det J|` of the map from start to end at each carried point, for `log_det: true`. A density `p` of the start \
                becomes `log p(start) - log_det` at the end.",
        example: "let x = normal(50, 2);\nlet flow = sd_flow(gaussian(#{dim: 2, std: 0.5}), gaussian_fit(), #{sigma: 0.5, noise: \"none\"});\n\
                  let r = run(flow, normal(200, 2), #{steps: 3, carry: x, log_det: true});\nprint(r.log_det[0]);",
        ..entry("log_det", "result.log_det", "an array of numbers", |call| match own(call)?.log_det {
            Some(values) => Ok(numbers(&values)),
            None => Err(left_out("followed no volumes", "run(flow, start, #{carry: held_out, log_det: true})")),
        })
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

/// What was not asked of the run.
fn left_out(did: &str, hint: &str) -> Fail {
    Fail::script(format!("the run {did}")).hint(hint)
}

fn cloud(points: &Arc<Points>) -> Dynamic {
    Dynamic::from(Cloud { points: points.clone(), standardiser: None, target: None })
}

/// Rows of history with `step` first.
pub fn table(rows: &[Row]) -> Arc<Table> {
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

/// How a result prints.
pub fn register(engine: &mut Engine) {
    let text = |done: &mut Done| format!("{} after {} steps", done.ending.reason(), done.stats.steps);
    engine.register_fn("to_string", text).register_fn("to_debug", text);
}
