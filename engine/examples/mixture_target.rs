//! Moves points to two modes whose density is known, from a distant start and without a sample of
//! the target.
#![allow(clippy::print_stdout)] // An example talks to its reader.

use sdflow::flow::SdFlow;
use sdflow::metric::Reference;
use sdflow::rng::Stream;
use sdflow::run::Run;
use sdflow::target::{Gaussian, Mixture, Target};
use std::sync::Arc;

/// # Errors
/// This example does not fail.
pub fn main() -> sdflow::Result<()> {
    let dim = 16;
    let mode = |centre: f64| Gaussian::isotropic(vec![centre; dim], 1.0);
    let target: Arc<dyn Target> = Arc::new(Mixture::new(vec![0.3, 0.7], vec![mode(-3.0)?, mode(3.0)?])?);

    // The target's score is exact. The score of the particles is that of a fitted mixture, because
    // there are more than 4 dimensions.
    let mut flow = SdFlow::towards(Arc::clone(&target), Default::default())?;
    let unseen = Reference::sample(target, 1000, Stream::new(1))?;
    let start = Stream::new(2).normal(1000, dim);
    let done = Run::new(&mut flow, start).steps(150).with_metrics(&unseen, &["mode_weights", "energy"]).go()?;

    let share = done.points.iter().filter(|y| y[0] < 0.0).count() as f64 / 1000.0;
    println!("share of the particles in the mode of weight .3: {share:.3}");
    for (name, metric) in &done.metrics {
        println!("{name} {:.4} +- {:.4}, noise floor {:.4}", metric.value, metric.se, metric.floor.unwrap_or(f64::NAN));
    }
    assert!((share - 0.3).abs() < 0.06);
    Ok(())
}
