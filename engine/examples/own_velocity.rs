//! A user-defined velocity field: the run provides steps, metrics, tracers and endings.
#![allow(clippy::print_stdout)] // An example talks to its reader.

use sdflow::archive::Archived;
use sdflow::flow::{FieldAt, Stepping, VelocityField};
use sdflow::ode::Integrator;
use sdflow::rng::Stream;
use sdflow::run::Run;
use sdflow::{Points, Result};

/// Every particle goes to the mean of the cloud: `dy/dt = mean - y`.
#[derive(Debug)]
struct Gather;

impl VelocityField for Gather {
    fn name(&self) -> &'static str {
        "gather"
    }

    fn velocity(&mut self, at: &FieldAt, out: &mut Points) -> Result<()> {
        let mean = at.cloud.mean();
        out.reshape(at.z.n(), at.z.dim());
        for (v, z) in out.data_mut().chunks_exact_mut(mean.len()).zip(at.z.iter()) {
            v.iter_mut().zip(mean.iter().zip(z)).for_each(|(v, (m, z))| *v = m - z);
        }
        Ok(())
    }
}

impl Archived for Gather {}

/// # Errors
/// This example does not fail.
pub fn main() -> Result<()> {
    let start = Stream::new(1).normal(500, 3);
    let before = start.spread();
    let stepping = Stepping { step: Some(0.05.into()), integrator: Integrator::Rk4, ..Stepping::default() };
    let done = Run::new(&mut Gather, start).stepping(stepping).steps(20).go()?;
    // After the time 20 * 0.05 = 1, the spread has fallen by the factor e.
    let factor = before / done.points.spread();
    println!("the cloud is {factor:.6} times narrower; e is {:.6}", std::f64::consts::E);
    assert!((factor - std::f64::consts::E).abs() < 1e-5);
    Ok(())
}
