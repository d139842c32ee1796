//! The rows of an `.npy` file that stays on disk.

use super::bytes::array;
use super::*;
use crate::points::RowSource;

fn floats(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|v| v.to_le_bytes()).collect()
}

#[test]
fn any_range_of_rows_is_that_of_all_rows() {
    let folder = Folder::new();
    let values: Vec<f32> = (0..21).map(|k| k as f32 * 0.1).collect();
    for (shape, dim) in [("(7, 3)", 3), ("(21,)", 1)] {
        let path = folder.file("x.npy", &array("<f4", "False", shape, &floats(&values)));
        let (rows, all) = (NpyRows::open(&path).unwrap(), load(&path, &LoadOptions::default()).unwrap());
        assert_eq!((rows.n(), rows.dim(), rows.name().as_str()), (all.n(), dim, "x.npy"));
        for (from, to) in [(0, all.n()), (0, 1), (2, 5), (6, 7)] {
            assert_eq!(rows.read(from..to).unwrap(), all.rows(from..to), "{shape}: {from} to {to}");
        }
    }
}

#[test]
fn what_cannot_be_read_by_rows_is_refused() {
    let folder = Folder::new();
    let open = |bytes: &[u8]| NpyRows::open(&folder.file("x.npy", bytes)).unwrap_err().to_string();
    let body = floats(&[0.0; 12]);
    let told = open(&array("<f4", "True", "(4, 3)", &body));
    assert!(
        told.contains("its columns are stored one after the other") && told.contains("ascontiguousarray"),
        "{told}"
    );
    assert!(open(&array("<f4", "False", "(2, 2, 3)", &body)).contains("its shape is (2, 2, 3)"));
    assert!(open(&array("<f4", "False", "(0, 3)", &[])).contains("its shape is (0, 3)"));
    assert!(open(&array("<f4", "False", "(5, 3)", &body)).contains("which needs 60 bytes"));
    assert!(open(b"1,2\n").contains("x.npy"));
}

/// A value that is not finite is named with its row in the file, and a file that has become shorter
/// is an error.
#[test]
fn faults_behind_the_header_are_found_when_they_are_read() {
    let folder = Folder::new();
    let mut values = [0.5f32; 12];
    values[7] = f32::NAN;
    let bytes = array("<f4", "False", "(4, 3)", &floats(&values));
    let path = folder.file("x.npy", &bytes);
    let rows = NpyRows::open(&path).unwrap();
    assert!(rows.read(0..2).is_ok());
    let told = rows.read(2..4).unwrap_err().to_string();
    assert!(told.contains("NaN in row 2, column 1"), "{told}");
    std::fs::OpenOptions::new().write(true).open(&path).unwrap().set_len(bytes.len() as u64 - 5).unwrap();
    assert!(rows.read(3..4).unwrap_err().to_string().contains("ends before its last value"));
}
