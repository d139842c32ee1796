//! If a metric cannot be computed, the run loses only that metric.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // A test and its helpers may fail by panicking.

use sdflow::flow::{Langevin, LangevinOptions, SdFlow, SdFlowOptions};
use sdflow::metric::Reference;
use sdflow::points::Standardiser;
use sdflow::process::{Ending, Unobserved};
use sdflow::rng::Stream;
use sdflow::run::{Run, RunResult};
use sdflow::schedule::Schedule;
use sdflow::score::{Denoiser, DenoiserOptions, DiscriminatorOptions, Estimate, Kde, Ratio, Score};
use sdflow::target::{Samples, SamplesOptions};
use sdflow::{Interrupt, Points, Result};
use std::sync::Arc;

/// Integer data: most values occur many times.
fn lattice() -> Points {
    let mut rng = Stream::new(1).rng();
    Points::new((0..600).map(|_| (3.0 * rng.uniform()).floor()).collect(), 2, "data").unwrap()
}

fn go(reference: &Reference, metrics: &[&str], sigma: f64) -> Result<RunResult> {
    let kde = |points: Option<Points>| Estimate::Kernel(Box::new(points.map_or_else(Kde::of_cloud, Kde::of)));
    let sigma = Some(Schedule::Geometric { from: 3.0, to: sigma });
    let options = SdFlowOptions { sigma, ..SdFlowOptions::default() };
    let mut flow = SdFlow::new(kde(Some(lattice())), kde(None), options).unwrap();
    Run::new(&mut flow, Stream::new(2).normal(200, 2)).with_metrics(reference, metrics).steps(60).seed(3).go()
}

#[test]
fn a_metric_or_floor_that_fails_leaves_the_rest() {
    let reference = Reference::new(lattice()).unwrap();
    let done = go(&reference, &["energy", "kl_knn"], 0.01).unwrap();
    assert_eq!(done.ending, Ending::Finished);
    assert_eq!(done.points.n(), 200);
    assert!(done.metrics["energy"].floor.is_some());
    assert!(done.history.last().unwrap().contains_key("energy"));
    let told = done.warnings.iter().find(|warning| warning.contains("kl_knn could not be measured")).unwrap();
    assert!(told.contains("reference points"), "{told}");
    // The metric that failed has no floor.
    let floor = |name: &str| done.metrics.get(name).and_then(|estimate| estimate.floor);
    assert_eq!(floor("kl_knn"), None);
}

#[test]
fn a_reference_that_the_flow_has_seen_is_told() {
    let told = |reference: Points| {
        let done = go(&Reference::new(reference).unwrap(), &["energy"], 0.5).unwrap();
        done.warnings.iter().any(|warning| warning.contains("held-out"))
    };
    assert!(told(lattice()));
    assert!(!told(lattice().rows(0..200)));
}

/// A flow in standard units has seen the points that were standardised for it; and a reference that
/// is drawn from the sample of the flow has its rows in another order.
#[test]
fn a_sample_in_other_units_or_in_another_order_has_been_seen() {
    let told = |flow: &mut SdFlow, reference: &Reference| {
        let run = Run::new(flow, Stream::new(2).normal(20, 2)).with_metrics(reference, &["energy"]);
        run.steps(1).go().unwrap().warnings.iter().any(|warning| warning.contains("held-out"))
    };
    let options = || SdFlowOptions { sigma: Some(Schedule::from(1.0)), ..Default::default() };
    let standardiser = Standardiser::of(&lattice());
    let kde = |kde: Kde| Estimate::Kernel(Box::new(kde));
    let standard = kde(Kde::of(standardiser.apply(&lattice())));
    let mut flow = SdFlow::new(standard, kde(Kde::of_cloud()), options()).unwrap().in_units(standardiser);
    assert!(told(&mut flow, &Reference::new(lattice()).unwrap()));
    assert!(!told(&mut flow, &Reference::new(lattice().rows(0..200)).unwrap()));

    let mut flow = SdFlow::new(kde(Kde::of(lattice())), kde(Kde::of_cloud()), options()).unwrap();
    let samples = Arc::new(Samples::new(lattice(), &SamplesOptions::default()).unwrap());
    assert!(told(&mut flow, &Reference::of(samples, 200, Stream::new(3)).unwrap()));
}

/// The scores are a kernel estimate of the points, and a net and a ratio trained on them. Each is
/// used in another flow.
#[test]
fn a_sampler_or_a_learned_score_has_seen_its_points_too() {
    let target = || Arc::new(Samples::new(lattice(), &SamplesOptions::default()).unwrap());
    let net = DenoiserOptions { steps: 5, hidden: 8, layers: 1, ..DenoiserOptions::default() };
    let stream = Stream::new(4);
    let denoiser =
        || Denoiser::of_target(&*target(), net.clone(), stream, &Interrupt::default(), &mut Unobserved).unwrap();
    let ratio = || Ratio::new(target(), DiscriminatorOptions::default()).unwrap();
    let scores: [&dyn Fn() -> Box<dyn Score>; 3] =
        [&|| Box::new(Kde::of(lattice())), &|| Box::new(denoiser()), &|| Box::new(ratio())];
    for score in scores {
        let told = |reference: Points| {
            let langevin =
                LangevinOptions { step: Some(Schedule::from(1e-3)), sigma: Schedule::from(1.0), ..Default::default() };
            let mut flow = Langevin::new(score(), None, &langevin).unwrap();
            let reference = Reference::new(reference).unwrap();
            let run = Run::sampling(&mut flow, Stream::new(2).normal(20, 2)).with_metrics(&reference, &["energy"]);
            run.steps(1).go().unwrap().warnings.iter().any(|warning| warning.contains("held-out"))
        };
        assert!(told(lattice()) && !told(lattice().rows(0..200)), "{}", score().name());
    }
}

#[test]
fn a_metric_that_the_reference_cannot_serve_is_refused_before_the_first_step() {
    let reference = Reference::new(lattice()).unwrap();
    for (name, lacks) in [("coverage", "modes"), ("fisher", "score")] {
        let told = go(&reference, &[name], 0.5).unwrap_err().to_string();
        assert!(told.contains(lacks), "{told}");
    }
}
