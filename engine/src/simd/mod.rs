//! Vector arithmetic: the instruction sets, common operations of f32 and f64, and buffers.
//!
//! | file | what is inside |
//! |---|---|
//! | `isa` | the instruction sets, and the choice of one |
//! | `real` | arithmetic on registers of f32 or f64 lanes |
//! | `exp` | `2^s` on registers |
//! | `tile` | the shape of a tile of matrix units, and the products of parts that are summed |
//! | `tile_amx` | the matrix units of x86, the one file with `unsafe` |
//! | `tile_missing` | the replacement of `tile_amx` on other processors |
//! | `buffer` | aligned memory that is reused between calls |

mod buffer;
mod exp;
mod isa;
mod real;
mod tile;
mod tile_amx;
#[cfg(not(all(target_arch = "x86_64", target_os = "linux")))]
mod tile_missing;

pub use buffer::{Buffer, Pool};
pub use exp::exp2_f32;
pub use isa::Isa;
pub use real::Real;
pub use tile::{SIDE, TILE, Terms};
pub use tile_amx::{Tiles, available as matrix_units};
