//! Arrays in a zip archive, as NumPy's `savez` writes them.

use super::load_options::{LoadOptions, list};
use super::loaded::Loaded;
use super::npy;
use super::origin::Origin;
use crate::Result;
use crate::error::nearest;
use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::Path;
use zip::ZipArchive;

/// The largest compression ratio of deflate.
const DEFLATE_LIMIT: u64 = 1032;

/// An array is refused if it unpacks to more than this number of bytes and to more than `SUSPECT`
/// times its packed size.
const LARGE: u64 = 256 << 20;
/// The factor of the packed size; see `LARGE`.
const SUSPECT: u64 = 100;

/// Reads the points in the array that `options` names, or in the only array.
pub(super) fn load(mut reader: BufReader<File>, size: u64, path: &Path, options: &LoadOptions) -> Result<Loaded> {
    let whole = Origin { path, array: None };
    let broken = |e: zip::result::ZipError| match e {
        zip::result::ZipError::Io(e) => whole.io_error(&e),
        other => whole.wrong(format!("it cannot be unpacked ({other})"), "an archive saved by NumPy is expected"),
    };
    let told = entries_told(&mut reader).map_err(|e| whole.io_error(&e))?;
    let mut archive = ZipArchive::new(reader).map_err(broken)?;
    // The archive is read by names: of two entries with the same name, only the last is found.
    if told.is_some_and(|told| told > archive.len()) {
        return Err(whole.wrong("two of its entries have the same name", "names must be unique"));
    }
    let names: Vec<Option<String>> = archive.file_names().map(|n| n.ok().and_then(|n| array_name(&n))).collect();
    let (index, name) = choose(&names, options.key.as_deref(), &whole)?;

    let origin = Origin { path, array: Some(&name) };
    let mut entry = archive.by_index(index).map_err(broken)?;
    let (packed, unpacked) = (entry.compressed_size(), entry.size());
    if packed > size || unpacked > packed.saturating_mul(DEFLATE_LIMIT) {
        let seen = format!("it claims {packed} bytes that unpack to {unpacked}");
        return Err(origin.wrong(seen, format!("the file has {size} bytes")));
    }
    if unpacked > LARGE && unpacked > packed.saturating_mul(SUSPECT) {
        let seen = format!("its {packed} bytes unpack to {unpacked}");
        return Err(origin.wrong(seen, "an entry that unpacks to that many bytes is not trusted: save it as an .npy"));
    }
    let array = npy::read(&mut entry, unpacked, &origin)?;
    // The checksum is compared when the end of the entry is read, so that a flipped bit is an
    // error.
    std::io::copy(&mut entry, &mut std::io::sink()).map_err(|e| origin.io_error(&e))?;
    array.into_points(&origin, options)
}

/// Returns the number of entries that is stated at the end of the archive, if it is stated there.
/// Afterwards the reader is at the start of the file again.
fn entries_told(reader: &mut BufReader<File>) -> std::io::Result<Option<usize>> {
    const SIGNATURE: [u8; 4] = *b"PK\x05\x06";
    let size = reader.seek(SeekFrom::End(0))?;
    // The end is 22 bytes long and may be followed by a comment of up to 65,535 bytes.
    reader.seek(SeekFrom::Start(size.saturating_sub(22 + 65_535)))?;
    let mut tail = Vec::new();
    reader.read_to_end(&mut tail)?;
    reader.rewind()?;
    let end = tail.windows(12).rev().find(|window| window[..4] == SIGNATURE);
    let count = end.map(|end| u16::from_le_bytes([end[10], end[11]]));
    // Numbers above 65,534 are stated elsewhere.
    Ok(count.filter(|count| *count < u16::MAX).map(usize::from))
}

/// Returns the name of the array, "x" for the entry "x.npy".
fn array_name(entry: &str) -> Option<String> {
    entry.strip_suffix(".npy").map(str::to_string)
}

/// Returns the position and the name of the array called `key`, or of the only array.
fn choose(entries: &[Option<String>], key: Option<&str>, origin: &Origin) -> Result<(usize, String)> {
    let arrays: Vec<(usize, &String)> =
        entries.iter().enumerate().filter_map(|(i, n)| Some((i, n.as_ref()?))).collect();
    let names: Vec<String> = arrays.iter().map(|(_, n)| n.to_string()).collect();
    match (key, arrays.as_slice()) {
        (_, []) => Err(origin.wrong("it holds no array", "an archive saved by NumPy is expected")),
        (None, [(index, name)]) => Ok((*index, name.to_string())),
        (None, _) => {
            let seen = format!("it holds the arrays {}", list(&names));
            Err(origin.wrong(seen, "`key` must name one of them"))
        }
        (Some(key), _) => match arrays.iter().find(|(_, name)| *name == key) {
            Some((index, name)) => Ok((*index, name.to_string())),
            None => {
                let hint = nearest(key, names.iter().map(String::as_str));
                let hint = hint.map(|n| format!("; did you mean `{n}`?")).unwrap_or_default();
                Err(origin.wrong(format!("there is no array `{key}`"), format!("it holds {}{hint}", list(&names))))
            }
        },
    }
}
