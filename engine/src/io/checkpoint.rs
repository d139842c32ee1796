//! Checkpoints in files.

use super::origin::Origin;
use super::read_bytes::{open, read_bytes};
use super::write_atomic::write_atomic;
use crate::Result;
use crate::archive::Archive;
use serde_json::Value;
use std::path::Path;

/// The first bytes of a checkpoint file; the digit is the version of the format.
const MAGIC: &[u8; 20] = b"sdflow checkpoint 1\n";

/// A checkpoint read from a file.
#[derive(Debug, Clone, PartialEq)]
pub struct Checkpoint {
    /// The owner of the state: an object of names and values that was passed to
    /// [`save_checkpoint`].
    pub owner: Value,
    /// The state.
    pub state: Archive,
}

/// Writes a checkpoint to the file at `path`, completely or not at all. `owner` describes the
/// process to which the state belongs. The file holds a line that names the format, the lengths of
/// owner and state in 8 bytes each, owner and state, and a CRC-32 of lengths, owner and state.
///
/// # Errors
/// Those of [`write_atomic`].
pub fn save_checkpoint(path: &Path, owner: &Value, state: &Archive) -> Result<()> {
    let owner = owner.to_string();
    let parts = [owner.as_bytes(), state.bytes()];
    let lengths = parts.map(|part| (part.len() as u64).to_le_bytes());
    let mut sum = crc32fast::Hasher::new();
    lengths.iter().for_each(|length| sum.update(length));
    parts.iter().for_each(|part| sum.update(part));
    let sum = sum.finalize().to_le_bytes();
    write_atomic(path, |out| {
        out.write_all(MAGIC)?;
        lengths.iter().try_for_each(|length| out.write_all(length))?;
        parts.iter().try_for_each(|part| out.write_all(part))?;
        out.write_all(&sum)
    })
}

/// Reads the checkpoint in the file at `path`.
///
/// # Errors
/// [`crate::Error::Io`] if the file cannot be read; [`crate::Error::File`] if it is not a
/// checkpoint, is cut off, or has a changed byte.
pub fn load_checkpoint(path: &Path) -> Result<Checkpoint> {
    let (mut file, size) = open(path)?;
    let origin = Origin { path, array: None };
    let bytes = read_bytes(&mut file, size, &origin)?;
    let wrong = |seen: &str| origin.wrong(seen, "a whole checkpoint of this version is expected");
    let (owner, state) = parts(&bytes).map_err(wrong)?;
    let owner = serde_json::from_slice(owner).map_err(|_| wrong("its owner is not JSON"))?;
    Ok(Checkpoint { owner, state: Archive::reader(state.to_vec()) })
}

/// Returns owner and state, or a message that says what is wrong with the file.
fn parts(bytes: &[u8]) -> std::result::Result<(&[u8], &[u8]), &'static str> {
    let rest = bytes.strip_prefix(MAGIC).ok_or("it does not begin as a checkpoint does")?;
    let (summed, sum) = rest.split_last_chunk::<4>().ok_or("it is cut off")?;
    let (first, parts) = summed.split_first_chunk::<8>().ok_or("it is cut off")?;
    let (second, parts) = parts.split_first_chunk::<8>().ok_or("it is cut off")?;
    let [owner, state] = [first, second].map(|length| usize::try_from(u64::from_le_bytes(*length)).ok());
    if owner.zip(state).and_then(|(owner, state)| owner.checked_add(state)) != Some(parts.len()) {
        return Err("its lengths are not those of its parts");
    }
    match crc32fast::hash(summed) == u32::from_le_bytes(*sum) {
        true => Ok(parts.split_at(owner.unwrap_or(0))),
        false => Err("its checksum is wrong"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Error;
    use serde_json::json;

    #[test]
    fn a_checkpoint_comes_back_and_no_damage_goes_unseen() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("run-0.checkpoint");
        let mut state = Archive::writer();
        state.part("values", &mut vec![1.5, f64::NAN, -0.0]).unwrap();
        save_checkpoint(&path, &json!({"call": "run 0"}), &state).unwrap();
        let back = load_checkpoint(&path).unwrap();
        assert_eq!((&back.owner["call"], back.state.bytes()), (&json!("run 0"), state.bytes()));
        let bytes = std::fs::read(&path).unwrap();
        for i in 0..bytes.len() {
            let mut other = bytes.clone();
            other[i] ^= 1;
            std::fs::write(&path, &other).unwrap();
            assert!(matches!(load_checkpoint(&path), Err(Error::File { .. })), "byte {i}");
            std::fs::write(&path, &bytes[..i]).unwrap();
            assert!(load_checkpoint(&path).is_err(), "cut at {i}");
        }
        assert!(matches!(load_checkpoint(&folder.path().join("none")), Err(Error::Io { .. })));
    }
}
