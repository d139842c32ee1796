//! Calls of functions, and sums over an index.

use super::Parser;
use crate::expression::meaning::Meaning;
use crate::expression::operation::{Binary, FUNCTIONS, Unary, is_function};
use crate::expression::token::{Kind, Token};
use crate::{Result, nearest};

impl Parser<'_> {
    /// Parses a call after its opening bracket.
    pub(super) fn call(&mut self, name: &str, token: &Token) -> Result<u32> {
        if !is_function(name) {
            let known = || FUNCTIONS.iter().copied();
            let hint = match nearest(name, known()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("the functions are {}", known().collect::<Vec<_>>().join(", ")),
            };
            return Err(self.place(token, format!("there is no function `{name}` in a formula"), hint));
        }
        if let Some(index) = self.fresh_name().filter(|_| ["sum", "logsumexp"].contains(&name)) {
            let f = if name == "sum" { Binary::Add } else { Binary::LogAddExp };
            return self.over_index(f, &index);
        }
        let mut args = vec![self.sum()?];
        while self.takes(',') {
            args.push(self.sum()?);
        }
        self.expect(')', " after the arguments")?;
        let wrong = |want: &str| {
            let s = if args.len() == 1 { "" } else { "s" };
            self.place(token, format!("`{name}` has {} argument{s}, but it takes {want}", args.len()), "")
        };
        let two = match name {
            "pow" => Some(Binary::Power),
            "min" => Some(Binary::Min),
            "max" => Some(Binary::Max),
            _ => None,
        };
        match (Unary::from_name(name), two, args.as_slice()) {
            (Some(f), _, [u]) => Ok(self.tape.unary(f, *u)),
            (Some(_), ..) => Err(wrong("1")),
            (_, Some(f), [u, v]) => Ok(self.tape.binary(f, *u, *v)),
            (_, Some(_), _) => Err(wrong("2")),
            _ if name == "sum" => Err(wrong("an index, its first and last value and a term: sum(i, 0, dim, x[i])")),
            (.., [first, rest @ ..]) => {
                Ok(rest.iter().fold(*first, |all, next| self.tape.binary(Binary::LogAddExp, all, *next)))
            }
            (.., []) => Err(wrong("1 or more")),
        }
    }

    /// Returns an undefined name that is followed by a comma, which is a new index.
    fn fresh_name(&self) -> Option<String> {
        match (self.peek(), self.tokens.get(self.at + 1).map(|t| &t.kind)) {
            (Kind::Name(name), Some(Kind::Sign(','))) if !self.names.contains_key(name) => Some(name.clone()),
            _ => None,
        }
    }

    /// Parses `i, from, to, term)`.
    fn over_index(&mut self, f: Binary, index: &str) -> Result<u32> {
        self.next();
        self.next();
        let from = self.whole("the first index")?;
        self.expect(',', " before the end of the index")?;
        let to = self.whole("the end of the index")?;
        self.expect(',', " before the term")?;
        let body = self.at;
        if from >= to {
            let nothing = format!("the index `{index}` runs from {from} up to {to}: there is no term");
            return Err(self.here(nothing, "the end does not count: sum(i, 0, dim, ..) has dim terms"));
        }
        let mut total = None;
        for value in from..to {
            self.at = body;
            self.names.insert(index.into(), Meaning::Number(value as f64));
            let term = self.deeper(Self::sum)?;
            total = Some(match total {
                None => term,
                Some(total) => self.tape.binary(f, total, term),
            });
        }
        self.names.remove(index);
        self.expect(')', " after the term")?;
        total.ok_or_else(|| self.here("a sum without terms", ""))
    }
}
