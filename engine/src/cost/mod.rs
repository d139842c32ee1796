//! What a computation would cost: measured, never declared.
//!
//! A run of a flow, a metric or a training is a function of sizes: points, reference points, steps.
//! [`run()`], [`metric()`] and [`training()`] call the very code of a run at a few small sizes,
//! read the engine's own counters around each call ([`Gauge`]) and carry what they read to the size
//! asked for:
//!
//! * pairs by the polynomial through the small sizes. A pairwise sum over `n` points against `m`
//!   others takes a quadratic in `n` and `m`, so that the answer is exact; where it is no quadratic
//!   (a batch, a number of probes), the sizes grow until the next one is as the polynomial says;
//! * bytes along a line, or by a power up to the square;
//! * seconds along a line in the pairs or, where nothing is counted, by a power of the size; the
//!   slope is never negative;
//! * steps by multiplication, with the first, a middle and the last one measured apart.
//!
//! Where the real size is cheap it is measured itself, and nothing is carried. Blocks of pairs that
//! a run finds to have no weight are counted as if they were evaluated: how many there will be
//! hangs on where the points go.

mod extrapolate;
mod gauge;
mod growing_size;
mod likelihood;
mod metric;
mod run;
mod training;

pub use gauge::{Gauge, Meter};
pub use growing_size::along;
pub use likelihood::log_density;
pub use metric::{MetricCost, memorisation, metric};
pub use run::{run, velocity};
pub use training::{Training, every, repeated, training};

/// Work that lies ahead.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Cost {
    /// Steps, all of them.
    pub steps: u64,
    /// Evaluations of the velocity.
    pub nfe: u64,
    /// Pairs of the flow's steps.
    pub flow_pairs: u64,
    /// Pairs, measurements and noise floors included.
    pub pairs: u64,
    /// Seconds on this machine.
    pub seconds: f64,
    /// Bytes held at most besides what was held before; None where no [`Meter`] counts them.
    pub bytes: Option<u64>,
    /// Do the numbers hang on what the run finds (`stop_when`, a step that adapts)?
    pub varies: bool,
}

impl Cost {
    /// The cost of something that has no steps.
    fn of(measured: &gauge::Measured, gauge: &Gauge) -> Cost {
        Cost {
            pairs: extrapolate::whole(measured.pairs),
            seconds: measured.seconds,
            bytes: gauge.known(measured.bytes),
            ..Cost::default()
        }
    }
}

#[cfg(test)]
mod tests;
