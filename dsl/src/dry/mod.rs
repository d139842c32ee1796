//! A dry run executes the script with the same functions, but omits long computations and writes
//! nothing.
//!
//! All points are drawn and loaded as in a run, so that every name, option and shape passes through
//! the same code as in a run. Long computations (runs of flows, metrics, trainings, log densities
//! along a flow) are performed for a part of the points and for a few steps. From these the cost of
//! the whole is estimated ([`sdflow::cost`]). Their results are meaningless, so the script receives
//! unknown numbers ([`crate::value::unknown`]) in their place: arithmetic with unknown numbers
//! gives unknown numbers, they print as `?`, and the outcome of a comparison is assumed and
//! recorded.

mod arithmetic;
mod mode;
mod state;

pub use mode::{Mode, Task};
pub use state::{Cost, Dry, Found, Work};
