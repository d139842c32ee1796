//! A user-defined metric: the trait provides its noise floor and its checks.
#![allow(clippy::print_stdout)] // An example talks to its reader.

use sdflow::metric::{Estimate, Metric, Reference};
use sdflow::pairwise::Pairwise;
use sdflow::rng::Stream;
use sdflow::run::estimate_with_floor;
use sdflow::{Points, Result};

/// The distance between the means. Its standard error comes from the spread of both samples.
#[derive(Debug)]
struct MeanGap;

impl Metric for MeanGap {
    fn name(&self) -> &'static str {
        "mean_gap"
    }

    fn measure(&self, points: &Points, reference: &Reference, _: &Pairwise, _: Stream) -> Result<Estimate> {
        let other = reference.points();
        let gap: f64 = points.mean().iter().zip(other.mean()).map(|(a, b)| (a - b) * (a - b)).sum();
        let variance = |sample: &Points| sample.spread().powi(2) / (sample.n() * sample.dim()) as f64;
        Ok(Estimate::new(gap.sqrt(), (variance(points) + variance(other)).sqrt()))
    }
}

/// # Errors
/// This example does not fail.
pub fn main() -> Result<()> {
    let reference = Reference::new(Stream::new(1).normal(2000, 2))?;
    let pairwise = Pairwise::default();
    let judge = |points: &Points| estimate_with_floor(&MeanGap, points, &reference, &pairwise, Stream::new(3));
    let same = Stream::new(2).normal(2000, 2);
    let mut shifted = same.clone();
    shifted.data_mut().iter_mut().for_each(|x| *x += 0.3);
    for (what, points) in [("the same distribution", &same), ("shifted by 0.3", &shifted)] {
        let found = judge(points)?;
        let floor = found.floor.unwrap_or(f64::NAN);
        println!("{what}: {:.3} +- {:.3}, noise floor {floor:.3}", found.value, found.se);
    }
    assert!(judge(&shifted)?.value > 3.0 * judge(&shifted)?.floor.unwrap_or(f64::NAN));
    Ok(())
}
