//! `.safetensors`, byte by byte.

use super::*;

/// Returns a file of this header and these bytes.
fn bytes(header: &str, data: &[u8]) -> Vec<u8> {
    let mut all = (header.len() as u64).to_le_bytes().to_vec();
    all.extend(header.bytes());
    all.extend(data);
    all
}

fn complaint(bytes: &[u8]) -> String {
    let folder = Folder::new();
    Tensors::load(&folder.file("w.safetensors", bytes)).unwrap_err().to_string()
}

#[test]
fn tensors_of_every_kind_are_read() {
    let header = r#"{"__metadata__":{"by":"hand"},
        "b":{"dtype":"BF16","shape":[2],"data_offsets":[28,32]},
        "a":{"dtype":"F64","shape":[1,2],"data_offsets":[0,16]},
        "h":{"dtype":"F16","shape":[4],"data_offsets":[16,24]},
        "s":{"dtype":"F32","shape":[],"data_offsets":[24,28]},
        "none":{"dtype":"F32","shape":[0,3],"data_offsets":[32,32]}}"#;
    let mut data: Vec<u8> = [1.5f64, -2.0].iter().flat_map(|v| v.to_le_bytes()).collect();
    // 1, -0.5, the largest number and the smallest positive number.
    data.extend([0x3c00u16, 0xb800, 0x7bff, 0x0001].iter().flat_map(|v| v.to_le_bytes()));
    data.extend(0.1f32.to_le_bytes());
    data.extend([0x3f80u16, 0xc000].iter().flat_map(|v| v.to_le_bytes()));
    let folder = Folder::new();
    let read = Tensors::load(&folder.file("w.safetensors", &bytes(header, &data))).unwrap();
    let values = |name: &str| read.tensors[name].values.clone();
    assert_eq!((values("a"), values("b"), values("s")), (vec![1.5, -2.0], vec![1.0, -2.0], vec![0.1]));
    assert_eq!(values("h"), [1.0, -0.5, 65504.0, 5.960_464_5e-8]);
    assert_eq!((read.tensors["a"].shape.as_slice(), read.tensors["none"].values.len()), (&[1, 2][..], 0));
    assert_eq!(read.metadata["by"], "hand");
}

#[test]
fn what_is_written_is_the_format_and_reads_back() {
    let mut tensors = Tensors::default();
    tensors.tensors.insert("x".into(), Tensor { shape: vec![2, 1], values: vec![0.1, -3e-39] });
    tensors.tensors.insert("y".into(), Tensor { shape: vec![], values: vec![7.0] });
    let folder = Folder::new();
    let path = folder.0.path().join("w.safetensors");
    tensors.save(&path).unwrap();
    assert_eq!(Tensors::load(&path).unwrap(), tensors);
    let written = std::fs::read(&path).unwrap();
    let length = u64::from_le_bytes(written[..8].try_into().unwrap()) as usize;
    assert!(length.is_multiple_of(8) && written.len() == 8 + length + 12);
    let header: serde_json::Value = serde_json::from_slice(&written[8..8 + length]).unwrap();
    assert_eq!(header["y"], serde_json::json!({"dtype": "F32", "shape": [], "data_offsets": [8, 12]}));
}

#[test]
fn hostile_files_are_refused_with_their_place() {
    let one = |entry: &str| format!(r#"{{"w":{entry}}}"#);
    let entry = |kind: &str, shape: &str, offsets: &str| {
        one(&format!(r#"{{"dtype":"{kind}","shape":{shape},"data_offsets":{offsets}}}"#))
    };
    let four = [0u8; 4];
    for (file, named) in [
        (b"1234".to_vec(), &["ends before its last value"][..]),
        (
            [u64::MAX.to_le_bytes().as_slice(), b"{}"].concat(),
            &["header", "18446744073709551615 bytes in a file of 10"],
        ),
        ([90u64.to_le_bytes().as_slice(), b"{}"].concat(), &["header", "90 bytes"]),
        (bytes("[1, 2]", &[]), &["header", "not a JSON object"]),
        (bytes("{\"w\":", &[]), &["not a JSON object"]),
        (bytes(&"[".repeat(100_000), &[]), &["not a JSON object"]),
        (bytes(&format!("{{\"w\":{}", "[".repeat(100_000)), &[]), &["not a JSON object"]),
        (bytes("{\"\u{0}\":1}", &[]), &["not a JSON object"]),
        (bytes(&one("3"), &four), &["tensor `w`", "its entry is 3", "data_offsets"]),
        (bytes(&entry("F32", "[-1]", "[0,4]"), &four), &["tensor `w`", "0 or more"]),
        (bytes(&entry("I64", "[1]", "[0,8]"), &[0; 8]), &["dtype is \"I64\"", "BF16 is expected"]),
        (bytes(&entry("F32", "[2]", "[0,4]"), &four), &["data_offsets are [0, 4]", "[2] needs 8 bytes"]),
        (bytes(&entry("F32", "[1]", "[4,0]"), &four), &["[4, 0]", "needs 4 bytes"]),
        (bytes(&entry("F32", "[1]", "[0]"), &four), &["data_offsets are [0]"]),
        (bytes(&entry("F32", "[18446744073709551615,8]", "[0,4]"), &four), &["more bytes than any file can have"]),
        (bytes(&entry("F32", "[2]", "[0,8]"), &four), &["ends at byte 8", "4 bytes of data"]),
        (bytes(&entry("F32", "[1]", "[4,8]"), &[0; 8]), &["leaves a gap", "begin at byte 0"]),
        (bytes(&entry("F32", "[1]", "[0,4]"), &[0; 5]), &["5 bytes of data", "accounts for 4"]),
        (bytes(&entry("F32", "[1]", "[0,4]"), &f32::NAN.to_le_bytes()), &["value 0", "is NaN", "finite"]),
        (bytes(r#"{"__metadata__":{"a":1}}"#, &[]), &["__metadata__", "a map of strings"]),
    ] {
        let said = complaint(&file);
        assert!(said.contains("w.safetensors") && named.iter().all(|n| said.contains(n)), "{named:?}: {said}");
    }
    let two = |first: &str, second: &str, offsets: &str| {
        format!(
            r#"{{"{first}":{{"dtype":"F32","shape":[1],"data_offsets":[0,4]}},"{second}":{{"dtype":"F32","shape":[1],"data_offsets":{offsets}}}}}"#
        )
    };
    let said = complaint(&bytes(&two("v", "w", "[2,6]"), &[0; 6]));
    assert!(said.contains("tensor `w`: it begins at byte 2 and overlaps the tensor before it"), "{said}");
    let said = complaint(&bytes(&two("w", "w", "[4,8]"), &[0; 8]));
    assert!(said.contains("`w` is named twice"), "{said}");
}

#[test]
fn values_that_could_not_be_read_again_are_not_written() {
    let folder = Folder::new();
    let path = folder.file("w.safetensors", b"as it was");
    for value in [f32::NAN, f32::INFINITY] {
        let mut tensors = Tensors::default();
        tensors.tensors.insert("0.bias".into(), Tensor { shape: vec![2], values: vec![1.0, value] });
        let said = tensors.save(&path).unwrap_err().to_string();
        assert!(
            said.contains(&format!("w.safetensors, tensor `0.bias`: value 1 (counted from 0) is {value}")),
            "{said}"
        );
        assert_eq!(std::fs::read(&path).unwrap(), b"as it was");
    }
}
