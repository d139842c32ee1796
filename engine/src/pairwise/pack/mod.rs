//! The conversion of the caller's f64 points to the data of the backends.
//!
//! | file | what is inside |
//! |---|---|
//! | `centre_scale` | sources centred, scaled and rounded, in one part or in two |
//! | `fixed_side` | a set that does not move, packed both as queries and as sources |
//! | `frame` | blocks of sources moved into the frame of a panel |
//! | `bf16_split` | sources and queries as tiles of bfloat16 parts |

pub mod bf16_split;
mod centre_scale;
mod fixed_side;
pub mod frame;

pub use centre_scale::{Packed, square};
pub use fixed_side::FixedSide;
