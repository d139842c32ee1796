//! What is wanted of a value.

use std::fmt;

/// A rule that a number breaks, as data: who speaks to the user says what to type instead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Rule {
    /// Above 0.
    Positive,
    /// 0 or more.
    NotNegative,
    /// Neither NaN nor infinite.
    Finite,
    /// Stated by an option that decides it: names of options and values that they may have.
    Stated(&'static [(&'static str, &'static str)]),
    /// Any other.
    Other,
}

impl Rule {
    /// The rule in words of its own, the end of a sentence: "a kernel needs a positive sigma".
    pub fn worded(self, words: impl Into<String>) -> Wanted {
        Wanted { rule: self, words: words.into() }
    }
}

/// What is wanted: a rule, and the end of a sentence that says it.
#[derive(Debug, Clone, PartialEq)]
pub struct Wanted {
    /// The rule.
    pub rule: Rule,
    words: String,
}

impl From<Rule> for Wanted {
    fn from(rule: Rule) -> Wanted {
        rule.worded(match rule {
            Rule::Positive => "it must be positive",
            Rule::NotNegative => "it must be 0 or more",
            Rule::Finite => "it must be finite",
            Rule::Stated(_) => "an option must say which is meant",
            Rule::Other => "another value is wanted",
        })
    }
}

impl From<String> for Wanted {
    fn from(words: String) -> Wanted {
        Rule::Other.worded(words)
    }
}

impl From<&str> for Wanted {
    fn from(words: &str) -> Wanted {
        Rule::Other.worded(words)
    }
}

impl fmt::Display for Wanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words)
    }
}
