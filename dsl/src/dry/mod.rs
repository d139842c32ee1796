//! A dry run executes the script with the same functions, but performs only a small part of each
//! long computation and writes nothing.
//!
//! All points are drawn and loaded as in a run, so that every name, option and shape passes through
//! the same code as in a run. Long computations (runs of flows, metrics, trainings, log densities
//! along a flow) are performed for a part of the points and for a few steps, and the cost of the
//! whole is estimated from this part ([`sdflow::cost`]). Their results are meaningless, so the
//! script receives unknown numbers ([`crate::value::unknown`]) in their place. Arithmetic with
//! unknown numbers gives unknown numbers, and they print as `?`. The outcome of a comparison with
//! an unknown number is assumed, and the assumption is recorded.

mod arithmetic;
mod mode;
mod state;

pub use mode::{Mode, Task};
pub use state::{Cost, Dry, Found, Work};
