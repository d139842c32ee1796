//! `.npz`.

use super::bytes::{array, zip_of};
use super::*;
use std::io::Write as _;

#[test]
fn an_archive_is_asked_by_key() {
    let folder = Folder::new();
    let (one, two) = (array("|u1", "False", "(1,)", &[1]), array("|u1", "False", "(1,)", &[2]));
    let path =
        folder.file("x.npz", &zip_of(&[("train.npy", &one), ("test.npy", &two)], zip::CompressionMethod::Deflated));
    assert_eq!(load(&path, &options(r#"{"key": "test"}"#)).unwrap().data(), [2.0]);
    let error = load(&path, &LoadOptions::default()).unwrap_err().to_string();
    assert!(error.ends_with("it holds the arrays `train`, `test`, but `key` must name one of them"), "{error}");
    let error = load(&path, &options(r#"{"key": "tets"}"#)).unwrap_err().to_string();
    assert!(error.ends_with("there is no array `tets`, but it holds `train`, `test`; did you mean `test`?"), "{error}");

    let only = zip_of(&[("readme.txt", b"hi"), ("x.npy", &one)], zip::CompressionMethod::Stored);
    assert_eq!(folder.load("x.npz", &only).unwrap().data(), [1.0]);
    assert_eq!(folder.load("unnamed", &only).unwrap().data(), [1.0]);
    assert!(complaint("x.npz", &zip_of(&[], zip::CompressionMethod::Stored)).contains("it holds no array"));
    let nan = array("<f4", "False", "(1,)", &f32::NAN.to_le_bytes());
    let error = complaint("x.npz", &zip_of(&[("bad.npy", &nan)], zip::CompressionMethod::Stored));
    assert!(error.contains("x.npz, array `bad` holds NaN in row 0"), "{error}");
}

#[test]
fn an_archive_that_unpacks_to_far_more_than_it_is() {
    let mut out = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    out.start_file("a.npy", zip::write::SimpleFileOptions::default()).unwrap();
    out.write_all(&array("|u1", "False", "(300000000,)", &[])).unwrap();
    (0..300).for_each(|_| out.write_all(&[0; 1_000_000]).unwrap());
    let packed = out.finish().unwrap().into_inner();
    assert!(packed.len() < 1_000_000);
    let error = complaint("x.npz", &packed);
    assert!(error.contains("array `a`") && error.contains("is not trusted"), "{error}");
}

/// The checksum of an archive detects a flipped bit in the values, wherever it is.
#[test]
fn a_flipped_bit_in_an_archive_is_no_number() {
    let folder = Folder::new();
    let values: Vec<u8> = (0..16).flat_map(|i| f64::from(i).to_le_bytes()).collect();
    let whole = array("<f8", "False", "(16, 1)", &values);
    for method in [zip::CompressionMethod::Stored, zip::CompressionMethod::Deflated] {
        let packed = zip_of(&[("a.npy", &whole)], method);
        let clean = folder.load("x.npz", &packed).unwrap();
        // The data of the first entry begin after its header of 30 bytes and its name.
        for at in (35..packed.len().min(35 + whole.len())).step_by(7) {
            for bit in [0, 3, 6] {
                let mut flipped = packed.clone();
                flipped[at] ^= 1 << bit;
                if let Ok(points) = folder.load("x.npz", &flipped) {
                    // A change of a byte that is not part of the data need not be an error.
                    assert_eq!(points, clean, "{method:?}: bit {bit} of byte {at}");
                }
            }
        }
    }
}

#[test]
fn an_archive_with_two_entries_of_one_name_is_refused() {
    let folder = Folder::new();
    let one = array("<f8", "False", "(1, 1)", &1.0f64.to_le_bytes());
    let packed = zip_of(&[("a.npy", &one), ("b.npy", &one)], zip::CompressionMethod::Stored);
    let error = folder.load("x.npz", &renamed(&packed, b"b.npy", b"a.npy")).unwrap_err().to_string();
    assert!(error.contains("two of its entries have the same name"), "{error}");
}

/// Returns `bytes` with every `from` replaced by `to`.
fn renamed(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for at in 0..bytes.len().saturating_sub(from.len()) {
        if bytes[at..].starts_with(from) {
            bytes[at..at + to.len()].copy_from_slice(to);
        }
    }
    bytes
}
