//! Driving a flow: steps and measurements.

mod carry;
mod driver;
mod measure;
mod option;

pub(crate) use driver::Driver;
pub use driver::{RunResult, Snapshot, run};
pub use measure::{MetricChoice, estimate_with_floor};
pub use option::RunOptions;
