//! `2^s` by a polynomial, without a branch.
//!
//! Let `s = n + r` with the nearest integer `n`. The remainder `r` in `[-1/2, 1/2]` is exact. `2^r`
//! is approximated by the polynomial that is exact at the Chebyshev nodes, and `n` is added to the
//! exponent bits. Adding `1.5 2^(mantissa bits)` rounds to the nearest integer and leaves `n` in
//! the low bits of the sum. All exponents are in base 2: the factor `log2 e` is part of the scale
//! of the coordinates, so no reduction by `ln 2` costs time or digits.
//!
//! With 512 bits, one instruction gives `r = s - floor(s)` and another one multiplies by
//! `2^floor(s)`, which is a third less work. The polynomial is then the one with the smallest error
//! over `[0, 1]`.
//!
//! The error is at most 2 ulp. Results below about the smallest normal number are 0, also for `s =
//! -inf`. The result is meaningful only if `s` is not NaN and does not exceed the largest exponent
//! (127 or 1023).

use pulp::{Simd, bytemuck};

/// Coefficients of `2^r`, lowest degree first; the truncation error is 4e-9.
const POLY_F32: [f32; 7] =
    [1.0, std::f32::consts::LN_2, 0.240_226_5, 0.055_503_27, 0.009_618_057, 0.001_340_042_8, 0.000_154_614_45];

/// Coefficients of `2^r`, lowest degree first; the truncation error is 3e-18.
const POLY_F64: [f64; 12] = [
    1.0,
    std::f64::consts::LN_2,
    0.240_226_506_959_101_58,
    0.055_504_108_664_821_625,
    0.009_618_129_107_587_256,
    0.001_333_355_814_640_647,
    0.000_154_035_304_637_243_53,
    1.525_273_384_155_677_3e-5,
    1.321_543_253_591_237_5e-6,
    1.017_805_708_773_394_1e-7,
    7.074_194_297_288_521e-9,
    4.455_817_908_336_064_5e-10,
];

/// The result is 0 for smaller `s`.
const LOWEST_F32: f32 = -125.5;
const LOWEST_F64: f64 = -1021.5;

/// Returns `2^s` for every lane.
#[inline(always)]
pub fn exp2_f32<S: Simd>(simd: S, s: S::f32s) -> S::f32s {
    #[cfg(target_arch = "x86_64")]
    if let Some(simd) = wide::set(&simd) {
        return bytemuck::cast(wide::exp2_f32(simd, bytemuck::cast(s)));
    }
    let magic = simd.splat_f32s(12_582_912.0);
    let shifted = simd.add_f32s(s, magic);
    let r = simd.sub_f32s(s, simd.sub_f32s(shifted, magic));
    let mut p = simd.splat_f32s(POLY_F32[6]);
    for c in POLY_F32[..6].iter().rev() {
        p = simd.mul_add_e_f32s(p, r, simd.splat_f32s(*c));
    }
    let n = simd.wrapping_dyn_shl_u32s(simd.transmute_u32s_f32s(shifted), simd.splat_u32s(23));
    let scaled = simd.transmute_f32s_u32s(simd.add_u32s(simd.transmute_u32s_f32s(p), n));
    let normal = simd.greater_than_f32s(s, simd.splat_f32s(LOWEST_F32));
    simd.select_f32s(normal, scaled, simd.splat_f32s(0.0))
}

/// Returns `2^s` for every lane.
#[inline(always)]
pub fn exp2_f64<S: Simd>(simd: S, s: S::f64s) -> S::f64s {
    #[cfg(target_arch = "x86_64")]
    if let Some(simd) = wide::set(&simd) {
        return bytemuck::cast(wide::exp2_f64(simd, bytemuck::cast(s)));
    }
    let magic = simd.splat_f64s(6_755_399_441_055_744.0);
    let whole = simd.sub_f64s(simd.add_f64s(s, magic), magic);
    let r = simd.sub_f64s(s, whole);
    let mut p = simd.splat_f64s(POLY_F64[11]);
    for c in POLY_F64[..11].iter().rev() {
        p = simd.mul_add_e_f64s(p, r, simd.splat_f64s(*c));
    }
    let n: S::u64s = if size_of::<S::u32s>() == size_of::<S::f64s>() {
        // pulp shifts only 32-bit lanes. Adding 1.5 2^20 moves the last bit of the integer to the
        // bottom of the upper half.
        let shifted: S::u32s = bytemuck::cast(simd.add_f64s(whole, simd.splat_f64s(1_572_864.0)));
        bytemuck::cast(simd.wrapping_dyn_shl_u32s(shifted, simd.splat_u32s(20)))
    } else {
        // A single lane has no 32-bit halves. A multiplication by 2^52 shifts it at little cost.
        let bits = simd.transmute_u64s_f64s(simd.add_f64s(whole, magic));
        simd.mul_u64s(bits, simd.splat_u64s(1 << 52))
    };
    let scaled = simd.transmute_f64s_u64s(simd.add_u64s(simd.transmute_u64s_f64s(p), n));
    let normal = simd.greater_than_f64s(s, simd.splat_f64s(LOWEST_F64));
    simd.select_f64s(normal, scaled, simd.splat_f64s(0.0))
}

/// The same functions with the instructions of AVX-512.
#[cfg(target_arch = "x86_64")]
mod wide {
    use super::{LOWEST_F32, LOWEST_F64};
    use pulp::x86::V4;
    use pulp::{Simd, bytemuck, f32x16, f64x8};
    use std::any::Any;

    /// Coefficients of `2^r` over `[0, 1]`, lowest degree first. The largest error, 1.2e-7 or 1
    /// ulp, is the smallest possible with `2^0 = 1`.
    const POLY_F32: [f32; 6] = [1.0, 0.693_152_5, 0.240_152_8, 0.055_835_925, 0.008_973_379, 0.001_885_297_4];

    /// Coefficients of `2^r` over `[0, 1]`, lowest degree first; the relative truncation error is
    /// 3.2e-18.
    const POLY_F64: [f64; 12] = [
        1.0,
        0.693_147_180_559_946,
        0.240_226_506_959_063_3,
        0.055_504_108_665_602_23,
        0.009_618_129_099_550_945,
        0.001_333_355_862_956_047_4,
        0.000_154_035_123_097_948_87,
        1.525_317_505_270_448_7e-5,
        1.320_836_732_083_461_7e-6,
        1.025_321_221_306_672_1e-7,
        6.559_530_207_647_370_4e-9,
        6.263_464_614_374_822e-10,
    ];

    /// The immediate operand with which the instruction returns `s - floor(s)`.
    const FRACTION: i32 = 0x09;

    /// Returns the instruction set if it is AVX-512.
    #[inline(always)]
    pub fn set<S: Simd>(simd: &S) -> Option<V4> {
        (simd as &dyn Any).downcast_ref().copied()
    }

    #[inline(always)]
    pub fn exp2_f32(simd: V4, s: f32x16) -> f32x16 {
        let r: f32x16 = bytemuck::cast(simd.avx512dq._mm512_reduce_ps::<FRACTION>(bytemuck::cast(s)));
        let mut p = simd.splat_f32s(POLY_F32[5]);
        for c in POLY_F32[..5].iter().rev() {
            p = simd.mul_add_e_f32s(p, r, simd.splat_f32s(*c));
        }
        let normal = simd.greater_than_f32s(s, simd.splat_f32s(LOWEST_F32));
        bytemuck::cast(simd.avx512f._mm512_maskz_scalef_ps(normal.0, bytemuck::cast(p), bytemuck::cast(s)))
    }

    #[inline(always)]
    pub fn exp2_f64(simd: V4, s: f64x8) -> f64x8 {
        let r: f64x8 = bytemuck::cast(simd.avx512dq._mm512_reduce_pd::<FRACTION>(bytemuck::cast(s)));
        let mut p = simd.splat_f64s(POLY_F64[11]);
        for c in POLY_F64[..11].iter().rev() {
            p = simd.mul_add_e_f64s(p, r, simd.splat_f64s(*c));
        }
        let normal = simd.greater_than_f64s(s, simd.splat_f64s(LOWEST_F64));
        bytemuck::cast(simd.avx512f._mm512_maskz_scalef_pd(normal.0, bytemuck::cast(p), bytemuck::cast(s)))
    }
}

#[cfg(test)]
mod tests {
    use super::super::{isa::Isa, real::Real};
    use pulp::{Simd, WithSimd};

    struct Apply<'a, T>(&'a mut [T]);

    impl<T: Real> WithSimd for Apply<'_, T> {
        type Output = ();
        #[inline(always)]
        fn with_simd<S: Simd>(self, simd: S) {
            for v in T::registers_mut::<S>(self.0) {
                *v = T::exp2(simd, *v);
            }
        }
    }

    #[test]
    fn f32_is_within_two_ulp_over_the_whole_range() {
        for isa in Isa::available() {
            let mut s: Vec<f32> = (0..4_000_000).map(|i| -126.0 + 252.9 * i as f32 / 4e6).collect();
            s.extend((0..320_000).map(|i| (i as f32 - 16e4) * 1e-9));
            let x = s.clone();
            isa.run(Apply(&mut s));
            let mut worst = 0.0f64;
            for (x, y) in x.iter().zip(&s).filter(|(x, _)| **x > -125.5) {
                let want = f64::from(*x).exp2();
                let ulp = f64::from((want as f32).next_up() - want as f32);
                worst = worst.max((f64::from(*y) - want).abs() / ulp);
            }
            assert!(worst <= 2.0, "{isa:?}: {worst} ulp");
        }
    }

    #[test]
    fn f64_is_within_two_ulp_over_the_whole_range() {
        for isa in Isa::available() {
            let mut s: Vec<f64> = (0..2_000_000).map(|i| -1022.0 + 2045.9 * f64::from(i) / 2e6).collect();
            s.extend((0..32_000).map(|i| (f64::from(i) - 16e3) * 1e-13));
            let x = s.clone();
            isa.run(Apply(&mut s));
            let mut worst = 0.0f64;
            for (x, y) in x.iter().zip(&s).filter(|(x, _)| **x > -1021.5) {
                let want = libm::exp2(*x);
                worst = worst.max((y - want).abs() / (want.next_up() - want));
            }
            assert!(worst <= 2.0, "{isa:?}: {worst} ulp");
        }
    }

    #[test]
    fn far_below_is_zero_and_zero_is_one() {
        for isa in Isa::available() {
            let mut low = [f32::NEG_INFINITY; 16];
            (low[0], low[1], low[2], low[3]) = (0.0, -200.0, -1e30, -126.6);
            isa.run(Apply(&mut low));
            assert_eq!(low[..5], [1.0, 0.0, 0.0, 0.0, 0.0]);
            let mut low = [f64::NEG_INFINITY; 16];
            (low[0], low[1], low[2], low[3]) = (0.0, -1500.0, -1e300, -1023.0);
            isa.run(Apply(&mut low));
            assert_eq!(low[..5], [1.0, 0.0, 0.0, 0.0, 0.0]);
        }
    }
}
