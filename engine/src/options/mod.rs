//! Structs of options. One declaration defines the struct, its serde names, its defaults and its
//! entries in the manual.

mod option_type;
mod variant_names;

use crate::{Error, Result};
pub use option_type::{Key, Mismatch, OptionType, OptionValue};
pub use variant_names::names;

/// A struct of options whose keys can be listed.
pub trait Options: Default + serde::Serialize + serde::de::DeserializeOwned {
    /// All keys, in the order of declaration.
    const KEYS: &'static [Key];
}

/// Checks counts. Each is given as its name, its value and the smallest value that is allowed.
///
/// # Errors
/// A count is too small; the error names the first such count.
pub(crate) fn at_least(counts: &[(&str, usize, usize)]) -> Result<()> {
    match counts.iter().find(|(_, value, least)| value < least) {
        Some((name, value, least)) => Err(Error::argument(name, value, format!("it must be at least {least}"))),
        None => Ok(()),
    }
}

/// Declares `pub struct Name { field: Type = default, .. }`. The serde names are the field names,
/// unknown keys are errors, and missing keys take their default. The doc comments are the
/// descriptions in the manual. Every type must be an [`OptionValue`].
///
/// ```
/// sdflow::options! {
///     /// How to walk.
///     pub struct Walk {
///         /// Number of steps, at least 1.
///         steps: usize = 100,
///     }
/// }
/// use sdflow::options::Options;
/// assert_eq!(Walk::KEYS[0].name, "steps");
/// assert_eq!((Walk::KEYS[0].default)(), 100);
/// assert_eq!(Walk::default().steps, 100);
/// assert!(serde_json::from_str::<Walk>(r#"{"step": 3}"#).is_err());
/// ```
#[doc(hidden)]
#[macro_export]
macro_rules! options {
    (
        $(#[doc = $doc:literal])*
        pub struct $name:ident {
            $( $(#[doc = $field_doc:literal])+ $field:ident : $kind:ty = $default:expr, )*
        }
    ) => {
        $(#[doc = $doc])*
        #[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
        #[serde(default, deny_unknown_fields)]
        pub struct $name { $( $(#[doc = $field_doc])+ pub $field: $kind, )* }

        impl Default for $name {
            fn default() -> Self { $name { $( $field: $default, )* } }
        }

        impl $crate::options::Options for $name {
            const KEYS: &'static [$crate::options::Key] = &[
                $( $crate::options::Key {
                    name: stringify!($field),
                    value: <$kind as $crate::options::OptionValue>::TYPE,
                    default: || serde_json::to_value::<$kind>($default).unwrap_or_default(),
                    check: <$kind as $crate::options::OptionValue>::check,
                    doc: concat!($($field_doc),+),
                }, )*
            ];
        }

        impl $crate::options::OptionValue for $name {
            const TYPE: $crate::options::OptionType =
                $crate::options::OptionType::Options(<$name as $crate::options::Options>::KEYS);
        }
    };
}

/// Makes enums into types of options. The variants of such an enum are names in data.
#[doc(hidden)]
#[macro_export]
macro_rules! choices {
    ($($name:ty),+) => {
        $(impl $crate::options::OptionValue for $name {
            const TYPE: $crate::options::OptionType =
                $crate::options::OptionType::Name($crate::options::names::<$name>);
        })+
    };
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::{Deserialize, Serialize};
    use serde_json::{Value, json};
    use std::collections::BTreeMap;

    #[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
    #[serde(rename_all = "snake_case")]
    pub enum Gait {
        Slow,
        VeryFast,
    }

    choices!(Gait);

    options! {
        /// Where the shoes go.
        pub struct Shoes {
            /// Sizes.
            sizes: Vec<f64> = vec![1.5],
            /// Names.
            names: Option<Vec<String>> = None,
        }
    }

    options! {
        /// How to walk.
        pub struct Walk {
            /// Number of steps.
            steps: usize = 100,
            /// Length of a step.
            length: f64 = 0.5,
            /// How fast.
            gait: Gait = Gait::Slow,
            /// What is worn.
            shoes: Shoes = Shoes::default(),
            /// Stops by name.
            stops: BTreeMap<String, f64> = BTreeMap::new(),
            /// Back again?
            back: Option<bool> = None,
        }
    }

    fn key(name: &str) -> &'static Key {
        Walk::KEYS.iter().find(|key| key.name == name).unwrap()
    }

    #[test]
    fn one_declaration_tells_types_and_defaults() {
        let defaults: Vec<Value> = Walk::KEYS.iter().map(|key| (key.default)()).collect();
        let shoes = json!({ "sizes": [1.5], "names": null });
        assert_eq!(defaults, [json!(100), json!(0.5), json!("slow"), shoes, json!({}), Value::Null]);
        let OptionType::Name(names) = key("gait").value else { panic!("{:?}", key("gait").value) };
        assert_eq!(names(), ["slow", "very_fast"]);
        assert!(matches!(key("back").value, OptionType::Truth) && matches!(key("steps").value, OptionType::Whole));
    }

    #[test]
    fn what_does_not_fit_is_told_as_data() {
        let refused = |name: &str, value: Value| (key(name).check)(&value).unwrap_err();
        for (name, good) in [
            ("steps", json!(3)),
            ("length", json!(3)),
            ("gait", json!("very_fast")),
            ("shoes", json!({ "sizes": [1, 2.5] })),
            ("stops", json!({ "a": 1 })),
            ("back", json!(true)),
        ] {
            assert_eq!((key(name).check)(&good), Ok(()), "{name}");
        }
        for (name, bad) in [("steps", json!(1.5)), ("steps", json!(-1)), ("length", json!("long")), ("back", json!(1))]
        {
            assert_eq!(refused(name, bad), Mismatch::Type, "{name}");
        }
        let Mismatch::Name { seen, known } = refused("gait", json!("fast")) else { panic!() };
        assert_eq!((seen.as_str(), known), ("fast", vec!["slow", "very_fast"]));
        let Mismatch::Key { seen, known } = refused("shoes", json!({ "size": [1] })) else { panic!() };
        assert_eq!((seen.as_str(), known), ("size", vec!["sizes", "names"]));
        let Mismatch::Inside { key, seen, why } = refused("shoes", json!({ "sizes": ["a"] })) else { panic!() };
        assert_eq!((key.name, seen, *why), ("sizes", json!(["a"]), Mismatch::Type));
    }
}
