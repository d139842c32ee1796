//! Workers that compute the cells of a sweep.

use super::layout::Layout;
use crate::context::CellPool;
use crate::language::limits::stack;
use std::collections::{BTreeMap, VecDeque};
use std::fmt::Display;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Mutex, PoisonError};
use std::thread::{Builder, Scope, scope, sleep};
use std::time::Duration;

/// The time after which a worker tries again a cell that another process is computing.
const REST: Duration = Duration::from_millis(50);

/// The result of a worker for a cell.
pub enum CellOutcome<T> {
    /// The cell has ended.
    Ended(T),
    /// Another process is computing the cell: the worker tries again after the other waiting cells.
    Busy,
}

/// A sweep: its cells are counted from 0, and some of them may already be finished.
pub trait Sweep: Sync {
    /// The result of a cell.
    type Output: Send;
    /// An error that ends the sweep.
    type Error: Send;

    /// Returns the number of cells.
    fn cells(&self) -> usize;

    /// Returns the result of a cell that is already finished, so that it is not computed again.
    ///
    /// # Errors
    /// An error that ends the sweep.
    fn stored_result(&self, index: usize) -> Result<Option<Self::Output>, Self::Error>;

    /// Computes a cell in the thread pool of `cell_pool`.
    ///
    /// # Errors
    /// An error that ends the sweep; the failure of a single cell is part of its result.
    fn compute(&self, index: usize, cell_pool: &CellPool) -> Result<CellOutcome<Self::Output>, Self::Error>;

    /// True if no further cell should start.
    fn is_halted(&self) -> bool;

    /// Reports that `done` of `total` cells have ended; `last` is the cell that ended last. It is
    /// called once with 0 at the start.
    fn progress(&self, last: Option<(usize, &Self::Output)>, done: usize, total: usize);

    /// Returns the error for a sweep whose threads cannot be started.
    fn no_threads(&self, reason: &dyn Display) -> Self::Error;
}

/// Computes the cells that are not finished yet, and passes the results of all cells to `take`. It
/// calls `take` in order and on this thread, so that the effects of `take` are the same for any
/// number of threads. If the sweep was halted, it returns the results after the first cell that was
/// not computed.
///
/// # Errors
/// The first error of a cell or of `take`. It ends the sweep, and no further cell starts.
pub fn run<S: Sweep>(
    sweep: &S,
    layout: impl FnOnce(usize) -> Layout,
    mut take: impl FnMut(usize, S::Output, Layout) -> Result<(), S::Error>,
) -> Result<BTreeMap<usize, S::Output>, S::Error> {
    let (mut ready, mut waiting) = (BTreeMap::new(), VecDeque::new());
    for index in 0..sweep.cells() {
        match sweep.stored_result(index)? {
            Some(left) => drop(ready.insert(index, left)),
            None => waiting.push_back(index),
        }
    }
    let (total, layout) = (waiting.len(), layout(waiting.len()));
    let mut turn = 0;
    let mut take_ready = |ready: &mut BTreeMap<usize, S::Output>| {
        while let Some(left) = ready.remove(&turn) {
            take(turn, left, layout)?;
            turn += 1;
        }
        Ok::<_, S::Error>(())
    };
    take_ready(&mut ready)?;
    let workers = Workers {
        sweep,
        waiting: Mutex::new(waiting),
        is_halted: AtomicBool::new(false),
        total,
        ended: Mutex::default(),
    };
    scope(|scope| {
        for (index, left) in workers.start(layout, scope)? {
            ready.insert(index, left.inspect_err(|_| workers.halt())?);
            take_ready(&mut ready).inspect_err(|_| workers.halt())?;
        }
        Ok(ready)
    })
}

/// The state that the workers of a sweep share.
struct Workers<'a, S> {
    sweep: &'a S,
    waiting: Mutex<VecDeque<usize>>,
    is_halted: AtomicBool,
    total: usize,
    ended: Mutex<usize>,
}

/// A message of a worker: a cell with its result, or an error that ends the sweep.
type Sent<S> = (usize, Result<<S as Sweep>::Output, <S as Sweep>::Error>);

impl<S: Sweep> Workers<'_, S> {
    /// Prevents further cells from starting.
    fn halt(&self) {
        self.is_halted.store(true, Ordering::Relaxed);
    }

    fn next(&self) -> Option<usize> {
        let halted = self.is_halted.load(Ordering::Relaxed) || self.sweep.is_halted();
        if halted { None } else { self.waiting.lock().unwrap_or_else(PoisonError::into_inner).pop_front() }
    }

    /// Starts the workers.
    fn start<'s>(&'s self, layout: Layout, scope: &'s Scope<'s, '_>) -> Result<Receiver<Sent<S>>, S::Error> {
        let (sender, receiver) = channel();
        if self.total == 0 {
            return Ok(receiver);
        }
        self.sweep.progress(None, 0, self.total);
        let workers = layout.jobs.min(self.total);
        let stack = stack(workers);
        for _ in 0..workers {
            let sender = sender.clone();
            let work = move || {
                let cell_pool = CellPool::default();
                let own = cell_pool.clone();
                // This thread belongs to the pool of the cell, so that the parallel work of the
                // cell stays in that pool.
                let pool = rayon::ThreadPoolBuilder::new().num_threads(layout.threads);
                let pool = pool.use_current_thread().start_handler(move |_| own.take()).build();
                cell_pool.take();
                match pool {
                    Ok(_pool) => self.work(&cell_pool, &sender),
                    // If sending fails, the receiver is gone, because the sweep has ended.
                    Err(e) => drop(sender.send((0, Err(self.sweep.no_threads(&e))))),
                }
            };
            Builder::new().name("cell".into()).stack_size(stack).spawn_scoped(scope, work).map_err(|e| {
                self.halt();
                self.sweep.no_threads(&e)
            })?;
        }
        Ok(receiver)
    }

    fn work(&self, cell_pool: &CellPool, sender: &Sender<Sent<S>>) {
        while let Some(index) = self.next() {
            let left = match self.sweep.compute(index, cell_pool) {
                Ok(CellOutcome::Busy) => {
                    self.waiting.lock().unwrap_or_else(PoisonError::into_inner).push_back(index);
                    sleep(REST);
                    continue;
                }
                Ok(CellOutcome::Ended(left)) => {
                    let mut ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
                    *ended += 1;
                    self.sweep.progress(Some((index, &left)), *ended, self.total);
                    Ok(left)
                }
                Err(failure) => {
                    self.halt();
                    Err(failure)
                }
            };
            if sender.send((index, left)).is_err() {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests;
