//! From the caller's f64 points to what the loops read.

pub mod bf16_split;
mod centre_scale;
pub mod kd_order;

pub use centre_scale::Packed;
