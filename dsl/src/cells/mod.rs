//! Sweeps: cells are computed in parallel, each on its own threads. Their results are stored,
//! collected in order, and averaged over seeds. The function `sweep` of scripts and the command
//! `sweep` use this module.

mod layout;
mod seed_mean;
mod store;
mod workers;

pub use crate::context::CellPool;
pub use crate::context::param::SEED;
pub use layout::Layout;
pub use seed_mean::{OverSeeds, Places, SeedMean, seed_mean};
pub(crate) use store::{Finished, Store};
pub use workers::{CellOutcome, Sweep, run};
