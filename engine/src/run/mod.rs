//! Driving a flow: steps and measurements.

mod carry;
mod driver;
mod forecast;
mod measure;
mod option;

pub use driver::{RunResult, Snapshot, run};
pub use forecast::{Forecast, MetricForecast, forecast, forecast_metric, timed};
pub use measure::{MetricChoice, estimate_with_floor};
pub use option::RunOptions;
