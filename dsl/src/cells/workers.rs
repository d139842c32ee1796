//! Workers that compute the cells of a sweep.

use super::layout::Layout;
use crate::context::Seat;
use crate::language::limits::STACK;
use std::collections::{BTreeMap, VecDeque};
use std::fmt::Display;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Mutex, PoisonError};
use std::thread::{Builder, Scope, scope, sleep};
use std::time::Duration;

/// How long a worker rests before it looks again at a cell that another process is computing.
const REST: Duration = Duration::from_millis(50);

/// What a worker made of a cell.
pub enum Made<T> {
    /// It came to its end.
    Ended(T),
    /// Another process is computing it: look again after the cells that still wait.
    Busy,
}

/// A sweep: cells counted from 0, each of which may be finished already.
pub trait Sweep: Sync {
    /// What a cell leaves.
    type Left: Send;
    /// What ends the sweep.
    type Trouble: Send;

    /// Returns the number of cells.
    fn cells(&self) -> usize;

    /// Returns what a cell has left that is finished already, so that it is not computed again.
    ///
    /// # Errors
    /// What ends the sweep.
    fn finished(&self, index: usize) -> Result<Option<Self::Left>, Self::Trouble>;

    /// Computes a cell on the threads of `seat`.
    ///
    /// # Errors
    /// What ends the sweep; the failure of a cell alone is something that it leaves.
    fn compute(&self, index: usize, seat: &Seat) -> Result<Made<Self::Left>, Self::Trouble>;

    /// Is no further cell to be begun?
    fn is_halted(&self) -> bool;

    /// Tells that `done` of `total` cells have come to their end, `index` the last; at the
    /// beginning none has.
    fn progress(&self, last: Option<(usize, &Self::Left)>, done: usize, total: usize);

    /// Returns what ends a sweep to which the system gives no threads.
    fn no_threads(&self, reason: &dyn Display) -> Self::Trouble;
}

/// Computes the cells that are not finished yet and gives what every cell left to `take`, in their
/// order and on this thread: what `take` does is the same for any number of threads. Returns what
/// cells left behind one that was not computed, because the sweep was halted.
///
/// # Errors
/// What ends the sweep: the first trouble of a cell or of `take`. No further cell is begun then.
pub fn run<S: Sweep>(
    sweep: &S,
    layout: impl FnOnce(usize) -> Layout,
    mut take: impl FnMut(usize, S::Left, Layout) -> Result<(), S::Trouble>,
) -> Result<BTreeMap<usize, S::Left>, S::Trouble> {
    let (mut ready, mut waiting) = (BTreeMap::new(), VecDeque::new());
    for index in 0..sweep.cells() {
        match sweep.finished(index)? {
            Some(left) => drop(ready.insert(index, left)),
            None => waiting.push_back(index),
        }
    }
    let (total, layout) = (waiting.len(), layout(waiting.len()));
    let mut turn = 0;
    let mut take_ready = |ready: &mut BTreeMap<usize, S::Left>| {
        while let Some(left) = ready.remove(&turn) {
            take(turn, left, layout)?;
            turn += 1;
        }
        Ok::<_, S::Trouble>(())
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

/// What the workers of a sweep share.
struct Workers<'a, S> {
    sweep: &'a S,
    waiting: Mutex<VecDeque<usize>>,
    is_halted: AtomicBool,
    total: usize,
    ended: Mutex<usize>,
}

/// What workers send: a cell with what it left, or what ends the sweep.
type Sent<S> = (usize, Result<<S as Sweep>::Left, <S as Sweep>::Trouble>);

impl<S: Sweep> Workers<'_, S> {
    /// Begins no further cell.
    fn halt(&self) {
        self.is_halted.store(true, Ordering::Relaxed);
    }

    fn next(&self) -> Option<usize> {
        let halted = self.is_halted.load(Ordering::Relaxed) || self.sweep.is_halted();
        if halted { None } else { self.waiting.lock().unwrap_or_else(PoisonError::into_inner).pop_front() }
    }

    /// Starts the workers.
    fn start<'s>(&'s self, layout: Layout, scope: &'s Scope<'s, '_>) -> Result<Receiver<Sent<S>>, S::Trouble> {
        let (sender, receiver) = channel();
        if self.total == 0 {
            return Ok(receiver);
        }
        self.sweep.progress(None, 0, self.total);
        for _ in 0..layout.jobs.min(self.total) {
            let sender = sender.clone();
            let work = move || {
                let seat = Seat::default();
                let own = seat.clone();
                // This thread is one of the pool's: what a cell computes stays in its own pool.
                let pool = rayon::ThreadPoolBuilder::new().num_threads(layout.threads);
                let pool = pool.use_current_thread().start_handler(move |_| own.take()).build();
                seat.take();
                match pool {
                    Ok(_pool) => self.work(&seat, &sender),
                    // Where this fails too, the sweep has ended and does not listen.
                    Err(e) => drop(sender.send((0, Err(self.sweep.no_threads(&e))))),
                }
            };
            Builder::new().name("cell".into()).stack_size(STACK).spawn_scoped(scope, work).map_err(|e| {
                self.halt();
                self.sweep.no_threads(&e)
            })?;
        }
        Ok(receiver)
    }

    fn work(&self, seat: &Seat, sender: &Sender<Sent<S>>) {
        while let Some(index) = self.next() {
            let left = match self.sweep.compute(index, seat) {
                Ok(Made::Busy) => {
                    self.waiting.lock().unwrap_or_else(PoisonError::into_inner).push_back(index);
                    sleep(REST);
                    continue;
                }
                Ok(Made::Ended(left)) => {
                    let mut ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
                    *ended += 1;
                    self.sweep.progress(Some((index, &left)), *ended, self.total);
                    Ok(left)
                }
                Err(trouble) => {
                    self.halt();
                    Err(trouble)
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
