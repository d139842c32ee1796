//! The identity of a run: a hash that does not change between releases of the compiler.

use sdflow::io::{open_regular, pictures_in};
use std::io::{BufRead, BufReader};
use std::path::Path;

/// FNV-1a with 128 bits [eastlake2019fnv]. It distinguishes runs, but gives no protection, because
/// it is not cryptographic.
#[derive(Debug, Clone)]
pub struct Hasher(u128);

impl Hasher {
    /// Creates the empty hash.
    pub fn new() -> Hasher {
        Hasher(0x6c62_272e_07bb_0142_62b8_2175_6295_c58d)
    }

    /// Adds a labelled field. The lengths are hashed too, so that fields cannot be confused.
    pub fn field(&mut self, label: &str, value: &[u8]) -> &mut Hasher {
        for part in [label.as_bytes(), value] {
            self.bytes(&(part.len() as u64).to_le_bytes()).bytes(part);
        }
        self
    }

    /// Returns 16 hexadecimal digits.
    pub fn hex(&self) -> String {
        // Combining both halves uses all 128 bits; 64 bits are enough to distinguish the runs of
        // one script.
        format!("{:016x}", (self.0 >> 64) as u64 ^ self.0 as u64)
    }

    fn bytes(&mut self, bytes: &[u8]) -> &mut Hasher {
        for byte in bytes {
            self.0 = (self.0 ^ u128::from(*byte)).wrapping_mul(0x0000_0000_0100_0000_0000_0000_0000_013b);
        }
        self
    }
}

/// Returns the digest of a file's content: 16 hexadecimal digits. It is empty if the file is not a
/// regular file or cannot be read. The memory does not grow with the file. The digest of a folder
/// is that of its pictures.
pub fn digest_of_file(path: &Path) -> String {
    let read = || {
        let mut hasher = Hasher::new();
        if path.is_dir() {
            for file in pictures_in(path)? {
                let name = file.file_name().unwrap_or_default().to_string_lossy();
                hasher.field(&name, digest_of_file(&file).as_bytes());
            }
            return Ok(hasher.hex());
        }
        let mut file = BufReader::with_capacity(1 << 16, open_regular(path)?);
        loop {
            let bytes = file.fill_buf()?;
            if bytes.is_empty() {
                return Ok::<String, std::io::Error>(hasher.hex());
            }
            let length = bytes.len();
            hasher.bytes(bytes);
            file.consume(length);
        }
    };
    read().unwrap_or_default()
}

/// Returns the identity of several runs together: 16 hexadecimal digits.
pub fn hash_all<'a>(identities: impl Iterator<Item = &'a str>) -> String {
    let mut hasher = Hasher::new();
    for identity in identities {
        hasher.field("run", identity.as_bytes());
    }
    hasher.hex()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_values() {
        // Test vectors of the FNV-1a 128 definition.
        assert_eq!(Hasher::new().bytes(b"").0, 0x6c62272e07bb014262b821756295c58d);
        assert_eq!(Hasher::new().bytes(b"a").0, 0xd228cb696f1a8caf78912b704e4a8964);
        assert_eq!(Hasher::new().bytes(b"foobar").0, 0x343e1662793c64bf6f0d3597ba446f18);
    }

    #[test]
    fn fields_do_not_run_together() {
        let of = |a: &str, b: &str| Hasher::new().field("x", a.as_bytes()).field("x", b.as_bytes()).hex();
        assert_ne!(of("ab", "c"), of("a", "bc"));
        assert_eq!(of("ab", "c").len(), 16);
    }
}
