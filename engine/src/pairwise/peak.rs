//! The peak rates of the machine, for comparison.

use super::Isa;
use crate::simd::{TILE, Terms, Tiles, matrix_units};
use pulp::{Simd, WithSimd};
use std::hint::black_box;
use std::time::Instant;

/// The number of independent accumulators: more than the product of latency and ports of any
/// machine.
const CHAINS: usize = 12;

/// Rounds per measurement, which takes some 20 ms.
const ROUNDS: usize = 4_000_000;

/// Steps of a loop over tiles, and loops per measurement, which takes some 20 ms.
const STEPS: usize = 4;
const TILE_ROUNDS: usize = 70_000;

/// Returns the measured f32 operations per second of all threads of the current rayon pool. All
/// threads compute independent fused multiply-adds in registers at the same time; a multiply-add
/// counts as two operations.
pub fn fma_peak(isa: Isa) -> f64 {
    let start = Instant::now();
    let lanes = rayon::broadcast(|_| isa.run(Chains));
    let flops = 2 * CHAINS * ROUNDS * lanes.iter().sum::<usize>();
    flops as f64 / start.elapsed().as_secs_f64()
}

/// Returns the measured bfloat16 operations per second of the matrix units of all threads at the
/// same time, with operands in the first-level cache. One split product takes three or six bfloat16
/// products. None on a machine without matrix units. The units may be shared with another processor
/// that the system does not show: if two measurements differ by a factor of two, another program
/// used the units.
pub fn matrix_peak() -> Option<f64> {
    if !matrix_units() {
        return None;
    }
    let operand = vec![0u16; 2 * STEPS * TILE];
    let start = Instant::now();
    let products: usize = rayon::broadcast(|_| {
        let Some(tiles) = Tiles::acquire() else { return 0 };
        for _ in 0..TILE_ROUNDS {
            let stripe = black_box(&operand[..]);
            tiles.add(Terms::Three, STEPS, [stripe; 2], [stripe; 2]);
        }
        12 * STEPS * TILE_ROUNDS
    })
    .iter()
    .sum();
    Some((2 * 16 * TILE * products) as f64 / start.elapsed().as_secs_f64())
}

struct Chains;

impl WithSimd for Chains {
    /// Lanes per register.
    type Output = usize;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> usize {
        let (a, b) = (simd.splat_f32s(black_box(0.999)), simd.splat_f32s(black_box(1e-3)));
        let mut acc = [simd.splat_f32s(1.0); CHAINS];
        for _ in 0..ROUNDS {
            for x in &mut acc {
                *x = simd.mul_add_f32s(*x, a, b);
            }
        }
        black_box(acc);
        S::F32_LANES
    }
}
