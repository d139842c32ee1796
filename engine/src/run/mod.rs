//! Driving a flow: steps and measurements.

mod builder;
mod driver;
mod dynamics;
mod forecast;
mod measure;
mod option;
mod stepper;
mod tracer_checks;

pub use builder::Run;
pub use driver::{RunResult, Snapshot};
pub use dynamics::Dynamics;
pub use forecast::{Forecast, MetricForecast, forecast, forecast_metric, timed};
pub use measure::{MetricChoice, estimate_with_floor};
pub use option::RunOptions;
