//! The frames of panels, for points whose extent is much larger than the scale of their
//! neighbourhoods.
//!
//! With one centre for all points, the error of a coordinate is `eps |x|`, and one point at `1e8`
//! removes all digits of the other points. If points are sorted, every panel of queries therefore
//! has its own centre, and coordinates of sources are stored in two parts, the rounded value and
//! the remainder. The error of both together is `eps^2 |x|`. When a block of sources is combined
//! with a panel, the block is moved into the frame of the panel. The coordinates of its centre are
//! numbers of the working type, so the difference of near numbers is exact, and the rounded numbers
//! are as small as the distances. The additional cost is one pass over the coordinates of a block
//! for each panel of 24 to 48 queries.

use super::Packed;
use crate::pairwise::loops::tile::Form;
use crate::simd::{Buffer, Real};
use pulp::Simd;

/// A block in the frame of a panel.
#[derive(Debug, Default)]
pub struct Moved<T> {
    x: Buffer<T>,
    bias: Buffer<T>,
}

impl<T: Real> Moved<T> {
    /// Moves sources `from .. from + count` into the frame of a panel. `shift` contains the centre
    /// of the panel once for each lane of a register. Returns the coordinates and the biases of the
    /// scores.
    #[inline(always)]
    pub fn block<'a, S: Simd>(
        &'a mut self,
        simd: S,
        packed: &'a Packed<T>,
        (from, count): (usize, usize),
        shift: &[T],
        form: Form,
    ) -> (&'a [T], &'a [T]) {
        let (dim, size) = (packed.dim, count * packed.dim);
        // The size is rounded up to whole registers, because the memory after the last source may
        // be read.
        let to = self.x.take(size.next_multiple_of(T::lanes::<S>()));
        let to = T::registers_mut::<S>(to).chunks_mut(dim);
        let high = T::registers::<S>(packed.from(from)).chunks(dim);
        let low = T::registers::<S>(packed.low(from)).chunks(dim);
        let shift = T::registers::<S>(shift);
        for (to, (high, low)) in to.zip(high.zip(low)) {
            for (to, ((high, low), shift)) in to.iter_mut().zip(high.iter().zip(low).zip(shift)) {
                *to = T::add(simd, T::sub(simd, *high, *shift), *low);
            }
        }
        let (x, bias) = (self.x.slice(size), packed.bias(from, count));
        if form == Form::Difference {
            return (x, bias);
        }
        let to = self.bias.take(count);
        for (to, (bias, x)) in to.iter_mut().zip(bias.iter().zip(x.chunks_exact(dim))) {
            *to = T::from_f64(bias.to_f64() - super::square(x));
        }
        (x, to)
    }
}
