//! Vector arithmetic: the instruction sets, one vocabulary for f32 and f64 over them, and memory for it.
//!
//! | file | what is inside |
//! |---|---|
//! | `isa` | which instruction sets there are, which one runs |
//! | `real` | arithmetic on registers of f32 or f64 lanes |
//! | `exp` | `2^s` on registers |
//! | `tile_amx` | the matrix units of x86, the one file with `unsafe` |
//! | `buffer` | aligned memory that is kept between calls |

mod buffer;
mod exp;
mod isa;
mod real;
mod tile_amx;

pub use buffer::{Buffer, Pool};
pub use exp::exp2_f32;
pub use isa::Isa;
pub use real::Real;
pub use tile_amx::{SIDE, TILE, Terms, Tiles, available as matrix_units};
