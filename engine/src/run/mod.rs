//! Driving a flow: steps and measurements.

mod driver;
mod measure;

pub use driver::{RunOptions, RunResult, Snapshot, run};
pub use measure::{MetricChoice, estimate_with_floor};
