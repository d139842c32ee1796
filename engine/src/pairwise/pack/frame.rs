//! Centres of blocks and panels, for points whose extent is much larger than the scale of their neighbourhoods.
//!
//! One centre for all points leaves a coordinate `eps |x|` wrong, and with one point at `1e8` no other keeps a digit.
//! Where points are in space order, every block of sources is therefore packed around its own centre and every panel of
//! queries around its own, and a block is moved into the panel's frame when the two meet: the shift is a difference of
//! centres in f64, so all that is rounded is as small as the distances. A block costs its size once per panel of 24 to 48
//! queries, beside as many distances each.

use super::Packed;
use crate::pairwise::loops::tile::Form;
use crate::simd::{Buffer, Real};

/// A block in the frame of a panel.
#[derive(Debug, Default)]
pub struct Moved<T> {
    x: Buffer<T>,
    bias: Buffer<T>,
}

impl<T: Real> Moved<T> {
    /// Moves sources `from .. from + count`, all of one block, to around `centre`. Returns coordinates, what scores start
    /// with, and the distance by which they were moved.
    #[inline(always)]
    pub fn block(
        &mut self,
        packed: &Packed<T>,
        (from, count): (usize, usize),
        centre: &[f64],
        form: Form,
    ) -> (&[T], &[T], f64) {
        let dim = packed.dim;
        let old = packed.block_centre(from);
        let x = self.x.take(count * dim);
        x.copy_from_slice(packed.x(from, count));
        let bias = self.bias.take(count);
        bias.copy_from_slice(packed.bias(from, count));
        let mut moved = 0.0;
        for (k, (old, new)) in old.iter().zip(centre).enumerate() {
            let shift = (old - new) * packed.scale;
            moved += shift * shift;
            let shift = T::from_f64(shift);
            x.iter_mut().skip(k).step_by(dim).for_each(|x| *x = x.plus(shift));
        }
        if form == Form::Product {
            for (bias, x) in bias.iter_mut().zip(x.chunks_exact(dim)) {
                *bias = T::from_f64(bias.to_f64() - super::square(x));
            }
        }
        (x, bias, moved.sqrt())
    }
}

/// The median of `count` points on every axis: it stays with the many when a few are far away.
pub fn median<'a>(count: usize, point: impl Fn(usize) -> &'a [f64], dim: usize, axis: &mut Vec<f64>, to: &mut [f64]) {
    for (k, to) in to[..dim].iter_mut().enumerate() {
        axis.clear();
        axis.extend((0..count).map(|i| point(i)[k]));
        let middle = count / 2;
        *to = *axis.select_nth_unstable_by(middle, f64::total_cmp).1;
    }
}
