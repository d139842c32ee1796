//! What a run of a flow, or the training of a generator, leaves in a script's hands.

use crate::call::{Call, Entry, function};
use crate::language::{Fail, Kind, Type};
use crate::value::{Cloud, Done, numbers};
use rhai::{Dynamic, Map};
use sdflow::Points;
use sdflow::process::Stats;
use std::sync::Arc;

pub const ENTRIES: &[Entry] = &[
    function("points", Kind::Run, &[], Type::Points, |call| Ok(cloud(&own(call)?.points)))
        .of(Type::Result)
        .property()
        .about("The points at the end.")
        .example(
            "let r = run(sd_flow(dataset(\"25gaussians\")), normal(200, 2), #{steps: 3});\n\
             save(r.points, \"moved.npy\");",
        ),
    function("carried", Kind::Run, &[], Type::Points, |call| match own(call)?.carried {
        Some(points) => Ok(cloud(&points)),
        None => Err(left_out("carried no points", "run(flow, start, #{carry: held_out})")),
    })
    .of(Type::Result)
    .property()
    .about(
        "The points of `carry` at the end: where the flow takes points that it does not feel. \
         With `noise: \"none\"` the way from start to end is a map of space, and these are its \
         values.",
    )
    .example(
        "let p = dataset(\"moons\").sample(300);\n\
         let r = run(sd_flow(p, #{noise: \"none\"}), normal(200, 2), #{steps: 3, carry: \
         normal(50, 2)});\n\
         save(r.carried, \"carried.npy\");",
    ),
    function("log_det", Kind::Run, &[], Type::List(&Type::Number), |call| match own(call)?.log_det {
        Some(values) => Ok(numbers(&values)),
        None => Err(left_out("followed no volumes", "run(flow, start, #{carry: held_out, log_det: true})")),
    })
    .of(Type::Result)
    .property()
    .about(
        "`log |det J|` of the map from start to end at each tracer, for `log_det: true`. A \
         density `p` of the start becomes `log p(start) - log_det` at the end.",
    )
    .example(
        "let x = normal(50, 2);\n\
         let flow = sd_flow(gaussian(#{dim: 2, std: 0.5}), gaussian_fit(), #{sigma: 0.5, noise: \
         \"none\"});\n\
         let r = run(flow, normal(200, 2), #{steps: 3, carry: x, log_det: true});\n\
         print(r.log_det[0]);",
    ),
    function("history", Kind::Run, &[], Type::Table, |call| Ok(Dynamic::from(own(call)?.history)))
        .of(Type::Result)
        .property()
        .about(
            "The measurements over the run: step, progress, the flow's own readings such as sigma, \
             the metrics and their errors (`energy_se`).",
        )
        .example(
            "let r = run(sd_flow(dataset(\"25gaussians\")), normal(200, 2), #{steps: 3});\n\
             plot(r.history, \"sigma.svg\", #{y: [\"sigma\"]});",
        ),
    function("stop", Kind::Run, &[], Type::Text, |call| {
        call.context.acknowledge_divergence();
        Ok(own(call)?.ending.reason().into())
    })
    .of(Type::Result)
    .property()
    .about(
        "How the run ended: \"finished\", \"converged\", \"diverged\" or \"interrupted\". A \
         script that reads it takes care of a divergence itself; otherwise a divergence ends the \
         run with exit code 5.",
    )
    .example(
        "let r = run(sd_flow(dataset(\"25gaussians\")), normal(200, 2), #{steps: 3});\n\
         print(r.stop);",
    ),
    function("stats", Kind::Run, &[], Type::Map, |call| Ok(stats(&own(call)?.stats)))
        .of(Type::Result)
        .property()
        .returned("a map of numbers")
        .about(
            "Steps, evaluations of the velocity (`nfe`), pairs in all and of the flow (`flow_pairs`), \
             and seconds in the flow and in metrics.",
        )
        .example(
            "let r = run(sd_flow(dataset(\"25gaussians\")), normal(200, 2), #{steps: 3});\n\
             print(r.stats.nfe);",
        ),
    function("metrics", Kind::Run, &[], Type::Map, |call| {
        let readings = own(call)?.metrics.into_iter();
        Ok(readings.map(|(name, reading)| (name.into(), Dynamic::from(reading))).collect::<Map>().into())
    })
    .of(Type::Result)
    .property()
    .returned("a map of readings")
    .about("The final metrics by name, with errors and noise floors.")
    .example(
        "let p = dataset(\"moons\");\n\
         let r = run(sd_flow(p.sample(300)), normal(200, 2), p, #{steps: 3, metrics: \
         [\"energy\"]});\n\
         print(r.metrics.energy);",
    ),
    function("snapshots", Kind::Run, &[], Type::List(&Type::Points), |call| {
        Ok(own(call)?.snapshots.iter().map(|(_, points)| cloud(points)).collect::<rhai::Array>().into())
    })
    .of(Type::Result)
    .property()
    .about("The clouds kept on the way: as many as the option `snapshots` says.")
    .example(
        "let r = run(sd_flow(dataset(\"25gaussians\")), normal(200, 2), #{steps: 4, snapshots: \
         3});\n\
         plot([[r.snapshots[0]], [r.snapshots[2]]], \"way.svg\");",
    ),
];

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

fn stats(stats: &Stats) -> Dynamic {
    let pairs = [("pairs", stats.pairs), ("flow_pairs", stats.flow_pairs)];
    let counts = [("steps", stats.steps), ("nfe", stats.nfe)].into_iter().chain(pairs);
    let seconds = [("flow_seconds", stats.flow_seconds), ("metric_seconds", stats.metric_seconds)];
    let counts = counts.map(|(name, count)| (name.into(), Dynamic::from(count as i64)));
    counts.chain(seconds.into_iter().map(|(name, s)| (name.into(), s.into()))).collect::<Map>().into()
}
