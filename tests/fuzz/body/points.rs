//! Points in files: arrays, archives of arrays, tables.

use super::file::{File, check_message};
use super::seed::stored;
use sdflow::io::{Decimal, Header, LoadOptions, MissingCells, Separator, load, save_csv, save_npy};
use sdflow::{Points, Result};

/// An array in NumPy's format: an array that loads is finite, has as many values as the header
/// says, and is unchanged after it was written and read.
pub fn npy(bytes: &[u8]) {
    for flatten in [false, true] {
        let options = LoadOptions { flatten, ..LoadOptions::default() };
        if let (Some(points), Some(count)) = (read("x.npy", bytes, &options), claimed(bytes)) {
            assert_eq!(points.data().len() as u128, count);
        }
    }
}

/// An archive of arrays: the checks of an array hold. The bytes give the same values as an array
/// file and as an entry of an archive.
pub fn npz(bytes: &[u8]) {
    let plain = LoadOptions::default();
    read("x.npz", bytes, &plain);
    read("x.npz", bytes, &LoadOptions { key: Some("x".into()), ..LoadOptions::default() });
    let (alone, packed) = (read("x.npy", bytes, &plain), read("x.npz", &stored("x.npy", bytes), &plain));
    assert!(alone == packed, "an array of an archive differs from the same array alone");
}

/// A table: a table that loads is finite, and has no more rows than the text has lines. It is
/// unchanged after it was written and read, with a given layout or with an inferred layout.
pub fn csv(bytes: &[u8]) {
    let plain = LoadOptions::default;
    for options in [
        plain(),
        LoadOptions { header: Header::Yes, ..plain() },
        LoadOptions { header: Header::No, missing: MissingCells::Drop, ..plain() },
        LoadOptions { separator: Separator::Comma, ..plain() },
        LoadOptions { separator: Separator::Semicolon, decimal: Decimal::Comma, ..plain() },
        LoadOptions { separator: Separator::Space, ..plain() },
    ] {
        let Some(points) = read("x.csv", bytes, &options) else { continue };
        let lines = 1 + bytes.iter().filter(|b| b"\r\n".contains(b)).count();
        assert!(points.n() <= lines, "{} rows in {lines} lines", points.n());
        let file = File::new("y.csv", b"");
        save_csv(&file.path, None, &points).unwrap();
        assert!(same(&load(&file.path, &plain()).unwrap(), &points), "a saved table reads as another");
    }
}

/// The points in a file of this name and content, checked.
fn read(name: &str, bytes: &[u8], options: &LoadOptions) -> Option<Points> {
    let file = File::new(name, bytes);
    let loaded: Result<Points> = load(&file.path, options);
    let points = loaded.inspect_err(check_message).ok()?;
    assert!(points.n() > 0 && points.dim() > 0 && points.data().len() == points.n() * points.dim());
    assert!(points.data().iter().all(|v| v.is_finite()));
    let again = file.beside("again.npy");
    save_npy(&again, &points).unwrap();
    assert!(same(&load(&again, &LoadOptions::default()).unwrap(), &points), "a saved array reads as another");
    Some(points)
}

/// True if these are the same values, bit by bit.
fn same(a: &Points, b: &Points) -> bool {
    let bits = |p: &Points| p.data().iter().map(|v| v.to_bits()).collect::<Vec<_>>();
    a.dim() == b.dim() && bits(a) == bits(b)
}

/// The product of the axes in an array's header, if the header has the form that NumPy writes.
fn claimed(bytes: &[u8]) -> Option<u128> {
    const KEY: &str = "'shape': (";
    let header = String::from_utf8_lossy(&bytes[..bytes.len().min(200)]).into_owned();
    let (before, after) = header.split_once(KEY)?;
    let inside = after.split(')').next()?;
    if before.contains("shape") || after.contains("shape") {
        return None;
    }
    let axes = inside.split(',').map(str::trim).filter(|axis| !axis.is_empty());
    axes.map(|axis| axis.parse::<u128>().ok()).try_fold(1u128, |product, axis| product.checked_mul(axis?))
}
