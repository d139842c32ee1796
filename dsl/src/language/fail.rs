//! Why a call failed, and at which part of it.

use super::diagnostic::Fault;
use rhai::{Dynamic, EvalAltResult, Position};

/// Why a call failed and what to do about it.
#[derive(Debug, Clone)]
pub struct Fail {
    /// Whose fault.
    pub kind: Fault,
    /// One line of cause.
    pub message: String,
    /// What to type instead.
    pub hint: Option<String>,
    /// Which part of the call.
    pub at: At,
    /// The manual's entry.
    pub see: Option<&'static str>,
}

/// A part of a call.
#[derive(Debug, Clone, PartialEq)]
pub enum At {
    /// The whole of it.
    Call,
    /// An argument, counted as the function counts: a receiver is argument 0.
    Argument(usize),
    /// A key of a literal map.
    Key(usize, String),
    /// Characters inside a string.
    Inside {
        /// What the string is.
        part: Box<At>,
        /// The string.
        text: String,
        /// The first character meant, from 0.
        at: usize,
        /// How many are meant.
        length: usize,
    },
}

impl Fail {
    /// The script is wrong.
    pub fn script(message: impl Into<String>) -> Fail {
        Fail { kind: Fault::Script, message: message.into(), hint: None, at: At::Call, see: None }
    }

    /// A file or its data is wrong.
    pub fn data(message: impl Into<String>) -> Fail {
        Fail { kind: Fault::Data, ..Fail::script(message) }
    }

    /// A flow left the finite numbers.
    pub fn diverged(advice: impl Into<String>) -> Fail {
        Fail { kind: Fault::Diverged, ..Fail::script("the flow diverged").hint(advice) }
    }

    /// With a hint.
    pub fn hint(mut self, hint: impl Into<String>) -> Fail {
        self.hint = Some(hint.into());
        self
    }

    /// At a part of the call.
    pub fn at(mut self, place: At) -> Fail {
        self.at = match self.at {
            At::Inside { text, at, length, .. } => At::Inside { part: Box::new(place), text, at, length },
            _ => place,
        };
        self
    }

    /// As Rhai carries it. An interrupt cannot be caught by the script.
    pub fn into_rhai(self, position: Position) -> Box<EvalAltResult> {
        let stopped = self.kind == Fault::Interrupted;
        let token = Dynamic::from(self);
        Box::new(match stopped {
            true => EvalAltResult::ErrorTerminated(token, position),
            false => EvalAltResult::ErrorRuntime(token, position),
        })
    }
}
