//! Runs of a flow: steps and measurements.
//!
//! | file | contents |
//! |---|---|
//! | `builder` | the builder of a run, which also starts the run |
//! | `option` | the options and their checks |
//! | `driver` | the loop: prepare, step, measure, stop |
//! | `dynamics` | what moves the cloud: a velocity field or a sampler |
//! | `stepper` | one step of the cloud and of the tracers |
//! | `grid_check` | the error of sums on a grid, measured in a few steps |
//! | `metrics` | the metrics and their noise floors |
//! | `checkpoint` | the state in a checkpoint, and the continuation from it |
//! | `start_units` | the units of the start, compared with those of the target |
//! | `tracer_checks` | checks of the tracers, before and after a run |
//! | `result` | the result |

mod builder;
mod checkpoint;
mod driver;
mod dynamics;
mod grid_check;
mod metrics;
mod option;
mod result;
mod start_units;
mod stepper;
mod tracer_checks;

pub use builder::Run;
pub(crate) use driver::Driver;
#[doc(hidden)]
pub use dynamics::{Dynamics, Motion};
pub use metrics::{MetricChoice, estimate_with_floor};
pub use option::RunOptions;
pub use result::{RunResult, Snapshot};
