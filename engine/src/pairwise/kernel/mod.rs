//! Radial kernels as functions of the squared distance.

pub mod radial_profile;

use crate::{Error, Result};
use serde::{Deserialize, Serialize};

/// A kernel `k(x, y) = value(|x - y|^2)` with bandwidth `h` in the data's units.
///
/// In data it is a tagged map, `#{kernel: "gaussian", h: 0.5}`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kernel", rename_all = "lowercase", deny_unknown_fields)]
pub enum Kernel {
    /// `exp(-d^2 / (2 h^2))`
    Gaussian {
        /// Bandwidth.
        h: f64,
    },
    /// `exp(-d / h)`
    Laplace {
        /// Bandwidth.
        h: f64,
    },
    /// Inverse multiquadric `(1 + d^2 / h^2)^(-1/2)`
    Imq {
        /// Bandwidth.
        h: f64,
    },
    /// `(1 + a) exp(-a)`, `a = sqrt(3) d / h`
    Matern32 {
        /// Bandwidth.
        h: f64,
    },
    /// `(1 + a + a^2 / 3) exp(-a)`, `a = sqrt(5) d / h`
    Matern52 {
        /// Bandwidth.
        h: f64,
    },
    /// `-d`: conditionally positive definite; its MMD^2 is the energy distance [sejdinovic2013equivalence].
    Energy,
}

impl Kernel {
    /// `k` at squared distance `d2 >= 0`.
    pub fn value(&self, d2: f64) -> f64 {
        match *self {
            Kernel::Gaussian { h } => (-0.5 * d2 / (h * h)).exp(),
            Kernel::Laplace { h } => (-d2.sqrt() / h).exp(),
            Kernel::Imq { h } => 1.0 / (1.0 + d2 / (h * h)).sqrt(),
            Kernel::Matern32 { h } => {
                let a = (3.0 * d2).sqrt() / h;
                (1.0 + a) * (-a).exp()
            }
            Kernel::Matern52 { h } => {
                let a = (5.0 * d2).sqrt() / h;
                (1.0 + a + a * a / 3.0) * (-a).exp()
            }
            Kernel::Energy => -d2.sqrt(),
        }
    }

    /// The slope `2 dk/d(d^2)`, so that `grad_x k(x, y) = slope (x - y)`. Where the gradient has a kink
    /// (laplace and energy at `d = 0`) the slope is 0, its mean over directions.
    pub fn slope(&self, d2: f64) -> f64 {
        match *self {
            Kernel::Gaussian { h } => -self.value(d2) / (h * h),
            Kernel::Laplace { h } => {
                if d2 > 0.0 {
                    -self.value(d2) / (h * d2.sqrt())
                } else {
                    0.0
                }
            }
            Kernel::Imq { h } => -self.value(d2).powi(3) / (h * h),
            Kernel::Matern32 { h } => -3.0 * (-(3.0 * d2).sqrt() / h).exp() / (h * h),
            Kernel::Matern52 { h } => {
                let a = (5.0 * d2).sqrt() / h;
                -5.0 / 3.0 * (1.0 + a) * (-a).exp() / (h * h)
            }
            Kernel::Energy => {
                if d2 > 0.0 {
                    -1.0 / d2.sqrt()
                } else {
                    0.0
                }
            }
        }
    }

    /// `log k`, where `k` itself may vanish in f64; NaN for the energy kernel.
    pub fn log_value(&self, d2: f64) -> f64 {
        match *self {
            Kernel::Gaussian { h } => -0.5 * d2 / (h * h),
            Kernel::Laplace { h } => -d2.sqrt() / h,
            Kernel::Imq { h } => -0.5 * (d2 / (h * h)).ln_1p(),
            Kernel::Matern32 { h } => {
                let a = (3.0 * d2).sqrt() / h;
                a.ln_1p() - a
            }
            Kernel::Matern52 { h } => {
                let a = (5.0 * d2).sqrt() / h;
                (a + a * a / 3.0).ln_1p() - a
            }
            Kernel::Energy => f64::NAN,
        }
    }

    /// Slope over value, so that `grad_x log k(x, y) = log_slope (x - y)`; 0 at a kink, NaN for the energy kernel.
    pub fn log_slope(&self, d2: f64) -> f64 {
        match *self {
            Kernel::Gaussian { h } => -1.0 / (h * h),
            Kernel::Laplace { .. } if d2 == 0.0 => 0.0,
            Kernel::Laplace { h } => -1.0 / (h * d2.sqrt()),
            Kernel::Imq { h } => -1.0 / (h * h + d2),
            Kernel::Matern32 { h } => -3.0 / (h * h * (1.0 + (3.0 * d2).sqrt() / h)),
            Kernel::Matern52 { h } => {
                let a = (5.0 * d2).sqrt() / h;
                -5.0 / 3.0 * (1.0 + a) / (h * h * (1.0 + a + a * a / 3.0))
            }
            Kernel::Energy => f64::NAN,
        }
    }

    /// The same kernel with bandwidth `h`; the energy kernel has none and stays.
    pub fn with_bandwidth(self, h: f64) -> Kernel {
        match self {
            Kernel::Gaussian { .. } => Kernel::Gaussian { h },
            Kernel::Laplace { .. } => Kernel::Laplace { h },
            Kernel::Imq { .. } => Kernel::Imq { h },
            Kernel::Matern32 { .. } => Kernel::Matern32 { h },
            Kernel::Matern52 { .. } => Kernel::Matern52 { h },
            Kernel::Energy => Kernel::Energy,
        }
    }

    /// The bandwidth; 1 for the energy kernel, which has none.
    pub fn bandwidth(&self) -> f64 {
        match *self {
            Kernel::Gaussian { h }
            | Kernel::Laplace { h }
            | Kernel::Imq { h }
            | Kernel::Matern32 { h }
            | Kernel::Matern52 { h } => h,
            Kernel::Energy => 1.0,
        }
    }

    /// # Errors
    /// A bandwidth that is not positive and finite.
    pub fn check(&self) -> Result<()> {
        let h = self.bandwidth();
        if h > 0.0 && h.is_finite() { Ok(()) } else { Err(Error::argument("h", h, "a bandwidth must be positive")) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Kernel; 6] = [
        Kernel::Gaussian { h: 0.7 },
        Kernel::Laplace { h: 0.7 },
        Kernel::Imq { h: 0.7 },
        Kernel::Matern32 { h: 0.7 },
        Kernel::Matern52 { h: 0.7 },
        Kernel::Energy,
    ];

    #[test]
    fn slope_is_twice_the_derivative_of_value() {
        for k in ALL {
            for d2 in [0.01, 0.3, 1.0, 7.0] {
                let step = 1e-6 * d2;
                let numeric = (k.value(d2 + step) - k.value(d2 - step)) / step;
                assert!((k.slope(d2) - numeric).abs() < 1e-6 * numeric.abs().max(1e-3), "{k:?} at {d2}");
            }
        }
    }

    #[test]
    fn logarithms_are_those_of_value_and_slope() {
        for k in &ALL[..5] {
            for d2 in [0.0, 0.01, 1.0, 7.0] {
                assert!((k.log_value(d2) - k.value(d2).ln()).abs() < 1e-12, "{k:?} at {d2}");
                assert!((k.log_slope(d2) - k.slope(d2) / k.value(d2)).abs() <= 1e-12 * k.log_slope(d2).abs(), "{k:?}");
            }
        }
    }

    #[test]
    fn reference_values_at_distance_h() {
        let e = std::f64::consts::E;
        let want = [
            (-0.5f64).exp(),
            1.0 / e,
            0.5f64.sqrt(),
            (1.0 + 3f64.sqrt()) * (-(3f64.sqrt())).exp(),
            (1.0 + 5f64.sqrt() + 5.0 / 3.0) * (-(5f64.sqrt())).exp(),
            -0.7,
        ];
        for (k, want) in ALL.iter().zip(want) {
            assert!((k.value(0.49) - want).abs() < 1e-14, "{k:?}");
        }
    }
}
