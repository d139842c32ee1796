//! Runs of a flow: steps and measurements.

mod builder;
mod checkpoint;
mod driver;
mod dynamics;
mod metrics;
mod option;
mod result;
mod start_units;
mod stepper;
mod tracer_checks;

pub use builder::Run;
pub(crate) use driver::Driver;
pub use dynamics::{Dynamics, Motion};
pub use metrics::{MetricChoice, estimate_with_floor};
pub use option::RunOptions;
pub use result::{RunResult, Snapshot};
