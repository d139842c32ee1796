//! The workers of a sweep: each computes one cell at a time, on its own threads.

use super::plan::Cell;
use super::sweep_folder::SweepFolder;
use crate::args::SweepArgs;
use crate::listener::Voice;
use crate::lock::lock;
use crate::progress::Progress;
use crate::record::{Record, Status};
use crate::run_folder::{self, FolderState};
use crate::{diagnostics, run_script, terminal};
use sdflow::Interrupt;
use sdflow_dsl::{Diagnostic, Layout, STACK, execute_here};
use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long a worker waits before it looks again at a cell that another process is computing.
const REST: Duration = Duration::from_millis(50);

/// The cells that wait, the records of those that are finished, and what the workers share.
#[derive(Debug)]
pub struct Workers<'a> {
    folder: &'a SweepFolder,
    args: &'a SweepArgs,
    interrupt: &'a Interrupt,
    waiting: Mutex<VecDeque<&'a Cell>>,
    /// Records by the numbers of their cells.
    records: Mutex<BTreeMap<usize, Record>>,
    progress: Mutex<Progress>,
    total: usize,
    ended: AtomicUsize,
    failed: AtomicBool,
}

impl<'a> Workers<'a> {
    /// Makes the workers for `cells`; the records of finished cells are read from their folders.
    ///
    /// # Errors
    /// The folder of a cell holds something else.
    pub fn new(
        cells: impl Iterator<Item = &'a Cell>,
        folder: &'a SweepFolder,
        args: &'a SweepArgs,
        interrupt: &'a Interrupt,
    ) -> Result<Workers<'a>, Diagnostic> {
        let (mut waiting, mut records) = (VecDeque::new(), BTreeMap::new());
        for cell in cells {
            match finished_record(cell, folder, args)? {
                Some(record) => drop(records.insert(cell.number, record)),
                None => waiting.push_back(cell),
            }
        }
        let total = waiting.len();
        let progress = Mutex::new(Progress::new(args.quiet));
        let (waiting, records) = (Mutex::new(waiting), Mutex::new(records));
        let (ended, failed) = (AtomicUsize::new(0), AtomicBool::new(false));
        Ok(Workers { folder, args, interrupt, waiting, records, progress, total, ended, failed })
    }

    /// Returns the number of cells that are not finished yet.
    pub fn total(&self) -> usize {
        self.total
    }

    /// Computes the cells and returns the records by the numbers of their cells. A cell that was
    /// not started has none.
    ///
    /// # Errors
    /// The system does not start the threads.
    pub fn run(self, layout: Layout) -> Result<BTreeMap<usize, Record>, Diagnostic> {
        let error = Mutex::new(None);
        self.tick(None);
        std::thread::scope(|scope| {
            for _ in 0..layout.jobs.min(self.total) {
                let work = || {
                    // This thread belongs to the pool, so that a script computes in its own pool
                    // only.
                    let pool = rayon::ThreadPoolBuilder::new().num_threads(layout.threads).use_current_thread().build();
                    match pool {
                        Ok(_pool) => self.work(),
                        Err(e) => *lock(&error) = Some(e.to_string()),
                    }
                };
                let started =
                    std::thread::Builder::new().name("cell".into()).stack_size(STACK).spawn_scoped(scope, work);
                if let Err(e) = started {
                    *lock(&error) = Some(e.to_string());
                }
            }
        });
        lock(&self.progress).clear();
        let reason = lock(&error).take();
        match reason {
            Some(reason) => {
                Err(diagnostics::data(format!("cannot start a thread: {reason}"), Some("give a smaller `--jobs`")))
            }
            None => Ok(self.records.into_inner().unwrap_or_else(PoisonError::into_inner)),
        }
    }

    fn work(&self) {
        while let Some(cell) = self.next() {
            match self.outcome(cell) {
                Ok(Some(record)) => self.keep(cell, record),
                // Another process computes it: look again after the cells that still wait.
                Ok(None) => {
                    lock(&self.waiting).push_back(cell);
                    std::thread::sleep(REST);
                }
                Err(error) => {
                    let mut record =
                        Record::start(cell.prepared.script().into(), &cell.prepared, self.args.script.quick);
                    record.fail(&error);
                    self.keep(cell, record);
                }
            }
        }
    }

    fn next(&self) -> Option<&'a Cell> {
        let halted = self.interrupt.raised() || self.args.fail_fast && self.failed.load(Ordering::Relaxed);
        if halted { None } else { lock(&self.waiting).pop_front() }
    }

    /// Computes a cell and returns its record; None while another process computes it.
    fn outcome(&self, cell: &Cell) -> Result<Option<Record>, Diagnostic> {
        if let Some(record) = finished_record(cell, self.folder, self.args)? {
            return Ok(Some(record));
        }
        let path = self.folder.cell(cell);
        match run_folder::open(&path, cell.prepared.identity(), self.args.force)? {
            FolderState::Busy => Ok(None),
            FolderState::Finished(record) => Ok(Some(*record)),
            FolderState::New(folder) | FolderState::Unfinished(folder, _) => {
                let (quick, interrupt) = (self.args.script.quick, self.interrupt.below());
                let prepared = cell.prepared.clone();
                let ended = run_script::compute(prepared, folder, quick, interrupt, Voice::Log, execute_here)?;
                Ok(Some(ended.record))
            }
        }
    }

    fn keep(&self, cell: &Cell, record: Record) {
        if record.status == Status::Failed {
            self.failed.store(true, Ordering::Relaxed);
            let cause = record.error.as_ref().map_or("", |error| error.message.as_str());
            let line = format!("cell {} ({}) failed: {cause}", cell.number, cell.name());
            lock(&self.progress).without_bars(|| terminal::print_message(&line));
        }
        lock(&self.records).insert(cell.number, record);
        self.ended.fetch_add(1, Ordering::Relaxed);
        self.tick(Some(cell));
    }

    fn tick(&self, cell: Option<&Cell>) {
        let done = self.ended.load(Ordering::Relaxed);
        let detail = cell.map_or(String::new(), Cell::name);
        let mut progress = lock(&self.progress);
        if let Some(line) = progress.tick("cells", done, self.total, &detail, Instant::now()) {
            progress.without_bars(|| terminal::print_message(&line));
        }
    }
}

/// Returns the record of a cell that is finished, or has failed and is not to be tried again.
fn finished_record(cell: &Cell, folder: &SweepFolder, args: &SweepArgs) -> Result<Option<Record>, Diagnostic> {
    if args.force {
        return Ok(None);
    }
    let record =
        run_folder::read_record(&folder.cell(cell))?.filter(|record| record.identity == cell.prepared.identity());
    Ok(record.filter(|record| record.status == Status::Done || record.status == Status::Failed && !args.retry_failed))
}
