//! The Rhai script language of sdflow.
//!
//! [`prepare`] compiles a script and its imports and determines the identity of the run;
//! [`execute`] runs it and returns an [`Outcome`]. The crate prints nothing: messages for the user
//! go to a [`Listener`].
//!
//! Each folder or file depends only on those before it: `language` (the source text and its errors)
//! < `value` (the values of a script) < `dry` (the work that a dry run omits) < `context` (the
//! state of a run) < `call` (arguments in, a value out) < `cells` (sweeps) < `bind` (the functions
//! of a script) < `manual` < `explain` (Rhai's errors in plain words) < `mistakes` < `prepare` <
//! `script` < `check`, `session`.

mod bind;
mod call;
pub mod cells;
mod check;
mod context;
mod dry;
mod explain;
mod language;
pub mod manual;
mod mistakes;
mod prepare;
mod run_hash;
mod script;
pub mod session;
mod value;

pub use check::{CheckReport, Mistake, check, rehearse};
pub use context::{
    CELLS, CHECKPOINTS, Check, CheckpointPace, EARLIER, Ending, FILM_FOLDER, Film, GRACE, Listener, Outcome, Param,
    Request, goes_on,
};
pub use dry::{Cost, Work};
pub use language::limits::STACK;
pub use language::{Diagnostic, Fault, Place};
pub use prepare::{Prepared, prepare};
pub use run_hash::hash_all;
pub use script::{execute, execute_here, refuse};
pub use value::Reading;
