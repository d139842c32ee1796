//! The types of the script language.

/// A type of the script language: the type of an argument or a result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Type {
    /// `()`.
    Nothing,
    /// `true` or `false`.
    Truth,
    /// A whole number.
    Whole,
    /// A number; a whole number is accepted in its place.
    Number,
    /// A string.
    Text,
    /// An array of anything.
    Array,
    /// An array of one type.
    List(&'static Type),
    /// A map.
    Map,
    /// A function of the script.
    Function,
    /// A set of points.
    Points,
    /// A target or a base.
    Target,
    /// A score.
    Score,
    /// A flow.
    Flow,
    /// A bridge.
    Bridge,
    /// A generator.
    Generator,
    /// The result of a run or a training.
    Result,
    /// A matrix.
    Matrix,
    /// The value of a metric.
    Reading,
    /// A table.
    Table,
    /// A transport plan.
    Coupling,
    /// One of several types.
    OneOf(&'static [Type]),
}

impl Type {
    /// Returns its name in the language, which is also its name in Rhai.
    pub fn name(self) -> &'static str {
        match self {
            Type::Nothing => "()",
            Type::Truth => "bool",
            Type::Whole => "int",
            Type::Number => "float",
            Type::Text => "String",
            Type::Array | Type::List(_) => "Array",
            Type::Map => "Map",
            Type::Function => "FnPtr",
            Type::Points => "points",
            Type::Target => "target",
            Type::Score => "score",
            Type::Flow => "flow",
            Type::Bridge => "bridge",
            Type::Generator => "generator",
            Type::Result => "result",
            Type::Matrix => "matrix",
            Type::Reading => "reading",
            Type::Table => "table",
            Type::Coupling => "coupling",
            Type::OneOf(types) => types.first().map_or("()", |first| first.name()),
        }
    }

    /// Returns it in words with an article, for the manual and messages.
    pub fn in_words(self) -> String {
        match self {
            Type::Nothing => "nothing".into(),
            Type::Truth => "a boolean".into(),
            Type::Whole => "a whole number".into(),
            Type::Number => "a number".into(),
            Type::Text => "a string".into(),
            Type::Array => "an array".into(),
            Type::Map => "a map".into(),
            Type::Function => "a function".into(),
            Type::Points => "points".into(),
            Type::List(of) => {
                let one = of.in_words();
                let one = one.strip_prefix("a ").or(one.strip_prefix("an ")).unwrap_or(&one);
                format!("an array of {one}{}", if one.ends_with('s') { "" } else { "s" })
            }
            Type::OneOf(types) => types.iter().map(|t| t.in_words()).collect::<Vec<_>>().join(" or "),
            handle => format!("a {}", handle.name()),
        }
    }

    /// Returns it in the form of a definition file, such as `[points]` or `points | target`. An
    /// argument that is a number also accepts a whole number: `int | float`.
    pub fn defined(self, as_argument: bool) -> String {
        match self {
            Type::Number if as_argument => "int | float".into(),
            Type::List(of) => format!("[{}]", of.defined(as_argument)),
            Type::OneOf(types) => types.iter().map(|t| t.defined(as_argument)).collect::<Vec<_>>().join(" | "),
            plain => plain.name().into(),
        }
    }
}
