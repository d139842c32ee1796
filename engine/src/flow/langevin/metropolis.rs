//! Metropolis acceptance of proposed moves.

use super::super::preconditioner::Preconditioner;
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

/// The moves of a step. With the preconditioner `L` a particle moves from `y` to `y + L u`, where
/// `u = h L^T grad log p(y) + sqrt(2h) e` with standard normal `e`.
#[derive(Debug, Default)]
pub(super) struct Moves {
    pub preconditioner: Preconditioner,
    /// `u` for every particle.
    inner: Points,
    /// `L^T grad log p` at both ends of the moves.
    forces: [Points; 2],
    buffer: Points,
}

impl Moves {
    /// Writes the proposals for the chains at `here` into `there`.
    pub fn propose(&mut self, here: &Place, there: &mut Place, h: f64, stream: Stream) {
        let Moves { preconditioner, inner, forces: [force, _], buffer } = self;
        preconditioner.apply_transpose(&here.score, force);
        inner.copy_from(force);
        inner.data_mut().iter_mut().for_each(|u| *u *= h);
        stream.add_normal((2.0 * h).sqrt(), inner.data_mut());
        preconditioner.apply(inner, buffer);
        there.at.copy_from(&here.at);
        there.at.data_mut().iter_mut().zip(buffer.data()).for_each(|(y, u)| *y += u);
    }

    /// Computes the logarithms of the acceptance ratios of the proposals.
    pub fn ratios(&mut self, here: &Place, there: &Place, h: f64) -> Vec<f64> {
        let Moves { preconditioner, inner, forces: [from, to], .. } = self;
        preconditioner.apply_transpose(&there.score, to);
        let usual = usual_inside(&here.log_density);
        let ratio = |i: usize| {
            let (log, log_new) = (here.log_density[i], there.log_density[i]);
            // No move leads out of the support. A move into the support is accepted by comparison
            // with the median density of the chains inside. If every such move were accepted, a
            // chain could stop at an edge where the score has a pole, and never move again.
            match (inside(log), inside(log_new)) {
                (_, false) => f64::NEG_INFINITY,
                (false, true) => log_new - usual,
                (true, true) => {
                    let u = inner.row(i);
                    let forth: f64 = u.iter().zip(from.row(i)).map(|(u, s)| (u - h * s).powi(2)).sum();
                    let back: f64 = u.iter().zip(to.row(i)).map(|(u, s)| (u + h * s).powi(2)).sum();
                    let ratio = log_new - log + (forth - back) / (4.0 * h);
                    if ratio.is_nan() { f64::NEG_INFINITY } else { ratio }
                }
            }
        };
        (0..inner.n()).into_par_iter().with_min_len(64).map(ratio).collect()
    }
}

/// Returns the mean probability of acceptance for these logarithms of acceptance ratios.
pub(super) fn mean_acceptance(ratios: &[f64]) -> f64 {
    ratios.iter().map(|ratio| ratio.min(0.0).exp()).sum::<f64>() / ratios.len() as f64
}

/// The number of particles whose acceptance uses one random stream.
const CHUNK: usize = 1024;

/// Moves the accepted particles of `here` to their positions in `there`; returns their number.
pub(super) fn accept(here: &mut Place, there: &Place, ratios: &[f64], stream: Stream) -> u64 {
    here.rejected.resize(ratios.len(), 0);
    let mut accepted = 0;
    for (chunk, ratios) in ratios.chunks(CHUNK).enumerate() {
        let mut rng = stream.at(chunk as u64).rng();
        for (i, ratio) in ratios.iter().enumerate().map(|(i, ratio)| (chunk * CHUNK + i, ratio)) {
            if rng.uniform().ln() < *ratio {
                here.at.row_mut(i).copy_from_slice(there.at.row(i));
                here.score.row_mut(i).copy_from_slice(there.score.row(i));
                here.log_density[i] = there.log_density[i];
                here.rejected[i] = 0;
                accepted += 1;
            } else {
                here.rejected[i] = here.rejected[i].saturating_add(1);
            }
        }
    }
    accepted
}

/// Returns the median log density of the chains inside the support, if some are outside and some
/// are inside, and otherwise `-inf`.
fn usual_inside(log_density: &[f64]) -> f64 {
    if log_density.iter().all(|log| inside(*log)) {
        return f64::NEG_INFINITY;
    }
    let mut known: Vec<f64> = log_density.iter().copied().filter(|log| inside(*log)).collect();
    let middle = known.len() / 2;
    if known.is_empty() { f64::NEG_INFINITY } else { *known.select_nth_unstable_by(middle, f64::total_cmp).1 }
}

/// The number of steps for which [`look_farther`] keeps one width of the moves.
const LOOKS: usize = 8;

/// The number of widths; each is twice the width before it.
const WIDTHS: usize = 11;

/// Widens the moves of chains that are outside the support. The width doubles every `LOOKS`
/// steps, and begins again at 1 after `WIDTHS` widths. Moves into the support need no detailed
/// balance, because chains never return to a point of density 0.
pub(super) fn look_farther(here: &Place, there: &mut Points, step: usize) {
    let wide = f64::from(1_u32 << (step / LOOKS % WIDTHS));
    for (i, _) in here.log_density.iter().enumerate().filter(|(_, log)| !inside(**log)) {
        for (to, from) in there.row_mut(i).iter_mut().zip(here.at.row(i)) {
            *to = from + wide * (*to - from);
        }
    }
}
