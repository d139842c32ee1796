//! Numbers, lists and points in an archive: little-endian, without loss.

use super::{Archive, Archived, damaged};
use crate::Result;
use std::collections::BTreeMap;

macro_rules! numbers {
    ($($number:ty),*) => {$(
        impl Archived for $number {
            fn archive(&mut self, archive: &mut Archive) -> Result<()> {
                let mut bytes = self.to_le_bytes();
                archive.take(&mut bytes)?;
                *self = <$number>::from_le_bytes(bytes);
                Ok(())
            }
        }
    )*};
}

numbers!(u8, u32, i32, u64, f32, f64);

impl Archived for usize {
    fn archive(&mut self, archive: &mut Archive) -> Result<()> {
        let mut wide = *self as u64;
        wide.archive(archive)?;
        *self = usize::try_from(wide).map_err(|_| damaged(format!("it names the number {wide}"), "it is too large"))?;
        Ok(())
    }
}

impl Archived for bool {
    fn archive(&mut self, archive: &mut Archive) -> Result<()> {
        let mut byte = u8::from(*self);
        byte.archive(archive)?;
        *self = byte == 1;
        if byte <= 1 { Ok(()) } else { Err(damaged(format!("it holds the byte {byte}"), "0 or 1 is expected")) }
    }
}

impl Archived for String {
    fn archive(&mut self, archive: &mut Archive) -> Result<()> {
        let mut bytes = std::mem::take(self).into_bytes();
        let length = archive.length(bytes.len(), 1)?;
        bytes.resize(length, 0);
        archive.take(&mut bytes)?;
        *self = String::from_utf8(bytes).map_err(|_| damaged("a name is not text", "UTF-8 is expected"))?;
        Ok(())
    }
}

impl<T: Archived + Default> Archived for Vec<T> {
    fn archive(&mut self, archive: &mut Archive) -> Result<()> {
        // Every item takes at least one byte, so a list is at most as long as the archive.
        let length = archive.length(self.len(), 1)?;
        self.truncate(length);
        for item in self.iter_mut() {
            item.archive(archive)?;
        }
        while self.len() < length {
            let mut item = T::default();
            item.archive(archive)?;
            self.push(item);
        }
        Ok(())
    }
}

/// Lists of fixed length: the length in the archive must be the same.
impl<T: Archived> Archived for [T] {
    fn archive(&mut self, archive: &mut Archive) -> Result<()> {
        let length = archive.length(self.len(), 1)?;
        archive.expect_length(length, self.len())?;
        self.iter_mut().try_for_each(|item| item.archive(archive))
    }
}

impl<T: Archived + Default> Archived for Option<T> {
    fn archive(&mut self, archive: &mut Archive) -> Result<()> {
        let mut some = self.is_some();
        some.archive(archive)?;
        match some {
            true => self.get_or_insert_with(T::default).archive(archive),
            false => {
                *self = None;
                Ok(())
            }
        }
    }
}

impl<A: Archived, B: Archived> Archived for (A, B) {
    fn archive(&mut self, archive: &mut Archive) -> Result<()> {
        self.0.archive(archive)?;
        self.1.archive(archive)
    }
}

impl<T: Archived + Default> Archived for BTreeMap<String, T> {
    fn archive(&mut self, archive: &mut Archive) -> Result<()> {
        let mut entries: Vec<(String, T)> = std::mem::take(self).into_iter().collect();
        entries.archive(archive)?;
        self.extend(entries);
        Ok(())
    }
}
