//! The cost of a computation. It is measured, never declared.
//!
//! The cost of a run of a flow, a metric or a training is a function of sizes: points, reference
//! points, steps. [`run()`], [`metric()`] and [`training()`] call the code of a run at a few small
//! sizes, read the counters of the engine around each call ([`Gauge`]) and extrapolate to the
//! requested size:
//!
//! * pairs, by the polynomial through the small sizes. The number of pairs of a sum over `n`
//!   points against `m` others is a quadratic in `n` and `m`, so the result is exact. If the count
//!   is not a quadratic (a batch, a number of probes), the sizes grow until the polynomial predicts
//!   the next count;
//! * bytes, along a line, or by a power function with an exponent of at most 2;
//! * seconds, along a line in the pairs or, if no pairs are counted, by a power function in the
//!   size. The slope is never negative;
//! * steps, by multiplication. The first step, a middle step and the last step are measured
//!   separately.
//!
//! If the real size is cheap, it is measured directly. A run may skip blocks of pairs because their
//! weight is negligible. Such blocks are counted as if they were evaluated, because their number
//! depends on the positions of the points.

mod extrapolate;
mod future_cost;
mod gauge;
mod growing_size;
mod known;
mod likelihood;
mod metric;
mod run;
mod training;

pub use future_cost::Cost;
pub use gauge::{Asked, Gauge, Meter};
pub use growing_size::along;
pub use known::{KnownCosts, MetricCost};
pub use likelihood::log_density;
pub use metric::{memorisation, metric};
pub use run::{run, velocity};
pub use training::{Training, every, repeated, training};

impl Cost {
    /// Returns the cost of a computation without steps.
    fn of(measured: &gauge::Measured, gauge: &Gauge) -> Cost {
        Cost {
            pairs: extrapolate::whole(measured.pairs),
            seconds: measured.seconds,
            bytes: gauge.known_bytes(measured.bytes),
            ..Cost::default()
        }
    }
}

#[cfg(test)]
mod tests;
