//! Radial kernels: one file each, and the registry that makes everything else of them.
//!
//! A new kernel is a file with one type that implements [`RadialKernel`], and one line in
//! `registry!` below. From that line come the variant of [`Kernel`] and its name in data, the
//! dispatch of the loops, the script's function, the command line's `--kernel`, and the kernel's
//! rows in every test that compares loops.

mod radial_profile;
#[cfg(test)]
mod tests;

use crate::simd::Real;
use crate::{Error, Result, Rule};
use pulp::Simd;
use radial_profile as lanes;
use serde::{Deserialize, Serialize};

/// A score so low that an exponential of its root vanishes, and so high that its product with a
/// polynomial of the root is no `inf * 0 = NaN`.
const FAR: f64 = -1e30;

/// Value or slope of a kernel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// `k(d^2)`
    Value,
    /// `2 dk/d(d^2)`
    Slope,
}

/// A kernel `k` as a function of the squared distance.
///
/// The loops see coordinates times a `scale`, so that a score is `-t` with `t = scale^2 d^2`, and
/// take `factor f(t)` for the value or the slope.
pub trait RadialKernel {
    /// The script's function; empty where that is called as the kernel is.
    fn script(&self) -> &'static str {
        ""
    }

    /// `k` at squared distance `d2 >= 0`.
    fn value(&self, d2: f64) -> f64;

    /// `2 dk/d(d^2)`, so that `grad_x k(x, y) = slope (x - y)`; 0 where the gradient has a kink.
    fn slope(&self, d2: f64) -> f64;

    /// `log k` and slope over value, also where `k` itself vanishes in f64; None for a kernel that
    /// is not positive.
    fn log(&self, _d2: f64) -> Option<[f64; 2]> {
        None
    }

    /// `scale`, the factor of the coordinates, and `factor`, that of the sums; `spread`, the scale
    /// of the sources, is the unit of a kernel without a bandwidth.
    fn units(&self, part: Part, spread: f64) -> (f64, f64);

    /// A score at which the lane profile is 0.
    fn vanishing_score(_part: Part) -> f64
    where
        Self: Sized,
    {
        f64::NEG_INFINITY
    }

    /// The value's `f` at the score `-t <= 0`.
    fn value_lanes<T: Real, S: Simd>(simd: S, score: T::Lanes<S>) -> T::Lanes<S>
    where
        Self: Sized;

    /// The slope's `f` at the score `-t <= 0`.
    fn slope_lanes<T: Real, S: Simd>(simd: S, score: T::Lanes<S>) -> T::Lanes<S>
    where
        Self: Sized;
}

/// Something to be done with the type of a kernel.
pub trait Visitor {
    /// What comes of it.
    type Output;

    /// Does it.
    fn visit<K: RadialKernel>(self, kernel: K) -> Self::Output;
}

macro_rules! registry {
    ($($variant:ident $({ $h:ident })? = $file:ident, $formula:literal;)*) => {
        $(mod $file;)*

        /// A kernel `k(x, y) = value(|x - y|^2)`, most with a bandwidth `h` in the data's units.
        ///
        /// In data it is a tagged map, `#{kernel: "gaussian", h: 0.5}`.
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

            /// Every kernel once, with bandwidth `h` where it has one.
            pub fn all(h: f64) -> Vec<Kernel> {
                let _ = h;
                vec![$(Kernel::$variant $({ $h: h })?),*]
            }

            /// The name in data.
            pub fn name(&self) -> &'static str {
                match self {
                    $(Kernel::$variant { .. } => stringify!($file),)*
                }
            }

            /// The name of the script's function.
            pub fn script_name(&self) -> &'static str {
                let script = self.scalar(|k| k.script());
                if script.is_empty() { self.name() } else { script }
            }

            /// The equation, half a sentence.
            pub fn formula(&self) -> &'static str {
                match self {
                    $(Kernel::$variant { .. } => $formula,)*
                }
            }

            /// The bandwidth; None for a kernel that has none.
            pub fn own_bandwidth(&self) -> Option<f64> {
                match *self {
                    $(Kernel::$variant $({ $h })? => <[f64]>::first(&[$($h)?]).copied(),)*
                }
            }

            /// The same kernel with bandwidth `h`; one that has none stays.
            pub fn with_bandwidth(self, h: f64) -> Kernel {
                let _ = h;
                match self {
                    $(Kernel::$variant { .. } => Kernel::$variant $({ $h: h })?,)*
                }
            }

            /// Hands the kernel's own type to the visitor.
            #[inline(always)]
            pub(crate) fn visit<V: Visitor>(self, visitor: V) -> V::Output {
                match self {
                    $(Kernel::$variant $({ $h })? => visitor.visit($file::$variant $({ $h })?),)*
                }
            }

            /// What `f` makes of the functions that are not for lanes.
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
    Gaussian { h } = gaussian, "`exp(-d^2 / (2 h^2))` of the distance `d`; the bandwidth `h` is positive and in the data's units";
    Laplace { h } = laplace, "`exp(-d / h)`";
    Imq { h } = imq, "The inverse multiquadric `(1 + d^2 / h^2)^(-1/2)`";
    Matern32 { h } = matern32, "`(1 + a) exp(-a)`, `a = sqrt(3) d / h`";
    Matern52 { h } = matern52, "`(1 + a + a^2/3) exp(-a)`, `a = sqrt(5) d / h`";
    Energy = energy, "`-d`, without a bandwidth: its squared discrepancy is the energy distance";
}

impl Kernel {
    /// The kernel that is called `name`, with bandwidth `h` where it has one.
    pub fn named(name: &str, h: f64) -> Option<Kernel> {
        Kernel::all(h).into_iter().find(|kernel| kernel.name() == name)
    }

    /// `k` at squared distance `d2 >= 0`.
    #[inline(always)]
    pub fn value(&self, d2: f64) -> f64 {
        self.scalar(|k| k.value(d2))
    }

    /// The slope `2 dk/d(d^2)`, so that `grad_x k(x, y) = slope (x - y)`. Where the gradient has a
    /// kink (laplace and energy at `d = 0`) the slope is 0, its mean over directions.
    #[inline(always)]
    pub fn slope(&self, d2: f64) -> f64 {
        self.scalar(|k| k.slope(d2))
    }

    /// Are all values positive, so that the kernel can be divided by and has a logarithm?
    pub fn is_positive(&self) -> bool {
        self.scalar(|k| k.log(1.0).is_some())
    }

    /// `log k`, where `k` itself may vanish in f64; NaN for a kernel that is not positive.
    pub fn log_value(&self, d2: f64) -> f64 {
        self.scalar(|k| k.log(d2).map_or(f64::NAN, |[value, _]| value))
    }

    /// Slope over value, so that `grad_x log k(x, y) = log_slope (x - y)`; 0 at a kink, NaN for a
    /// kernel that is not positive.
    pub fn log_slope(&self, d2: f64) -> f64 {
        self.scalar(|k| k.log(d2).map_or(f64::NAN, |[_, slope]| slope))
    }

    /// The factor of coordinates for the loops, and that of their sums.
    pub(crate) fn units(&self, part: Part, spread: f64) -> (f64, f64) {
        self.scalar(|k| k.units(part, spread))
    }

    /// The bandwidth; 1 for a kernel that has none.
    pub fn bandwidth(&self) -> f64 {
        self.own_bandwidth().unwrap_or(1.0)
    }

    /// # Errors
    /// A bandwidth that is not positive and finite.
    pub fn check(&self) -> Result<()> {
        let h = self.bandwidth();
        if h > 0.0 && h.is_finite() {
            Ok(())
        } else {
            Err(Error::argument("h", h, Rule::Positive.worded("a bandwidth must be positive")))
        }
    }
}
