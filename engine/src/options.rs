//! One declaration makes an options struct, its serde names, its defaults and its rows in the manual.

/// One row of the manual's table for an options map.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Key {
    /// The key as the caller writes it.
    pub name: &'static str,
    /// The Rust type, as written.
    pub kind: &'static str,
    /// The default, as written in Rust.
    pub default: &'static str,
    /// What it does, its unit and its range.
    pub doc: &'static str,
}

/// A struct of options whose keys can be listed.
pub trait Options: Default + serde::Serialize + serde::de::DeserializeOwned {
    /// Every key, in the order of declaration.
    const KEYS: &'static [Key];
}

/// Declares `pub struct Name { field: Type = default, .. }` with serde names equal to the field names,
/// unknown keys refused, missing keys taking their default, and the manual's rows from the doc comments.
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
/// assert_eq!(Walk::default().steps, 100);
/// assert!(serde_json::from_str::<Walk>(r#"{"step": 3}"#).is_err());
/// ```
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
                    kind: stringify!($kind),
                    default: stringify!($default),
                    doc: concat!($($field_doc),+),
                }, )*
            ];
        }
    };
}
