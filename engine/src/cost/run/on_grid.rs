//! The cost of the steps of a run whose sums may be computed on a grid.

use super::Rehearsal;
use crate::Result;
use crate::cost::extrapolate;
use crate::cost::gauge::{Asked, Measured};
use crate::cost::growing_size::Ladder;
use crate::pairwise::{GRID_DIM, Precision};
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
        let both = || small.iter().zip(large).map(|((_, a), (step, b))| (*step, a, b));
        let seconds: Vec<(usize, f64)> = both().map(|(step, a, b)| (step, at_n(a.seconds, b.seconds))).collect();
        // A grid may be used with the larger number of rows only. The bytes of such a step do not
        // tell how many a row takes, so the smallest growth counts.
        let growth = both().map(|(_, a, b)| at_n(a.bytes, b.bytes) - b.bytes).fold(f64::INFINITY, f64::min);
        let bytes = large.iter().map(|(_, found)| found.bytes).fold(0.0, f64::max) + growth;
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
