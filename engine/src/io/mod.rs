//! Files: point sets in `.npy`, `.npz` and `.csv`, nets in `.safetensors`, and writing that never
//! leaves half a file behind.
//!
//! A reader trusts nothing in a file: sizes are checked against the bytes that exist before memory
//! is asked for. All but [`write_atomic`] and the plain data of [`Tensors`] needs the crate's
//! feature `files`.

mod atomic;
mod tensor;

#[cfg(feature = "files")]
mod array;
#[cfg(feature = "files")]
mod bytes;
#[cfg(feature = "files")]
mod csv;
#[cfg(feature = "files")]
mod kind;
#[cfg(feature = "files")]
mod load;
#[cfg(feature = "files")]
mod npy;
#[cfg(feature = "files")]
mod npz;
#[cfg(feature = "files")]
mod option;
#[cfg(feature = "files")]
mod origin;
#[cfg(feature = "files")]
mod safetensors;
#[cfg(feature = "files")]
mod write;

pub use atomic::write_atomic;
pub(crate) use tensor::Tensor;
pub use tensor::Tensors;

#[cfg(feature = "files")]
pub use load::load;
#[cfg(feature = "files")]
pub use option::{Column, Header, LoadOptions};
#[cfg(feature = "files")]
pub use write::{save_csv, save_npy};

#[cfg(test)]
#[cfg(feature = "files")]
mod tests;
