//! Metropolis's acceptance of proposed moves.

use crate::Points;
use crate::rng::Stream;
use rayon::prelude::*;

/// A cloud with its scores and log densities.
#[derive(Debug, Default)]
pub(super) struct Place {
    pub at: Points,
    pub score: Points,
    pub log_density: Vec<f64>,
}

/// Moves proposed and accepted.
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

/// Particles whose acceptance is drawn from one random stream.
const CHUNK: usize = 1024;

/// Moves the particles of `here` that are accepted to where they are `there`; how many were.
pub(super) fn accept(here: &mut Place, there: &Place, h: f64, stream: Stream) -> u64 {
    let dim = here.at.dim();
    let length = CHUNK * dim;
    let from = here.at.data_mut().par_chunks_mut(length).zip(here.score.data_mut().par_chunks_mut(length));
    let from = from.zip(here.log_density.par_chunks_mut(CHUNK));
    let to = there.at.data().par_chunks(length).zip(there.score.data().par_chunks(length));
    let to = to.zip(there.log_density.par_chunks(CHUNK));
    let chunks = from.zip(to).enumerate().map(|(chunk, (((y, s), log), ((y_new, s_new), log_new)))| {
        let mut rng = stream.at(chunk as u64).rng();
        let mut accepted = 0;
        for i in 0..log.len() {
            let row = i * dim..(i + 1) * dim;
            let back = log_move(&y_new[row.clone()], &s_new[row.clone()], &y[row.clone()], h);
            let forth = log_move(&y[row.clone()], &s[row.clone()], &y_new[row.clone()], h);
            let ratio = log_new[i] - log[i] + back - forth;
            // A NaN rejects: the density is not known there.
            if rng.uniform().ln() < ratio {
                y[row.clone()].copy_from_slice(&y_new[row.clone()]);
                s[row.clone()].copy_from_slice(&s_new[row]);
                log[i] = log_new[i];
                accepted += 1;
            }
        }
        accepted
    });
    chunks.sum()
}

/// The log density of the move from `a` with score `s` to `b`, up to a constant.
fn log_move(a: &[f64], s: &[f64], b: &[f64], h: f64) -> f64 {
    -a.iter().zip(s).zip(b).map(|((a, s), b)| (b - a - h * s).powi(2)).sum::<f64>() / (4.0 * h)
}
