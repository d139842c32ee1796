//! Sweeps: cells that are computed some at a time, each on threads of its own, kept, taken in
//! their order, and averaged over seeds. They serve the `sweep` of a script and that of the command
//! line.

mod layout;
mod seed_mean;
mod store;
mod workers;

pub use crate::context::Seat;
pub use crate::context::param::SEED;
pub use layout::Layout;
pub use seed_mean::{Places, SeedMean, seed_mean};
pub(crate) use store::{Finished, Store};
pub use workers::{Made, Sweep, run};
