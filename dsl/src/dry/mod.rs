//! A dry run: the script is executed with the same functions, but nothing long is computed and
//! nothing is written.
//!
//! Points are drawn and loaded as in a run, all of them, so that every name, option and shape goes
//! through the very lines that a run goes through. What takes long (runs of flows, metrics,
//! trainings, log densities along a flow) is done with a part of the points and a few of the steps,
//! which tells what the whole would cost ([`sdflow::cost`]). What is found by computing on them
//! means nothing and reaches the script only as an unknown number ([`crate::value::unknown`]):
//! arithmetic with it is unknown, it prints as `?`, and what a comparison with it decides is
//! assumed and noted.

mod arithmetic;
mod mode;
mod state;

pub use mode::{Mode, Task};
pub use state::{Cost, Dry, Found, Work};
