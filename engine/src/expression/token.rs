//! The tokens of a formula.

use crate::{Error, Result};

/// A token and its position, in characters.
#[derive(Debug, Clone, PartialEq)]
pub struct Token {
    pub kind: Kind,
    pub at: usize,
    pub length: usize,
}

/// A kind of token.
#[derive(Debug, Clone, PartialEq)]
pub enum Kind {
    Number(f64),
    Name(String),
    /// One of `+ - * / ^ ( ) [ ] ,`. A power written as `**` is `^` too.
    Sign(char),
    End,
}

impl Kind {
    /// Returns the token as shown in a message.
    pub fn display(&self) -> String {
        match self {
            Kind::Number(value) => format!("the number {value}"),
            Kind::Name(name) => format!("`{name}`"),
            Kind::Sign(sign) => format!("`{sign}`"),
            Kind::End => "the end".into(),
        }
    }
}

/// Returns the error for `length` characters of `text` from position `at`.
pub fn fault(text: &str, at: usize, length: usize, message: impl Into<String>, hint: impl Into<String>) -> Error {
    Error::Expression { text: text.into(), at, length: length.max(1), message: message.into(), hint: hint.into() }
}

/// Returns the tokens of `text`, including the end.
pub fn tokens(text: &str) -> Result<Vec<Token>> {
    let chars: Vec<char> = text.chars().collect();
    let mut found = Vec::new();
    let mut at = 0;
    while at < chars.len() {
        let rest = &chars[at..];
        let (kind, length) = match rest[0] {
            c if c.is_whitespace() => {
                at += 1;
                continue;
            }
            c if c.is_ascii_digit() || (c == '.' && rest.get(1).is_some_and(char::is_ascii_digit)) => {
                let length = number_length(rest);
                let word: String = rest[..length].iter().collect();
                let value =
                    word.parse().map_err(|_| fault(text, at, length, format!("`{word}` is not a number"), ""))?;
                (Kind::Number(value), length)
            }
            c if c.is_alphabetic() || c == '_' => {
                let length = rest.iter().take_while(|c| c.is_alphanumeric() || **c == '_').count();
                (Kind::Name(rest[..length].iter().collect()), length)
            }
            '*' if rest.get(1) == Some(&'*') => (Kind::Sign('^'), 2),
            c if "+-*/^()[],".contains(c) => (Kind::Sign(c), 1),
            c => {
                let hint = "a formula has numbers, names, `+ - * / ^`, brackets and functions such as exp(..)";
                return Err(fault(text, at, 1, format!("`{c}` means nothing in a formula"), hint));
            }
        };
        found.push(Token { kind, at, length });
        at += length;
    }
    found.push(Token { kind: Kind::End, at: chars.len(), length: 1 });
    Ok(found)
}

/// Returns the length of the number at the start: digits, a decimal point and an exponent.
fn number_length(text: &[char]) -> usize {
    let digits = |from: usize| text[from..].iter().take_while(|c| c.is_ascii_digit()).count();
    let mut end = digits(0);
    if text.get(end) == Some(&'.') {
        end += 1 + digits(end + 1);
    }
    if matches!(text.get(end), Some('e' | 'E')) {
        let signed = end + 1 + usize::from(matches!(text.get(end + 1), Some('+' | '-')));
        if text.get(signed).is_some_and(char::is_ascii_digit) {
            end = signed + digits(signed);
        }
    }
    end
}
