//! Reproducible random numbers without a generator state.
//!
//! A [`Stream`] is a key that consists of the seed, labels and counters. Each key has its own
//! generator (xoshiro256++ \[blackman2021scrambled\]). The noise of a step therefore depends on the
//! step, not on what ran before it. A run can be resumed, split over threads or repeated with the
//! same bytes.

use crate::Points;
use crate::points::dot;
use rand::{Rng as _, RngExt as _, SeedableRng};
use rand_distr::{Distribution, StandardNormal};
use rand_xoshiro::Xoshiro256PlusPlus;
use rayon::prelude::*;
use std::collections::HashMap;

/// Values per chunk of a bulk fill. Every chunk has its own key.
const CHUNK: usize = 8192;

/// A key from which random numbers are drawn.
///
/// ```
/// use sdflow::rng::Stream;
/// let noise = Stream::new(7).label("noise");
/// assert_eq!(noise.at(3).rng().normal(), noise.at(3).rng().normal());
/// assert_ne!(noise.at(3).rng().normal(), noise.at(4).rng().normal());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Stream(u64);

impl Stream {
    /// Returns the root of all streams of `seed`.
    pub fn new(seed: u64) -> Stream {
        Stream(mix(seed ^ 0x5d_f1_0e_5d_f1_0e_5d_f1))
    }

    /// Returns the sub-stream of a purpose.
    pub fn label(self, label: &str) -> Stream {
        label.bytes().fold(self.at(label.len() as u64), |s, b| s.at(u64::from(b)))
    }

    /// Returns the sub-stream of a counter: a step, a chunk, a repetition.
    pub fn at(self, index: u64) -> Stream {
        Stream(mix(self.0 ^ mix(index.wrapping_add(0x9e37_79b9_7f4a_7c15))))
    }

    /// Returns the generator of this key.
    pub fn rng(self) -> Rng {
        Rng(Xoshiro256PlusPlus::seed_from_u64(self.0))
    }

    /// Fills `out` with independent standard normal values, in parallel. The bytes depend only on
    /// the key.
    pub fn fill_normal(self, out: &mut [f64]) {
        out.par_chunks_mut(CHUNK).enumerate().for_each(|(chunk, values)| {
            let mut rng = self.at(chunk as u64).rng();
            values.iter_mut().for_each(|v| *v = rng.normal());
        });
    }

    /// Writes `out = centre + scale e`, with the values `e` of [`Stream::fill_normal`]. `out` and
    /// `centre` have equal lengths.
    pub fn scatter_normal(self, centre: &[f64], scale: f64, out: &mut [f64]) {
        out.par_chunks_mut(CHUNK).zip(centre.par_chunks(CHUNK)).enumerate().for_each(|(chunk, (values, centre))| {
            let mut rng = self.at(chunk as u64).rng();
            values.iter_mut().zip(centre).for_each(|(v, c)| *v = c + scale * rng.normal());
        });
    }

    /// Adds `scale e` to `out`, with the values `e` of [`Stream::fill_normal`].
    pub fn add_normal(self, scale: f64, out: &mut [f64]) {
        out.par_chunks_mut(CHUNK).enumerate().for_each(|(chunk, values)| {
            let mut rng = self.at(chunk as u64).rng();
            values.iter_mut().for_each(|v| *v += scale * rng.normal());
        });
    }

    /// Returns `n` standard normal points of dimension `dim`.
    pub fn normal(self, n: usize, dim: usize) -> Points {
        let mut points = Points::zeros(n, dim);
        self.fill_normal(points.data_mut());
        points
    }

    /// Returns a random orthonormal basis, uniform over all orthonormal bases. Normal vectors are
    /// orthogonalised twice. The cost is `dim^3`.
    pub(crate) fn orthonormal_basis(self, dim: usize) -> Vec<Vec<f64>> {
        let mut basis: Vec<Vec<f64>> = Vec::with_capacity(dim);
        for normal in self.normal(dim, dim).iter() {
            let mut axis = normal.to_vec();
            for _ in 0..2 {
                for other in &basis {
                    let share = dot(&axis, other);
                    axis.iter_mut().zip(other).for_each(|(a, o)| *a -= share * o);
                }
                let length = dot(&axis, &axis).sqrt();
                axis.iter_mut().for_each(|a| *a /= length);
            }
            basis.push(axis);
        }
        basis
    }
}

/// SplitMix64's finaliser \[steele2014fast\]: a bijection of 64-bit numbers in which every input
/// bit affects every output bit.
fn mix(x: u64) -> u64 {
    let x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

/// A generator, returned by [`Stream::rng`].
#[derive(Debug, Clone)]
pub struct Rng(Xoshiro256PlusPlus);

/// If fewer than one in this many indices is chosen, the list of all indices is not built.
const FEW: usize = 8;

impl Rng {
    /// Returns a standard normal number.
    pub fn normal(&mut self) -> f64 {
        StandardNormal.sample(&mut self.0)
    }

    /// Returns a uniform number in `[0, 1)`.
    pub fn uniform(&mut self) -> f64 {
        // The number is 53 random bits times 2^-53. It is computed here so that the values do not
        // depend on another crate.
        (self.0.next_u64() >> 11) as f64 * (1.0 / (1u64 << 53) as f64)
    }

    /// Returns a uniform integer in `0 .. n`, for `n >= 1`.
    pub fn below(&mut self, n: usize) -> usize {
        self.0.random_range(0..n)
    }

    /// Returns a Gamma variate of shape `shape > 0` and scale 1.
    pub fn gamma(&mut self, shape: f64) -> f64 {
        rand_distr::Gamma::new(shape, 1.0).map_or(f64::NAN, |g| g.sample(&mut self.0))
    }

    /// Returns `k` different indices below `n` in random order, or all indices if `k` is larger
    /// than `n`. The first indices are the same for every `k`.
    pub fn choose(&mut self, n: usize, k: usize) -> Vec<usize> {
        let k = k.min(n);
        if k < n / FEW {
            // Instead of the list of all indices, only the entries that were swapped are kept.
            let mut moved: HashMap<usize, usize> = HashMap::with_capacity(2 * k);
            return (0..k)
                .map(|i| {
                    let j = i + self.below(n - i);
                    let own = moved.remove(&i).unwrap_or(i);
                    if i == j { own } else { moved.insert(j, own).unwrap_or(j) }
                })
                .collect();
        }
        let mut indices: Vec<usize> = (0..n).collect();
        for i in 0..k {
            let j = i + self.below(n - i);
            indices.swap(i, j);
        }
        indices.truncate(k);
        indices
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_of_few_begins_a_choice_of_all() {
        let all = Stream::new(1).rng().choose(1_000, 1_000);
        for k in [0, 1, 50, 124, 125, 700] {
            assert_eq!(Stream::new(1).rng().choose(1_000, k), all[..k], "{k}");
        }
        let few = Stream::new(2).rng().choose(1 << 40, 3);
        assert!(few.iter().all(|i| *i < 1 << 40) && few[0] != few[1]);
    }

    #[test]
    fn scattered_points_are_the_same_bytes_for_any_number_of_threads() {
        let stream = Stream::new(5).label("scatter");
        let centre = Stream::new(6).normal(300, 61);
        let noise = stream.normal(300, 61);
        let want: Vec<f64> = centre.data().iter().zip(noise.data()).map(|(c, e)| c + 0.3 * e).collect();
        for threads in [1, 2, 5] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let mut got = vec![0.0; want.len()];
            pool.install(|| stream.scatter_normal(centre.data(), 0.3, &mut got));
            assert_eq!(got, want);
            // A shorter fill gives the first values of a longer one.
            pool.install(|| stream.scatter_normal(&centre.data()[..700], 0.3, &mut got[..700]));
            assert_eq!(got, want);
        }
    }
}
