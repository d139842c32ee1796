//! The kind of a file.

use super::origin::{Origin, cannot_read};
use crate::Result;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;

/// The first bytes of every `.npy` file.
pub(super) const MAGIC: &[u8] = b"\x93NUMPY";

/// The kind of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Npy,
    Npz,
    Csv,
    Png,
}

impl Kind {
    /// Returns the kind that the name of the file tells or, if the name tells none, that the first
    /// bytes tell.
    pub fn of(path: &Path, reader: &mut BufReader<File>) -> Result<Kind> {
        let extension = path.extension().map(|e| e.to_string_lossy().to_lowercase()).unwrap_or_default();
        match extension.as_str() {
            "npy" => return Ok(Kind::Npy),
            "npz" => return Ok(Kind::Npz),
            "csv" | "tsv" | "txt" => return Ok(Kind::Csv),
            "png" => return Ok(Kind::Png),
            _ => {}
        }
        let start = std::io::BufRead::fill_buf(reader).map_err(|e| cannot_read(path, &e))?;
        if start.starts_with(MAGIC) {
            Ok(Kind::Npy)
        } else if start.starts_with(b"PK\x03\x04") {
            Ok(Kind::Npz)
        } else if start.starts_with(super::png::MAGIC) {
            Ok(Kind::Png)
        } else {
            let want = "a file that ends in .npy, .npz, .csv, .tsv, .txt or .png is expected";
            Err(Origin { path, array: None }.wrong("its kind is unknown", want))
        }
    }
}
