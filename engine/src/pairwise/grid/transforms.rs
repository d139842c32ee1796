//! Fourier transforms of a box of real numbers, axis by axis.
//!
//! Between two axes the numbers are transposed, so that the lines of the next axis are adjacent in
//! memory. Of the spectrum along the last axis only half is held, because the numbers are real.

use super::lattice::DIM;
use rayon::prelude::*;
use realfft::num_complex::Complex;
use realfft::{ComplexToReal, RealFftPlanner, RealToComplex};
use rustfft::{Fft, FftPlanner};
use std::sync::Arc;

/// Adjacent columns of a matrix that one task transposes.
const COLUMNS: usize = 8;

/// The transforms along the axes of a box of these sizes.
pub struct Transforms {
    sizes: [usize; DIM],
    forward: [Arc<dyn Fft<f64>>; 2],
    inverse: [Arc<dyn Fft<f64>>; 2],
    real: Arc<dyn RealToComplex<f64>>,
    to_real: Arc<dyn ComplexToReal<f64>>,
}

/// The two buffers of a transform, each of [`Transforms::len`] numbers. The results are in the
/// first one.
pub type Buffers<'a> = (&'a mut [f64], &'a mut [f64]);

impl Transforms {
    /// Creates the transforms of boxes of these sizes.
    pub fn of(sizes: [usize; DIM]) -> Transforms {
        let (mut complex, mut real) = (FftPlanner::new(), RealFftPlanner::new());
        let [n0, n1, n2] = sizes;
        Transforms {
            sizes,
            forward: [n0, n1].map(|n| complex.plan_fft_forward(n)),
            inverse: [n0, n1].map(|n| complex.plan_fft_inverse(n)),
            real: real.plan_fft_forward(n2),
            to_real: real.plan_fft_inverse(n2),
        }
    }

    /// The number of complex numbers of the spectrum of a line along the last axis.
    pub fn half(&self) -> usize {
        self.sizes[2] / 2 + 1
    }

    /// The number of real numbers of a buffer.
    pub fn len(&self) -> usize {
        2 * self.sizes[0] * self.sizes[1] * self.half()
    }

    /// Transforms along the last and the middle axis. `fill` writes a line along the last axis, or
    /// returns false if all its numbers are 0. The result is ordered by the middle axis, half of
    /// the last one, and the first axis.
    pub fn begin(&self, fill: impl Fn(usize, &mut [f64]) -> bool + Sync, (one, other): Buffers) {
        let ([n0, n1, n2], half) = (self.sizes, self.half());
        one.par_chunks_exact_mut(2 * half).enumerate().for_each_init(
            || (vec![0.0; n2], self.real.make_output_vec(), self.real.make_scratch_vec()),
            |(line, spectrum, scratch), (row, to)| {
                if !fill(row, line) {
                    return to.fill(0.0);
                }
                // It fails for other lengths only than those of the transform.
                let done = self.real.process_with_scratch(line, spectrum, scratch);
                debug_assert!(done.is_ok());
                write(spectrum, to);
            },
        );
        transpose(one, (n0 * n1, half), other);
        lines(other, &self.forward[1], None, |_, _| ());
        transpose(other, (half * n0, n1), one);
    }

    /// Completes the spectrum along the first axis, and calls `visit` with every line of it. If
    /// `and_back`, the lines are then transformed back.
    pub fn visit(&self, one: &mut [f64], and_back: bool, visit: impl Fn(usize, &mut [Complex<f64>]) + Sync) {
        lines(one, &self.forward[0], and_back.then_some(&self.inverse[0]), visit);
    }

    /// Transforms back along the middle and the last axis. Line `row` of real numbers is then at
    /// the beginning of part `row` of the first buffer, of `2 half` numbers. All transforms
    /// together have multiplied the numbers by their count.
    pub fn end(&self, (one, other): Buffers) {
        let ([n0, n1, n2], half) = (self.sizes, self.half());
        transpose(one, (n1, half * n0), other);
        lines(other, &self.inverse[1], None, |_, _| ());
        transpose(other, (half, n0 * n1), one);
        one.par_chunks_exact_mut(2 * half).for_each_init(
            || (self.to_real.make_input_vec(), vec![0.0; n2], self.to_real.make_scratch_vec()),
            |(values, line, scratch), to| {
                read(to, values);
                // The first and the last number of a spectrum are real, up to rounding.
                (values[0].im, values[half - 1].im) = (0.0, 0.0);
                let done = self.to_real.process_with_scratch(values, line, scratch);
                debug_assert!(done.is_ok());
                to[..n2].copy_from_slice(line);
            },
        );
    }
}

/// Returns the smallest even number that is at least `least` and has no prime factors above 5, so
/// that its transforms are fast.
pub fn fast_size(least: usize) -> usize {
    let is_smooth = |n: &usize| {
        let rest = [2, 3, 5].into_iter().fold(*n, |mut rest, prime| {
            while rest.is_multiple_of(prime) {
                rest /= prime;
            }
            rest
        });
        rest == 1
    };
    (least.div_ceil(2).max(1)..).find(is_smooth).map_or(usize::MAX, |n| 2 * n)
}

fn read(from: &[f64], values: &mut [Complex<f64>]) {
    values.iter_mut().zip(from.as_chunks::<2>().0).for_each(|(value, [re, im])| *value = Complex::new(*re, *im));
}

fn write(values: &[Complex<f64>], to: &mut [f64]) {
    to.as_chunks_mut::<2>().0.iter_mut().zip(values).for_each(|(to, value)| *to = [value.re, value.im]);
}

/// Transforms every line of complex numbers, calls `visit` with it, and transforms it back if there
/// is a transform for that.
fn lines(
    data: &mut [f64],
    forward: &Arc<dyn Fft<f64>>,
    inverse: Option<&Arc<dyn Fft<f64>>>,
    visit: impl Fn(usize, &mut [Complex<f64>]) + Sync,
) {
    let n = forward.len();
    let scratch = inverse.map_or(0, |inverse| inverse.get_inplace_scratch_len()).max(forward.get_inplace_scratch_len());
    data.par_chunks_exact_mut(2 * n).enumerate().for_each_init(
        || (vec![Complex::default(); n], vec![Complex::default(); scratch]),
        |(values, scratch), (line, data)| {
            read(data, values);
            forward.process_with_scratch(values, scratch);
            visit(line, values);
            if let Some(inverse) = inverse {
                inverse.process_with_scratch(values, scratch);
            }
            write(values, data);
        },
    );
}

/// Writes the transpose of a matrix of complex numbers.
fn transpose(from: &[f64], (rows, cols): (usize, usize), to: &mut [f64]) {
    if rows == 1 || cols == 1 {
        return to.copy_from_slice(from);
    }
    let from = from.as_chunks::<2>().0;
    to.par_chunks_mut(2 * rows * COLUMNS).enumerate().for_each(|(group, to)| {
        let to = to.as_chunks_mut::<2>().0;
        for row in 0..rows {
            for (column, to) in to[row..].iter_mut().step_by(rows).enumerate() {
                *to = from[row * cols + group * COLUMNS + column];
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f64::consts::PI;

    #[test]
    fn fast_sizes() {
        let sizes = [1, 2, 3, 7, 13, 31, 97, 1001].map(fast_size);
        assert_eq!(sizes, [2, 2, 4, 8, 16, 32, 100, 1024]);
    }

    /// The spectrum by its definition, and the way back.
    #[test]
    fn the_spectrum_of_a_box() {
        for sizes in [[4, 6, 10], [6, 1, 8], [1, 1, 12]] {
            let [n0, n1, n2] = sizes;
            let value = |i: usize, j: usize, k: usize| ((7 * i + 3 * j * j + 5 * k * i + k) % 11) as f64 - 2.0;
            let transforms = Transforms::of(sizes);
            let (mut one, mut other) = (vec![0.0; transforms.len()], vec![0.0; transforms.len()]);
            let fill = |row: usize, line: &mut [f64]| {
                line.iter_mut().enumerate().for_each(|(k, to)| *to = value(row / n1, row % n1, k));
                true
            };
            transforms.begin(fill, (&mut one, &mut other));
            let wanted = |[a, b, c]: [usize; 3]| {
                let mut sum = Complex::new(0.0, 0.0);
                for (i, j, k) in (0..n0 * n1 * n2).map(|at| (at / (n1 * n2), at / n2 % n1, at % n2)) {
                    let turns = (a * i) as f64 / n0 as f64 + (b * j) as f64 / n1 as f64 + (c * k) as f64 / n2 as f64;
                    sum += Complex::from_polar(value(i, j, k), -2.0 * PI * turns);
                }
                sum
            };
            let half = transforms.half();
            transforms.visit(&mut one, true, |line, values| {
                for (a, value) in values.iter().enumerate() {
                    let want = wanted([a, line / half, line % half]);
                    assert!((value - want).norm() < 1e-10, "{sizes:?} {a} {line}: {value} {want}");
                }
            });
            transforms.end((&mut one, &mut other));
            for (row, line) in one.chunks(2 * half).enumerate() {
                for (k, got) in line[..n2].iter().enumerate() {
                    let want = (n0 * n1 * n2) as f64 * value(row / n1, row % n1, k);
                    assert!((got - want).abs() < 1e-9, "{sizes:?} {row} {k}: {got} {want}");
                }
            }
        }
    }
}
