mod measured_calls;

use super::extrapolate::line;
use super::gauge::Measured;
use super::growing_size::{Climb, Ladder};
use super::*;
use crate::archive::Archived;
use crate::flow::{
    Diffusion, FieldAt, Langevin, LangevinOptions, LangevinSampler, MmdFlow, MmdFlowOptions, PfOdeOptions,
    PredictorCorrectorOptions, ReverseSdeOptions, ReverseSdeSampler, SdFlow, SdFlowOptions, Smc, SmcOptions, Stepping,
    Svgd, SvgdOptions, VelocityField, Weighting,
};
use crate::metric::Reference;
use crate::ode::Integrator;
use crate::pairwise::Pairwise;
use crate::rng::Stream;
use crate::run::{Motion, Run, RunOptions};
use crate::schedule::Schedule;
use crate::score::{Estimate, Exact, Kde, Score, SelfTerm};
use crate::target::Gaussian;
use crate::{Points, Result};
use std::cell::Cell;
use std::sync::Arc;

const CLIMB: Climb = Climb { first: 64, sizes: 3, quadratic: true, asked: Asked::Cost, watch: || 0.0 };

type Make<'a> = &'a dyn Fn() -> Motion;

/// Returns the estimated cost of a run.
fn ahead(
    flow: Make,
    start: Points,
    reference: Option<&Reference>,
    options: &RunOptions,
) -> Result<(crate::run::RunResult, Cost)> {
    let engine = Pairwise::default();
    run(&|| Ok(flow()), start, reference, options, &Gauge::new(&engine, None), Stream::new(5))
}

/// Returns the counts of a run and the counts that were estimated for it.
fn both(flow: Make, start: &Points, reference: &Reference, options: &RunOptions) -> [u64; 4] {
    let engine = Pairwise::default();
    let reference = &reference.clone().with_known_floors(Arc::default());
    let (shape, cost) = ahead(flow, start.clone(), Some(reference), options).unwrap();
    let stream = Stream::new(5);
    let mut moving = flow();
    let run = Run::of(moving.dynamics(), start.clone()).reference(Some(reference)).options(options.clone());
    let run = run.pairwise(&engine).stream(stream).go().unwrap();
    assert_eq!((shape.stats.steps, shape.stats.nfe), (run.stats.steps, run.stats.nfe));
    assert_eq!(shape.snapshots.len(), run.snapshots.len());
    assert_eq!(shape.metrics.keys().collect::<Vec<_>>(), run.metrics.keys().collect::<Vec<_>>());
    [cost.flow_pairs, run.stats.flow_pairs, cost.pairs, engine.work().pairs()]
}

#[test]
fn pairs_are_those_of_the_run() {
    let set = |name: &str, n: usize| Stream::new(3).label(name).normal(n, 3);
    let (start, data) = (set("start", 70), set("data", 51));
    let reference = Reference::new(set("reference", 33)).unwrap();
    let kde = || Estimate::Kernel(Box::new(Kde::of(set("data", 51))));
    let cloud = || Estimate::Kernel(Box::new(Kde::of_cloud()));
    let metrics = serde_json::from_str(r#"["energy", {"metric": "mmd", "kernel": [0.5, 2]}, "w2"]"#).unwrap();
    let options = RunOptions { steps: 7, every: Some(3), snapshots: 3, metrics, ..RunOptions::default() };
    let by = |integrator: Integrator| Stepping { integrator, ..Stepping::default() };
    let of = |o: SdFlowOptions, integrator: Integrator| {
        move || Motion::Field(Box::new(SdFlow::new(kde(), cloud(), o.clone()).unwrap()), by(integrator))
    };
    let plain = SdFlowOptions::default;
    let batches = SdFlowOptions { batch_target: Some(20), batch_source: Some(90), ..SdFlowOptions::default() };
    let alone = SdFlowOptions { self_term: Some(SelfTerm::Exclude), ..SdFlowOptions::default() };
    let euler = Integrator::Euler;
    let ways = [(plain(), euler), (plain(), Integrator::Heun), (batches, euler), (alone, euler)];
    for (options_of_flow, integrator) in ways {
        let [flow, flow_run, all, all_run] = both(&of(options_of_flow, integrator), &start, &reference, &options);
        assert_eq!((flow, all), (flow_run, all_run));
    }
    let smooth = SvgdOptions { sigma: 0.5.into(), ..SvgdOptions::default() };
    let score = || Box::new(Kde::of(set("data", 51))) as Box<dyn Score>;
    let svgd = move || Motion::Field(Box::new(Svgd::new(score(), smooth.clone()).unwrap()), by(Integrator::Rk4));
    let ula = LangevinOptions { sigma: 0.5.into(), ..LangevinOptions::default() };
    let langevin = || Motion::Sampler(Box::new(Langevin::new(score(), None, &ula).unwrap()));
    let denoised = PfOdeOptions { denoise: true, ..Default::default() };
    let ode = || Motion::Sampler(Box::new(Diffusion::pf_ode(score(), &denoised).unwrap()));
    // At a small sigma some queries are computed again in f64; which ones depends on the particles.
    let corrected = || {
        let options = PredictorCorrectorOptions { sigma_min: Some(0.5), ..Default::default() };
        Motion::Sampler(Box::new(Diffusion::predictor_corrector(score(), &options).unwrap()))
    };
    let mixing = |denoise| {
        let (sampler, range) = (ReverseSdeSampler::GaussianMixture, (Some(5.0), Some(0.1)));
        let (sigma_max, sigma_min) = range;
        let options = ReverseSdeOptions { sampler, denoise, sigma_max, sigma_min, ..Default::default() };
        Motion::Sampler(Box::new(Diffusion::reverse_sde(score(), &options).unwrap()))
    };
    let mala = |sigma: Schedule| {
        let target = Arc::new(Gaussian::isotropic(vec![0.0; 3], 1.0).unwrap());
        let options = LangevinOptions { sampler: LangevinSampler::Mala, sigma, ..LangevinOptions::default() };
        let exact = Box::new(Exact::new(target.clone()).unwrap());
        Motion::Sampler(Box::new(Langevin::new(exact, Some(target), &options).unwrap()))
    };
    let smc = || {
        let target = Arc::new(Gaussian::isotropic(vec![0.5; 3], 0.8).unwrap());
        Motion::Sampler(Box::new(Smc::new(target, None, &SmcOptions::default()).unwrap()))
    };
    let relatives: [Make; 9] = [
        &smc,
        &svgd,
        &langevin,
        &|| ode(),
        &|| corrected(),
        &|| mixing(false),
        &|| mixing(true),
        &|| mala(0.0.into()),
        &|| mala(Schedule::Linear { from: 1.0, to: 0.5 }),
    ];
    for relative in relatives {
        let [flow, flow_run, all, all_run] = both(relative, &start, &reference, &options);
        assert_eq!((flow, all), (flow_run, all_run), "{}", relative().dynamics().name());
    }
    let normalised = MmdFlowOptions {
        weighting: Weighting::Normalised,
        kernel: serde_json::from_str(r#"[0.5, {"kernel": "laplace", "h": 1}]"#).unwrap(),
        ..MmdFlowOptions::default()
    };
    let scaled = || Motion::along(MmdFlow::new(data.clone(), normalised.clone()).unwrap());
    let [flow, flow_run, all, all_run] = both(&scaled, &start, &reference, &options);
    assert_eq!((flow, all), (flow_run, all_run));
    let mmd = || Motion::along(MmdFlow::new(data.clone(), MmdFlowOptions::default()).unwrap());
    let [flow, flow_run, all, all_run] = both(&mmd, &start, &reference, &options);
    assert_eq!((flow, all), (flow_run, all_run));
    // The floors use fresh samples instead of parts of the reference.
    let law = Arc::new(Gaussian::isotropic(vec![0.0; 3], 1.0).unwrap());
    let reference = Reference::sample(law, 40, Stream::new(1)).unwrap();
    let [.., all, all_run] = both(&mmd, &start, &reference, &options);
    assert_eq!(all, all_run);
}

/// Returns the flow of `n` particles towards `n` points, in minibatches.
fn minibatches(n: usize, batch: Option<usize>) -> impl Fn() -> Motion {
    move || {
        let target = Estimate::Kernel(Box::new(Kde::of(Stream::new(3).normal(n, 2))));
        let options = SdFlowOptions { batch, sigma: Some(0.5.into()), ..SdFlowOptions::default() };
        Motion::along(SdFlow::new(target, Estimate::Kernel(Box::new(Kde::of_cloud())), options).unwrap())
    }
}

/// Returns the estimated cost of a run of `n` particles, with time read from `watch`.
fn foreseen(flow: Make, n: usize, options: &RunOptions, watch: fn() -> f64) -> Cost {
    let (engine, start) = (Pairwise::default(), Stream::new(4).normal(n, 2));
    let gauge = Gauge::new(&engine, None).timed_by(watch);
    run(&|| Ok(flow()), start, None, options, &gauge, Stream::new(5)).unwrap().1
}

/// Every look at the watch takes 10 ms.
fn steady() -> f64 {
    WORKED.set(WORKED.get() + 0.01);
    WORKED.get()
}

/// Every look at the watch takes a second.
fn sluggish() -> f64 {
    WORKED.set(WORKED.get() + 1.0);
    WORKED.get()
}

#[test]
fn few_points_tell_what_many_cost() {
    // At these sizes a run is too long to be measured itself. The counts must be extrapolated to
    // these sizes exactly.
    for (n, watch) in [(20_000, steady as fn() -> f64), (1_000_000, steady), (1_000_000, sluggish)] {
        let options = RunOptions { steps: 50, ..RunOptions::default() };
        let cost = foreseen(&minibatches(n, None), n, &options, watch);
        assert_eq!(cost.flow_pairs, 50 * 2 * (n * n) as u64);
    }
    // The error of the field takes two sums at the 256 probes: one over both halves of the points,
    // and one over all points.
    let options = RunOptions { steps: 50, every: Some(50), ..RunOptions::default() };
    let cost = foreseen(&minibatches(20_000, Some(700)), 20_000, &options, steady);
    // A round has 29 minibatches: 28 of 690 particles and one of 680. 50 steps are one round and 21
    // minibatches.
    let want = (20_000 + 21 * 690) as f64 * 40_000.0;
    assert!((cost.flow_pairs as f64 / want - 1.0).abs() < 0.05, "{} {want}", cost.flow_pairs);
    assert_eq!(cost.pairs - cost.flow_pairs, 2 * 256 * 2 * 40_000);
    // On a machine that is too busy to measure minibatches at all, the whole cloud counts as one
    // minibatch.
    let cost = foreseen(&minibatches(20_000, Some(700)), 20_000, &options, sluggish);
    assert_eq!(cost.flow_pairs, 50 * 2 * 20_000 * 20_000);
    let set = |name: &str, n: usize| Stream::new(3).label(name).normal(n, 2);
    let reference = Reference::new(set("reference", 30_001)).unwrap();
    let engine = Pairwise::default();
    let of = |name: &str| {
        let gauge = Gauge::new(&engine, None);
        metric(name, &serde_json::Value::Null, &set("start", 20_000), &reference, &gauge, Stream::new(1)).unwrap()
    };
    // The floor is computed from at most 2,000 points of both samples together.
    let energy = of("energy");
    assert_eq!((energy.once.pairs, energy.floor.pairs), (50_001 * 50_001, 200 * 1_999 * 1_999));
    // A floor with a closed form takes no work.
    let floor = of("c2st").floor;
    assert_eq!((floor.pairs, floor.seconds), (0, 0.0));
    // At most `max_points` points of each set are paired.
    let paired = of("w2").estimate.part("points");
    assert!(paired.is_some_and(|count| count <= 2000.0), "{paired:?}");
}

#[test]
fn time_and_memory_are_carried_from_small_sizes() {
    let act = |n: usize| {
        let pairs = (3 * n * n + 5 * n) as f64;
        let found = Measured { pairs, evaluations: 2.0, seconds: 1e-3 + 1e-7 * pairs, bytes: 8.0 * (n * n) as f64 };
        Ok((vec![found], n))
    };
    let (ladder, reached) = Ladder::climb(100_000, CLIMB, act).unwrap();
    assert!(reached < 10_000, "{reached}");
    let found = ladder.at(100_000)[0];
    let pairs = 3e10 + 5e5;
    assert_eq!((found.pairs, found.evaluations), (pairs, 2.0));
    assert!((found.bytes / 8e10 - 1.0).abs() < 1e-6);
    assert!((found.seconds / (1e-3 + 1e-7 * pairs) - 1.0).abs() < 1e-6);
    assert!((line([(1.0, 1.0), (2.0, 1.5)], 4.0) - 2.5).abs() < 1e-12);
    // A buffer that is in use only at one of the sizes, because of the threads, is no growth.
    for extra in [[0.0, 0.0, 1.6e7], [0.0, 1.6e7, 0.0], [1.6e7, 0.0, 0.0]] {
        let bytes = |i: usize, n: usize| 4.8e7 + 50.0 * n as f64 + extra[i];
        let rungs = [64, 128, 256].into_iter().enumerate();
        let rungs = rungs.map(|(i, n)| (n, vec![Measured { bytes: bytes(i, n), ..Measured::default() }])).collect();
        let found = Ladder { rungs }.at(1_000_000)[0].bytes;
        assert!(4.8e7 < found && found < 1.2e8, "{extra:?} {found}");
    }
    // A call that is cheap at the real size is measured there.
    assert_eq!(Ladder::climb(300, CLIMB, |n| Ok((vec![Measured::default()], n))).unwrap().1, 300);
    // A count that is not a quadratic grows with the size, and not faster than a sum over all
    // pairs.
    for counts in [[100.0, 200.0, 250.0], [100.0, 100.0, 900.0]] {
        let rungs = [64, 128, 256].iter().zip(counts);
        let rungs = rungs.map(|(n, pairs)| (*n, vec![Measured { pairs, ..Measured::default() }])).collect();
        let found = Ladder { rungs }.at(25_600)[0].pairs;
        assert!(counts[2] <= found && found <= 2e4 * counts[2], "{counts:?} {found}");
    }
    // An error for few points is not reported; an error for all points is.
    let picky = |least: usize| {
        let refused = || crate::Error::argument("n", 0, "more points");
        Ladder::climb(1000, CLIMB, |n| if n < least { Err(refused()) } else { act(n) })
    };
    assert!(picky(200).is_ok() && picky(1001).is_err());
}

/// The cost of a million million steps is computed without a loop over the steps.
#[test]
fn any_number_of_steps_is_counted_at_once() {
    let start = Stream::new(1).normal(50, 2);
    let flow = || Motion::along(MmdFlow::new(start.clone(), MmdFlowOptions::default()).unwrap());
    let of = |options: RunOptions| ahead(&flow, start.clone(), None, &options);
    let million = of(RunOptions { steps: 1_000_000_000_000, every: Some(1), ..RunOptions::default() }).unwrap().1;
    assert_eq!((million.nfe, million.flow_pairs), (1_000_000_000_000, 5_000_000_000_000_000));
    let most = of(RunOptions { steps: usize::MAX, ..RunOptions::default() }).unwrap().1;
    assert_eq!(most.flow_pairs, u64::MAX);
    let kept = RunOptions { steps: usize::MAX, snapshots: usize::MAX, ..RunOptions::default() };
    assert!(of(kept).unwrap_err().to_string().contains("`snapshots`"));
}

thread_local! {
    static WORKED: Cell<f64> = const { Cell::new(0.0) };
}
