//! Arrays and archives as bytes.

use std::io::Write as _;

/// Returns an `.npy` file with this header text, padded as NumPy pads it, and these bytes.
pub(super) fn npy(header: &str, body: &[u8]) -> Vec<u8> {
    let mut text = header.as_bytes().to_vec();
    text.resize((10 + text.len() + 1).next_multiple_of(64) - 11, b' ');
    text.push(b'\n');
    let mut out = b"\x93NUMPY\x01\x00".to_vec();
    out.extend((text.len() as u16).to_le_bytes());
    out.extend(text);
    out.extend(body);
    out
}

pub(super) fn array(descr: &str, fortran: &str, shape: &str, body: &[u8]) -> Vec<u8> {
    npy(&format!("{{'descr': '{descr}', 'fortran_order': {fortran}, 'shape': {shape}, }}"), body)
}

/// Returns a zip archive of stored or deflated entries.
pub(super) fn zip_of(entries: &[(&str, &[u8])], method: zip::CompressionMethod) -> Vec<u8> {
    let mut out = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, bytes) in entries {
        out.start_file(*name, zip::write::SimpleFileOptions::default().compression_method(method)).unwrap();
        out.write_all(bytes).unwrap();
    }
    out.finish().unwrap().into_inner()
}
