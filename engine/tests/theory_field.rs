//! The field of the score-difference flow [weber2023score] between kernel estimates, and its parts.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // A test and its helpers may fail by panicking.

mod common;

use common::{cloud_3d, exact_arithmetic, gaussian_3d, sd_options as options};
use sdflow::Points;
use sdflow::flow::{Clock, FieldAt, Noise, Scaling, SdFlow, SdFlowOptions, VelocityField};
use sdflow::rng::Stream;
use sdflow::score::{At, Estimate, Form, Kde, Score, SelfTerm};
use sdflow::target::Target;

/// Between kernel estimates, one pairwise call gives the field. It equals the difference of the two
/// scores, each evaluated alone.
#[test]
fn the_field_between_kernels_is_the_difference_of_their_scores() {
    let (targets, cloud) = (gaussian_3d().sample(150, Stream::new(2)).unwrap(), cloud_3d());
    let weights: Vec<f64> = (0..150).map(|i| f64::from(i % 7)).collect();
    let clock = Clock::at(4, 10, Stream::new(5));
    let pairwise = exact_arithmetic();
    for (scaling, form) in [(Scaling::Denoiser, Form::Displacement), (Scaling::Raw, Form::Score)] {
        for self_term in [SelfTerm::Include, SelfTerm::Exclude] {
            let target = || Kde::of(targets.clone()).with_weights(&weights).unwrap();
            let options = SdFlowOptions { self_term: Some(self_term), ..options(0.7, scaling, Noise::Fresh) };
            let [p, q] = [target(), Kde::of_cloud()].map(|kde| Estimate::Kernel(Box::new(kde)));
            let mut got = Points::default();
            let here = FieldAt::cloud(&cloud, &clock, &pairwise);
            SdFlow::new(p, q, options).unwrap().velocity(&here, &mut got).unwrap();

            let mut z = clock.randomness("noise").normal(cloud.n(), cloud.dim());
            z.data_mut().iter_mut().zip(cloud.data()).for_each(|(z, y)| *z = y + 0.7 * *z);
            let stream = Stream::new(0);
            let at = At { z: &z, sigma: 0.7, cloud: &cloud, aligned: true, learn: true, stream, pairwise: &pairwise };
            let (mut p, mut q) = (Points::default(), Points::default());
            target().evaluate(&at, form, &mut p).unwrap();
            Kde::of_cloud().with_self_term(self_term).evaluate(&at, form, &mut q).unwrap();
            for ((got, p), q) in got.data().iter().zip(p.data()).zip(q.data()) {
                assert!((got - (p - q)).abs() < 1e-10, "{scaling:?} {self_term:?}: {got} {}", p - q);
            }
        }
    }
}

#[test]
fn effective_sample_sizes_are_read_from_the_start() {
    let (targets, cloud) = (gaussian_3d().sample(150, Stream::new(2)).unwrap(), cloud_3d());
    let [p, q] = [Kde::of(targets), Kde::of_cloud()].map(|kde| Estimate::Kernel(Box::new(kde)));
    let mut flow = SdFlow::new(p, q, options(0.7, Scaling::Denoiser, Noise::Fresh)).unwrap();
    let (clock, engine) = (Clock::at(0, 10, Stream::new(5)), exact_arithmetic());
    let readings = flow.readings(&FieldAt::cloud(&cloud, &clock, &engine)).unwrap();
    let value = |name: &str| readings.iter().find(|reading| reading.0 == name).unwrap().1;
    assert!((1.0..150.0).contains(&value("ess_target")) && (1.0..400.0).contains(&value("ess_source")));
    assert!(value("field_error") > 0.0);
}

#[test]
fn particles_in_turn_feel_the_field_of_all() {
    let (target, cloud) = (gaussian_3d().sample(50, Stream::new(2)).unwrap(), cloud_3d().rows(0..60));
    let field = |batch, step| {
        let estimates =
            (Estimate::Kernel(Box::new(Kde::of(target.clone()))), Estimate::Kernel(Box::new(Kde::of_cloud())));
        let all = options(0.7, Scaling::Denoiser, Noise::Fresh);
        let mut flow = SdFlow::new(estimates.0, estimates.1, SdFlowOptions { batch, ..all }).unwrap();
        let (mut out, clock, engine) = (Points::default(), Clock::at(step, 10, Stream::new(4)), exact_arithmetic());
        flow.velocity(&FieldAt::cloud(&cloud, &clock, &engine), &mut out).unwrap();
        (out, engine.work().pairs())
    };
    let mut met = vec![0; cloud.n()];
    for step in 0..3 {
        let ((all, _), (turns, pairs)) = (field(None, step), field(Some(20), step));
        assert_eq!(pairs, 20 * (50 + 60));
        for (i, met) in met.iter_mut().enumerate().filter(|(i, _)| turns.row(*i).iter().any(|v| *v != 0.0)) {
            *met += 1;
            turns.row(i).iter().zip(all.row(i)).for_each(|(v, want)| assert!((v - want).abs() < 1e-12));
        }
    }
    assert!(met.iter().all(|met| *met == 1), "{met:?}");
}
