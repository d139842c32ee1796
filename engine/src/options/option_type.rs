//! What the value of an option may be, as data.

use crate::Error;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::collections::BTreeMap;

/// One row of the manual's table for an options map.
#[derive(Debug, Clone, Copy)]
pub struct Key {
    /// The key as the caller writes it.
    pub name: &'static str,
    /// What its value may be.
    pub value: OptionType,
    /// Its default as data; null where it is chosen when it is left out.
    pub default: fn() -> Value,
    /// Why a value cannot be taken.
    pub check: fn(&Value) -> Result<(), Mismatch>,
    /// What it does, its unit and its range.
    pub doc: &'static str,
}

/// Keys are told apart by their names.
impl PartialEq for Key {
    fn eq(&self, other: &Key) -> bool {
        self.name == other.name
    }
}

/// What the value of an option may be.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum OptionType {
    /// A number; a whole one is welcome.
    Number,
    /// A whole number, 0 or more.
    Whole,
    /// True or false.
    Truth,
    /// A string.
    Text,
    /// One of the names that the function gives.
    Name(fn() -> Vec<&'static str>),
    /// Numbers by name.
    NumbersByName,
    /// A list.
    List(&'static OptionType),
    /// One of these.
    Either(&'static [OptionType]),
    /// A map with these keys.
    Options(&'static [Key]),
    /// A set of points.
    Points,
    /// Numbers over the progress of a run.
    Schedule,
    /// A kernel.
    Kernel,
    /// A metric, by its name or with options.
    Metric,
}

/// Why a value cannot be taken.
#[derive(Debug, Clone, PartialEq)]
pub enum Mismatch {
    /// It is of another type.
    Type,
    /// It is a name that is not known.
    Name {
        /// The name.
        seen: String,
        /// Those that are.
        known: Vec<&'static str>,
    },
    /// It is a map with a key that is not known.
    Key {
        /// The key.
        seen: String,
        /// Those that are.
        known: Vec<&'static str>,
    },
    /// It is a map in which the value of one key cannot be taken.
    Inside {
        /// The key.
        key: Key,
        /// Its value.
        seen: Value,
        /// Why that cannot be taken.
        why: Box<Mismatch>,
    },
    /// It is of the right type, but means nothing.
    Value(Error),
}

/// A type that an option can have.
pub trait OptionValue: Serialize + DeserializeOwned {
    /// What it is in data.
    const TYPE: OptionType;

    /// Checks a value before it is read.
    ///
    /// # Errors
    /// Why it cannot be taken.
    fn check(value: &Value) -> Result<(), Mismatch> {
        Self::TYPE.check(value)?;
        serde_json::from_value::<Self>(value.clone()).map(drop).map_err(|_| Mismatch::Type)
    }
}

impl OptionType {
    /// Finds the name or the key of a map, however deep, that is not known. What else can be wrong
    /// with a value is for its own type to say.
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

/// One that may be left out.
impl<T: OptionValue> OptionValue for Option<T> {
    const TYPE: OptionType = T::TYPE;

    fn check(value: &Value) -> Result<(), Mismatch> {
        if value.is_null() { Ok(()) } else { T::check(value) }
    }
}
