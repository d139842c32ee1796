//! One array in NumPy's `.npy` format \[harris2020array\].

use super::array::{Array, shape_text};
use super::file_kind::MAGIC;
use super::origin::Origin;
use super::read_bytes::read_bytes;
use crate::points::no_room;
use crate::{Error, Result};
use npyz::{DType, Endianness, NpyHeader, Order, TypeChar};
use std::io::Read;

/// The longest header that is accepted; NumPy writes about a hundred bytes.
const HEADER_LIMIT: usize = 1 << 16;

/// The largest number of axes, as in NumPy. It is limited because the reader visits every axis for
/// every value of an array in Fortran order.
const MOST_AXES: usize = 64;

/// The largest number of opening brackets in a header. That of an array of numbers has two.
const MOST_BRACKETS: usize = 6;

/// The number of values decoded at a time.
const BLOCK: u64 = 1 << 14;

/// Decodes bytes and appends the values to the list. The flag is true for big-endian values.
pub(super) type Decode = fn(&[u8], bool, &mut Vec<f64>);

/// What a header says about the values that follow it.
#[derive(Debug)]
pub(super) struct Layout {
    pub shape: Vec<usize>,
    pub order: Order,
    pub decode: Decode,
    /// The number of bytes of a value.
    pub width: u64,
    /// True if values are big-endian.
    pub big: bool,
    /// True if values are integers of 64 bits.
    pub from_wide_integers: bool,
    /// The place of the first value in the file.
    pub start: u64,
}

/// Reads the header of an array in `reader`, which contains `size` bytes.
pub(super) fn layout(reader: &mut impl Read, size: u64, origin: &Origin) -> Result<Layout> {
    let (header, start) = read_header(reader, size, origin)?;
    let (decode, width, big) = number(&header.dtype(), origin)?;
    let text = shape_text(header.shape());
    let shape = header.shape().iter().map(|&axis| usize::try_from(axis).ok()).collect::<Option<Vec<usize>>>();
    let count = header.shape().iter().try_fold(1u64, |product, &axis| product.checked_mul(axis));
    let (Some(shape), Some(needed)) = (shape, count.and_then(|n| n.checked_mul(width))) else {
        return Err(origin.wrong(format!("its header claims the shape {text}"), "no file can hold so many values"));
    };
    if shape.len() > MOST_AXES {
        let want = format!("an array has at most {MOST_AXES}");
        return Err(origin.wrong(format!("its header claims {} axes", shape.len()), want));
    }
    if needed != size - start {
        let seen = format!("its header claims the shape {text}, which needs {needed} bytes");
        return Err(origin.wrong(seen, format!("{} bytes follow the header", size - start)));
    }
    let from_wide_integers = match header.dtype() {
        DType::Plain(kind) => width == 8 && matches!(kind.type_char(), TypeChar::Int | TypeChar::Uint),
        _ => false,
    };
    Ok(Layout { shape, order: header.order(), decode, width, big, from_wide_integers, start })
}

/// Reads the array in `reader`, which contains `size` bytes.
pub(super) fn read(reader: &mut impl Read, size: u64, origin: &Origin) -> Result<Array> {
    let layout = layout(reader, size, origin)?;
    let (shape, count) = (&layout.shape, layout.shape.iter().product());
    let rows = shape.first().copied().unwrap_or(1).max(1);
    if let Some(why) = no_room(rows, count / rows) {
        return Err(origin.wrong(format!("its shape is {}", shape_text(shape)), why));
    }
    let mut values = Vec::with_capacity(count);
    decode(reader, &layout, count, origin, &mut values)?;
    if layout.order == Order::Fortran && shape.len() > 1 {
        values = in_rows(&values, shape);
    }
    Ok(Array { shape: layout.shape, values, from_wide_integers: layout.from_wide_integers })
}

/// Reads the next `count` values from `reader` and appends them to `values`.
pub(super) fn decode(
    reader: &mut impl Read,
    layout: &Layout,
    count: usize,
    origin: &Origin,
    values: &mut Vec<f64>,
) -> Result<()> {
    let mut left = count as u64;
    while left > 0 {
        let now = left.min(BLOCK);
        (layout.decode)(&read_bytes(reader, now * layout.width, origin)?, layout.big, values);
        left -= now;
    }
    Ok(())
}

/// Returns the parsed header and its length in bytes.
fn read_header(reader: &mut impl Read, size: u64, origin: &Origin) -> Result<(NpyHeader, u64)> {
    let short =
        || origin.wrong(format!("it ends within its header, after {size} bytes"), "a complete file is expected");
    let mut bytes = read_bytes(reader, 10.min(size), origin)?;
    if !bytes.starts_with(MAGIC) && !MAGIC.starts_with(&bytes) {
        return Err(origin.wrong("its first bytes are not those of an .npy", "an array saved by NumPy is expected"));
    }
    if bytes.len() < 10 {
        return Err(short());
    }
    if bytes[6] > 1 {
        bytes.extend(read_bytes(reader, 2.min(size - 10), origin)?);
    }
    let length = match bytes[8..] {
        [a, b] if bytes[6] <= 1 => usize::from(u16::from_le_bytes([a, b])),
        [a, b, c, d] => u32::from_le_bytes([a, b, c, d]) as usize,
        _ => return Err(short()),
    };
    if length > HEADER_LIMIT {
        let want = format!("an .npy's header has at most {HEADER_LIMIT}");
        return Err(origin.wrong(format!("its header claims {length} bytes"), want));
    }
    if (bytes.len() + length) as u64 > size {
        return Err(short());
    }
    let start = bytes.len();
    bytes.extend(read_bytes(reader, length as u64, origin)?);
    mend_long_integers(&mut bytes[start..]);
    check_text(&bytes[start..], origin)?;
    let header = NpyHeader::from_reader(bytes.as_slice()).map_err(|e| unreadable(&e.to_string(), origin))?;
    Ok((header, bytes.len() as u64))
}

/// Replaces the suffix of long integers of Python 2, as in `(200L, 2L)`, by blanks.
fn mend_long_integers(text: &mut [u8]) {
    for at in 1..text.len().saturating_sub(1) {
        if text[at] == b'L' && text[at - 1].is_ascii_digit() && b",) ".contains(&text[at + 1]) {
            text[at] = b' ';
        }
    }
}

fn unreadable(reason: &str, origin: &Origin) -> Error {
    let reason = reason.lines().next().unwrap_or_default();
    origin.wrong(format!("its header cannot be read ({reason})"), "an array saved by NumPy is expected")
}

/// Refuses a header with many brackets or with brackets that do not match, or whose sizes have a
/// product that overflows, because the parser of headers does not check this. Its time grows
/// exponentially with the depth of brackets.
fn check_text(text: &[u8], origin: &Origin) -> Result<()> {
    let (mut depth, mut opened) = (0i32, 0);
    for byte in text {
        let opens = b"([{".contains(byte);
        opened += usize::from(opens);
        depth += i32::from(opens) - i32::from(b")]}".contains(byte));
        if depth < 0 {
            return Err(unreadable("its brackets do not match", origin));
        }
    }
    if opened > MOST_BRACKETS {
        let seen = format!("its header opens {opened} brackets");
        return Err(origin.wrong(seen, "an array of numbers opens two; structured arrays are not read"));
    }
    let words = text.split(|b| !b.is_ascii_alphanumeric() && *b != b'_').filter_map(|w| std::str::from_utf8(w).ok());
    let mut product = 1u64;
    for word in words.filter(|w| w.starts_with(|c: char| c.is_ascii_digit())) {
        let factor = word.parse::<u64>().ok();
        let next = factor.and_then(|f| product.checked_mul(f.max(1)));
        product = next.ok_or_else(|| {
            origin.wrong(format!("its header claims an axis of {word}"), "no file can hold so many values")
        })?;
    }
    Ok(())
}

/// Returns the decoder of this type, the width of a value in bytes, and whether values are
/// big-endian.
fn number(dtype: &DType, origin: &Origin) -> Result<(Decode, u64, bool)> {
    macro_rules! decode {
        ($t:ty, $value:expr) => {{
            let decode: Decode = |bytes, big, out| {
                let (cells, _) = bytes.as_chunks::<{ size_of::<$t>() }>();
                let value: fn($t) -> f64 = $value;
                out.extend(
                    cells.iter().map(|&c| value(if big { <$t>::from_be_bytes(c) } else { <$t>::from_le_bytes(c) })),
                );
            };
            decode
        }};
        ($t:ty) => {
            decode!($t, |v| v as f64)
        };
    }
    let DType::Plain(kind) = dtype else {
        return Err(origin.wrong("it is a structured array", "an array of numbers is expected"));
    };
    let decode = match (kind.type_char(), kind.size_field()) {
        (TypeChar::Bool, 1) => decode!(u8, |v| f64::from(u8::from(v != 0))),
        (TypeChar::Uint, 1) => decode!(u8),
        (TypeChar::Uint, 2) => decode!(u16),
        (TypeChar::Uint, 4) => decode!(u32),
        (TypeChar::Uint, 8) => decode!(u64),
        (TypeChar::Int, 1) => decode!(i8),
        (TypeChar::Int, 2) => decode!(i16),
        (TypeChar::Int, 4) => decode!(i32),
        (TypeChar::Int, 8) => decode!(i64),
        (TypeChar::Float, 2) => decode!(u16, half),
        (TypeChar::Float, 4) => decode!(f32),
        (TypeChar::Float, 8) => decode!(f64),
        (other, _) => {
            let kind = format!("its type is {} ({kind})", type_name(other));
            return Err(
                origin.wrong(kind, "an array of numbers is expected (bool, integer, or float of 2, 4 or 8 bytes)")
            );
        }
    };
    Ok((decode, kind.size_field(), kind.endianness() == Endianness::Big))
}

fn type_name(kind: TypeChar) -> &'static str {
    match kind {
        TypeChar::Complex => "complex",
        TypeChar::TimeDelta | TypeChar::DateTime => "date or time",
        TypeChar::ByteStr | TypeChar::UnicodeStr => "string",
        TypeChar::Object => "object",
        TypeChar::RawData => "raw data",
        _ => "a number of an unusual width",
    }
}

/// Returns the value of an IEEE 754 binary16 number.
fn half(bits: u16) -> f64 {
    let sign = if bits >> 15 == 0 { 1.0 } else { -1.0 };
    let fraction = f64::from(bits & 0x3ff);
    match i32::from(bits >> 10 & 0x1f) {
        0 => sign * fraction * 2f64.powi(-24),
        31 if fraction == 0.0 => sign * f64::INFINITY,
        31 => f64::NAN,
        exponent => sign * (1024.0 + fraction) * 2f64.powi(exponent - 25),
    }
}

/// Rearranges values from the order in which the first axis is fastest to the order in which the
/// last axis is fastest.
fn in_rows(values: &[f64], shape: &[usize]) -> Vec<f64> {
    let mut out = Vec::with_capacity(values.len());
    let mut index = vec![0; shape.len()];
    for _ in 0..values.len() {
        let at = index.iter().zip(shape).rev().fold(0, |at, (i, axis)| at * axis + i);
        out.push(values[at]);
        for (i, axis) in index.iter_mut().zip(shape).rev() {
            *i += 1;
            if *i < *axis {
                break;
            }
            *i = 0;
        }
    }
    out
}
