//! Files are written here byte by byte, so that the readers are not tested only against the
//! writers.

mod archive;
mod array;
mod bytes;
mod npy_rows;
mod png;
mod table;
mod table_layout;
mod tensor;

use super::write::save_npy_shape;
use super::*;
use crate::{Error, Points, Result};
use std::path::PathBuf;

/// A folder that is removed after its last use.
struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Folder {
        Folder(tempfile::tempdir().unwrap())
    }

    fn file(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.0.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    }

    fn load(&self, name: &str, bytes: &[u8]) -> Result<Points> {
        load(&self.file(name, bytes), &LoadOptions::default())
    }
}

/// Returns options from the form in which a script writes them.
fn options(json: &str) -> LoadOptions {
    serde_json::from_str(json).unwrap()
}

/// Returns the sentence of the error for a file of these bytes.
fn complaint(name: &str, bytes: &[u8]) -> String {
    Folder::new().load(name, bytes).unwrap_err().to_string()
}

#[test]
fn what_is_not_a_file_of_points_is_refused_by_name() {
    let folder = Folder::new();
    let missing = load(&folder.0.path().join("no.npy"), &LoadOptions::default()).unwrap_err();
    assert!(matches!(missing, Error::Io { act: "read", .. }));
    let whole = load(folder.0.path(), &LoadOptions::default()).unwrap_err().to_string();
    assert!(whole.contains("it is a folder"), "{whole}");
    assert!(complaint("x.npy", b"").contains("it is empty"));
    assert!(complaint("x.dat", b"1 2 3").contains("its kind is unknown"));
}

#[test]
fn an_option_of_another_kind_of_file_is_refused() {
    let folder = Folder::new();
    let path = folder.file("x.csv", b"1,2\n");
    for json in [r#"{"key": "a"}"#, r#"{"flatten": true}"#] {
        assert!(matches!(load(&path, &options(json)), Err(Error::Argument { .. })));
    }
    let path = folder.0.path().join("x.npy");
    save_npy(&path, &Points::zeros(1, 1)).unwrap();
    let error = load(&path, &options(r#"{"header": true}"#)).unwrap_err();
    assert_eq!(error.to_string(), "`header` is true, but only .csv files have one: leave it out");
}

#[test]
fn what_only_tables_have_is_refused_of_arrays() {
    let folder = Folder::new();
    let path = folder.0.path().join("x.npy");
    save_npy(&path, &Points::zeros(1, 1)).unwrap();
    for (json, name) in [
        (r#"{"separator": ";"}"#, "separator"),
        (r#"{"decimal": ","}"#, "decimal"),
        (r#"{"missing": "drop"}"#, "missing"),
    ] {
        let error = load(&path, &options(json)).unwrap_err().to_string();
        assert!(error.starts_with(&format!("`{name}` is ")) && error.contains("only .csv files"), "{error}");
    }
}

/// A pipe, a device or a socket may have no end, so a reader could wait without end.
#[cfg(unix)]
#[test]
fn what_is_not_a_regular_file_is_refused_at_once() {
    let folder = Folder::new();
    let (pipe, socket) = (folder.0.path().join("pipe.csv"), folder.0.path().join("socket.csv"));
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    let link = folder.0.path().join("link.csv");
    std::os::unix::fs::symlink(&pipe, &link).unwrap();
    for path in [pipe, socket, link, PathBuf::from("/dev/zero")] {
        let error = load(&path, &LoadOptions::default()).unwrap_err().to_string();
        assert!(error.ends_with("it is not a regular file, but a file of points is expected"), "{error}");
    }
}

#[test]
fn options_are_plain_data() {
    let o = options(r#"{"columns": [2, "x"], "header": "auto"}"#);
    assert_eq!(o.columns, Some(vec![Column::At(2), Column::Named("x".into())]));
    let back: LoadOptions = serde_json::from_value(serde_json::to_value(&o).unwrap()).unwrap();
    assert_eq!(back, o);
    for bad in [r#"{"header": "maybe"}"#, r#"{"columns": [-1]}"#, r#"{"columns": [1.5]}"#, r#"{"colums": [1]}"#] {
        assert!(serde_json::from_str::<LoadOptions>(bad).is_err(), "{bad}");
    }
}

#[test]
fn a_failed_write_leaves_the_old_file_and_nothing_beside_it() {
    let folder = Folder::new();
    let path = folder.file("run.json", b"old");
    let error = write_atomic(&path, |out| {
        out.write_all(b"half of the n")?;
        Err(std::io::Error::other("the disk is full"))
    });
    assert_eq!(error, Err(Error::Io { act: "write", path: path.clone(), reason: "the disk is full".into() }));
    assert_eq!(std::fs::read(&path).unwrap(), b"old");
    write_atomic(&path, |out| out.write_all(b"new")).unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), b"new");
    assert_eq!(std::fs::read_dir(folder.0.path()).unwrap().count(), 1);

    let nowhere = folder.0.path().join("missing").join("x.npy");
    assert!(matches!(save_npy(&nowhere, &Points::zeros(1, 1)), Err(Error::Io { act: "write", .. })));
    assert!(matches!(write_atomic(folder.0.path(), |_| Ok(())), Err(Error::Io { .. })));
}

#[test]
fn what_is_saved_reads_back_bit_by_bit() {
    let folder = Folder::new();
    let values = [0.1, -0.0, 1e-308, 5e-324, 1.7976931348623157e308, 1.0 / 3.0, 1e15, 123456789.125];
    let points = Points::new(values.to_vec(), 2, "x").unwrap();
    let bits = |p: &Points| p.data().iter().map(|v| v.to_bits()).collect::<Vec<_>>();
    let (npy, csv) = (folder.0.path().join("x.npy"), folder.0.path().join("x.csv"));
    save_npy(&npy, &points).unwrap();
    assert_eq!(bits(&load(&npy, &LoadOptions::default()).unwrap()), bits(&points));
    for header in [None, Some(["a".to_string(), "b".to_string()])] {
        save_csv(&csv, header.as_ref().map(|h| h.as_slice()), &points).unwrap();
        assert_eq!(bits(&load(&csv, &LoadOptions::default()).unwrap()), bits(&points));
    }
    assert!(save_csv(&csv, Some(&["a".to_string()]), &points).is_err());
    assert!(save_npy_shape(&npy, &values, &[2, 3]).is_err());
    save_npy_shape(&npy, &values, &[2, 2, 2]).unwrap();
    assert_eq!(load(&npy, &options(r#"{"flatten": true}"#)).unwrap().data(), values);
}

#[cfg(unix)]
#[test]
fn a_pipe_is_written_to_and_a_link_keeps_standing() {
    use std::io::Read as _;
    use std::os::unix::fs::{FileTypeExt as _, symlink};
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe");
    // A test must never use a real device: a writer that replaced it would break the machine.
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let reader = std::thread::spawn({
        let pipe = pipe.clone();
        move || {
            let mut text = String::new();
            std::fs::File::open(pipe).unwrap().read_to_string(&mut text).unwrap();
            text
        }
    });
    write_atomic(&pipe, |out| out.write_all(b"through")).unwrap();
    assert_eq!(reader.join().unwrap(), "through");
    assert!(std::fs::metadata(&pipe).unwrap().file_type().is_fifo());
    let (file, link) = (folder.path().join("file"), folder.path().join("link"));
    std::fs::write(&file, "old").unwrap();
    symlink(&file, &link).unwrap();
    write_atomic(&link, |out| out.write_all(b"new")).unwrap();
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "new");
    assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
}
