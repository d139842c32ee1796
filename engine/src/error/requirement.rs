//! The rule that a value must obey.

use std::fmt;

/// A rule that a number breaks, as data. The layer that writes the message adds what to type
/// instead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Rule {
    /// Above 0.
    Positive,
    /// 0 or more.
    NotNegative,
    /// Neither NaN nor infinite.
    Finite,
    /// The value is ambiguous, and an option must decide. The list contains pairs of the name of
    /// such an option and a possible value.
    Stated(&'static [(&'static str, &'static str)]),
    /// Any other rule.
    Other,
}

impl Rule {
    /// Returns the rule with these words, the end of a sentence such as "a kernel needs a positive
    /// sigma".
    pub fn worded(self, words: impl Into<String>) -> Requirement {
        Requirement { rule: self, words: words.into() }
    }
}

/// A rule, and the end of a sentence that states it.
#[derive(Debug, Clone, PartialEq)]
pub struct Requirement {
    /// The rule.
    pub rule: Rule,
    words: String,
}

impl From<Rule> for Requirement {
    fn from(rule: Rule) -> Requirement {
        rule.worded(match rule {
            Rule::Positive => "it must be positive",
            Rule::NotNegative => "it must be 0 or more",
            Rule::Finite => "it must be finite",
            Rule::Stated(_) => "an option must say which is meant",
            Rule::Other => "another value is expected",
        })
    }
}

impl From<String> for Requirement {
    fn from(words: String) -> Requirement {
        Rule::Other.worded(words)
    }
}

impl From<&str> for Requirement {
    fn from(words: &str) -> Requirement {
        Rule::Other.worded(words)
    }
}

impl fmt::Display for Requirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words)
    }
}
