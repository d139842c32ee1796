//! The cost of a log density along a flow.

use super::Cost;
use super::extrapolate::whole;
use super::gauge::Gauge;
use super::growing_size::{Climb, Ladder};
use crate::flow::{Diffusion, LikelihoodOptions, LogDensities};
use crate::{Points, Result, rng::Stream};

/// The largest numbers of noise levels and of probes that are measured. For larger numbers, the
/// cost grows in proportion to them.
const LEVELS: usize = 40;
const PROBES: usize = 16;

/// Returns the cost of [`crate::flow::Diffusion::log_density`] of `points`, and a number for each
/// point. The steps between two noise levels adapt, so the cost depends on the points.
///
/// # Errors
/// Those of [`crate::flow::Diffusion::log_density`].
pub fn log_density(
    make: &dyn Fn() -> Result<Diffusion>,
    points: &Points,
    options: &LikelihoodOptions,
    gauge: &Gauge,
    stream: Stream,
) -> Result<(LogDensities, Cost)> {
    options.check()?;
    let probes = options.probes.map(|probes| probes.min(PROBES));
    let shorter = LikelihoodOptions { steps: options.steps.min(LEVELS), probes, ..options.clone() };
    let climb = Climb { first: 2, sizes: 1, quadratic: false, ..Climb::of(gauge) };
    let (ladder, logs) = Ladder::climb(points.n(), climb, |rows| {
        let (mut flow, few, every) = (make()?, points.rows(0..rows), gauge.every_pair());
        let (found, logs) = gauge.measure(&every, || flow.log_density(&few, &shorter, &every, stream))?;
        Ok((vec![found], logs.values))
    })?;
    let fields = |options: &LikelihoodOptions| (2 * options.directions(points.dim()) + 1) as f64;
    let share = options.steps as f64 / shorter.steps as f64 * fields(options) / fields(&shorter);
    let mut found = ladder.at(points.n())[0];
    (found.pairs, found.seconds) = (share * found.pairs, share * found.seconds);
    let pairs = whole(found.pairs);
    let values = (0..points.n()).map(|i| logs[i % logs.len()]).collect();
    Ok((
        LogDensities { values, errors: None },
        Cost { steps: options.steps as u64, flow_pairs: pairs, varies: true, ..Cost::of(&found, gauge) },
    ))
}
