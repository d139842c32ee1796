//! The cells of a sweep inside a script: each cell is a call of the script's function with a state
//! of its own.

use super::cell::{Outcome, name, outcome};
use crate::call::Call;
use crate::cells::{self, CellOutcome, Finished, Layout, Store, Sweep};
use crate::context::{CellPool, CellRecord, detach};
use crate::language::Fail;
use rhai::{Dynamic, FnPtr, Map, NativeCallContext};
use sdflow::rng::Stream;
use std::collections::BTreeMap;
use std::fmt::Display;
use std::sync::{Arc, Mutex, PoisonError};

/// The cells, and where their results are stored.
struct ScriptCells<'a> {
    call: &'a Call<'a>,
    function: FnPtr,
    cells: &'a [Map],
    store: Store,
    finished: Mutex<BTreeMap<usize, Finished>>,
    root: Stream,
}

/// Computes the cells and passes their results to `take`, in order. The messages and records of a
/// cell are added to the run in the same order, so that the bytes of the run are the same for any
/// number of threads.
///
/// # Errors
/// An interrupt; a run folder that cannot be written; threads that cannot be started.
pub fn compute(call: &Call, function: &FnPtr, cells: &[Map], mut take: impl FnMut(usize, Outcome)) -> Result<(), Fail> {
    let context = call.context;
    let (number, root) = context.numbered_stream("sweep");
    let (store, finished) = Store::open(context, number, |index| cells.get(index).map(name))?;
    let (function, finished) = (detach(function)?, Mutex::new(finished));
    let sweep = ScriptCells { call, function, cells, store, finished, root };
    let layout = |waiting: usize| Layout::of(None, None, waiting, rayon::current_num_threads());
    cells::run(&sweep, layout, |index, (outcome, trace), layout| {
        sweep.store.deliver(context, index, &trace)?;
        context.take_in(trace, 1.0 / layout.jobs as f64);
        take(index, outcome);
        Ok(())
    })?;
    context.interrupt.check_end().map_err(Fail::from)
}

impl Sweep for ScriptCells<'_> {
    type Output = (Outcome, CellRecord);
    type Error = Fail;

    fn cells(&self) -> usize {
        self.cells.len()
    }

    fn stored_result(&self, index: usize) -> Result<Option<Self::Output>, Fail> {
        let found = self.finished.lock().unwrap_or_else(PoisonError::into_inner).remove(&index);
        found.iter().for_each(|_| self.call.context.record_resumption());
        Ok(found.map(|Finished { readings, trace }| (Ok(readings), trace)))
    }

    fn compute(&self, index: usize, cell_pool: &CellPool) -> Result<CellOutcome<Self::Output>, Fail> {
        let folder = self.store.clear(index)?;
        let (call, cell) = (self.call, &self.cells[index]);
        let name = name(cell);
        let (context, log) = call.context.cell(&name, self.root.at(index as u64), &folder);
        // The functions of this interpreter work for the cell.
        let engine = Arc::new((context.host.interpreter)(&context));
        context.callbacks.begin(&engine, &context.program.main, &context.own_time);
        cell_pool.hold(Some(Arc::clone(&context.callbacks)));
        let (global, source) = (call.native.global_runtime_state().clone(), call.native.fn_source());
        let native: NativeCallContext = (&*engine, "sweep", source, &global, call.native.call_position()).into();
        let value = detach(&self.function)?.call_within_context::<Dynamic>(&native, (cell.clone(),));
        cell_pool.hold(None);
        let (trace, diverged) = context.finish_cell(&log);
        let outcome = outcome(cell, &context, &native, value, diverged)?;
        let trace = match &outcome {
            Ok(readings) => self.store.keep(index, &name, Finished { readings: readings.clone(), trace })?,
            Err(_) => trace,
        };
        Ok(CellOutcome::Ended((outcome, trace)))
    }

    fn is_halted(&self) -> bool {
        self.call.context.interrupt.end_requested()
    }

    fn progress(&self, last: Option<(usize, &Self::Output)>, done: usize, total: usize) {
        let name = last.map_or_else(String::new, |(index, _)| name(&self.cells[index]));
        self.call.context.listener.progress("sweep", done, total, &name);
    }

    fn no_threads(&self, reason: &dyn Display) -> Fail {
        Fail::data(format!("threads cannot be started: {reason}")).hint("give a smaller `--threads`")
    }
}
