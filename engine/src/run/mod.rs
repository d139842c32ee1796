//! Driving a flow: steps and measurements.

mod driver;
mod forecast;
mod measure;

pub use driver::{RunOptions, RunResult, Snapshot, run};
pub use forecast::{Forecast, forecast, timed};
pub use measure::{MetricChoice, estimate_with_floor};
