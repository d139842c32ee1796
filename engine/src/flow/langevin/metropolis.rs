//! Metropolis acceptance of proposed moves.

use super::super::support::inside;
use crate::archive::{Archive, Archived};
use crate::rng::Stream;
use crate::{Points, Result};
use rayon::prelude::*;

/// A cloud with its scores and log densities.
#[derive(Debug, Default)]
pub(super) struct Place {
    pub at: Points,
    pub score: Points,
    pub log_density: Vec<f64>,
    /// The number of moves of each particle that were rejected since its last accepted move.
    pub rejected: Vec<u32>,
}

/// A chain that has not moved for this many steps counts as stuck.
const STUCK: u32 = 100;

impl Place {
    /// Describes how many chains are stuck.
    pub(super) fn stuck(&self) -> Option<String> {
        let stuck = self.rejected.iter().filter(|rejected| **rejected >= STUCK).count();
        (stuck > 0).then(|| {
            format!(
                "{stuck} of {} chains have not moved for the last {STUCK} steps: `step` is too large at \
                 their positions, where the score is large or the target is narrow",
                self.rejected.len()
            )
        })
    }
}

/// The numbers of proposed and accepted moves.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Tally {
    proposed: u64,
    accepted: u64,
}

impl Tally {
    pub(super) fn add(&mut self, proposed: u64, accepted: u64) {
        self.proposed += proposed;
        self.accepted += accepted;
    }

    pub(super) fn rate(self) -> Option<f64> {
        (self.proposed > 0).then(|| self.accepted as f64 / self.proposed as f64)
    }
}

impl Archived for Place {
    fn archive(&mut self, archive: &mut Archive) -> Result<()> {
        archive.part("at", &mut self.at)?;
        archive.part("score", &mut self.score)?;
        archive.part("log_density", &mut self.log_density)?;
        archive.part("rejected", &mut self.rejected)
    }
}

impl Archived for Tally {
    fn archive(&mut self, archive: &mut Archive) -> Result<()> {
        archive.part("proposed", &mut self.proposed)?;
        archive.part("accepted", &mut self.accepted)
    }
}

/// The number of particles whose acceptance uses one random stream.
const CHUNK: usize = 1024;

/// Moves the accepted particles of `here` to their positions in `there`; returns their number.
pub(super) fn accept(here: &mut Place, there: &Place, h: f64, stream: Stream) -> u64 {
    let dim = here.at.dim();
    let length = CHUNK * dim;
    let usual = usual_inside(&here.log_density);
    let from = here.at.data_mut().par_chunks_mut(length).zip(here.score.data_mut().par_chunks_mut(length));
    here.rejected.resize(here.log_density.len(), 0);
    let state = here.log_density.par_chunks_mut(CHUNK).zip(here.rejected.par_chunks_mut(CHUNK));
    let from = from.zip(state);
    let to = there.at.data().par_chunks(length).zip(there.score.data().par_chunks(length));
    let to = to.zip(there.log_density.par_chunks(CHUNK));
    let chunks = from.zip(to).enumerate().map(|(chunk, (((y, s), (log, rejected)), ((y_new, s_new), log_new)))| {
        let mut rng = stream.at(chunk as u64).rng();
        let mut accepted = 0;
        for i in 0..log.len() {
            let row = i * dim..(i + 1) * dim;
            let back = log_move(&y_new[row.clone()], &s_new[row.clone()], &y[row.clone()], h);
            let forth = log_move(&y[row.clone()], &s[row.clone()], &y_new[row.clone()], h);
            let ratio = log_new[i] - log[i] + back - forth;
            let level = rng.uniform().ln();
            // No move leads out of the support. A move into the support is judged by the density of
            // the chains inside. Otherwise, at an edge where the score has a pole, a chain would
            // never move again.
            let ratio = if inside(log[i]) { ratio } else { log_new[i] - usual };
            if inside(log_new[i]) && level < ratio {
                y[row.clone()].copy_from_slice(&y_new[row.clone()]);
                s[row.clone()].copy_from_slice(&s_new[row]);
                log[i] = log_new[i];
                rejected[i] = 0;
                accepted += 1;
            } else {
                rejected[i] = rejected[i].saturating_add(1);
            }
        }
        accepted
    });
    chunks.sum()
}

/// Returns the median log density of the chains inside the support, if some are outside.
fn usual_inside(log_density: &[f64]) -> f64 {
    if log_density.iter().all(|log| inside(*log)) {
        return f64::NEG_INFINITY;
    }
    let mut known: Vec<f64> = log_density.iter().copied().filter(|log| inside(*log)).collect();
    let middle = known.len() / 2;
    if known.is_empty() { f64::NEG_INFINITY } else { *known.select_nth_unstable_by(middle, f64::total_cmp).1 }
}

/// The number of steps for which a chain outside the support searches for it at one width.
const LOOKS: usize = 8;

/// The number of widths; each is twice the width before it.
const WIDTHS: usize = 11;

/// Widens the moves of chains that start outside the support. The width grows with the time of
/// their search. Moves into the support need no detailed balance, because chains never return to a
/// point of density 0.
pub(super) fn look_farther(here: &Place, there: &mut Points, step: usize) {
    let wide = f64::from(1_u32 << (step / LOOKS % WIDTHS));
    for (i, _) in here.log_density.iter().enumerate().filter(|(_, log)| !inside(**log)) {
        for (to, from) in there.row_mut(i).iter_mut().zip(here.at.row(i)) {
            *to = from + wide * (*to - from);
        }
    }
}

/// Returns the log density of the move from `a` with score `s` to `b`, up to a constant.
fn log_move(a: &[f64], s: &[f64], b: &[f64], h: f64) -> f64 {
    -a.iter().zip(s).zip(b).map(|((a, s), b)| (b - a - h * s).powi(2)).sum::<f64>() / (4.0 * h)
}
