//! `.npy`.

use super::bytes::{array, npy, zip_of};
use super::*;
use proptest::prelude::*;

#[test]
fn every_numeric_type_in_both_byte_orders() {
    let folder = Folder::new();
    macro_rules! case {
        ($kind:literal, $t:ty, $values:expr) => {
            let values: Vec<$t> = $values.to_vec();
            let little: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
            let big: Vec<u8> = values.iter().flat_map(|v| v.to_be_bytes()).collect();
            for (order, body) in [("<", little), (">", big)] {
                let order = if size_of::<$t>() == 1 { "|" } else { order };
                let bytes = array(&format!("{order}{}", $kind), "False", "(2, 2)", &body);
                let points = folder.load("x.npy", &bytes).unwrap();
                let want: Vec<f64> = values.iter().map(|&v| v as f64).collect();
                assert_eq!((points.dim(), points.data()), (2, want.as_slice()), "{order}{}", $kind);
            }
        };
    }
    case!("u1", u8, [0, 1, 128, 255]);
    case!("u2", u16, [0, 1, 256, u16::MAX]);
    case!("u4", u32, [0, 1, 65536, u32::MAX]);
    case!("u8", u64, [0, 1, 1 << 40, u64::MAX]);
    case!("i1", i8, [0, -1, 127, -128]);
    case!("i2", i16, [0, -1, 256, i16::MIN]);
    case!("i4", i32, [0, -1, 65536, i32::MIN]);
    case!("i8", i64, [0, -1, 1 << 40, i64::MIN]);
    case!("f4", f32, [0.1, -1.5, f32::MIN_POSITIVE, f32::MAX]);
    case!("f8", f64, [0.1, -1.5, f64::MIN_POSITIVE, f64::MAX]);
}

/// A float of 64 bits holds every integer up to 2^53, but not all integers beyond it.
#[test]
fn rounded_integers_are_told() {
    let folder = Folder::new();
    let note = |name: &str, bytes: &[u8]| {
        load_with_note(&folder.file(name, bytes), &LoadOptions::default()).unwrap().note.unwrap_or_default()
    };
    let wide = |value: i64| array("<i8", "False", "(2,)", &[value.to_le_bytes(), 5i64.to_le_bytes()].concat());
    let table = |value: i64| format!("id\n{value}\n5\n").into_bytes();
    let limit = 1i64 << 53;
    for value in [limit + 1, -limit - 1, i64::MAX] {
        let array = wide(value);
        assert!(note("x.npy", &array).contains("2^53"), "{value}");
        assert!(
            note("x.npz", &zip_of(&[("a.npy", &array)], zip::CompressionMethod::Stored)).contains("2^53"),
            "{value}"
        );
        assert!(note("x.csv", &table(value)).contains("2^53"), "{value}");
    }
    for value in [limit - 1, 1 - limit, 0] {
        assert_eq!((note("x.npy", &wide(value)), note("x.csv", &table(value))), (String::new(), String::new()));
    }
    assert_eq!(note("x.csv", b"x\n1e300\n12345678901234567890.5\n"), "", "these are floats in the file too");
}

#[test]
fn truth_values_and_half_precision() {
    let folder = Folder::new();
    let points = folder.load("x.npy", &array("|b1", "False", "(3,)", &[0, 1, 1])).unwrap();
    assert_eq!((points.dim(), points.data()), (1, [0.0, 1.0, 1.0].as_slice()));
    // IEEE 754 binary16: 1, -2, the largest number, the smallest normal number, the smallest
    // subnormal number, and -0.
    let bits: [u16; 6] = [0x3c00, 0xc000, 0x7bff, 0x0400, 0x0001, 0x8000];
    let want = [1.0, -2.0, 65504.0, 2f64.powi(-14), 2f64.powi(-24), -0.0];
    let body: Vec<u8> = bits.iter().flat_map(|b| b.to_be_bytes()).collect();
    let points = folder.load("x.npy", &array(">f2", "False", "(3, 2)", &body)).unwrap();
    assert_eq!(points.data(), want);
    for (bits, value) in [(0x7c00u16, "inf"), (0xfc00, "-inf"), (0x7e00, "NaN")] {
        let error = complaint("x.npy", &array("<f2", "False", "(1,)", &bits.to_le_bytes()));
        assert!(error.contains(&format!("x.npy holds {value} in row 0, column 0")), "{error}");
    }
}

#[test]
fn axes_in_either_order() {
    let folder = Folder::new();
    // The array [[0, 1, 2], [3, 4, 5]], stored with the first axis fastest.
    let points = folder.load("x.npy", &array("|u1", "True", "(2, 3)", &[0, 3, 1, 4, 2, 5])).unwrap();
    assert_eq!((points.dim(), points.data()), (3, [0., 1., 2., 3., 4., 5.].as_slice()));
    // The value at (i, j, k) of a (2, 3, 4) array is 12 i + 4 j + k.
    let mut body = Vec::new();
    for k in 0..4u8 {
        for j in 0..3u8 {
            body.extend((0..2u8).map(|i| 12 * i + 4 * j + k));
        }
    }
    let bytes = array("|u1", "True", "(2, 3, 4)", &body);
    let error = complaint("x.npy", &bytes);
    assert!(error.contains("its shape is (2, 3, 4), but points need two axes: the option `flatten`"), "{error}");
    let points = load(&folder.file("x.npy", &bytes), &options(r#"{"flatten": true}"#)).unwrap();
    assert_eq!((points.n(), points.dim()), (2, 12));
    assert!(points.data().iter().enumerate().all(|(at, v)| at as f64 == *v));
}

#[test]
fn chosen_columns_of_an_array() {
    let folder = Folder::new();
    let path = folder.file("x.npy", &array("|u1", "False", "(2, 3)", &[0, 1, 2, 3, 4, 5]));
    assert_eq!(load(&path, &options(r#"{"columns": [2, 0]}"#)).unwrap().data(), [2., 0., 5., 3.]);
    for (json, want) in
        [(r#"{"columns": [3]}"#, "the columns are 0 to 2"), (r#"{"columns": ["a"]}"#, "the file has no header")]
    {
        let error = load(&path, &options(json)).unwrap_err().to_string();
        assert!(error.contains(want), "{error}");
    }
}

#[test]
fn what_is_no_number_is_refused_by_name() {
    for (descr, name) in [
        ("|O", "object"),
        ("<U3", "string (<U3)"),
        ("|S4", "string"),
        ("<c16", "complex"),
        ("<M8[ns]", "date or time"),
        ("<f16", "a number of an unusual width (<f16)"),
        ("|V4", "raw data"),
    ] {
        let error = complaint("x.npy", &array(descr, "False", "(2,)", &[0; 64]));
        assert!(error.contains(&format!("its type is {name}")), "{error}");
    }
    let record = npy("{'descr': [('a', '<f8'), ('b', '<i4')], 'fortran_order': False, 'shape': (1,), }", &[0; 12]);
    assert!(complaint("x.npy", &record).contains("structured array"));
    let fields: String = (0..20).map(|i| format!("('x{i}', '<f8'), ")).collect();
    let record = npy(&format!("{{'descr': [{fields}], 'fortran_order': False, 'shape': (1,), }}"), &[0; 160]);
    let error = complaint("x.npy", &record);
    assert!(error.contains("opens 23 brackets") && error.contains("structured arrays are not read"), "{error}");
}

/// Of such a header, the parser tries every nested bracket in several ways. Brackets inside of
/// quotes are counted too, since the check does not know where a quote ends.
#[test]
fn nested_brackets_are_refused_at_once() {
    for nested in ["{".repeat(14), "(".repeat(14), "[".repeat(14), "{'}'".repeat(14), "{'','''}'''".repeat(14)] {
        let text = format!("{{'descr': '|b1', 'fortran_order': False, 'shape': ( {nested} \x17 ': '|");
        let error = complaint("x.npy", &npy(&text, &[0; 2]));
        assert!(error.contains("brackets"), "{error}");
    }
}

#[test]
fn empty_arrays_and_single_numbers_are_refused() {
    for (shape, body, want) in [
        ("(0, 3)", 0, "its shape is (0, 3), but at least one row"),
        ("(3, 0)", 0, "its shape is (3, 0), but at least one row"),
        ("(0,)", 0, "its shape is (0,)"),
        ("()", 8, "a single number"),
    ] {
        let error = complaint("x.npy", &array("<f8", "False", shape, &vec![0; body]));
        assert!(error.contains(want), "{error}");
    }
}

#[test]
fn a_header_that_claims_what_the_file_does_not_hold() {
    for (shape, want) in [
        ("(1000000000000, 2)", "needs 16000000000000 bytes, but 16 bytes follow"),
        ("(1, 1)", "needs 8 bytes, but 16 bytes follow"),
        ("(4294967296, 4294967296)", "no file can hold so many values"),
        ("(4294967296, 4294967296, 0)", "no file can hold so many values"),
        ("(18446744073709551615, 1)", "no file can hold so many values"),
        ("(99999999999999999999999, 1)", "no file can hold so many values"),
        ("(0xffffffffffffffff, 0xffffffffffffffff)", "no file can hold so many values"),
        ("(-1, 2)", "negative"),
        ("(1.5, 2)", "must be an integer"),
        ("'ab'", "shape must be list or tuple"),
    ] {
        let error = complaint("x.npy", &array("<f8", "False", shape, &[0; 16]));
        assert!(error.contains(want), "{shape}: {error}");
    }
    let deep = npy(&"(".repeat(40_000), &[]);
    assert!(complaint("x.npy", &deep).contains("opens 40000 brackets"));
    assert!(complaint("x.npy", &npy("}{", &[])).contains("brackets do not match"));
    let mut long = b"\x93NUMPY\x02\x00".to_vec();
    long.extend(u32::MAX.to_le_bytes());
    assert!(complaint("x.npy", &long).contains("its header claims 4294967295 bytes"));
    assert!(complaint("x.npy", b"hello, this is text").contains("its first bytes are not those of an .npy"));
}

#[test]
fn later_versions_of_the_format() {
    let folder = Folder::new();
    let text = b"{'descr': '<f8', 'fortran_order': False, 'shape': (1, 1), }\n";
    for version in [2, 3] {
        let mut bytes = vec![0x93, b'N', b'U', b'M', b'P', b'Y', version, 0];
        bytes.extend((text.len() as u32).to_le_bytes());
        bytes.extend(text);
        bytes.extend(2.5f64.to_le_bytes());
        assert_eq!(folder.load("x.npy", &bytes).unwrap().data(), [2.5]);
    }
}

/// In Fortran order, the reader visits every axis for every value, so many axes would take too
/// long.
#[test]
fn thousands_of_axes_are_refused_at_once() {
    let shape = |axes: usize| format!("({}2, 3)", "1,".repeat(axes - 2));
    let told = complaint("x.npy", &array("|u1", "True", &shape(65), &[0; 6]));
    assert!(told.ends_with("its header claims 65 axes, but an array has at most 64"), "{told}");
    let flat = options(r#"{"flatten": true}"#);
    let folder = Folder::new();
    let path = folder.file("x.npy", &array("|u1", "True", &shape(64), &[0, 1, 2, 3, 4, 5]));
    assert_eq!(load(&path, &flat).unwrap().data(), [0.0, 2.0, 4.0, 1.0, 3.0, 5.0]);
}

/// NumPy on Python 2 wrote long integers into its headers.
#[test]
fn long_integers_of_python_2() {
    let folder = Folder::new();
    let bytes = array("|u1", "False", "(2L, 3L)", &[0, 1, 2, 3, 4, 5]);
    let points = folder.load("x.npy", &bytes).unwrap();
    assert_eq!((points.dim(), points.data()), (3, [0., 1., 2., 3., 4., 5.].as_slice()));
    let one_axis = array("|u1", "False", "(2L,)", &[7, 8]);
    assert_eq!(folder.load("x.npy", &one_axis).unwrap().data(), [7.0, 8.0]);
    let packed = zip_of(&[("a.npy", &bytes)], zip::CompressionMethod::Deflated);
    assert_eq!(folder.load("x.npz", &packed).unwrap().dim(), 3);
    assert!(complaint("x.npy", &array("|u1", "False", "(2LL, 3L)", &[0; 6])).contains("claims an axis of 2L"));
}

#[test]
fn cut_off_at_any_byte() {
    let folder = Folder::new();
    let whole = array("<f8", "False", "(2, 2)", &[0; 32]);
    assert!(folder.load("x.npy", &whole).is_ok());
    for end in 0..whole.len() {
        let error = folder.load("x.npy", &whole[..end]).unwrap_err();
        assert!(matches!(error, Error::File { .. }), "{end}: {error}");
    }
    for method in [zip::CompressionMethod::Stored, zip::CompressionMethod::Deflated] {
        let packed = zip_of(&[("a.npy", &whole)], method);
        assert!(folder.load("x.npz", &packed).is_ok());
        for end in 0..packed.len() {
            let error = folder.load("x.npz", &packed[..end]).unwrap_err();
            assert!(matches!(error, Error::File { .. }), "{end}: {error}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn damaged_bytes_never_panic(at in 0usize..160, byte: u8, also in 0usize..160, other: u8) {
        let folder = Folder::new();
        let mut bytes = array("<f8", "True", "(2, 2)", &[0; 32]);
        for (at, byte) in [(at, byte), (also, other)] {
            let at = at % bytes.len();
            bytes[at] = byte;
        }
        let _ = folder.load("x.npy", &bytes);
        for method in [zip::CompressionMethod::Stored, zip::CompressionMethod::Deflated] {
            let mut packed = zip_of(&[("a.npy", &array("<f8", "True", "(2, 2)", &[0; 32]))], method);
            let (at, also) = (at * packed.len() / 160, also * packed.len() / 160);
            packed[at] = byte;
            packed[also] = other;
            let _ = folder.load("x.npz", &packed);
        }
    }

    #[test]
    fn hostile_headers_never_panic(header in r"[\[\](){}'\\, :0-9a-fx<>|.\-+eEjJL_A-Z]{0,80}") {
        let folder = Folder::new();
        prop_assert!(folder.load("x.npy", &npy(&header, &[0; 16])).is_err());
        let descr = format!("{{'descr': '{header}', 'fortran_order': False, 'shape': (2, 1), }}");
        let _ = folder.load("x.npy", &npy(&descr, &[0; 16]));
        let shape = format!("{{'descr': '<f8', 'fortran_order': False, 'shape': {header}, }}");
        let _ = folder.load("x.npy", &npy(&shape, &[0; 16]));
    }

    #[test]
    fn any_claimed_shape_is_checked_against_the_bytes(shape in prop::collection::vec(any::<u64>(), 1..4), bytes in 0usize..64) {
        let axes: Vec<String> = shape.iter().map(u64::to_string).collect();
        let result = Folder::new().load("x.npy", &array("<f8", "False", &format!("({},)", axes.join(",")), &vec![0; bytes]));
        let held = shape.iter().try_fold(8u64, |p, &axis| p.checked_mul(axis)) == Some(bytes as u64) && bytes > 0;
        prop_assert!(held || result.is_err());
    }
}
