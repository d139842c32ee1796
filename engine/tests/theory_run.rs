//! The guarantees of a run: defaults that reach a target, independence of units, endings, refusals.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // A test and its helpers may fail by panicking.

use sdflow::flow::{SdFlow, SdFlowOptions, Stepping};
use sdflow::metric::Reference;
use sdflow::pairwise::Pairwise;
use sdflow::points::Standardiser;
use sdflow::process::{Ending, Observer};
use sdflow::rng::Stream;
use sdflow::run::{MetricChoice, Run, RunOptions, RunResult};
use sdflow::schedule::Schedule;
use sdflow::score::{Estimate, Exact, GaussianFit, Kde};
use sdflow::target::{DatasetOptions, Gaussian, Target, dataset};
use sdflow::{Error, Interrupt, Points};
use std::sync::Arc;

fn kernel_flow(data: Points, options: SdFlowOptions) -> SdFlow {
    let cloud = Estimate::Kernel(Box::new(Kde::of_cloud()));
    SdFlow::new(Estimate::Kernel(Box::new(Kde::of(data))), cloud, options).unwrap()
}

fn go(flow: &mut SdFlow, start: Points, reference: Option<&Reference>, options: &RunOptions) -> RunResult {
    Run::new(flow, start).reference(reference).options(options.clone()).seed(3).go().unwrap()
}

fn energy() -> Vec<MetricChoice> {
    vec![MetricChoice::Name("energy".into())]
}

fn moons(n: usize) -> (Points, Reference) {
    let target = dataset("moons", &DatasetOptions::default()).unwrap();
    let data = target.sample(n, Stream::new(1)).unwrap();
    (data, Reference::sample(target, n, Stream::new(2)).unwrap())
}

#[test]
fn defaults_reach_held_out_data() {
    let (data, reference) = moons(600);
    let options = RunOptions { steps: 100, metrics: energy(), ..RunOptions::default() };
    let done =
        go(&mut kernel_flow(data, SdFlowOptions::default()), Stream::new(4).normal(600, 2), Some(&reference), &options);
    let energy = &done.metrics["energy"];
    assert!(energy.value <= 1.5 * energy.floor.unwrap(), "{energy:?}");
    assert!(done.notes[0].starts_with("sigma: from"), "{:?}", done.notes);
    assert_eq!(done.ending, Ending::Finished);
    assert_eq!(done.stats.nfe, 100);
    assert_eq!(done.stats.flow_pairs, 100 * 2 * 600 * 600);
}

#[test]
fn columns_of_mixed_units_flow_as_their_standardised_selves() {
    let (data, _) = moons(400);
    let stretch = |p: &Points| {
        let mut q = p.clone();
        (0..q.n()).for_each(|i| q.row_mut(i)[1] *= 1000.0);
        q
    };
    let (raw, start) = (stretch(&data), stretch(&Stream::new(4).normal(400, 2)));
    let units = Standardiser::of(&raw);
    let options = RunOptions { steps: 60, ..RunOptions::default() };
    let mut in_units = kernel_flow(units.apply(&raw), SdFlowOptions::default()).in_units(units.clone());
    let found = go(&mut in_units, start.clone(), None, &options);
    let mut standard = kernel_flow(units.apply(&raw), SdFlowOptions::default());
    let wanted = units.undo(&go(&mut standard, units.apply(&start), None, &options).points);
    for (a, b) in found.points.iter().zip(wanted.iter()) {
        assert!((a[0] - b[0]).abs() < 1e-4 && (a[1] - b[1]).abs() < 1e-1, "{a:?} {b:?}");
    }
    assert!(found.warnings.is_empty(), "{:?}", found.warnings);
    let warned = go(&mut kernel_flow(raw, SdFlowOptions::default()), start, None, &options).warnings;
    assert!(warned.iter().any(|w| w.contains("samples with `standardise`")), "{warned:?}");
}

#[test]
fn a_final_sigma_below_the_spacing_is_warned_of() {
    let (data, _) = moons(300);
    let options =
        SdFlowOptions { sigma: Some(Schedule::Geometric { from: 3.0, to: 1e-4 }), ..SdFlowOptions::default() };
    let run_options = RunOptions { steps: 20, ..RunOptions::default() };
    let done = go(&mut kernel_flow(data, options), Stream::new(4).normal(50, 2), None, &run_options);
    assert!(done.warnings.iter().any(|w| w.contains("memorise")), "{:?}", done.warnings);
}

#[test]
fn a_step_too_large_for_a_tight_target_diverges_and_keeps_the_last_finite_cloud() {
    let target: Arc<dyn Target> = Arc::new(Gaussian::isotropic(vec![0.0; 2], 1e-3).unwrap());
    let options = SdFlowOptions {
        sigma: Some(Schedule::from(0.0)),
        scaling: sdflow::flow::Scaling::Raw,
        ..SdFlowOptions::default()
    };
    let exact = Estimate::Other(Box::new(Exact::new(target).unwrap()));
    let mut flow = SdFlow::new(exact, Estimate::Other(Box::new(GaussianFit::default())), options).unwrap();
    let done = go(&mut flow, Stream::new(1).normal(100, 2), None, &RunOptions { steps: 200, ..RunOptions::default() });
    assert!(matches!(done.ending, Ending::Diverged { .. }), "{:?}", done.ending);
    assert!(done.points.data().iter().all(|v| v.is_finite()));
}

/// Raises the interrupt after a number of steps.
struct Impatient(Interrupt, usize);

impl Observer for Impatient {
    fn progress(&mut self, _: &str, done: usize, _: usize, _: &dyn Fn() -> String) {
        if done == self.1 {
            self.0.raise();
        }
    }
}

#[test]
fn an_interrupt_ends_the_run_with_what_exists() {
    let (data, reference) = moons(200);
    let interrupt = Interrupt::default();
    let pairwise = Pairwise::new(Default::default(), interrupt.clone());
    let options = RunOptions { metrics: energy(), ..RunOptions::default() };
    let mut flow = kernel_flow(data, SdFlowOptions::default());
    let start = Stream::new(4).normal(200, 2);
    let mut watch = Impatient(interrupt, 7);
    let run = Run::new(&mut flow, start).reference(Some(&reference)).options(options).pairwise(&pairwise).seed(3);
    let done = run.run_with(&mut watch).unwrap();
    assert_eq!(done.ending, Ending::Interrupted { step: 7 });
    assert_eq!(done.stats.steps, 7);
    assert!(done.metrics.is_empty() && !done.history.is_empty());
}

#[test]
fn stop_when_ends_a_run_early() {
    let (data, reference) = moons(300);
    let options = RunOptions {
        metrics: energy(),
        every: Some(5),
        stop_when: [("energy".to_string(), 0.05)].into(),
        ..RunOptions::default()
    };
    let start = Stream::new(4).normal(300, 2);
    let done = go(&mut kernel_flow(data, SdFlowOptions::default()), start, Some(&reference), &options);
    let Ending::Converged { step } = done.ending else { panic!("{:?}", done.ending) };
    assert!(step < 300 && step % 5 == 0);
    assert!(done.metrics["energy"].value <= 0.05);
}

/// A metric of which larger values are better starts below its threshold and ends the run above it.
#[test]
fn stop_when_waits_for_a_metric_to_rise() {
    let target = dataset("8gaussians", &DatasetOptions::default()).unwrap();
    let data = target.sample(300, Stream::new(1)).unwrap();
    let reference = Reference::sample(target, 300, Stream::new(2)).unwrap();
    let options = RunOptions {
        metrics: vec![MetricChoice::Name("coverage".into())],
        every: Some(5),
        stop_when: [("coverage".to_string(), 1.0)].into(),
        ..RunOptions::default()
    };
    let centre = Gaussian::isotropic(vec![0.0; 2], 0.1).unwrap();
    let start = centre.sample(300, Stream::new(4)).unwrap();
    let done = go(&mut kernel_flow(data, SdFlowOptions::default()), start, Some(&reference), &options);
    let Ending::Converged { step } = done.ending else { panic!("{:?}", done.ending) };
    assert!(step > 0 && step < 300 && done.history[0]["coverage"] < 1.0 && done.metrics["coverage"].value >= 1.0);
}

#[test]
fn bad_requests_are_refused_before_the_first_step() {
    let (data, _) = moons(50);
    let refused = |options: SdFlowOptions| {
        let cloud = Estimate::Kernel(Box::new(Kde::of_cloud()));
        SdFlow::new(Estimate::Kernel(Box::new(Kde::of(data.clone()))), cloud, options).unwrap_err().to_string()
    };
    let sigma = |s: f64| SdFlowOptions { sigma: Some(Schedule::from(s)), ..SdFlowOptions::default() };
    assert!(refused(sigma(0.0)).contains("positive sigma"));
    assert!(refused(sigma(-1.0)).contains("0 or more"));
    assert!(refused(sigma(f64::NAN)).contains("sigma"));
    assert!(refused(SdFlowOptions { batch_target: Some(0), ..SdFlowOptions::default() }).contains("at least 1"));
    let mut flow = kernel_flow(data.clone(), SdFlowOptions::default());
    let mut attempt =
        |start: Points, options: RunOptions| Run::new(&mut flow, start).options(options).go().unwrap_err();
    let three = Stream::new(0).normal(5, 3);
    assert!(matches!(attempt(three, RunOptions::default()), Error::Shape { .. }));
    let two = || Stream::new(0).normal(5, 2);
    assert!(attempt(two(), RunOptions { steps: 0, ..RunOptions::default() }).to_string().contains("at least 1"));
    assert!(
        attempt(two(), RunOptions { metrics: energy(), ..RunOptions::default() }).to_string().contains("reference")
    );
}

#[test]
fn points_that_coincide_are_reached_by_defaults() {
    let one = Points::from_rows(&[[3.0, -1.0], [3.0, -1.0]]).unwrap();
    let run_options = RunOptions { steps: 50, ..RunOptions::default() };
    let start = Stream::new(4).normal(40, 2);
    let done = go(&mut kernel_flow(one, SdFlowOptions::default()), start, None, &run_options);
    assert_eq!(done.ending, Ending::Finished);
    let mean = done.points.mean();
    assert!((mean[0] - 3.0).abs() < 0.05 && (mean[1] + 1.0).abs() < 0.05, "{mean:?}");
}

#[test]
fn a_batch_holds_points_with_weight_only() {
    let mut rows = vec![[0.0, 0.0]; 50];
    rows[7] = [100.0, 100.0];
    let weights: Vec<f64> = (0..50).map(|i| f64::from(u8::from(i == 7))).collect();
    let kde = Kde::of(Points::from_rows(&rows).unwrap()).with_weights(&weights).unwrap();
    let cloud = Estimate::Kernel(Box::new(Kde::of_cloud()));
    let options = SdFlowOptions { batch_target: Some(3), sigma: Some(Schedule::from(5.0)), ..SdFlowOptions::default() };
    let mut flow = SdFlow::new(Estimate::Kernel(Box::new(kde)), cloud, options).unwrap();
    let done = go(&mut flow, Stream::new(4).normal(40, 2), None, &RunOptions { steps: 60, ..RunOptions::default() });
    assert!((done.points.mean()[0] - 100.0).abs() < 5.0, "{:?}", done.points.mean());
}

#[test]
fn snapshots_are_kept_evenly_with_both_ends() {
    let (data, _) = moons(40);
    let kept = |snapshots: usize| -> Vec<usize> {
        let options = RunOptions { steps: 10, snapshots, ..RunOptions::default() };
        let start = Stream::new(4).normal(20, 2);
        let done = go(&mut kernel_flow(data.clone(), SdFlowOptions::default()), start, None, &options);
        done.snapshots.iter().map(|s| s.step).collect()
    };
    assert!(kept(0).is_empty());
    assert_eq!(kept(1), [10]);
    assert_eq!(kept(3), [0, 5, 10]);
    assert_eq!(kept(4), [0, 3, 7, 10]);
    assert_eq!(kept(usize::MAX), (0..=10).collect::<Vec<_>>());
}

#[test]
fn a_precision_of_the_flow_overrides_the_runs() {
    let (data, _) = moons(60);
    let with = |precision| {
        let (stepping, start) = (Stepping { precision, ..Stepping::default() }, Stream::new(4).normal(60, 2));
        let mut flow = kernel_flow(data.clone(), SdFlowOptions::default());
        Run::new(&mut flow, start).stepping(stepping).steps(3).seed(3).go().unwrap().points
    };
    use sdflow::pairwise::Precision;
    let (default, single, double) = (with(None), with(Some(Precision::F32)), with(Some(Precision::F64)));
    assert_eq!(default, single);
    assert_ne!(single, double);
    let gap = single.data().iter().zip(double.data()).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
    assert!(gap < 1e-3, "{gap}");
}

/// The exclusion of a particle from its own density must also work with minibatches, where rows and
/// sources have different orders.
#[test]
fn leaving_oneself_out_agrees_between_all_points_and_a_batch_of_all_but_the_order() {
    use sdflow::score::{At, Form, Score, SelfTerm};
    let cloud = Stream::new(1).normal(40, 2);
    let options =
        sdflow::pairwise::PairwiseOptions { precision: sdflow::pairwise::Precision::F64, ..Default::default() };
    let pairwise = Pairwise::new(options, Interrupt::default());
    let at = At {
        z: &cloud,
        sigma: 0.4,
        cloud: &cloud,
        aligned: true,
        learn: true,
        stream: Stream::new(2),
        pairwise: &pairwise,
    };
    let mut own = Points::default();
    let mut all = Points::default();
    Kde::of_cloud().evaluate(&at, Form::Displacement, &mut all).unwrap();
    Kde::of_cloud().with_self_term(SelfTerm::Exclude).evaluate(&at, Form::Displacement, &mut own).unwrap();
    // The expected value is computed here: the softmax mean over the other particles.
    for i in 0..40 {
        let weight = |j: usize| (-sdflow::points::squared_distance(cloud.row(i), cloud.row(j)) / 0.32).exp();
        let total: f64 = (0..40).filter(|j| *j != i).map(weight).sum();
        let mean: f64 = (0..40).filter(|j| *j != i).map(|j| weight(j) * cloud.row(j)[0]).sum::<f64>() / total;
        assert!((own.row(i)[0] - (mean - cloud.row(i)[0])).abs() < 1e-12);
    }
    assert_ne!(own, all);
    // A batch of 39 leaves out one source for all queries. Particles in the batch are still
    // excluded from their own sums.
    let mut batch = Points::default();
    let mut kde = Kde::of_cloud().with_self_term(SelfTerm::Exclude).batched(Some(39));
    kde.evaluate(&at, Form::Displacement, &mut batch).unwrap();
    let order = at.stream.label("source batch").rng().choose(40, 40);
    let missing = order[39];
    for i in 0..40 {
        let weight = |j: usize| (-sdflow::points::squared_distance(cloud.row(i), cloud.row(j)) / 0.32).exp();
        let others = || (0..40).filter(|j| *j != i && *j != missing);
        let total: f64 = others().map(weight).sum();
        let mean: f64 = others().map(|j| weight(j) * cloud.row(j)[0]).sum::<f64>() / total;
        assert!((batch.row(i)[0] - (mean - cloud.row(i)[0])).abs() < 1e-12, "particle {i}");
    }
}
