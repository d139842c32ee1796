//! The cost of a training, extrapolated from a few of its steps to all of them.

use super::Cost;
use super::extrapolate::whole;
use super::gauge::{Gauge, Measured};
use super::growing_size::{Climb, Ladder};
use crate::{Result, pairwise::Pairwise};

/// The length of a training.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Training {
    /// Number of steps.
    pub steps: usize,
    /// Points per step. The measurement uses fewer points if a step with all of them takes long.
    pub batch: usize,
    /// Number of steps between rows of the history.
    pub every: usize,
}

/// The numbers of steps of two trainings. The difference of their costs gives the cost of further
/// steps.
const STEPS: [usize; 2] = [2, 6];

/// Returns the number of steps between rows of the history, for a training of `steps` steps.
pub fn every(asked: Option<usize>, steps: usize) -> usize {
    asked.unwrap_or(steps.div_ceil(20)).max(1)
}

/// Returns the cost of a training by `act`, and the result of a short training. `act` receives the
/// number of steps, the batch size, and the number of steps between rows of history. Rows of
/// history are written at the first step, then in these intervals, and at the last step.
///
/// # Errors
/// Those of `act`.
pub fn training<T>(
    asked: Training,
    gauge: &Gauge,
    mut act: impl FnMut(Training, &Pairwise) -> Result<T>,
) -> Result<(T, Cost)> {
    let climb = Climb { quadratic: false, ..Climb::of(gauge) };
    let (ladder, made) = Ladder::climb(asked.batch, climb, |batch| {
        let mut short = |steps: usize, every: usize| {
            let steps = steps.min(asked.steps);
            let engine = gauge.every_pair();
            gauge.measure(&engine, || act(Training { steps, batch, every }, &engine))
        };
        let (few, _) = short(STEPS[0], 1)?;
        let (sparse, _) = short(STEPS[1], STEPS[1])?;
        let (many, made) = short(STEPS[1], 1)?;
        Ok((vec![few, sparse, many], made))
    })?;
    let parts = ladder.at(asked.batch);
    let total = Parts { short: asked.steps.min(STEPS[1]), found: [parts[0], parts[1], parts[2]] };
    let steps = asked.steps as u64;
    let pairs = whole(total.of(asked, true, |part| part.pairs));
    let seconds = total.of(asked, false, |part| part.seconds);
    let bytes = gauge.known_bytes(parts.iter().map(|part| part.bytes).fold(0.0, f64::max));
    Ok((made, Cost { steps, nfe: steps, flow_pairs: pairs, pairs, seconds, bytes, varies: false }))
}

/// Three measurements: few steps with a row of history each, more steps with few rows, and the same
/// number of steps with a row each.
struct Parts {
    /// Number of steps of the two longer measurements.
    short: usize,
    found: [Measured; 3],
}

impl Parts {
    /// Returns the whole cost: the part that occurs once, the part of every step, and the part of
    /// every row. A disturbed measurement can make more steps look quicker than few steps. All of
    /// its time then counts as the time of its steps. If `free` is true, a step may cost nothing
    /// instead.
    fn of(&self, asked: Training, free: bool, part: fn(&Measured) -> f64) -> f64 {
        let [few, sparse, many] = self.found.map(|found| part(&found));
        let (short, steps) = (self.short as f64, asked.steps as f64);
        if asked.steps <= STEPS[0] {
            return few;
        }
        let rows_saved = short - rows(self.short, STEPS[1]);
        let row = if rows_saved > 0.0 { ((many - sparse) / rows_saved).max(0.0) } else { 0.0 };
        let step = ((many - few) / (short - STEPS[0] as f64) - row).max(0.0);
        let step = if step > 0.0 || free { step } else { many / short };
        let once = (many - short * (step + row)).max(0.0);
        once + steps * step + rows(asked.steps, asked.every) * row
    }
}

/// Returns the number of rows of history in `steps` steps.
fn rows(steps: usize, every: usize) -> f64 {
    let last = u64::from(!(steps.max(1) - 1).is_multiple_of(every.max(1)));
    (steps.div_ceil(every.max(1)) as u64).saturating_add(last) as f64
}

/// Returns the cost of `act` for `steps` equal steps, and its result after a few of these steps.
///
/// # Errors
/// Those of `act`.
pub fn repeated<T>(steps: usize, gauge: &Gauge, mut act: impl FnMut(usize) -> Result<T>) -> Result<(T, Cost)> {
    let [few, many] = STEPS.map(|short| short.min(steps));
    let (one, _) = gauge.measure(gauge.pairwise(), || act(few))?;
    let (other, made) = gauge.measure(gauge.pairwise(), || act(many))?;
    let more = (steps - many) as f64 / (many - few).max(1) as f64;
    let all = |part: fn(&Measured) -> f64| part(&other) + more * (part(&other) - part(&one)).max(0.0);
    let pairs = whole(all(|part| part.pairs));
    let bytes = gauge.known_bytes(other.bytes);
    // A disturbed measurement can make more steps look quicker than few steps, but steps are never
    // free.
    let slower = other.seconds > one.seconds;
    let seconds = if slower { all(|part| part.seconds) } else { other.seconds * steps as f64 / many.max(1) as f64 };
    Ok((made, Cost { steps: steps as u64, flow_pairs: pairs, pairs, seconds, bytes, ..Cost::default() }))
}
