//! The results of a run of a flow, or of the training of a generator, as a script reads them.

use crate::call::{Call, Entry, function};
use crate::language::{Fail, Kind, Type};
use crate::value::{Cloud, Done, numbers};
use rhai::{Dynamic, Map};
use sdflow::Points;
use sdflow::process::Stats;
use std::sync::Arc;

pub const ENTRIES: &[Entry] = &[
    function("points", Kind::Run, &[], Type::Points, |call| {
        let done = receiver(call)?;
        Ok(Dynamic::from(Cloud::new(done.points).named(&done.columns)))
    })
    .of(Type::Result)
    .property()
    .about("The points at the end.")
    .example(
        "let r = run(sd_flow(dataset(\"25gaussians\")), normal(200, 2), #{steps: 3});\n\
             save(r.points, \"moved.npy\");",
    ),
    function("carried", Kind::Run, &[], Type::Points, |call| match receiver(call)?.carried {
        Some(points) => Ok(Cloud::value(points)),
        None => Err(missing_error("had no tracers", "run(flow, start, #{carry: held_out})")),
    })
    .of(Type::Result)
    .property()
    .about(
        "The tracers (the points of `carry`) at the end. With `noise: \"none\"` the flow is a map \
         from start to end, and this property holds the values of the map at the tracers.",
    )
    .example(
        "let p = dataset(\"moons\").sample(300);\n\
         let r = run(sd_flow(p, #{noise: \"none\"}), normal(200, 2), #{steps: 3, carry: \
         normal(50, 2)});\n\
         save(r.carried, \"carried.npy\");",
    ),
    function("log_det", Kind::Run, &[], Type::List(&Type::Number), |call| match receiver(call)?.log_det {
        Some(values) => Ok(numbers(&values)),
        None => Err(missing_error("did not compute `log_det`", "run(flow, start, #{carry: held_out, log_det: true})")),
    })
    .of(Type::Result)
    .property()
    .about(
        "`log |det J|` of the map from start to end at each tracer, for `log_det: true`. The map \
         takes a density `p` to a density whose logarithm at the end is `log p(start) - \
         log_det`.",
    )
    .example(
        "let x = normal(50, 2);\n\
         let flow = sd_flow(gaussian(#{dim: 2, std: 0.5}), gaussian_fit(), #{sigma: 0.5, noise: \
         \"none\"});\n\
         let r = run(flow, normal(200, 2), #{steps: 3, carry: x, log_det: true});\n\
         print(r.log_det[0]);",
    ),
    function("history", Kind::Run, &[], Type::Table, |call| Ok(Dynamic::from(receiver(call)?.history)))
        .of(Type::Result)
        .property()
        .about(
            "The measurements over the run: step, progress, the flow's own readings such as sigma, \
             the metrics, and their standard errors under names such as `energy_se`. The table of \
             words in the manual explains readings such as `field_error` and `ess_target`.",
        )
        .example(
            "let r = run(sd_flow(dataset(\"25gaussians\")), normal(200, 2), #{steps: 3});\n\
             plot(r.history, \"sigma.svg\", #{y: [\"sigma\"]});",
        ),
    function("stop", Kind::Run, &[], Type::Text, |call| {
        call.context.acknowledge_divergence();
        Ok(receiver(call)?.ending.reason().into())
    })
    .of(Type::Result)
    .property()
    .about(
        "How the run ended: \"finished\", \"converged\", \"diverged\" or \"interrupted\". If a \
         script reads this property, it handles a divergence itself. Otherwise a divergence ends \
         the run of the script with exit code 5.",
    )
    .example(
        "let r = run(sd_flow(dataset(\"25gaussians\")), normal(200, 2), #{steps: 3});\n\
         print(r.stop);",
    ),
    function("stats", Kind::Run, &[], Type::Map, |call| Ok(stats(&receiver(call)?.stats)))
        .of(Type::Result)
        .property()
        .returned("a map of numbers")
        .about(
            "The numbers of steps, of velocity evaluations (`nfe`) and of pairs (`flow_pairs` \
             counts the pairs of the flow only), and the time of the flow and of the metrics in \
             seconds.",
        )
        .example(
            "let r = run(sd_flow(dataset(\"25gaussians\")), normal(200, 2), #{steps: 3});\n\
             print(r.stats.nfe);",
        ),
    function("metrics", Kind::Run, &[], Type::Map, |call| {
        let readings = receiver(call)?.metrics.into_iter();
        Ok(readings.map(|(name, reading)| (name.into(), Dynamic::from(reading))).collect::<Map>().into())
    })
    .of(Type::Result)
    .property()
    .returned("a map of readings")
    .about("The final metrics by name, with their standard errors and noise floors.")
    .example(
        "let p = dataset(\"moons\");\n\
         let r = run(sd_flow(p.sample(300)), normal(200, 2), p, #{steps: 3, metrics: \
         [\"energy\"]});\n\
         print(r.metrics.energy);",
    ),
    function("snapshots", Kind::Run, &[], Type::List(&Type::Points), |call| {
        let done = receiver(call)?;
        let cloud = |(step, points): &(usize, Arc<Points>)| {
            Dynamic::from(Cloud::new(Arc::clone(points)).named(&done.columns).at(format!("step {step}")))
        };
        Ok(done.snapshots.iter().map(cloud).collect::<rhai::Array>().into())
    })
    .of(Type::Result)
    .property()
    .about(
        "The clouds kept during the run; the option `snapshots` sets their number. `plot` draws \
         one chart for each cloud, with its step as the title, or the paths of the particles.",
    )
    .example(
        "let r = run(sd_flow(dataset(\"25gaussians\")), normal(200, 2), #{steps: 4, snapshots: \
         3});\n\
         plot(r.snapshots, \"paths.svg\");",
    ),
];

fn receiver(call: &Call) -> Result<Done, Fail> {
    call.receiver()
}

/// The error for a result that the run was not asked for.
fn missing_error(did: &str, hint: &str) -> Fail {
    Fail::script(format!("the run {did}")).hint(hint)
}

fn stats(stats: &Stats) -> Dynamic {
    let pairs = [("pairs", stats.pairs), ("flow_pairs", stats.flow_pairs)];
    let counts = [("steps", stats.steps), ("nfe", stats.nfe)].into_iter().chain(pairs);
    let seconds = [("flow_seconds", stats.flow_seconds), ("metric_seconds", stats.metric_seconds)];
    let counts = counts.map(|(name, count)| (name.into(), Dynamic::from(count as i64)));
    counts.chain(seconds.into_iter().map(|(name, s)| (name.into(), s.into()))).collect::<Map>().into()
}
