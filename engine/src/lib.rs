#![doc = include_str!("../README.md")]

// The modules and names that are hidden from the documentation are for programs that host the
// engine, such as a script language or a command line. They may change without notice.
pub mod archive;
pub mod comm;
mod error;
#[doc(hidden)]
pub mod expression;
mod interrupt;
#[doc(hidden)]
pub mod matrix;
#[doc(hidden)]
pub mod number;
#[doc(hidden)]
pub mod options;
pub mod points;
pub mod process;
pub mod rng;
pub mod schedule;
mod simd;
#[doc(hidden)]
pub mod table;

pub mod io;
pub mod net;
pub mod ode;
pub mod pairwise;

pub mod sinkhorn;

pub mod target;

pub mod score;

pub mod flow;
pub mod metric;

pub mod generator;

pub mod bridge;
pub mod run;

#[doc(hidden)]
pub mod cost;

#[cfg(feature = "plot")]
pub mod plot;

#[doc(hidden)]
pub use error::{Blame, MissingPart, Quantity, Requirement, Rule, Subject, nearest};
pub use error::{Error, Result};
/// Dense matrices, the type of covariances.
pub use faer::Mat;
pub use interrupt::Interrupt;
pub use points::Points;
