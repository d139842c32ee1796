//! The names of the variants of an enum, according to serde.

use serde::de::{DeserializeOwned, Deserializer, Visitor, value::Error};

/// Returns the names that the variants of `T`, an enum without fields, have in data.
pub fn names<T: DeserializeOwned>() -> Vec<&'static str> {
    let mut found = &[][..];
    // The deserialisation fails on purpose: only the names that are passed to it are used.
    let _ = T::deserialize(Names(&mut found));
    found.to_vec()
}

/// Receives the names that a type passes before its value is read.
struct Names<'a>(&'a mut &'static [&'static str]);

impl<'de> Deserializer<'de> for Names<'_> {
    type Error = Error;

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, Error> {
        *self.0 = variants;
        Err(serde::de::Error::custom(""))
    }

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Error> {
        Err(serde::de::Error::custom(""))
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}
