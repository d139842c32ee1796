//! The time that a script spends in the interpreter, without the calls of the engine.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

/// The longest time that a script may spend in the interpreter. The limit of 50 million operations
/// takes about ten seconds, but one operation on a large array counts as one.
pub const OWN_TIME: Duration = Duration::from_secs(120);

/// A clock that runs while the interpreter computes, and stops while the engine computes.
#[derive(Debug)]
pub struct OwnTime {
    begun: Instant,
    /// Nanoseconds spent in calls of the engine.
    engine: AtomicU64,
    /// Number of nested calls of the engine in progress.
    depth: AtomicUsize,
    /// The start of the outermost of these calls, in nanoseconds since the start of the clock.
    entered: AtomicU64,
    /// Number of functions of the script that are in progress because these calls have called them.
    called_back: AtomicUsize,
    /// Number of operations of the interpreter.
    operations: AtomicU64,
    /// Line of the last call of the engine; 0 if there was none.
    line: AtomicUsize,
}

/// The clocks of a run and of the cells of its sweeps. The clock of a cell ends with the cell.
pub type Clocks = Arc<Mutex<Vec<Weak<OwnTime>>>>;

impl OwnTime {
    /// Starts the clock.
    fn start() -> OwnTime {
        let (zero, none) = (AtomicU64::default, AtomicUsize::default);
        OwnTime {
            begun: Instant::now(),
            engine: zero(),
            depth: none(),
            entered: zero(),
            called_back: none(),
            operations: zero(),
            line: none(),
        }
    }

    /// Starts a clock and adds it to `clocks`. The clocks of cells that have ended are removed.
    pub fn start_among(clocks: &Clocks) -> Arc<OwnTime> {
        let own = Arc::new(OwnTime::start());
        let mut clocks = clocks.lock().unwrap_or_else(PoisonError::into_inner);
        clocks.retain(|clock| clock.strong_count() > 0);
        clocks.push(Arc::downgrade(&own));
        own
    }

    /// Counts an operation of the interpreter.
    pub fn count_operation(&self) {
        self.operations.fetch_add(1, Ordering::Relaxed);
    }

    /// Notes that the script calls the engine in this line.
    pub fn note_line(&self, line: Option<usize>) {
        self.line.store(line.unwrap_or(0), Ordering::Relaxed);
    }

    /// Returns the line of the last call of the engine.
    pub fn last_line(&self) -> Option<usize> {
        Some(self.line.load(Ordering::Relaxed)).filter(|line| *line > 0)
    }

    /// Returns the number of operations so far; None while the engine computes.
    pub fn operations(&self) -> Option<u64> {
        let is_script = self.depth.load(Ordering::Acquire) == self.called_back.load(Ordering::Acquire);
        is_script.then(|| self.operations.load(Ordering::Relaxed))
    }

    /// Calls `act`, a function of the script that the engine needs.
    pub fn call_back<T>(&self, act: impl FnOnce() -> T) -> T {
        self.called_back.fetch_add(1, Ordering::AcqRel);
        let made = act();
        self.called_back.fetch_sub(1, Ordering::AcqRel);
        made
    }

    /// Calls `act`, a call of the engine, while the clock is stopped.
    pub fn pause<T>(&self, act: impl FnOnce() -> T) -> T {
        if self.depth.fetch_add(1, Ordering::AcqRel) == 0 {
            self.entered.store(self.now(), Ordering::Release);
        }
        let made = act();
        if self.depth.fetch_sub(1, Ordering::AcqRel) == 1 {
            let spent = self.now().saturating_sub(self.entered.load(Ordering::Acquire));
            self.engine.fetch_add(spent, Ordering::AcqRel);
        }
        made
    }

    /// Returns the time spent in the interpreter so far.
    pub fn spent(&self) -> Duration {
        let inside = match self.depth.load(Ordering::Acquire) {
            0 => 0,
            _ => self.now().saturating_sub(self.entered.load(Ordering::Acquire)),
        };
        Duration::from_nanos(self.now().saturating_sub(self.engine.load(Ordering::Acquire)).saturating_sub(inside))
    }

    fn now(&self) -> u64 {
        self.begun.elapsed().as_nanos().try_into().unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_of_the_engine_do_not_count() {
        let time = OwnTime::start();
        let wait = Duration::from_millis(300);
        time.pause(|| {
            time.pause(|| std::thread::sleep(wait));
            assert!(time.spent() < wait);
        });
        assert!(time.spent() < wait);
        std::thread::sleep(wait);
        assert!(time.spent() >= wait);
    }

    #[test]
    fn operations_are_known_while_the_script_computes() {
        let time = OwnTime::start();
        time.count_operation();
        assert_eq!(time.operations(), Some(1));
        time.pause(|| {
            assert_eq!(time.operations(), None);
            time.call_back(|| {
                assert_eq!(time.operations(), Some(1));
                time.pause(|| assert_eq!(time.operations(), None));
            });
        });
        assert_eq!(time.operations(), Some(1));
    }

    #[test]
    fn a_clock_that_nobody_holds_leaves() {
        let clocks = Clocks::default();
        let kept = OwnTime::start_among(&clocks);
        drop(OwnTime::start_among(&clocks));
        let last = OwnTime::start_among(&clocks);
        let held = clocks.lock().unwrap();
        assert!(held.len() == 2 && held[0].as_ptr() == Arc::as_ptr(&kept) && held[1].as_ptr() == Arc::as_ptr(&last));
    }
}
