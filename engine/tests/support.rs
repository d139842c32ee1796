//! A target whose density is positive only on a part of space: Gamma(3, 1), whose mean and variance
//! are 3.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // A test and its helpers may fail by panicking.

use sdflow::flow::{Langevin, LangevinOptions, LangevinSampler, SdFlow, SdFlowOptions, Stepping, Svgd, SvgdOptions};
use sdflow::process::Ending;
use sdflow::rng::Stream;
use sdflow::run::{Motion, Run, RunOptions, RunResult};
use sdflow::schedule::Schedule;
use sdflow::score::{Estimate, Exact, Kde, Smoothed, SmoothedOptions};
use sdflow::target::{CustomDensity, Target};
use sdflow::{Points, Result};
use std::sync::Arc;

fn gamma() -> Arc<dyn Target> {
    Arc::new(CustomDensity::formula(1, "2*log(x[0]) - x[0]", &[]).unwrap())
}

fn go(mut motion: Motion, start: Points, steps: usize) -> Result<RunResult> {
    let options = RunOptions { steps, ..RunOptions::default() };
    Run::of(motion.dynamics(), start).options(options).seed(3).go()
}

fn langevin(sampler: LangevinSampler, step: f64) -> Motion {
    let options = LangevinOptions { sampler, step: Some(Schedule::from(step)), ..LangevinOptions::default() };
    let score = Box::new(Exact::new(gamma()).unwrap());
    Motion::Sampler(Box::new(Langevin::new(score, Some(gamma()), &options).unwrap()))
}

fn uniform(n: usize, low: f64, high: f64) -> Points {
    let mut rng = Stream::new(5).rng();
    Points::new((0..n).map(|_| low + (high - low) * rng.uniform()).collect(), 1, "start").unwrap()
}

fn count_outside(points: &Points) -> usize {
    points.data().iter().filter(|x| **x <= 0.0).count()
}

fn moments(points: &Points) -> [f64; 2] {
    [points.mean()[0], points.covariance()[(0, 0)]]
}

#[test]
fn adjusted_chains_find_their_way_in_and_stay() {
    let start = uniform(2000, -4.0, -0.1).concat(&uniform(2000, 0.5, 5.0)).unwrap();
    let outside = 2000;
    let done = go(langevin(LangevinSampler::Mala, 0.5), start, 400).unwrap();
    assert!(done.notes.iter().any(|note| note.contains(&format!("{outside} of 4000 points lie outside the target"))));
    assert_eq!(count_outside(&done.points), 0);
    // A few chains come so near to the edge that the pole of the score keeps them there.
    assert!(
        done.warnings.iter().all(|warning| warning.contains("of 4000 chains have not moved")),
        "{:?}",
        done.warnings
    );
    // The standard errors are sqrt(3 / n), and sqrt((m4 - 9) / n) with the fourth central moment m4
    // = 45.
    let [mean, variance] = moments(&done.points);
    assert!((mean - 3.0).abs() < 4.0 * (3.0_f64 / 4000.0).sqrt(), "{mean}");
    assert!((variance - 3.0).abs() < 4.0 * (36.0_f64 / 4000.0).sqrt(), "{variance}");
}

/// If the score has a pole, every proposal lands far away and none is accepted.
#[test]
fn chains_that_no_longer_move_are_told() {
    let start = uniform(40, 1e-4, 1e-3).concat(&uniform(400, 0.5, 5.0)).unwrap();
    let done = go(langevin(LangevinSampler::Mala, 0.5), start, 150).unwrap();
    let stuck = done.points.data().iter().filter(|x| **x < 1e-3).count();
    let told = format!("{stuck} of 440 chains have not moved");
    assert!(stuck > 30 && done.warnings.iter().any(|warning| warning.starts_with(&told)), "{:?}", done.warnings);
}

#[test]
fn what_stands_outside_is_told_with_its_number() {
    for motion in [
        langevin(LangevinSampler::Ula, 0.05),
        Motion::Field(
            Box::new(
                Svgd::new(Box::new(Exact::new(gamma()).unwrap()), SvgdOptions::default())
                    .unwrap()
                    .inside(Some(gamma())),
            ),
            Stepping { step: Some(Schedule::from(0.5)), ..Stepping::default() },
        ),
    ] {
        let done = go(motion, uniform(1000, 0.1, 5.0), 100).unwrap();
        let outside = count_outside(&done.points);
        let told = done.warnings.iter().find(|warning| warning.contains("outside the target"));
        match outside {
            0 => assert!(told.is_none(), "{told:?}"),
            _ => assert!(told.unwrap().starts_with(&format!("{outside} of 1000 ")), "{outside}: {told:?}"),
        }
    }
}

#[test]
fn a_start_that_is_all_outside_is_refused() {
    for sampler in [LangevinSampler::Ula, LangevinSampler::Mala] {
        let told = go(langevin(sampler, 0.1), uniform(50, -5.0, -1.0), 10).unwrap_err().to_string();
        assert!(told.contains("50 of 50 points lie outside the target") && told.contains("start where"), "{told}");
    }
}

#[test]
fn the_score_difference_flow_finds_its_way_in() {
    for start in [uniform(400, 0.5, 5.0), uniform(400, -9.0, -3.0)] {
        let options =
            SdFlowOptions { sigma: Some(Schedule::Geometric { from: 2.0, to: 0.1 }), ..SdFlowOptions::default() };
        let target = Estimate::Other(Box::new(Smoothed::new(gamma(), &SmoothedOptions::default()).unwrap()));
        let flow = SdFlow::new(target, Estimate::Kernel(Box::new(Kde::of_cloud())), options).unwrap();
        let done = go(Motion::Field(Box::new(flow), Stepping::default()), start, 150).unwrap();
        assert_eq!(done.ending, Ending::Finished, "{:?}", done.warnings);
        let [mean, variance] = moments(&done.points);
        assert!((mean - 3.0).abs() < 0.15 && (variance - 3.0).abs() < 0.5, "{mean} {variance}");
        // Smoothed by sigma = .1, the target itself has a little mass below 0.
        assert!(count_outside(&done.points) <= 4, "{}", count_outside(&done.points));
    }
}
