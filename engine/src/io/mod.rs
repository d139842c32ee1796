//! Files: points in `.npy`, `.npz`, `.csv` and `.png`, nets in `.safetensors`. Writing never leaves
//! a partial file.
//!
//! Readers do not trust the content of a file: sizes are checked against the number of bytes in the
//! file before memory is allocated. Everything except `write_atomic`, the readers of regular files
//! and the plain data of `Tensors` and `Loaded` needs the feature `files` of the crate.

mod tensor;
mod write_atomic;

#[cfg(feature = "files")]
mod array;
#[cfg(feature = "files")]
mod checkpoint;
#[cfg(feature = "files")]
mod csv;
#[cfg(feature = "files")]
mod file_kind;
#[cfg(feature = "files")]
mod load;
#[cfg(feature = "files")]
mod load_options;
mod loaded;
#[cfg(feature = "files")]
mod npy;
#[cfg(feature = "files")]
mod npy_rows;
#[cfg(feature = "files")]
mod npz;
#[cfg(feature = "files")]
mod origin;
#[cfg(feature = "files")]
mod png;
#[cfg(feature = "files")]
mod read_bytes;
mod regular_file;
#[cfg(feature = "files")]
mod safetensors;
#[cfg(feature = "files")]
mod table_options;
#[cfg(feature = "files")]
mod write;

#[doc(hidden)]
pub use regular_file::{open_regular, read_regular, read_regular_text};
pub(crate) use tensor::Tensor;
#[doc(hidden)]
pub use tensor::Tensors;
#[doc(hidden)]
pub use write_atomic::write_atomic;

#[cfg(feature = "files")]
#[doc(hidden)]
pub use checkpoint::{Checkpoint, load_checkpoint, save_checkpoint};
#[cfg(feature = "files")]
pub use load::load;
#[cfg(feature = "files")]
#[doc(hidden)]
pub use load::load_with_note;
#[cfg(feature = "files")]
pub use load_options::{Column, Header, LoadOptions};
#[doc(hidden)]
pub use loaded::Loaded;
#[cfg(feature = "files")]
pub use npy_rows::NpyRows;
#[cfg(feature = "files")]
#[doc(hidden)]
pub use png::pictures_in;
#[cfg(feature = "files")]
pub use png::save_png;
#[cfg(feature = "files")]
pub use table_options::{Decimal, MissingCells, Separator};
#[cfg(feature = "files")]
pub use write::{save_csv, save_npy};

#[cfg(test)]
#[cfg(feature = "files")]
mod tests;
