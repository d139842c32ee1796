//! Radial kernels, one file each, and their registry.
//!
//! A new kernel is a file with one type that implements [`RadialKernel`], and one line in
//! `registry!` below, in which `as` may give its function in scripts another name. That line
//! provides the variant of [`Kernel`] and its name in data, the dispatch of the backends, the
//! function of the script language, the value of `--kernel` on the command line, and the kernel's
//! rows in every test that compares backends.

mod radial_profile;
#[cfg(test)]
mod tests;

use crate::simd::Real;
use crate::{Error, Result, Rule};
use pulp::Simd;
use radial_profile as lanes;
use serde::{Deserialize, Serialize};

/// A very low score `-t`: `2^-sqrt(t)` is 0, but a polynomial in `sqrt(t)` is finite, so that their
/// product is 0 and not `inf * 0 = NaN`.
const FAR: f64 = -1e30;

/// The value or the slope of a kernel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Part {
    /// `k(d^2)`
    Value,
    /// `2 dk/d(d^2)`
    Slope,
}

/// A kernel `k` as a function of the squared distance.
///
/// The backends multiply coordinates by `scale`, so that a score is `-t` with `t = scale^2 d^2`.
/// The value or the slope is then `factor f(t)`.
pub trait RadialKernel {
    /// Returns `k` at squared distance `d2 >= 0`.
    fn value(&self, d2: f64) -> f64;

    /// Returns `2 dk/d(d^2)`, so that `grad_x k(x, y) = slope (x - y)`; 0 where the gradient has a
    /// kink.
    fn slope(&self, d2: f64) -> f64;

    /// Returns `log k` and the ratio of slope to value, also where `k` itself is 0 in f64; None for
    /// a kernel that is not positive.
    fn log(&self, _d2: f64) -> Option<[f64; 2]> {
        None
    }

    /// Returns `scale`, the factor of the coordinates, and `factor`, the factor of the sums. The
    /// unit of a kernel without a bandwidth is `spread`, the scale of the sources.
    fn units(&self, part: Part, spread: f64) -> (f64, f64);

    /// Returns the number of cells per bandwidth with which a box of cells gives sums of the kernel
    /// with this tolerance; None if the spectrum of the kernel is too long for a grid, as it is if
    /// the kernel has a kink.
    fn cells_per_bandwidth(&self, _part: Part, _tolerance: f64) -> Option<f64> {
        None
    }

    /// Returns a score at which the lane profile is 0.
    fn vanishing_score(_part: Part) -> f64
    where
        Self: Sized,
    {
        f64::NEG_INFINITY
    }

    /// Returns the function `f` of the kernel's value at the score `-t <= 0`.
    fn value_lanes<T: Real, S: Simd>(simd: S, score: T::Lanes<S>) -> T::Lanes<S>
    where
        Self: Sized;

    /// Returns the function `f` of the kernel's slope at the score `-t <= 0`.
    fn slope_lanes<T: Real, S: Simd>(simd: S, score: T::Lanes<S>) -> T::Lanes<S>
    where
        Self: Sized;

    /// Returns the exponent `e` and the prefactor `g` at the score `-t <= 0`. The function of the
    /// kernel's value is `g 2^e`; the prefactor is None if it is 1. The exponent is at most 0 and
    /// contains the exponential decay of the kernel, so that a softmax can subtract the largest
    /// exponent. The prefactor decays no faster than a power of `t`. The default suits a kernel
    /// without an exponential, whose exponent is 0.
    #[inline(always)]
    fn softmax_lanes<T: Real, S: Simd>(simd: S, score: T::Lanes<S>) -> (T::Lanes<S>, Option<T::Lanes<S>>)
    where
        Self: Sized,
    {
        (T::splat(simd, T::default()), Some(Self::value_lanes::<T, S>(simd, score)))
    }
}

/// An action that depends on the type of a kernel.
pub trait Visitor {
    /// The type of the result.
    type Output;

    /// Performs the action for this kernel.
    fn visit<K: RadialKernel>(self, kernel: K) -> Self::Output;
}

macro_rules! registry {
    ($($variant:ident $({ $h:ident })? = $file:ident $(as $script:literal)?, $formula:literal;)*) => {
        $(mod $file;)*

        /// A kernel `k(x, y) = value(|x - y|^2)`, usually with a bandwidth `h` in the units of the
        /// data.
        ///
        /// In data a kernel is a tagged map, `#{kernel: "gaussian", h: 0.5}`.
        #[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
        #[serde(tag = "kernel", rename_all = "lowercase", deny_unknown_fields)]
        pub enum Kernel {
            $(
                #[doc = $formula]
                $variant $({
                    /// Bandwidth.
                    $h: f64,
                })?,
            )*
        }

        impl Kernel {
            /// The names of all kernels, as data and the command line write them.
            pub const NAMES: &'static [&'static str] = &[$(stringify!($file)),*];

            /// Returns every kernel once, with bandwidth `h` if it has one.
            pub fn all(h: f64) -> Vec<Kernel> {
                let _ = h;
                vec![$(Kernel::$variant $({ $h: h })?),*]
            }

            /// Returns the name in data.
            pub fn name(&self) -> &'static str {
                match self {
                    $(Kernel::$variant { .. } => stringify!($file),)*
                }
            }

            /// Returns the name of the function in scripts.
            pub fn script_name(&self) -> &'static str {
                match self {
                    $(Kernel::$variant { .. } => [$($script,)? stringify!($file)][0],)*
                }
            }

            /// Returns the equation as part of a sentence.
            pub fn formula(&self) -> &'static str {
                match self {
                    $(Kernel::$variant { .. } => $formula,)*
                }
            }

            /// Returns the bandwidth; None for a kernel without a bandwidth.
            pub fn own_bandwidth(&self) -> Option<f64> {
                match *self {
                    $(Kernel::$variant $({ $h })? => <[f64]>::first(&[$($h)?]).copied(),)*
                }
            }

            /// Returns the same kernel with bandwidth `h`; unchanged if the kernel has no
            /// bandwidth.
            pub fn with_bandwidth(self, h: f64) -> Kernel {
                let _ = h;
                match self {
                    $(Kernel::$variant { .. } => Kernel::$variant $({ $h: h })?,)*
                }
            }

            /// Passes the type of the kernel to the visitor.
            #[inline(always)]
            pub(crate) fn visit<V: Visitor>(self, visitor: V) -> V::Output {
                match self {
                    $(Kernel::$variant $({ $h })? => visitor.visit($file::$variant $({ $h })?),)*
                }
            }

            /// Calls `f` with this kernel as a trait object, for the functions that are not
            /// vectorised.
            #[inline(always)]
            fn scalar<R>(&self, f: impl FnOnce(&dyn RadialKernel) -> R) -> R {
                match *self {
                    $(Kernel::$variant $({ $h })? => f(&$file::$variant $({ $h })?),)*
                }
            }
        }
    };
}

registry! {
    Gaussian { h } = gaussian as "gaussian_kernel", "`exp(-d^2 / (2 h^2))` of the distance `d`; the bandwidth `h` is positive and in the data's units";
    Laplace { h } = laplace, "`exp(-d / h)` of the distance `d`";
    Imq { h } = imq, "The inverse multiquadric `(1 + d^2 / h^2)^(-1/2)` of the distance `d`";
    Matern32 { h } = matern32, "`(1 + a) exp(-a)`, where `a = sqrt(3) d / h` and `d` is the distance";
    Matern52 { h } = matern52, "`(1 + a + a^2/3) exp(-a)`, where `a = sqrt(5) d / h` and `d` is the distance";
    Energy = energy as "energy_kernel", "`-d` of the distance `d`, without a bandwidth: the squared maximum mean discrepancy under this kernel is the energy distance";
}

impl Kernel {
    /// Returns the kernel called `name`, with bandwidth `h` if it has one.
    pub fn from_name(name: &str, h: f64) -> Option<Kernel> {
        Kernel::all(h).into_iter().find(|kernel| kernel.name() == name)
    }

    /// Returns `k` at squared distance `d2 >= 0`.
    #[inline(always)]
    pub fn value(&self, d2: f64) -> f64 {
        self.scalar(|k| k.value(d2))
    }

    /// Returns the slope `2 dk/d(d^2)`, so that `grad_x k(x, y) = slope (x - y)`. Where the
    /// gradient has a kink (Laplace and energy at `d = 0`) the slope is 0, its mean over
    /// directions.
    #[inline(always)]
    pub fn slope(&self, d2: f64) -> f64 {
        self.scalar(|k| k.slope(d2))
    }

    /// True if all values are positive, so that the kernel has a logarithm and can be a divisor.
    pub fn is_positive(&self) -> bool {
        self.scalar(|k| k.log(1.0).is_some())
    }

    /// Returns `log k`, also where `k` itself is 0 in f64; NaN for a kernel that is not positive.
    pub fn log_value(&self, d2: f64) -> f64 {
        self.scalar(|k| k.log(d2).map_or(f64::NAN, |[value, _]| value))
    }

    /// Returns the ratio of slope to value, so that `grad_x log k(x, y) = log_slope (x - y)`; 0 at
    /// a kink, NaN for a kernel that is not positive.
    pub fn log_slope(&self, d2: f64) -> f64 {
        self.scalar(|k| k.log(d2).map_or(f64::NAN, |[_, slope]| slope))
    }

    /// True if sums of this part of the kernel can be computed on a grid.
    pub(crate) fn has_grid(&self, part: Part) -> bool {
        self.cells_per_bandwidth(part, 1e-6).is_some()
    }

    /// Returns the number of grid cells per bandwidth for this tolerance; None if sums of the
    /// kernel are only computed directly.
    pub(crate) fn cells_per_bandwidth(&self, part: Part, tolerance: f64) -> Option<f64> {
        self.scalar(|k| k.cells_per_bandwidth(part, tolerance))
    }

    /// Returns the factor by which the backends scale coordinates, and the factor of their sums.
    pub(crate) fn units(&self, part: Part, spread: f64) -> (f64, f64) {
        self.scalar(|k| k.units(part, spread))
    }

    /// Returns the bandwidth; 1 for a kernel without a bandwidth.
    pub fn bandwidth(&self) -> f64 {
        self.own_bandwidth().unwrap_or(1.0)
    }

    /// # Errors
    /// A bandwidth is not positive and finite.
    pub fn check(&self) -> Result<()> {
        let h = self.bandwidth();
        if h > 0.0 && h.is_finite() {
            Ok(())
        } else {
            Err(Error::argument("kernel", h, Rule::Positive.worded("a bandwidth must be positive")))
        }
    }

    /// Checks that all values are positive, so that sums of them can be divisors.
    ///
    /// # Errors
    /// The kernel has values that are not positive.
    pub(crate) fn check_positive(&self) -> Result<()> {
        if self.is_positive() {
            return Ok(());
        }
        let want = "a kernel with positive values is expected, because their sum is a divisor";
        Err(Error::argument("kernel", format!("\"{}\"", self.name()), want))
    }
}
