//! The mode of execution: the only place where a dry run differs from a run.

use super::{Dry, arithmetic};
use crate::language::{Diagnostic, Fail};
use crate::value::{Reading, unknown};
use rhai::{Dynamic, Engine, EvalAltResult, Position};
use sdflow::cost::{self, Cost, Gauge};
use sdflow::pairwise::Pairwise;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Optimiser steps that a dry run makes when a flow trains a net at its first evaluation.
const FEW_STEPS: usize = 4;

/// How a script is executed.
#[derive(Clone, Default)]
pub enum Mode {
    /// Everything is computed.
    #[default]
    Run,
    /// A part of the work is measured, and nothing is written.
    Dry(Arc<Dry>),
}

/// An expensive computation, with the data by which a dry run reports its cost.
pub struct Task<'a> {
    /// The name of the computation: "run sd_flow", "energy".
    pub what: String,
    /// The call that needs it.
    pub position: Position,
    /// The engine that computes the pairwise sums.
    pub pairwise: &'a Pairwise,
}

impl Mode {
    fn dry(&self) -> Option<&Dry> {
        match self {
            Mode::Run => None,
            Mode::Dry(dry) => Some(dry),
        }
    }

    /// Calls `act`. A dry run calls `measure` instead, which performs a part of the work and
    /// returns its result with the cost of the whole.
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

    /// Returns the number of optimiser steps to make at the first evaluation of a flow: all
    /// `steps`, or in a dry run a few of them. The dry run counts the cost of all steps, which
    /// `train` measures.
    pub fn first_training(&self, task: &Task, steps: usize, train: impl FnMut(usize) -> sdflow::Result<()>) -> usize {
        let Some(dry) = self.dry() else { return steps };
        // Training may fail on these points but succeed on the points of a run, so only a run
        // reports the error.
        if let Ok(((), cost)) = cost::repeated(steps, &dry.gauge(task.pairwise), train) {
            // Training a net computes no pairs. The pairs of the steps around the training are
            // counted with those steps.
            dry.add(&task.what, task.position, &Cost { pairs: 0, flow_pairs: 0, ..cost });
        }
        steps.min(FEW_STEPS)
    }

    /// Returns `act()`. A dry run returns `stand_in()`, which has the same shape and costs nothing.
    pub fn find<T>(&self, act: impl FnOnce() -> T, stand_in: impl FnOnce() -> T) -> T {
        if self.dry().is_some() { stand_in() } else { act() }
    }

    /// Calls `act`, which writes a file; a dry run does not call it.
    pub fn write<E>(&self, act: impl FnOnce() -> Result<(), E>) -> Result<(), E> {
        if self.dry().is_some() { Ok(()) } else { act() }
    }

    /// Writes a model to `path`. A dry run only keeps the model in memory for a later `load_model`.
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
        self.dry()?.saved_model(path)
    }

    /// Computes all cells of a sweep with `all`. A dry run computes the first cell alone,
    /// multiplies its cost by `total`, and returns its result. If this cell fails, the dry run
    /// ends.
    ///
    /// # Errors
    /// An error that ends the sweep.
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

    /// Calls a binding through `act`. The argument of `act` says whether an argument of the call
    /// depends on a result. A dry run replaces unknown arguments by plain numbers. It marks the
    /// returned value as unknown if an argument was unknown or if `is_result` is true.
    ///
    /// # Errors
    /// Those of `act`.
    pub fn call(
        &self,
        is_result: bool,
        args: Vec<Dynamic>,
        act: impl FnOnce(Vec<Dynamic>, bool) -> Result<Dynamic, Fail>,
    ) -> Result<Dynamic, Fail> {
        let Some(dry) = self.dry() else { return act(args, false) };
        let unknown = args.iter().any(unknown::holds_unknown);
        let made = act(args.iter().map(unknown::plain).collect(), unknown);
        dry.note_uncertain_error(made.is_err() && unknown);
        dry.look_at_memory();
        made.map(|value| if unknown || is_result { unknown::veil(value) } else { value })
    }

    /// True if the value is not known before the run: in a dry run this holds for readings.
    pub fn hides(&self, value: &Dynamic) -> bool {
        self.dry().is_some() && value.is::<Reading>()
    }

    /// Returns the number of sweeps, one inside another, of which a dry run computes a cell.
    pub fn sweeps(&self) -> usize {
        self.dry().map_or(0, Dry::sweeps)
    }

    /// True if files are written: not in a dry run.
    pub fn writes(&self) -> bool {
        self.dry().is_none()
    }

    /// Records that a check could not be made at the end of the script.
    pub fn note_unmade_check(&self) {
        if let Some(dry) = self.dry() {
            dry.note_unmade_check();
        }
    }

    /// Records that a cell of a sweep failed. `is_certain` says whether all cells fail in this way.
    pub fn note_cell_failure(&self, is_certain: bool) {
        if let Some(dry) = self.dry() {
            dry.note_cell_failure(is_certain);
        }
    }

    /// Forgets the error of a cell of a sweep, because another cell decides.
    pub fn forget_end(&self) {
        if let Some(dry) = self.dry() {
            dry.forget_end();
        }
    }

    /// Records the error with which the script, or a cell of a sweep, ended.
    pub fn note_end(&self, error: &EvalAltResult) {
        if let Some(dry) = self.dry() {
            dry.note_end(error);
        }
    }

    /// Registers arithmetic with unknown numbers, which exist in a dry run only.
    pub fn register(&self, engine: &mut Engine) {
        if let Mode::Dry(dry) = self {
            arithmetic::register(engine, dry);
        }
    }
}
