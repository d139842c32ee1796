//! The cells of a sweep, computed as by `run`, each in its own folder.

use super::plan::Cell;
use super::sweep_folder::SweepFolder;
use crate::args::SweepArgs;
use crate::every_second::EverySecond;
use crate::listener::Voice;
use crate::lock::lock;
use crate::progress::Progress;
use crate::record::{Record, Status};
use crate::rehearsal::Stage;
use crate::run_folder::{self, FolderState};
use crate::{diagnostics, machine, rehearsal, run_script, terminal};
use sdflow::Interrupt;
use sdflow_dsl::cells::{self, CellOutcome, CellPool, Layout, Sweep};
use sdflow_dsl::{Diagnostic, execute_here};
use std::collections::BTreeMap;
use std::fmt::Display;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;

/// The cells of a sweep or of a shard of it, and the folder of their runs.
#[derive(Debug)]
pub struct RunCells<'a> {
    cells: Vec<&'a Cell>,
    folder: &'a SweepFolder,
    args: &'a SweepArgs,
    interrupt: &'a Interrupt,
    progress: Arc<Mutex<Progress>>,
    has_failed: AtomicBool,
}

impl<'a> RunCells<'a> {
    /// Creates the cells; none has begun. Their progress is shown unless `quiet`.
    pub fn new(
        cells: impl Iterator<Item = &'a Cell>,
        folder: &'a SweepFolder,
        args: &'a SweepArgs,
        quiet: bool,
        interrupt: &'a Interrupt,
    ) -> RunCells<'a> {
        let progress = Arc::new(Mutex::new(Progress::new(quiet)));
        RunCells { cells: cells.collect(), folder, args, interrupt, progress, has_failed: AtomicBool::new(false) }
    }

    /// Computes the cells and returns the records by the numbers of their cells. A cell that was
    /// not started has no record.
    ///
    /// # Errors
    /// The folder of a cell contains something else; threads cannot be started; the cells need too
    /// much memory, or have a mistake.
    pub fn run(&self, layout: impl FnOnce(usize) -> Layout) -> Result<BTreeMap<usize, Record>, Diagnostic> {
        self.check_before()?;
        let mut records = BTreeMap::new();
        let mut take = |index: usize, record| drop(records.insert(self.cells[index].number, record));
        let told = Arc::clone(&self.progress);
        let waiting = EverySecond::act(move || {
            let mut progress = lock(&told);
            if let Some(line) = progress.wait(Instant::now()) {
                progress.without_bars(|| terminal::print_message(&line));
            }
        });
        let behind_a_gap = cells::run(self, layout, |index, record, _| {
            take(index, record);
            Ok(())
        });
        drop(waiting);
        lock(&self.progress).clear();
        behind_a_gap?.into_iter().for_each(|(index, record)| take(index, record));
        Ok(records)
    }

    /// Refuses the cells if those that run at the same time need too much memory. Each of them is
    /// assumed to be as large as the largest cell. Refuses them also if a dry run finds the same
    /// mistake in the first and in the last cell. Another mistake may be due to the parameters.
    fn check_before(&self) -> Result<(), Diagnostic> {
        if self.args.no_check {
            return Ok(());
        }
        let mut waiting = Vec::new();
        for cell in &self.cells {
            if finished_record(cell, self.folder, self.args)?.is_none() {
                waiting.push(&cell.prepared);
            }
        }
        let at_a_time = layout_of(self.args, waiting.len()).jobs as u64;
        let (json, quiet) = (self.args.json, self.args.quiet);
        let stage = || Stage { json, quiet, interrupt: self.interrupt.below(), unfinished: None };
        let largest = waiting.iter().max_by_key(|prepared| rehearsal::bound(prepared));
        largest.map_or(Ok(()), |prepared| rehearsal::check_memory(prepared, stage(), at_a_time))?;
        let Some((first, others)) = waiting.split_first() else { return Ok(()) };
        let Some(mistake) = rehearsal::rehearse(first, stage())? else { return Ok(()) };
        let Some(last) = others.last() else { return Err(mistake) };
        match rehearsal::rehearse(last, stage())? {
            Some(other) if other.is_same(&mistake) => Err(mistake),
            _ => Ok(()),
        }
    }

    /// Computes a cell and returns its record.
    fn record(&self, cell: &Cell) -> Result<CellOutcome<Record>, Diagnostic> {
        // Another process may have finished the cell in the meantime.
        if let Some(record) = finished_record(cell, self.folder, self.args)? {
            return Ok(CellOutcome::Ended(record));
        }
        let path = self.folder.cell(cell);
        let wanted = Record::start(cell.prepared.script().into(), &cell.prepared, self.args.script.quick);
        match run_folder::open(&path, &wanted, self.args.force)? {
            FolderState::Busy => Ok(CellOutcome::Busy),
            FolderState::Finished(record) => Ok(CellOutcome::Ended(*record)),
            FolderState::New(folder) | FolderState::Unfinished(folder, _) => {
                let (quick, interrupt) = (self.args.script.quick, self.interrupt.below());
                let prepared = cell.prepared.clone().keeping(self.args.time.pace());
                let ended = run_script::compute(prepared, folder, quick, interrupt, Voice::Log, execute_here)?;
                Ok(CellOutcome::Ended(ended.record))
            }
        }
    }
}

impl Sweep for RunCells<'_> {
    type Output = Record;
    type Error = Diagnostic;

    fn cells(&self) -> usize {
        self.cells.len()
    }

    fn stored_result(&self, index: usize) -> Result<Option<Record>, Diagnostic> {
        finished_record(self.cells[index], self.folder, self.args)
    }

    fn compute(&self, index: usize, _: &CellPool) -> Result<CellOutcome<Record>, Diagnostic> {
        let cell = self.cells[index];
        // An error in one cell does not stop the other cells.
        Ok(self.record(cell).unwrap_or_else(|failure| {
            let mut record = Record::start(cell.prepared.script().into(), &cell.prepared, self.args.script.quick);
            record.fail(&failure);
            CellOutcome::Ended(record)
        }))
    }

    fn is_halted(&self) -> bool {
        self.interrupt.end_requested() || self.args.fail_fast && self.has_failed.load(Ordering::Relaxed)
    }

    fn progress(&self, last: Option<(usize, &Record)>, done: usize, total: usize) {
        let mut progress = lock(&self.progress);
        let last = last.map(|(index, record)| (self.cells[index], record));
        if let Some((cell, record)) = last.filter(|(_, record)| record.status == Status::Failed) {
            self.has_failed.store(true, Ordering::Relaxed);
            let cause = record.error.as_ref().map_or("", |error| error.message.as_str());
            let line = format!("cell {} ({}) failed: {cause}", cell.number, cell.name());
            progress.without_bars(|| terminal::print_message(&line));
        }
        let detail = last.map_or_else(String::new, |(cell, _)| cell.name());
        if let Some(line) = progress.tick("cells", done, total, &detail, Instant::now()) {
            progress.without_bars(|| terminal::print_message(&line));
        }
    }

    fn no_threads(&self, reason: &dyn Display) -> Diagnostic {
        diagnostics::data(format!("cannot start a thread: {reason}"), Some("give a smaller `--jobs`"))
    }
}

/// Returns the requested layout, reduced to the cores of the machine.
pub fn layout_of(args: &SweepArgs, cells: usize) -> Layout {
    Layout::of(args.jobs.map(usize::from), args.threads.map(usize::from), cells, machine::cores())
}

/// Returns the record of a cell that is finished, or of a failed cell that is not to run again.
fn finished_record(cell: &Cell, folder: &SweepFolder, args: &SweepArgs) -> Result<Option<Record>, Diagnostic> {
    if args.force {
        return Ok(None);
    }
    let path = folder.cell(cell);
    let record = run_folder::read_record(&path)?.filter(|record| record.identity == cell.prepared.identity());
    if record.as_ref().is_some_and(|record| record.status == Status::Done) {
        run_folder::remove_leftovers(&path);
    }
    Ok(record.filter(|record| record.status == Status::Done || record.status == Status::Failed && !args.retry_failed))
}
