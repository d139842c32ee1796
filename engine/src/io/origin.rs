//! The origin of values, and the errors that name it.

use crate::{Error, Requirement};
use std::path::Path;

/// The origin of values, for messages.
#[derive(Debug, Clone, Copy)]
pub(super) struct Origin<'a> {
    pub path: &'a Path,
    /// The array inside an `.npz`.
    pub array: Option<&'a str>,
}

impl Origin<'_> {
    /// Returns the error for the whole file, or for the array in the file.
    pub fn wrong(&self, seen: impl Into<String>, want: impl Into<Requirement>) -> Error {
        let place = self.array.map(|a| format!("array `{a}`")).unwrap_or_default();
        Error::File { path: self.path.into(), place, seen: seen.into(), want: want.into() }
    }

    /// Returns the error at a place in a text file.
    pub fn wrong_at(&self, place: String, seen: impl Into<String>, want: impl Into<Requirement>) -> Error {
        Error::File { path: self.path.into(), place, seen: seen.into(), want: want.into() }
    }

    /// Returns the error of a failed read: there are too few bytes, the compressed data are
    /// damaged, or the system reports an I/O error.
    pub fn io_error(&self, error: &std::io::Error) -> Error {
        use std::io::ErrorKind::{InvalidData, InvalidInput, UnexpectedEof};
        match error.kind() {
            UnexpectedEof => self.wrong("it ends before its last value", "a complete file is expected"),
            InvalidData | InvalidInput => self.wrong(format!("it is damaged ({error})"), "an intact file is expected"),
            _ => cannot_read(self.path, error),
        }
    }

    /// Returns the name, such as "x.npz, array `a`".
    pub fn name(&self) -> String {
        let array = self.array.map(|a| format!(", array `{a}`")).unwrap_or_default();
        format!("{}{array}", self.path.display())
    }
}

/// Returns the error for a file that cannot be read.
pub(super) fn cannot_read(path: &Path, error: &std::io::Error) -> Error {
    Error::Io { act: "read", path: path.into(), reason: error.to_string() }
}
