//! Pictures: what is written is read back, and what is not a picture is refused.

use super::*;
use crate::io::save_png;
use std::path::Path;

/// Points whose values are multiples of 1/255, so that eight bits hold them.
fn pixels(n: usize, dim: usize) -> Points {
    Points::new((0..n * dim).map(|i| (i * 37 % 256) as f64 / 255.0).collect(), dim, "pixels").unwrap()
}

#[test]
fn pixels_are_read_back() {
    let folder = tempfile::tempdir().unwrap();
    for dim in [1, 3] {
        let (path, picture) = (folder.path().join("a.png"), pixels(24, dim));
        save_png(&path, &picture, 6).unwrap();
        let loaded = load_with_note(&path, &LoadOptions::default()).unwrap();
        assert_eq!(loaded.points, picture);
        assert!(loaded.note.unwrap().contains("6 x 4"));
        let whole = load(&path, &LoadOptions { flatten: true, ..LoadOptions::default() }).unwrap();
        assert_eq!((whole.n(), whole.data()), (1, picture.data()));
    }
    // Values outside of the range are clipped, and others are rounded.
    let path = folder.path().join("b.png");
    save_png(&path, &Points::from_rows(&[[-3.0], [0.501], [7.0]]).unwrap(), 3).unwrap();
    assert_eq!(load(&path, &LoadOptions::default()).unwrap().data(), [0.0, 128.0 / 255.0, 1.0]);
}

#[test]
fn a_folder_is_one_picture_per_row() {
    let folder = tempfile::tempdir().unwrap();
    let refused = |folder: &Path| load(folder, &LoadOptions::default()).unwrap_err().to_string();
    assert!(refused(folder.path()).contains("without .png files"));
    for (name, from) in [("b.png", 8), ("a.png", 0)] {
        save_png(&folder.path().join(name), &pixels(16, 1).rows(from..from + 8), 4).unwrap();
    }
    std::fs::write(folder.path().join("notes.txt"), "not a picture").unwrap();
    let points = load(folder.path(), &LoadOptions::default()).unwrap();
    assert_eq!((points.n(), points.dim(), points.data()), (2, 8, pixels(16, 1).data()));
    save_png(&folder.path().join("c.png"), &pixels(8, 1), 2).unwrap();
    let told = refused(folder.path());
    assert!(told.contains("c.png") && told.contains("2 x 4") && told.contains("4 x 2"), "{told}");
}

#[test]
fn damaged_pictures_and_wrong_options_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.png");
    save_png(&path, &pixels(600, 3), 30).unwrap();
    let bytes = std::fs::read(&path).unwrap();
    let refused = |bytes: &[u8]| {
        std::fs::write(&path, bytes).unwrap();
        load(&path, &LoadOptions::default()).unwrap_err().to_string()
    };
    for end in [9, 30, bytes.len() / 2, bytes.len() - 20] {
        assert!(refused(&bytes[..end]).contains("a.png"), "{end}");
    }
    // The checksums detect one wrong bit anywhere after the header.
    for at in [20, 60, bytes.len() / 2] {
        let mut wrong = bytes.clone();
        wrong[at] ^= 4;
        assert!(refused(&wrong).contains("a.png"), "{at}");
    }
    std::fs::write(&path, &bytes).unwrap();
    let columns = LoadOptions { columns: Some(vec![Column::At(0)]), ..LoadOptions::default() };
    assert!(load(&path, &columns).unwrap_err().to_string().contains("columns"));
    let told = save_png(&path, &pixels(10, 3), 3).unwrap_err().to_string();
    assert!(told.contains("`width` is 3") && told.contains("10"), "{told}");
    assert!(save_png(&path, &pixels(10, 2), 5).unwrap_err().to_string().contains("2 columns"));
}
