//! Positions between pairs of ends, and the drifts that lead to the end.

use super::frame::{FEATURES, Frame, Place};
use super::option::Plan;
use crate::Points;
use crate::rng::Stream;

/// The pairs of ends that a drift is fitted to, in the order of the process with this drift.
pub struct Pinned<'a> {
    /// The options.
    pub plan: &'a Plan,
    /// The units of the drift.
    pub frame: &'a Frame,
    /// Starts and ends.
    pub pairs: [&'a Points; 2],
}

/// A batch that is filled with rows.
pub struct Batch<'a> {
    /// Inputs of the net.
    pub input: &'a mut [f32],
    /// The regression targets: the desired drifts minus the baseline.
    pub wanted: &'a mut [f64],
    /// The weights of the rows in the loss.
    pub weights: &'a mut [f64],
}

impl Pinned<'_> {
    /// Draws positions between the ends. Each entry of `rows` is a time step and the index of a
    /// pair. Two successive entries with the same pair have opposite noise.
    pub fn fill(&self, rows: &[(usize, usize)], stream: Stream, to: &mut Batch) {
        let (reference, steps, dim) = (self.plan.reference, self.frame.steps(), self.frame.dim());
        let size = self.frame.size * self.frame.size;
        let mut x = vec![0.0; rows.len() * dim];
        stream.fill_normal(&mut x);
        for pair in x.chunks_exact_mut(2 * dim) {
            let (noise, opposite) = pair.split_at_mut(dim);
            opposite.iter_mut().zip(noise).for_each(|(o, z)| *o = -*z);
        }
        let mut first = 0;
        for block in rows.chunk_by(|a, b| a.0 == b.0) {
            let part = first * dim..(first + block.len()) * dim;
            let s = block[0].0 as f64 / steps as f64;
            let (pinned, (r, v)) = (reference.pinned(s), reference.transition(1.0 - s));
            let rise = reference.epsilon() * r / v;
            let noise = pinned.variance.sqrt();
            let slope = reference.pull() + rise * r;
            let share = 1.0 / (1.0 + slope * slope * pinned.variance / size);
            to.weights[first..first + block.len()].fill(share);
            let places = x[part.clone()].chunks_exact_mut(dim).zip(to.wanted[part.clone()].chunks_exact_mut(dim));
            for ((x, wanted), (_, pair)) in places.zip(block) {
                let ends = self.pairs[0].row(*pair).iter().zip(self.pairs[1].row(*pair));
                for ((x, wanted), (from, end)) in x.iter_mut().zip(wanted).zip(ends) {
                    *x = pinned.start * from + pinned.end * end + noise * *x;
                    *wanted = rise * end - slope * *x;
                }
            }
            let place: &Place = self.frame.at_step(block[0].0);
            if let Some(baseline) = &place.baseline {
                baseline.add(-1.0, &x[part.clone()], &mut to.wanted[part.clone()]);
            }
            let width = dim + FEATURES;
            let inputs = to.input[first * width..(first + block.len()) * width].chunks_exact_mut(width);
            inputs.zip(x[part].chunks_exact(dim)).for_each(|(input, x)| place.write_input(x, input));
            first += block.len();
        }
    }
}
