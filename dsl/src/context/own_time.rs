//! The time that a script spends in the interpreter, without the calls of the engine.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// The longest time that a script may spend in the interpreter. The limit of 50 million operations
/// takes about ten seconds, but one operation on a large array counts as one.
pub const OWN_TIME: Duration = Duration::from_secs(120);

/// A clock that runs while the interpreter computes, and stops while the engine does.
#[derive(Debug)]
pub struct OwnTime {
    begun: Instant,
    /// Nanoseconds spent in calls of the engine.
    engine: AtomicU64,
    /// Number of nested calls of the engine in progress.
    depth: AtomicUsize,
    /// The start of the outermost of these calls, in nanoseconds since the start of the clock.
    entered: AtomicU64,
}

impl OwnTime {
    /// Starts the clock.
    pub fn start() -> OwnTime {
        let zero = AtomicU64::default;
        OwnTime { begun: Instant::now(), engine: zero(), depth: AtomicUsize::default(), entered: zero() }
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
}
