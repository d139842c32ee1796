//! The cost of the steps of a run whose sums may be computed on a grid.

use super::Rehearsal;
use crate::Result;
use crate::cost::extrapolate;
use crate::cost::gauge::{Asked, Measured};
use crate::cost::growing_size::Ladder;
use crate::pairwise::GRID_DIM;
use crate::run::Driver;

/// The numbers of rows with which steps on a grid are measured: their time and memory are a constant
/// plus a multiple of the number of rows. A grid is expected only if a step has more than
/// `GRID_PAIRS` pairs.
const ON_GRID: [usize; 2] = [1 << 16, 1 << 17];
const GRID_PAIRS: f64 = 1e7;

/// The numbers of intervals between the steps that are measured on a grid, for all costs and for
/// memory alone. The grid and the share of pairs that are skipped depend on sigma.
const INTERVALS: usize = 4;
const INTERVALS_FOR_MEMORY: usize = 1;

impl Rehearsal<'_> {
    /// Returns the seconds and bytes of all steps if some of them compute sums on a grid; None if
    /// none does. `pairs` is the number of pairs of a step.
    pub(super) fn on_grid(&self, ladder: &Ladder, pairs: f64) -> Result<Option<Measured>> {
        let n = self.start.n();
        if self.start.dim() > GRID_DIM || pairs <= GRID_PAIRS || ladder.reached() == n {
            return Ok(None);
        }
        let [few, many] = ON_GRID.map(|rows| n.min(rows));
        let Some(large) = self.sampled(many)? else { return Ok(None) };
        let small = if few < many { self.sampled(few)? } else { None };
        let small = small.as_ref().unwrap_or(&large);
        let at_n = |part: fn(&Measured) -> f64, [a, b]: [&Measured; 2]| {
            extrapolate::line([(few as f64, part(a)), (many as f64, part(b))], n as f64)
        };
        let pairs = || small.iter().zip(&large).map(|((_, a), (step, b))| (*step, [a, b]));
        let seconds: Vec<(usize, f64)> = pairs().map(|(step, both)| (step, at_n(|part| part.seconds, both))).collect();
        let bytes = pairs().map(|(_, both)| at_n(|part| part.bytes, both)).fold(0.0, f64::max);
        // The first step is measured twice, because its first call also prepares the target.
        let steps = &seconds[1..];
        let between: f64 = steps.windows(2).map(|w| (w[1].0 - w[0].0) as f64 * (w[0].1 + w[1].1) / 2.0).sum();
        let ends = (steps[0].1 + steps[steps.len() - 1].1) / 2.0;
        let preparing = (seconds[0].1 - seconds[1].1).max(0.0);
        Ok(Some(Measured { seconds: preparing + between + ends, bytes, ..Measured::default() }))
    }

    /// Measures steps of `rows` points at equal intervals of the run, the first step twice; None if
    /// no sum was computed on a grid.
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
        let found = [0].into_iter().chain(steps).map(&mut measure).collect::<Result<Vec<_>>>()?;
        Ok((engine.work().on_grid() > 0).then_some(found))
    }
}
