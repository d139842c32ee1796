//! Parsing of a text into operations, by recursive descent. The body of a sum over an index is
//! parsed once per value of the index.

mod call;

use super::meaning::Meaning;
use super::operation::{Binary, Unary, is_function};
use super::tape::Tape;
use super::token::{Kind, Token, fault, tokens};
use crate::{Error, Result, nearest};
use std::collections::BTreeMap;

/// The largest depth of nested brackets.
const DEPTH: usize = 100;
/// The largest number of operations of a formula, with its sums expanded.
const OPERATIONS: usize = 200_000;

/// Parses `text` into operations on `inputs` inputs.
pub fn parse(text: &str, inputs: usize, names: BTreeMap<String, Meaning>) -> Result<Tape> {
    let tokens = tokens(text)?;
    let mut parser = Parser { text, tokens, at: 0, depth: 0, inputs, names, read: 0, tape: Tape::default() };
    let result = parser.sum()?;
    match parser.peek() {
        Kind::End => Ok(parser.tape.ending(result)),
        Kind::Sign(')' | ']') => Err(parser.here("there is no open bracket for this to close", "")),
        other => {
            let message = format!(
                "{} was found where an operator (`+ - * / ^`) or the end of the formula is expected",
                other.display()
            );
            Err(parser.here(message, "a product is written with `*`"))
        }
    }
}

struct Parser<'a> {
    text: &'a str,
    tokens: Vec<Token>,
    at: usize,
    depth: usize,
    inputs: usize,
    names: BTreeMap<String, Meaning>,
    /// The number of tokens read; the tokens of a repeated body count each time. A limit on this
    /// number limits the work.
    read: usize,
    tape: Tape,
}

impl Parser<'_> {
    fn peek(&self) -> &Kind {
        &self.tokens[self.at].kind
    }

    fn next(&mut self) -> Token {
        let token = self.tokens[self.at].clone();
        self.at = (self.at + 1).min(self.tokens.len() - 1);
        self.read += 1;
        token
    }

    fn takes(&mut self, sign: char) -> bool {
        let there = *self.peek() == Kind::Sign(sign);
        if there {
            self.next();
        }
        there
    }

    fn expect(&mut self, sign: char, why: &str) -> Result<()> {
        if self.takes(sign) {
            return Ok(());
        }
        Err(self.here(format!("{} was found where `{sign}` is expected{why}", self.peek().display()), ""))
    }

    fn here(&self, message: impl Into<String>, hint: impl Into<String>) -> Error {
        self.place(&self.tokens[self.at], message, hint)
    }

    fn place(&self, token: &Token, message: impl Into<String>, hint: impl Into<String>) -> Error {
        fault(self.text, token.at, token.length, message, hint)
    }

    /// Parses terms with `+` and `-` between them.
    fn sum(&mut self) -> Result<u32> {
        let mut left = self.product()?;
        loop {
            let f = match self.peek() {
                Kind::Sign('+') => Binary::Add,
                Kind::Sign('-') => Binary::Subtract,
                _ => return Ok(left),
            };
            self.next();
            let right = self.product()?;
            left = self.tape.binary(f, left, right);
        }
    }

    fn product(&mut self) -> Result<u32> {
        let mut left = self.signed()?;
        loop {
            let f = match self.peek() {
                Kind::Sign('*') => Binary::Multiply,
                Kind::Sign('/') => Binary::Divide,
                _ => return Ok(left),
            };
            self.next();
            let right = self.signed()?;
            left = self.tape.binary(f, left, right);
        }
    }

    /// Parses a sign: `-u^2` is `-(u^2)`.
    fn signed(&mut self) -> Result<u32> {
        let mut negative = false;
        while matches!(self.peek(), Kind::Sign('-' | '+')) {
            negative ^= self.next().kind == Kind::Sign('-');
        }
        let value = self.power()?;
        Ok(if negative { self.tape.unary(Unary::Negate, value) } else { value })
    }

    /// Parses a power: `u^v^w` is `u^(v^w)`.
    fn power(&mut self) -> Result<u32> {
        let base = self.atom()?;
        if !self.takes('^') {
            return Ok(base);
        }
        self.deeper(|parser| {
            let exponent = parser.signed()?;
            Ok(parser.tape.binary(Binary::Power, base, exponent))
        })
    }

    fn deeper<T>(&mut self, act: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        if self.depth == DEPTH {
            return Err(self.here(format!("brackets are nested deeper than {DEPTH}"), ""));
        }
        if self.tape.len() > OPERATIONS || self.read > 10 * OPERATIONS {
            let hint = "a sum is written out term by term: shorten it, or give the density as functions of all points";
            return Err(self.here(format!("the formula has more than {OPERATIONS} operations"), hint));
        }
        self.depth += 1;
        let done = act(self);
        self.depth -= 1;
        done
    }

    fn atom(&mut self) -> Result<u32> {
        let token = self.next();
        match &token.kind {
            Kind::Number(value) => Ok(self.tape.number(*value)),
            Kind::Sign('(') => self.deeper(|parser| {
                let inside = parser.sum()?;
                parser.expect(')', "")?;
                Ok(inside)
            }),
            Kind::Name(name) if *self.peek() == Kind::Sign('(') => {
                self.next();
                self.deeper(|parser| parser.call(name, &token))
            }
            Kind::Name(name) => self.resolve_name(name, &token),
            Kind::End => Err(self.place(&token, "the formula ends where a value is expected", "")),
            other => Err(self.place(
                &token,
                format!("{} was found where a number, a name or `(` is expected", other.display()),
                "",
            )),
        }
    }

    fn resolve_name(&mut self, name: &str, token: &Token) -> Result<u32> {
        let Some(meaning) = self.names.get(name).cloned() else { return Err(self.unknown(name, token)) };
        match meaning {
            Meaning::Number(value) => Ok(self.tape.number(value)),
            Meaning::Input(i) => Ok(self.tape.input(i)),
            Meaning::Inputs => {
                let i = self.index(name, self.inputs)?;
                Ok(self.tape.input(i))
            }
            Meaning::List(values) => {
                let i = self.index(name, values.len())?;
                Ok(self.tape.number(values[i]))
            }
        }
    }

    /// Parses `[i]`, with `i` below `length`.
    fn index(&mut self, name: &str, length: usize) -> Result<usize> {
        let hint = format!("write {name}[0] to {name}[{}]", length - 1);
        if *self.peek() != Kind::Sign('[') {
            let before = self.tokens[self.at.saturating_sub(1)].clone();
            return Err(self.place(
                &before,
                format!("`{name}` is a list of {length}, but one number is expected"),
                hint,
            ));
        }
        self.next();
        let first = self.tokens[self.at].clone();
        let value = self.whole("an index")?;
        self.expect(']', " after the index")?;
        match usize::try_from(value) {
            Ok(i) if i < length => Ok(i),
            _ => Err(self.place(&first, format!("`{name}` has no element {value}"), hint)),
        }
    }

    /// Returns the value of an expression that must be a constant integer.
    fn whole(&mut self, what: &str) -> Result<i64> {
        let first = self.tokens[self.at].clone();
        let value = self.deeper(Self::sum)?;
        match self.tape.constant(value) {
            Some(v) if v.fract() == 0.0 && v.abs() < 1e9 => Ok(v as i64),
            Some(v) => Err(self.place(&first, format!("{what} is {v}, but it must be a whole number"), "")),
            None => Err(self.place(&first, format!("{what} cannot depend on the point"), "")),
        }
    }

    fn unknown(&self, name: &str, token: &Token) -> Error {
        let known: Vec<&str> = self.names.keys().map(String::as_str).collect();
        if is_function(name) {
            return self.place(token, format!("`{name}` is a function"), format!("write {name}(..)"));
        }
        let hint = match nearest(name, known.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None if known.len() <= 12 => format!("it may contain {} and functions such as `exp(..)`", known.join(", ")),
            None => {
                "it may contain the coordinates x[0], x[1], .., dim, pi, the parameters and functions such as `exp(..)`"
                    .into()
            }
        };
        self.place(token, format!("this formula contains the unknown name `{name}`"), hint)
    }
}
