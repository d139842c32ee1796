//! The failure of a call, and the part of the call that caused it.

use super::diagnostic::Fault;
use rhai::{Dynamic, EvalAltResult, Position};

/// The failure of a call, with advice.
#[derive(Debug, Clone)]
pub struct Fail {
    /// Who must correct it.
    pub kind: Fault,
    /// The cause, in one line.
    pub message: String,
    /// What to type instead.
    pub hint: Option<String>,
    /// The part of the call.
    pub at: At,
    /// The entry in the manual.
    pub see: Option<&'static str>,
    /// True if the call fails whatever values a run computes: a name, a type or a part is wrong.
    pub is_certain: bool,
}

/// A part of a call.
#[derive(Debug, Clone, PartialEq)]
pub enum At {
    /// The whole call.
    Call,
    /// An argument by number; a receiver is argument 0.
    Argument(usize),
    /// A key of a literal map.
    Key(usize, String),
    /// Characters inside a string.
    Inside {
        /// The part of the call that holds the string.
        part: Box<At>,
        /// The string.
        text: String,
        /// The first of these characters, from 0.
        at: usize,
        /// The number of these characters.
        length: usize,
    },
}

impl Fail {
    /// An error in the script.
    pub fn script(message: impl Into<String>) -> Fail {
        Fail { kind: Fault::Script, message: message.into(), hint: None, at: At::Call, see: None, is_certain: false }
    }

    /// An error in a file or its data.
    pub fn data(message: impl Into<String>) -> Fail {
        Fail { kind: Fault::Data, ..Fail::script(message) }
    }

    /// The error for a flow that diverged.
    pub fn diverged(advice: impl Into<String>) -> Fail {
        Fail { kind: Fault::Diverged, ..Fail::script("the flow diverged").hint(advice) }
    }

    /// Adds a hint.
    pub fn hint(mut self, hint: impl Into<String>) -> Fail {
        self.hint = Some(hint.into());
        self
    }

    /// Marks a failure that no computed value can avoid.
    pub fn certain(self) -> Fail {
        Fail { is_certain: true, ..self }
    }

    /// Adds the part of the call.
    pub fn at(mut self, place: At) -> Fail {
        self.at = match self.at {
            At::Inside { text, at, length, .. } => At::Inside { part: Box::new(place), text, at, length },
            _ => place,
        };
        self
    }

    /// Converts it to an error of Rhai. The script cannot catch an interrupt.
    pub fn into_rhai(self, position: Position) -> Box<EvalAltResult> {
        let stopped = self.kind == Fault::Interrupted;
        let token = Dynamic::from(self);
        Box::new(match stopped {
            true => EvalAltResult::ErrorTerminated(token, position),
            false => EvalAltResult::ErrorRuntime(token, position),
        })
    }
}
