//! The types of options, as data.

use crate::Error;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::collections::BTreeMap;

/// A key of an options map, as described in the manual.
#[derive(Debug, Clone, Copy)]
pub struct Key {
    /// The key as the caller writes it.
    pub name: &'static str,
    /// The type of the value.
    pub value: OptionType,
    /// The default as data; null if there is no fixed default.
    pub default: fn() -> Value,
    /// Checks a value; the error says why the value is not valid.
    pub check: fn(&Value) -> Result<(), Mismatch>,
    /// The meaning of the key, with its unit and range.
    pub doc: &'static str,
}

/// Keys are compared by name.
impl PartialEq for Key {
    fn eq(&self, other: &Key) -> bool {
        self.name == other.name
    }
}

/// The type of an option.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum OptionType {
    /// A number; a whole number is accepted.
    Number,
    /// A whole number, 0 or more.
    Whole,
    /// True or false.
    Truth,
    /// A string.
    Text,
    /// One of the names that this function returns.
    Name(fn() -> Vec<&'static str>),
    /// A map of numbers.
    NumbersByName,
    /// A list.
    List(&'static OptionType),
    /// One of these types.
    Either(&'static [OptionType]),
    /// A map with these keys.
    Options(&'static [Key]),
    /// A set of points.
    Points,
    /// A number as a function of the progress of a run.
    Schedule,
    /// A kernel.
    Kernel,
    /// A metric, by its name or with options.
    Metric,
}

/// Why a value is not valid.
#[derive(Debug, Clone, PartialEq)]
pub enum Mismatch {
    /// It has another type.
    Type,
    /// It is an unknown name.
    Name {
        /// The name.
        seen: String,
        /// The known names.
        known: Vec<&'static str>,
    },
    /// It is a map with an unknown key.
    Key {
        /// The key.
        seen: String,
        /// The known keys.
        known: Vec<&'static str>,
    },
    /// It is a map in which the value of one key is not valid.
    Inside {
        /// The key.
        key: Key,
        /// Its value.
        seen: Value,
        /// Why that value is not valid.
        why: Box<Mismatch>,
    },
    /// It has the right type, but an impossible value.
    Value(Error),
}

/// A type that an option can have.
pub trait OptionValue: Serialize + DeserializeOwned {
    /// The type of the option in data.
    const TYPE: OptionType;

    /// Checks a value before it is parsed.
    ///
    /// # Errors
    /// The reason why the value is not valid.
    fn check(value: &Value) -> Result<(), Mismatch> {
        Self::TYPE.check(value)?;
        serde_json::from_value::<Self>(value.clone()).map(drop).map_err(|_| Mismatch::Type)
    }
}

impl OptionType {
    /// Finds an unknown name, or an unknown key of a map, at any depth. Other errors of a value are
    /// found when the value is parsed.
    fn check(&self, value: &Value) -> Result<(), Mismatch> {
        match (self, value) {
            (OptionType::Name(known), Value::String(seen)) if !known().contains(&seen.as_str()) => {
                Err(Mismatch::Name { seen: seen.clone(), known: known() })
            }
            (OptionType::Either(types), Value::String(_)) if !types.iter().any(|t| matches!(t, OptionType::Text)) => {
                types.iter().filter(|t| matches!(t, OptionType::Name(_))).try_for_each(|t| t.check(value))
            }
            (OptionType::Options(keys), Value::Object(map)) => map.iter().try_for_each(|(name, value)| {
                let unknown = || Mismatch::Key { seen: name.clone(), known: keys.iter().map(|key| key.name).collect() };
                let key = *keys.iter().find(|key| key.name == name).ok_or_else(unknown)?;
                (key.check)(value).map_err(|why| Mismatch::Inside { key, seen: value.clone(), why: Box::new(why) })
            }),
            _ => Ok(()),
        }
    }
}

macro_rules! plain {
    ($($rust:ty: $kind:ident),+ $(,)?) => {
        $(impl OptionValue for $rust {
            const TYPE: OptionType = OptionType::$kind;
        })+
    };
}

plain! {
    f64: Number, usize: Whole, bool: Truth, String: Text, BTreeMap<String, f64>: NumbersByName,
}

impl<T: OptionValue> OptionValue for Vec<T> {
    const TYPE: OptionType = OptionType::List(&T::TYPE);

    fn check(value: &Value) -> Result<(), Mismatch> {
        value.as_array().ok_or(Mismatch::Type)?.iter().try_for_each(T::check)
    }
}

/// An option that may be left out.
impl<T: OptionValue> OptionValue for Option<T> {
    const TYPE: OptionType = T::TYPE;

    fn check(value: &Value) -> Result<(), Mismatch> {
        if value.is_null() { Ok(()) } else { T::check(value) }
    }
}
