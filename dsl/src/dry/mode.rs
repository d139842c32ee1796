//! The one place where a dry run differs from a run.

use super::{Dry, arithmetic};
use crate::language::{Diagnostic, Fail};
use crate::value::{Reading, unknown};
use rhai::{Dynamic, Engine, EvalAltResult, Position};
use sdflow::cost::{self, Cost, Gauge};
use sdflow::pairwise::Pairwise;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Optimiser steps that a dry run takes of a training which a flow does by itself.
const FEW_STEPS: usize = 4;

/// How a script is executed.
#[derive(Clone, Default)]
pub enum Mode {
    /// Everything is computed.
    #[default]
    Run,
    /// Work is measured on a part of it and nothing is written.
    Dry(Arc<Dry>),
}

/// Work that takes long, for the account of a dry run.
pub struct Task<'a> {
    /// What works: "run sd_flow", "energy".
    pub what: String,
    /// The call that asks for it.
    pub position: Position,
    /// What sums over pairs.
    pub pairwise: &'a Pairwise,
}

impl Mode {
    fn dry(&self) -> Option<&Dry> {
        match self {
            Mode::Run => None,
            Mode::Dry(dry) => Some(dry),
        }
    }

    /// Does `act`. A dry run does `measure` instead: a part of the work, and its result with the
    /// cost of the whole.
    pub fn work<T, E>(
        &self,
        task: &Task,
        act: impl FnOnce() -> Result<T, E>,
        measure: impl FnOnce(&Gauge) -> Result<(T, Cost), E>,
    ) -> Result<T, E> {
        let Some(dry) = self.dry() else { return act() };
        let (made, cost) = measure(&dry.gauge(task.pairwise))?;
        dry.add(&task.what, task.position, &cost);
        Ok(made)
    }

    /// Returns the number of optimiser steps, of `steps`, of a training that a flow does at its
    /// first evaluation. A dry run counts the cost of all, which `train` shows, and leaves the flow
    /// a few.
    pub fn first_training(&self, task: &Task, steps: usize, train: impl FnMut(usize) -> sdflow::Result<()>) -> usize {
        let Some(dry) = self.dry() else { return steps };
        // What cannot be trained on these points may be on others, and is refused where it is used.
        if let Ok(((), cost)) = cost::repeated(steps, &dry.gauge(task.pairwise), train) {
            // A net is trained without pairs: those beside it are counted with the steps that take them.
            dry.add(&task.what, task.position, &Cost { pairs: 0, flow_pairs: 0, ..cost });
        }
        steps.min(FEW_STEPS)
    }

    /// Returns what `act` finds. A dry run takes `stand_in` in its place, which has the same shape
    /// and costs nothing.
    pub fn find<T>(&self, act: impl FnOnce() -> T, stand_in: impl FnOnce() -> T) -> T {
        if self.dry().is_some() { stand_in() } else { act() }
    }

    /// Writes something; a dry run does not.
    pub fn write<E>(&self, act: impl FnOnce() -> Result<(), E>) -> Result<(), E> {
        if self.dry().is_some() { Ok(()) } else { act() }
    }

    /// Writes a model to `path`; a dry run remembers it as what the file would hold.
    pub fn save_model<E>(&self, path: PathBuf, model: Dynamic, act: impl FnOnce() -> Result<(), E>) -> Result<(), E> {
        match self.dry() {
            None => act(),
            Some(dry) => {
                dry.save(path, model);
                Ok(())
            }
        }
    }

    /// Returns the model that a dry run would have written to `path`.
    pub fn saved_model(&self, path: &Path) -> Option<Dynamic> {
        self.dry()?.saved(path)
    }

    /// Computes the cells of a sweep by `all`. A dry run does the first alone, counts it for all of
    /// `total`, and returns what it gave; its failure ends the run.
    ///
    /// # Errors
    /// What ends the sweep.
    pub fn cells<T>(
        &self,
        total: usize,
        first: impl FnOnce() -> Result<Result<T, Diagnostic>, Fail>,
        all: impl FnOnce() -> Result<(), Fail>,
    ) -> Result<Option<T>, Fail> {
        let Some(dry) = self.dry() else { return all().map(|()| None) };
        let made = dry.count_for(total as u64, first)?;
        made.map(Some).map_err(|cause| dry.fail(cause))
    }

    /// Calls a binding by `act`, which is told whether an argument hangs on a result. A dry run
    /// gives it plain numbers in place of unknown ones, and makes unknown what it computes of them
    /// (or computes at all, when `is_result`).
    ///
    /// # Errors
    /// That of `act`.
    pub fn call(
        &self,
        is_result: bool,
        args: Vec<Dynamic>,
        act: impl FnOnce(Vec<Dynamic>, bool) -> Result<Dynamic, Fail>,
    ) -> Result<Dynamic, Fail> {
        let Some(dry) = self.dry() else { return act(args, false) };
        let unknown = args.iter().any(unknown::holds_unknown);
        let made = act(args.iter().map(unknown::plain).collect(), unknown);
        dry.note_doubt(made.is_err() && unknown);
        dry.look_at_memory();
        made.map(|value| if unknown || is_result { unknown::veil(value) } else { value })
    }

    /// Returns true when the value is not known before the run: a reading, in a dry run.
    pub fn hides(&self, value: &Dynamic) -> bool {
        self.dry().is_some() && value.is::<Reading>()
    }

    /// Returns true while a dry run does a cell of a sweep.
    pub fn is_within_cell(&self) -> bool {
        self.dry().is_some_and(Dry::is_within_cell)
    }

    /// Notes that the script ended with this error.
    pub fn note_end(&self, error: &EvalAltResult) {
        if let Some(dry) = self.dry() {
            dry.note_end(error);
        }
    }

    /// Registers arithmetic with unknown numbers, which only a dry run has.
    pub fn register(&self, engine: &mut Engine) {
        if let Mode::Dry(dry) = self {
            arithmetic::register(engine, dry);
        }
    }
}
