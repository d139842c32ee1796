//! Moves points onto a data set and prints how close they came.
#![allow(clippy::print_stdout)] // An example talks to its reader.

use sdflow::flow::SdFlow;
use sdflow::metric::Reference;
use sdflow::rng::Stream;
use sdflow::run::Run;
use sdflow::target::{DatasetOptions, Samples, dataset};
use std::sync::Arc;

/// # Errors
/// This example does not fail.
pub fn main() -> sdflow::Result<()> {
    let moons = dataset("moons", &DatasetOptions::default())?;
    // The flow uses 1,000 points of the data set. The metric uses 1,000 other points.
    let seen = Samples::new(moons.sample(1000, Stream::new(1))?, &Default::default())?;
    let unseen = Reference::sample(moons, 1000, Stream::new(2))?;

    let mut flow = SdFlow::towards(Arc::new(seen), Default::default())?;
    let start = Stream::new(3).normal(1000, 2);
    let done = Run::new(&mut flow, start).steps(100).with_metrics(&unseen, &["energy"]).go()?;

    let energy = &done.metrics["energy"];
    println!("{}", done.notes.join("\n"));
    println!("energy distance {:.4} +- {:.4}", energy.value, energy.se);
    println!("a fresh sample of the same size stays below {:.4}", energy.floor.unwrap_or(f64::NAN));
    assert!(energy.value < 2.0 * energy.floor.unwrap_or(0.0));
    Ok(())
}
