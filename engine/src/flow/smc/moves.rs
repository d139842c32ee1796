//! Hamiltonian Monte Carlo moves of a cloud \[neal2011mcmc\].

use super::tempering::{LogDensities, Path};
use crate::flow::preconditioner::Preconditioner;
use crate::rng::Stream;
use crate::{Points, Result};
use rayon::prelude::*;

/// The particles with their log densities, and buffers of the moves.
#[derive(Debug, Default)]
pub(super) struct Mover {
    /// The particles whose log densities are in `logs`.
    pub at: Points,
    pub logs: LogDensities,
    /// The proposed positions.
    to: Points,
    there: LogDensities,
    momentum: Points,
    force: Points,
    change: Points,
}

/// The kernel of a move.
#[derive(Debug, Clone, Copy)]
pub(super) struct Kernel<'a> {
    pub path: &'a Path,
    pub beta: f64,
    pub preconditioner: &'a Preconditioner,
    /// The largest step size of the integrator. The step size of each particle is smaller by a
    /// random factor.
    pub step: f64,
    /// The number of steps of the integrator.
    pub leapfrog: usize,
}

/// The step size of a particle is the largest one times `10^(-DECADES u)`, with `u` uniform in
/// `[0, 1]`. Where the target is narrow, large steps are rejected and small ones move the particle.
const DECADES: f64 = 2.0;

/// The number of particles that use one random stream.
const CHUNK: usize = 256;

impl Mover {
    /// Computes the log densities at `cloud`.
    pub fn start(&mut self, path: &Path, cloud: &Points) -> Result<()> {
        self.at.copy_from(cloud);
        path.log_densities(&self.at, &mut self.logs)
    }

    /// Replaces the particles by those with the indices `rows`.
    pub fn select(&mut self, rows: &[usize]) {
        self.to.gather(&self.at, rows);
        std::mem::swap(&mut self.at, &mut self.to);
        let pick = |log: &mut Vec<f64>| *log = rows.iter().map(|i| log[*i]).collect();
        pick(&mut self.logs.prior);
        pick(&mut self.logs.target);
    }

    /// Moves every particle with the integrator, from a random momentum, and accepts or rejects the
    /// move. Returns the mean probability of acceptance.
    pub fn step(&mut self, kernel: Kernel, stream: Stream) -> Result<f64> {
        let dim = self.at.dim();
        let (to, momentum) = (&mut self.to, &mut self.momentum);
        to.copy_from(&self.at);
        momentum.reshape(to.n(), dim);
        stream.label("momentum").fill_normal(momentum.data_mut());
        let energy = |momentum: &Points| -> Vec<f64> {
            momentum.data().par_chunks_exact(dim).with_min_len(64).map(|p| 0.5 * crate::points::dot(p, p)).collect()
        };
        let before = energy(momentum);
        let steps: Vec<f64> = (0..to.n().div_ceil(CHUNK))
            .flat_map(|chunk| {
                let mut rng = stream.label("step").at(chunk as u64).rng();
                (0..CHUNK).map(move |_| rng.uniform())
            })
            .take(to.n())
            .map(|u| kernel.step * 10f64.powf(-DECADES * u))
            .collect();
        let add = |out: &mut Points, change: &Points, share: f64| {
            let rows = out.data_mut().par_chunks_exact_mut(dim).zip(change.data().par_chunks_exact(dim));
            rows.zip(&steps).with_min_len(64).for_each(|((out, change), step)| {
                out.iter_mut().zip(change).for_each(|(v, c)| *v += share * step * c);
            });
        };
        for k in 0..=kernel.leapfrog {
            kernel.path.score(to, kernel.beta, &mut self.change, &mut self.force)?;
            kernel.preconditioner.apply_transpose(&self.force, &mut self.change);
            // Between two steps of the positions, two half steps of the momentum form a whole step.
            add(momentum, &self.change, if k == 0 || k == kernel.leapfrog { 0.5 } else { 1.0 });
            if k < kernel.leapfrog {
                kernel.preconditioner.apply(momentum, &mut self.change);
                add(to, &self.change, 1.0);
                hold_back(&self.at, to, momentum);
            }
        }
        kernel.path.log_densities(to, &mut self.there)?;
        let after = energy(momentum);
        let mut rng = stream.label("acceptance").rng();
        let mut total = 0.0;
        for i in 0..self.at.n() {
            let (old, new) = (self.logs.tempered(i, kernel.beta), self.there.tempered(i, kernel.beta));
            let ratio = new - old + before[i] - after[i];
            let level = rng.uniform();
            // If a particle left the range of numbers, its ratio is NaN and its move is rejected.
            if ratio.is_nan() {
                continue;
            }
            total += ratio.exp().min(1.0);
            if level.ln() < ratio {
                self.at.row_mut(i).copy_from_slice(self.to.row(i));
                (self.logs.prior[i], self.logs.target[i]) = (self.there.prior[i], self.there.target[i]);
            }
        }
        Ok(total / self.at.n() as f64)
    }
}

/// Puts particles that left the range of numbers back to their start, and sets their momentum to
/// NaN.
fn hold_back(from: &Points, to: &mut Points, momentum: &mut Points) {
    let dim = from.dim();
    let rows = to.data_mut().par_chunks_exact_mut(dim).zip(momentum.data_mut().par_chunks_exact_mut(dim));
    rows.zip(from.data().par_chunks_exact(dim)).with_min_len(64).for_each(|((to, momentum), from)| {
        // The square of a coordinate above about 1e154 is infinite.
        if to.iter().any(|x| x.is_nan() || x.abs() > 1e150) {
            to.copy_from_slice(from);
            momentum.fill(f64::NAN);
        }
    });
}
