//! The cost of the steps of a run whose sums may be computed on a grid.

use super::Rehearsal;
use crate::Result;
use crate::cost::extrapolate;
use crate::cost::gauge::{Asked, Measured};
use crate::cost::growing_size::Ladder;
use crate::pairwise::{GRID_DIM, Precision, most_grid_bytes};
use crate::run::{Driver, Dynamics};

/// The numbers of rows with which steps on a grid are measured: their time and memory are a
/// constant plus a multiple of the number of rows. A grid is expected only if a step has more than
/// `GRID_PAIRS` pairs.
const ON_GRID: [usize; 2] = [1 << 16, 1 << 17];
const GRID_PAIRS: f64 = 1e7;

/// The numbers of intervals between the steps that are measured on a grid, for all costs and for
/// memory alone. The grid and the share of pairs that are skipped depend on sigma.
const INTERVALS: usize = 6;
const INTERVALS_FOR_MEMORY: usize = 1;

/// If only memory is asked for and a step takes longer, in seconds, no further step is measured.
const PATIENCE: f64 = 1.0;

impl Rehearsal<'_> {
    /// Returns the seconds and bytes of all steps if some of them compute sums on a grid; None if
    /// none does. `pairs` is the number of pairs of a step.
    pub(super) fn on_grid(&self, ladder: &Ladder, pairs: f64) -> Result<Option<Measured>> {
        let n = self.start.n();
        let expected = self.start.dim() <= GRID_DIM && pairs > GRID_PAIRS && ladder.reached() < n;
        if !expected || self.is_in_f64()? {
            return Ok(None);
        }
        let [few, many] = ON_GRID.map(|rows| n.min(rows));
        let Some(small) = self.sampled(few)? else { return Ok(None) };
        let large = if few < many { self.sampled(many)? } else { None };
        let large = large.as_ref().unwrap_or(&small);
        let at_n = |a: f64, b: f64| extrapolate::line([(few as f64, a), (many as f64, b)], n as f64);
        // A step has a sum over the cloud, and one over the points of the target.
        let sources = n.max(((pairs / n as f64) as usize).saturating_sub(n));
        let both = || small.iter().zip(large).map(|((_, a), (step, b))| (*step, a, b));
        let seconds: Vec<(usize, f64)> = both().map(|(step, a, b)| (step, at_n(a.seconds, b.seconds))).collect();
        let bytes: Vec<(f64, f64)> = both().map(|(_, a, b)| (a.bytes, b.bytes)).collect();
        let bytes = bytes_at(&bytes, at_n, most_grid_bytes(n, sources) as f64);
        // The first step is measured twice, because its first call also prepares the target.
        let steps = &seconds[1..];
        let between: f64 = steps.windows(2).map(|w| (w[1].0 - w[0].0) as f64 * (w[0].1 + w[1].1) / 2.0).sum();
        let ends = (steps[0].1 + steps[steps.len() - 1].1) / 2.0;
        let preparing = (seconds[0].1 - seconds[1].1).max(0.0);
        Ok(Some(Measured { seconds: preparing + between + ends, bytes, ..Measured::default() }))
    }

    /// True if the sums of the flow are computed in f64, never on a grid.
    fn is_in_f64(&self) -> Result<bool> {
        let mut flow = (self.make)()?;
        let own = match flow.dynamics() {
            Dynamics::Field(_, stepping) => stepping.precision,
            Dynamics::Sampler(_) => None,
        };
        Ok(own.unwrap_or(self.gauge.pairwise().options().precision) == Precision::F64)
    }

    /// Measures steps of `rows` points at equal intervals of the run, the first step twice; None if
    /// no sum of the first step was computed on a grid, or if only memory is asked for and this
    /// step took too long.
    fn sampled(&self, rows: usize) -> Result<Option<Vec<(usize, Measured)>>> {
        let (options, held) = (self.bare(rows), self.gauge.bytes_in_use());
        let (mut flow, engine) = ((self.make)()?, self.gauge.engine());
        let mut driver = Driver::new(flow.dynamics(), self.start.rows(0..rows), None, &options, &engine, self.stream)?;
        let intervals = if self.gauge.asked() == Asked::Cost { INTERVALS } else { INTERVALS_FOR_MEMORY };
        let mut steps: Vec<usize> = (0..=intervals).map(|k| k * (options.steps - 1) / intervals).collect();
        steps.dedup();
        let mut measure = |step: usize| {
            let (found, ()) = self.gauge.measure_since(held, &engine, || driver.step(step))?;
            Ok((step, found))
        };
        let first = measure(0)?;
        let too_long = self.gauge.asked() == Asked::Memory && first.1.seconds > PATIENCE;
        if engine.work().on_grid() == 0 || too_long {
            return Ok(None);
        }
        let rest: Result<Vec<_>> = steps.into_iter().map(&mut measure).collect();
        Ok(Some([vec![first], rest?].concat()))
    }
}

/// Returns the largest number of bytes of a step of all rows. `steps` has the bytes of each step
/// with fewer and with more rows, through which `at_n` draws a line.
///
/// The smallest bytes and the smallest growth are those of a step with few tiles, so they are
/// those of the points. How many more tiles more points occupy is unknown where they lie densely,
/// but the tiles of all rows take no more than `most`.
fn bytes_at(steps: &[(f64, f64)], at_n: impl Fn(f64, f64) -> f64, most: f64) -> f64 {
    let least = |of: &dyn Fn(&(f64, f64)) -> f64| steps.iter().map(of).fold(f64::INFINITY, f64::min);
    let largest = |of: &dyn Fn(&(f64, f64)) -> f64| steps.iter().map(of).fold(0.0, f64::max);
    let growth = least(&|(a, b)| at_n(*a, *b) - b);
    let of_points = least(&|(_, b)| *b) + growth;
    let measured = largest(&|(_, b)| *b) + growth;
    largest(&|(a, b)| at_n(*a, *b)).min(of_points + most).max(measured)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cost::gauge::Gauge;
    use crate::flow::{SdFlow, SdFlowOptions, Stepping};
    use crate::pairwise::Pairwise;
    use crate::rng::Stream;
    use crate::run::{Motion, RunOptions};
    use crate::score::{Estimate, Kde};
    use std::cell::Cell;

    /// Every call to the clock takes one second, and every measurement asks twice.
    fn watch() -> f64 {
        thread_local!(static SECONDS: Cell<f64> = const { Cell::new(0.0) });
        SECONDS.with(|seconds| seconds.replace(seconds.get() + 1.0))
    }

    /// Points take 100 bytes each. The tiles of a later step grow with the points, up to a limit.
    #[test]
    fn tiles_grow_up_to_their_limit() {
        let at_n = |n: f64| move |a: f64, b: f64| a + (b - a) * (n - 1e3) / 1e3;
        let of_tiles = |n: f64, most: f64| bytes_at(&[(1e5, 2e5), (1.3e5, 2.6e5)], at_n(n), most) - 100.0 * n;
        assert_eq!([4e3, 8e3, 1e4, 1e5].map(|n| of_tiles(n, 3e5)), [1.2e5, 2.4e5, 3e5, 3e5]);
        // What was measured counts even if it is more than the limit.
        assert_eq!(of_tiles(1e4, 5e4), 6e4);
    }

    /// If every step takes one second, a run takes as many seconds as it has steps.
    #[test]
    fn equal_steps_add_up() {
        let points = Stream::new(1).normal(ON_GRID[0] + 4_000, 1);
        let engine = Pairwise::default();
        let seconds = |steps: usize, precision: Option<Precision>| {
            let make = || {
                let target = Estimate::Kernel(Box::new(Kde::of(points.clone())));
                let source = Estimate::Kernel(Box::new(Kde::of_cloud()));
                let options = SdFlowOptions { sigma: Some(0.5.into()), ..SdFlowOptions::default() };
                let flow = SdFlow::new(target, source, options)?;
                Ok(Motion::Field(Box::new(flow), Stepping { precision, ..Stepping::default() }))
            };
            let options = RunOptions { steps, ..RunOptions::default() };
            let gauge = Gauge::new(&engine, None).timed_by(watch);
            let rehearsal =
                Rehearsal { make: &make, start: &points, options: &options, gauge: &gauge, stream: Stream::new(2) };
            let ladder = Ladder { rungs: vec![(64, Vec::new())] };
            rehearsal.on_grid(&ladder, 1e10).unwrap().map(|found| found.seconds)
        };
        for steps in [1, 2, 3, 9, 50] {
            assert_eq!(seconds(steps, None), Some(steps as f64));
        }
        assert_eq!(seconds(9, Some(Precision::F64)), None);
    }
}
