//! The signature of a function, method or property of the script language: its name, arguments and
//! result.

use super::types::Type;
use sdflow::options::Key;
use std::fmt::Write;
use std::ops::RangeInclusive;

/// The kinds of functions, in the manual's order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Parameters.
    Parameter,
    /// Point sets.
    Points,
    /// Targets and bases.
    Target,
    /// Schedules.
    Schedule,
    /// Kernels.
    Kernel,
    /// Scores.
    Score,
    /// Flows.
    Flow,
    /// Schroedinger bridges.
    Bridge,
    /// Models.
    Model,
    /// Metrics.
    Metric,
    /// Transport plans.
    Transport,
    /// Running.
    Run,
    /// Checks, records, tables and pictures.
    Saying,
}

impl Kind {
    /// True if a function of this kind returns computed numbers, and not numbers given in the
    /// script.
    pub fn is_result(self) -> bool {
        !matches!(self, Kind::Parameter | Kind::Schedule | Kind::Kernel)
    }

    /// All kinds in order.
    pub const ALL: [Kind; 13] = [
        Kind::Parameter,
        Kind::Points,
        Kind::Target,
        Kind::Schedule,
        Kind::Kernel,
        Kind::Score,
        Kind::Flow,
        Kind::Bridge,
        Kind::Model,
        Kind::Metric,
        Kind::Transport,
        Kind::Run,
        Kind::Saying,
    ];

    /// The name of the kind, for `list KIND`.
    pub fn word(self) -> &'static str {
        match self {
            Kind::Parameter => "parameters",
            Kind::Points => "points",
            Kind::Target => "targets",
            Kind::Schedule => "schedules",
            Kind::Kernel => "kernels",
            Kind::Score => "scores",
            Kind::Flow => "flows",
            Kind::Bridge => "bridges",
            Kind::Model => "models",
            Kind::Metric => "metrics",
            Kind::Transport => "transport",
            Kind::Run => "running",
            Kind::Saying => "saying",
        }
    }

    /// Returns the kind with this name, in singular or plural.
    pub fn of(word: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|k| k.word() == word || k.word().strip_suffix('s') == Some(word))
    }
}

/// An argument.
#[derive(Debug, Clone, Copy)]
pub struct Arg {
    /// Its name.
    pub name: &'static str,
    /// Its type.
    pub value: Type,
    /// True if it may be left out.
    pub optional: bool,
}

/// An argument that must be given.
pub const fn arg(name: &'static str, value: Type) -> Arg {
    Arg { name, value, optional: false }
}

/// An argument that may be left out.
pub const fn optional(name: &'static str, value: Type) -> Arg {
    Arg { name, value, optional: true }
}

/// The map of options, which comes last and may be left out.
pub const OPTIONS: Arg = optional("options", Type::Map);

/// The signature of a function, a method or a property, with its manual page.
#[derive(Debug, Clone)]
pub struct Signature {
    /// Its name.
    pub name: &'static str,
    /// The kind of function.
    pub kind: Kind,
    /// The type of the receiver of a method or property.
    pub receiver: Option<Type>,
    /// True for a property, which is read without parentheses.
    pub is_property: bool,
    /// Its arguments, without the receiver.
    pub args: &'static [Arg],
    /// The type of its result.
    pub returns: Type,
    /// Its result in words, if the type alone does not suffice; otherwise empty.
    pub returned: &'static str,
    /// One paragraph.
    pub about: &'static str,
    /// The keys of its options.
    pub options: &'static [Key],
    /// The valid names of its first argument, with their meaning.
    pub names: &'static [(&'static str, &'static str)],
    /// A few lines that run.
    pub example: &'static str,
}

impl Signature {
    /// Returns how it is written: `load(file[, options])`, `points.rows(i, j)`, `points.n`.
    pub fn synopsis(&self) -> String {
        let mut text = self.receiver.map_or_else(String::new, |owner| format!("{}.", owner.name()));
        text.push_str(self.name);
        if self.is_property {
            return text;
        }
        text.push('(');
        for (i, Arg { name, optional, .. }) in self.args.iter().enumerate() {
            let comma = if i > 0 { ", " } else { "" };
            let _ = if *optional { write!(text, "[{comma}{name}]") } else { write!(text, "{comma}{name}") };
        }
        text + ")"
    }

    /// Returns the possible numbers of arguments, without a receiver.
    pub fn arity(&self) -> RangeInclusive<usize> {
        let required = self.args.iter().filter(|arg| !arg.optional).count();
        required..=self.args.len()
    }

    /// Returns the name of argument `i`, where a receiver is argument 0.
    pub fn argument(&self, i: usize) -> Option<&'static str> {
        match (self.receiver, i.checked_sub(usize::from(self.receiver.is_some()))) {
            (Some(owner), None) => Some(owner.name()),
            (_, place) => self.args.get(place?).map(|arg| arg.name),
        }
    }

    /// Returns the type of argument `i`, where a receiver is argument 0.
    pub fn value(&self, i: usize) -> Option<Type> {
        match (self.receiver, i.checked_sub(usize::from(self.receiver.is_some()))) {
            (Some(owner), None) => Some(owner),
            (_, place) => self.args.get(place?).map(|arg| arg.value),
        }
    }

    /// Returns the description of its result.
    pub fn returns_in_words(&self) -> String {
        if self.returned.is_empty() { self.returns.in_words() } else { self.returned.into() }
    }

    /// Returns a valid call, taken from the example: "for example normal(1000, 2)".
    pub fn usage(&self) -> String {
        let opened = format!("{}(", self.name);
        let written = self.example.find(&opened).and_then(|at| {
            let call = &self.example[at..];
            let mut depth = 0;
            let close = |c: char| {
                depth += i32::from(c == '(') - i32::from(c == ')');
                c == ')' && depth == 0
            };
            call.find(close).map(|end| &call[..=end])
        });
        match written.filter(|call| !call.contains('\n')) {
            Some(call) if self.receiver.is_none() => format!("for example {call}"),
            _ => format!("write {}", self.synopsis()),
        }
    }
}
