#![doc = include_str!("../README.md")]

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
mod simd;
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

pub mod cost;

#[cfg(feature = "plot")]
pub mod plot;

pub use error::{Blame, Error, MissingPart, Quantity, Result, Rule, Subject, Wanted, nearest};
/// Dense matrices, in which covariances are given.
pub use faer::Mat;
pub use interrupt::Interrupt;
pub use points::Points;
