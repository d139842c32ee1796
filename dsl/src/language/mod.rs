//! The text of a script: its syntax and places, the names of the language, its limits, and errors
//! in it.

mod ast;
pub mod deprecated;
mod diagnostic;
mod engine_error;
mod fail;
mod guards;
mod json_number;
pub mod limits;
mod placed;
mod prefix;
mod program;
mod read_source;
mod signature;
mod source_map;
mod types;

pub use ast::{Site, Syntax};
pub use diagnostic::{Diagnostic, Fault, Place};
pub use engine_error::{Culprit, culprit, suggest_fix};
pub use fail::{At, Fail};
pub use json_number::{Exact, exact};
pub use placed::{innermost, of_fail, without_position};
pub use program::{Program, Resolver, home_of};
pub use read_source::read_source;
pub use signature::{Arg, Kind, OPTIONS, Signature, arg, optional};
pub use source_map::Sources;
pub use types::Type;
