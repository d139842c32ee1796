//! Named tensors in the `.safetensors` format: the length of a JSON header in 8 bytes, the header,
//! and the values.

use super::origin::Origin;
use super::read_bytes::{open, read_bytes};
use super::tensor::{Tensor, Tensors};
use super::write_atomic::write_atomic;
use crate::{Error, Result, Rule};
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

/// The longest header that the format allows.
const LONGEST: u64 = 100_000_000;

impl Tensors {
    /// Writes all tensors as little-endian f32, completely or not at all.
    ///
    /// # Errors
    /// A value is not finite (which [`Tensors::load`] would refuse), or an error of
    /// [`write_atomic`].
    pub fn save(&self, path: &Path) -> Result<()> {
        for (name, tensor) in &self.tensors {
            check_finite(&Origin { path, array: None }, name, &tensor.values)?;
        }
        let mut header = Map::new();
        if !self.metadata.is_empty() {
            header.insert("__metadata__".into(), json!(self.metadata));
        }
        let mut end = 0;
        for (name, tensor) in &self.tensors {
            let start = end;
            end += 4 * tensor.values.len();
            header.insert(name.clone(), json!({"dtype": "F32", "shape": tensor.shape, "data_offsets": [start, end]}));
        }
        let mut header = Value::Object(header).to_string();
        // Blanks are appended, so that the values begin at a multiple of 8 bytes.
        header.push_str(&" ".repeat(header.len().next_multiple_of(8) - header.len()));
        write_atomic(path, |out| {
            out.write_all(&(header.len() as u64).to_le_bytes())?;
            out.write_all(header.as_bytes())?;
            for tensor in self.tensors.values() {
                for value in &tensor.values {
                    out.write_all(&value.to_le_bytes())?;
                }
            }
            Ok(())
        })
    }

    /// Reads tensors of f64, f32, f16 or bfloat16. All are converted to f32.
    ///
    /// # Errors
    /// [`Error::Io`] if the file cannot be read. [`Error::File`] with the place if the header is
    /// damaged; if the bytes of a tensor do not match its shape, lie outside the file, overlap
    /// others or leave a gap; if the type of the numbers is another one; or if a value is not
    /// finite.
    pub fn load(path: &Path) -> Result<Tensors> {
        let (mut file, size) = open(path)?;
        let origin = Origin { path, array: None };
        let header = header(&mut file, size, &origin)?;
        let mut found = Tensors::default();
        let mut places = Vec::new();
        for (name, about) in header.0 {
            if name == "__metadata__" {
                found.metadata = metadata(&about, &origin)?;
                continue;
            }
            places.push(Place::of(name, &about, &origin)?);
        }
        places.sort_by_key(|place| (place.start, place.end));
        let data = read_bytes(&mut file, size - 8 - header.1, &origin)?;
        let mut end = 0;
        for place in places {
            if place.start != end {
                let what = if place.start < end { "overlaps the tensor before it" } else { "leaves a gap before it" };
                let want = format!("its data must begin at byte {end}");
                return Err(place.wrong(&origin, format!("it begins at byte {} and {what}", place.start), want));
            }
            end = place.end;
            let Some(bytes) = data.get(place.start..place.end) else {
                let want = format!("the file has {} bytes of data", data.len());
                return Err(place.wrong(&origin, format!("it ends at byte {}", place.end), want));
            };
            let values = place.values(bytes, &origin)?;
            let tensor = Tensor { shape: place.shape, values };
            if found.tensors.insert(place.name.clone(), tensor).is_some() {
                let seen = format!("the tensor `{}` is named twice", place.name);
                return Err(origin.wrong_at("header".into(), seen, "names must be unique"));
            }
        }
        if end != data.len() {
            let want = format!("the header accounts for {end}");
            return Err(origin.wrong(format!("it has {} bytes of data", data.len()), want));
        }
        Ok(found)
    }
}

/// Returns the entries of the header and the length of the header.
fn header(file: &mut std::fs::File, size: u64, origin: &Origin) -> Result<(Vec<(String, Value)>, u64)> {
    let wrong = |seen: String, want: &str| origin.wrong_at("header".into(), seen, want);
    let first = read_bytes(file, 8, origin)?;
    let length = u64::from_le_bytes(first.try_into().unwrap_or_default());
    if length > LONGEST || length > size - 8 {
        let seen = format!("its length is given as {length} bytes in a file of {size}");
        return Err(wrong(seen, "a .safetensors file, whose first 8 bytes are the length of its header, is expected"));
    }
    let text = read_bytes(file, length, origin)?;
    let entries: Entries = serde_json::from_slice(&text).map_err(|e| {
        wrong(format!("it is not a JSON object ({e})"), "names with dtype, shape and data_offsets are expected")
    })?;
    Ok((entries.0, length))
}

/// A JSON object that keeps all entries, so that duplicate names are found.
struct Entries(Vec<(String, Value)>);

impl<'de> Deserialize<'de> for Entries {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        struct All;
        impl<'de> Visitor<'de> for All {
            type Value = Entries;
            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> std::result::Result<Entries, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Entries(entries))
            }
        }
        deserializer.deserialize_map(All)
    }
}

fn metadata(about: &Value, origin: &Origin) -> Result<BTreeMap<String, String>> {
    serde_json::from_value(about.clone()).map_err(|_| {
        origin.wrong_at("header, `__metadata__`".into(), format_value(about), "a map of strings is expected")
    })
}

/// The position of a tensor in the data.
struct Place {
    name: String,
    kind: Kind,
    shape: Vec<usize>,
    start: usize,
    end: usize,
}

#[derive(Clone, Copy)]
enum Kind {
    F64,
    F32,
    F16,
    Bf16,
}

impl Place {
    fn of(name: String, about: &Value, origin: &Origin) -> Result<Place> {
        let place = format!("tensor `{}`", cut(&name));
        let wrong = |seen: String, want: String| origin.wrong_at(place.clone(), seen, want);
        let numbers = |key: &str| about.get(key).and_then(|v| serde_json::from_value::<Vec<usize>>(v.clone()).ok());
        let (Some(kind), Some(shape), Some(offsets)) =
            (about.get("dtype").and_then(Value::as_str), numbers("shape"), numbers("data_offsets"))
        else {
            let want = "a dtype, a shape and data_offsets, whole numbers of 0 or more, are expected";
            return Err(wrong(format!("its entry is {}", format_value(about)), want.into()));
        };
        let (kind, bytes) = match kind {
            "F64" => (Kind::F64, 8),
            "F32" => (Kind::F32, 4),
            "F16" => (Kind::F16, 2),
            "BF16" => (Kind::Bf16, 2),
            other => {
                let want = "F64, F32, F16 or BF16 is expected";
                return Err(wrong(format!("its dtype is \"{}\"", cut(other)), want.into()));
            }
        };
        let size = shape.iter().try_fold(bytes, |product: usize, axis| product.checked_mul(*axis));
        match (offsets.as_slice(), size) {
            ([start, end], Some(size)) if end.checked_sub(*start) == Some(size) => {
                Ok(Place { name, kind, shape, start: *start, end: *end })
            }
            _ => {
                let needs = size.map_or("more bytes than any file can have".into(), |size| format!("{size} bytes"));
                Err(wrong(format!("its data_offsets are {offsets:?}"), format!("its shape {shape:?} needs {needs}")))
            }
        }
    }

    fn wrong(&self, origin: &Origin, seen: String, want: String) -> Error {
        origin.wrong_at(format!("tensor `{}`", cut(&self.name)), seen, want)
    }

    fn values(&self, bytes: &[u8], origin: &Origin) -> Result<Vec<f32>> {
        let values: Vec<f32> = match self.kind {
            Kind::F64 => bytes.as_chunks().0.iter().map(|b| f64::from_le_bytes(*b) as f32).collect(),
            Kind::F32 => bytes.as_chunks().0.iter().map(|b| f32::from_le_bytes(*b)).collect(),
            Kind::F16 => bytes.as_chunks().0.iter().map(|b| half(u16::from_le_bytes(*b))).collect(),
            Kind::Bf16 => {
                bytes.as_chunks().0.iter().map(|b| f32::from_bits(u32::from(u16::from_le_bytes(*b)) << 16)).collect()
            }
        };
        check_finite(origin, &self.name, &values)?;
        Ok(values)
    }
}

fn check_finite(origin: &Origin, name: &str, values: &[f32]) -> Result<()> {
    match values.iter().position(|v| !v.is_finite()) {
        None => Ok(()),
        Some(i) => {
            let seen = format!("value {i} (counted from 0) is {}", values[i]);
            Err(origin.wrong_at(
                format!("tensor `{}`", cut(name)),
                seen,
                Rule::Finite.worded("every value must be finite"),
            ))
        }
    }
}

/// Returns the value of an IEEE half-precision number.
fn half(bits: u16) -> f32 {
    let (sign, exponent, fraction) = (f32::from(1 - 2 * (bits >> 15) as i8), bits >> 10 & 31, f32::from(bits & 1023));
    match exponent {
        0 => sign * fraction * 2f32.powi(-24),
        31 if fraction == 0.0 => sign * f32::INFINITY,
        31 => f32::NAN,
        _ => sign * (1.0 + fraction / 1024.0) * 2f32.powi(i32::from(exponent) - 15),
    }
}

fn format_value(value: &Value) -> String {
    cut(&value.to_string())
}

/// Returns at most 60 characters of a text from a file.
fn cut(text: &str) -> String {
    if text.chars().count() <= 60 { text.into() } else { text.chars().take(57).chain("...".chars()).collect() }
}
