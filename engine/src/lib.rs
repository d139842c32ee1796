//! Numerics of particle flows between distributions.
//!
//! Particles `y` move towards a target `p` along a velocity field; the field of the seed paper is the
//! score difference `grad log p - grad log q` of noise-smoothed proxies [weber2023score]. The crate knows no
//! script and no terminal. Read it in this order:
//!
//! * [`points`], [`rng`], [`io`]: what moves, reproducible randomness, files; [`expression`]: formulas;
//! * [`pairwise`]: the three reductions on which everything stands; [`net`]: a small net that learns;
//! * [`target`], [`score`], [`flow`]: what to reach, how its score is known, how particles move;
//! * [`generator`], [`metric`], [`run`], [`table`], [`plot`]: models, measurements, the driver, tables, pictures.

mod error;
pub mod expression;
mod interrupt;
pub mod matrix;
pub mod number;
pub mod options;
pub mod points;
pub mod process;
pub mod rng;
pub mod schedule;
pub mod table;

pub mod io;
pub mod net;
pub mod ode;
pub mod pairwise;
pub mod target;

pub mod score;

pub mod flow;
pub mod metric;

pub mod generator;
pub mod run;

#[cfg(feature = "plot")]
pub mod plot;

pub use error::{Blame, Error, MissingPart, Result, nearest};
/// Dense matrices, in which covariances are given.
pub use faer::Mat;
pub use interrupt::Interrupt;
pub use points::Points;
