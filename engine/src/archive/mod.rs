//! The state of a process as bytes, from which an interrupted process can continue.
//!
//! A type with a state lists the parts of its state once, in [`Archived::archive`]. The same lines
//! write a checkpoint and read it, so no part can be written without being read.

mod value;

use crate::{Error, Result};

/// A state that can be written into a checkpoint and read from one.
///
/// A run that continues from a checkpoint gives the same results as an uninterrupted run only if
/// every part of the state is archived. A type whose results depend only on its arguments has no
/// state and an empty implementation.
pub trait Archived {
    /// Passes every part of the state to [`Archive::part`], which writes the part, or replaces it
    /// by the value that was written. The default has no parts.
    ///
    /// # Errors
    /// While reading: the bytes are not a state of this kind.
    fn archive(&mut self, _archive: &mut Archive) -> Result<()> {
        Ok(())
    }
}

/// The bytes of a state that is being written or read.
///
/// ```
/// use sdflow::archive::{Archive, Archived};
/// # fn main() -> sdflow::Result<()> {
/// let (mut steps, mut mean) = (7_u64, vec![0.5, -1.0]);
/// let mut kept = Archive::writer();
/// kept.part("steps", &mut steps)?;
/// kept.part("mean", &mut mean)?;
/// (steps, mean) = (0, Vec::new());
/// let mut again = Archive::reader(kept.bytes().to_vec());
/// again.part("steps", &mut steps)?;
/// again.part("mean", &mut mean)?;
/// assert_eq!((steps, mean), (7, vec![0.5, -1.0]));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Archive {
    bytes: Vec<u8>,
    /// Position of the next byte to read; None if the archive is being written.
    at: Option<usize>,
}

impl Archive {
    /// Returns an empty archive for writing.
    pub fn writer() -> Archive {
        Archive { bytes: Vec::new(), at: None }
    }

    /// Returns an archive with these bytes, which is read from its start.
    pub fn reader(bytes: Vec<u8>) -> Archive {
        Archive { bytes, at: Some(0) }
    }

    /// True if the archive is being read, false if it is being written.
    pub fn is_reader(&self) -> bool {
        self.at.is_some()
    }

    /// Returns the written bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Writes `value` under `name`, or replaces it by the value that was written there.
    ///
    /// # Errors
    /// While reading: the name differs, or the bytes are not a value of this type.
    pub fn part(&mut self, name: &str, value: &mut (impl Archived + ?Sized)) -> Result<()> {
        let mut found = name.to_string();
        found.archive(self)?;
        match found == name {
            true => value.archive(self),
            false => Err(damaged(format!("it holds `{}`", cut(&found)), format!("`{name}` is expected next"))),
        }
    }

    /// Writes everything that was written to another archive.
    pub fn append(&mut self, other: &Archive) {
        self.bytes.extend_from_slice(&other.bytes);
    }

    /// Writes or reads a value that may be absent, like [`Archive::part`]. While reading, `blank`
    /// creates the value to read into if there is none yet.
    pub(crate) fn optional<T: Archived>(
        &mut self,
        name: &str,
        value: &mut Option<T>,
        blank: impl FnOnce(&Archive) -> Result<T>,
    ) -> Result<()> {
        let mut some = value.is_some();
        self.part(name, &mut some)?;
        if !some {
            *value = None;
            return Ok(());
        }
        let mut inner = match value.take() {
            Some(inner) => inner,
            None => blank(self)?,
        };
        inner.archive(self)?;
        *value = Some(inner);
        Ok(())
    }

    /// Checks that the archive still holds the `bytes` bytes that the next value takes, before the
    /// value is allocated.
    pub(crate) fn expect_room(&self, bytes: usize) -> Result<()> {
        let left = self.at.map_or(usize::MAX, |at| self.bytes.len() - at);
        match bytes <= left {
            true => Ok(()),
            false => Err(damaged(format!("{left} bytes are left"), format!("{bytes} are expected"))),
        }
    }

    /// Checks the length of a list that was read.
    pub(crate) fn expect_length(&self, length: usize, expected: usize) -> Result<()> {
        match length == expected {
            true => Ok(()),
            false => Err(damaged(format!("it holds {length} values"), format!("{expected} are expected"))),
        }
    }

    /// Checks that the whole archive was read.
    ///
    /// # Errors
    /// Some bytes were not read.
    pub fn finish(&self) -> Result<()> {
        match self.at.map_or(0, |at| self.bytes.len() - at) {
            0 => Ok(()),
            left => Err(damaged(format!("{left} bytes are left at its end"), "all should have been read")),
        }
    }

    /// Writes these bytes, or replaces them by the next bytes of the archive.
    fn take(&mut self, bytes: &mut [u8]) -> Result<()> {
        let Some(at) = self.at else {
            self.bytes.extend_from_slice(bytes);
            return Ok(());
        };
        let end = at + bytes.len();
        let found = self.bytes.get(at..end).ok_or_else(|| damaged("it ends too early", "more bytes are expected"))?;
        bytes.copy_from_slice(found);
        self.at = Some(end);
        Ok(())
    }

    /// Writes the length of a list, or returns the length that was written. Before memory is
    /// allocated, the length is checked against the number of bytes left. An item takes at least
    /// `least` bytes.
    pub(crate) fn length(&mut self, length: usize, least: usize) -> Result<usize> {
        let mut found = length as u64;
        found.archive(self)?;
        let room = self.at.map_or(usize::MAX, |at| (self.bytes.len() - at) / least.max(1));
        match usize::try_from(found) {
            Ok(found) if found <= room => Ok(found),
            _ => Err(damaged(format!("it announces {found} items"), format!("the bytes left hold at most {room}"))),
        }
    }
}

/// Returns the error for a checkpoint whose bytes do not match the state that is read.
pub(crate) fn damaged(seen: impl Into<String>, want: impl Into<String>) -> Error {
    Error::Numeric { what: "the checkpoint".into(), reason: format!("{}, but {}", seen.into(), want.into()) }
}

/// Returns at most 40 characters of a text from a file.
fn cut(text: &str) -> String {
    text.chars().take(40).collect::<String>().escape_default().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Points;
    use crate::rng::Stream;
    use std::collections::BTreeMap;

    /// A state with parts of every kind.
    #[derive(Debug, Clone, Default, PartialEq)]
    struct State {
        points: Points,
        count: usize,
        done: bool,
        rates: Vec<f32>,
        rows: Vec<BTreeMap<String, f64>>,
        size: Option<f64>,
        range: Option<(f64, f64)>,
    }

    impl Archived for State {
        fn archive(&mut self, archive: &mut Archive) -> Result<()> {
            archive.part("points", &mut self.points)?;
            archive.part("count", &mut self.count)?;
            archive.part("done", &mut self.done)?;
            archive.part("rates", &mut self.rates)?;
            archive.part("rows", &mut self.rows)?;
            archive.part("size", &mut self.size)?;
            archive.part("range", &mut self.range)
        }
    }

    fn state() -> State {
        State {
            points: Stream::new(1).normal(5, 3),
            count: 12,
            done: true,
            rates: vec![0.1, f32::MIN_POSITIVE],
            rows: vec![BTreeMap::from([("step".into(), 3.0), ("energy".into(), f64::INFINITY)])],
            size: Some(-0.0),
            range: None,
        }
    }

    fn written(state: &mut State) -> Vec<u8> {
        let mut archive = Archive::writer();
        state.archive(&mut archive).unwrap();
        archive.bytes().to_vec()
    }

    #[test]
    fn a_state_comes_back() {
        let bytes = written(&mut state());
        let mut archive = Archive::reader(bytes.clone());
        let mut back = State { count: 1, size: None, range: Some((1.0, 2.0)), ..State::default() };
        back.archive(&mut archive).unwrap();
        archive.finish().unwrap();
        assert_eq!(back, state());
        assert_eq!(written(&mut back), bytes);
    }

    #[test]
    fn bytes_of_something_else_are_refused_without_taking_their_word() {
        let bytes = written(&mut state());
        for end in 0..bytes.len() {
            assert!(State::default().archive(&mut Archive::reader(bytes[..end].to_vec())).is_err(), "{end}");
        }
        // A changed byte must never make the reader allocate more than the size of the file.
        for (i, flip) in (0..bytes.len()).flat_map(|i| [(i, 0x80), (i, 0xff)]) {
            let mut other = bytes.clone();
            other[i] ^= flip;
            let mut found = State::default();
            let _ = found.archive(&mut Archive::reader(other));
            assert!(found.points.data().len() <= bytes.len() / 8);
        }
        let said = Archive::reader(bytes).part("cloud", &mut 0_u64).unwrap_err().to_string();
        assert!(said.contains("`points`") && said.contains("`cloud`"), "{said}");
    }
}
