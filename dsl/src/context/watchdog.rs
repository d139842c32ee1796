//! A thread that ends a run in which a single operation of the script does not end.
//!
//! The interpreter checks its limits between two operations. One operation on large values (a copy
//! of a function with all that it has captured) can take longer than all limits allow, and
//! Rhai's `sort` goes on after its function has been ended.

use super::{Context, OWN_TIME, OwnTime};
use crate::language::{Diagnostic, Fail, Fault, limits};
use rhai::Position;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Arc, PoisonError, Weak};
use std::thread::Builder;
use std::time::Duration;

/// The number of looks in a second. Looks are counted instead of seconds, because a stopped process
/// makes no looks.
const PER_SECOND: u32 = 4;
/// The number of seconds after which one operation ends the run.
const DEADLINE: u32 = 20;
/// The number of seconds for which one operation may delay a requested end.
const SOON: u32 = 3;

/// Calls `act`, which runs the script of `context`, and watches its operations. If one of them does
/// not end, the outcome so far goes to [`super::Listener::abandon`]. If the system provides no
/// thread, nothing is watched.
pub fn watch<T>(context: &Arc<Context>, act: impl FnOnce() -> T) -> T {
    let (wanted, end) = channel::<()>();
    std::thread::scope(|scope| {
        let look = move || {
            let mut seen = Vec::new();
            while end.recv_timeout(Duration::from_secs(1) / PER_SECOND) == Err(RecvTimeoutError::Timeout) {
                if let Some(failure) = seen_failure(context, &mut seen) {
                    let outcome = context.take_outcome();
                    context.listener.abandon(super::Outcome { failure: Some(failure), ..outcome });
                    return;
                }
            }
        };
        let _watching = Builder::new().name("watchdog".into()).spawn_scoped(scope, look);
        let made = act();
        drop(wanted);
        made
    })
}

/// What a look at a clock has seen.
struct Seen {
    clock: Weak<OwnTime>,
    /// The number of operations; None while the engine computes.
    operations: Option<u64>,
    /// The number of looks since the number of operations last changed.
    looks: u32,
    /// The number of looks at the script's own code after an end was requested.
    asked: u32,
}

impl Seen {
    fn now(clock: Weak<OwnTime>, is_end_requested: bool, before: &[Seen]) -> Seen {
        let operations = clock.upgrade().and_then(|clock| clock.operations());
        let before = before.iter().find(|seen| seen.clock.ptr_eq(&clock)).filter(|_| operations.is_some());
        let looks = before.filter(|seen| seen.operations == operations).map_or(0, |seen| seen.looks + 1);
        let asked = before.filter(|_| is_end_requested).map_or(0, |seen| seen.asked + 1);
        Seen { clock, operations, looks, asked }
    }

    /// Returns the error that ends the run; `place` is the place of the last call of the engine,
    /// and `spent` the time spent in the interpreter.
    fn failure(&self, place: &str, spent: Duration) -> Option<Fail> {
        if self.asked >= SOON * PER_SECOND {
            return Some(Fail { kind: Fault::Interrupted, ..Fail::script("interrupted") });
        }
        let is_late = self.looks >= DEADLINE * PER_SECOND;
        let is_over = self.operations.is_some() && spent > OWN_TIME + Duration::from_secs(DEADLINE.into());
        let late = || {
            let message = format!("an operation of the script{place} did not end within {DEADLINE} seconds");
            Fail::script(message).hint("copy and sort smaller values; keep large data in points")
        };
        let short = if self.looks > 0 { limits::memory_shortage() } else { None };
        short.or_else(|| (is_late || is_over).then(late))
    }
}

/// Looks at all clocks of a run. Returns the error that ends the run, if there is one.
fn seen_failure(context: &Context, seen: &mut Vec<Seen>) -> Option<Diagnostic> {
    let clocks = context.clocks.lock().unwrap_or_else(PoisonError::into_inner).clone();
    // A dry run is short. What delays its end would delay a run too.
    let is_end_requested = context.interrupt.end_requested() && context.mode.writes();
    *seen = clocks.into_iter().map(|clock| Seen::now(clock, is_end_requested, seen)).collect();
    seen.iter().find_map(|seen| {
        let clock = seen.clock.upgrade()?;
        let line = clock.last_line().and_then(|line| u16::try_from(line).ok());
        let place = context.program.sources.place(line.map_or(Position::NONE, |line| Position::new(line, 1)));
        let place = place.map_or(String::new(), |p| format!(" after the call in {}:{}", p.file.display(), p.line));
        let fail = seen.failure(&place, clock.spent())?;
        Some(Diagnostic { kind: fail.kind, message: fail.message, place: None, hint: fail.hint, see: None })
    })
}

#[cfg(test)]
mod tests {
    use super::super::Clocks;
    use super::*;

    /// Looks `looks` times at a script that does nothing, and returns the message of the failure.
    fn message(looks: u32, is_end_requested: bool, clock: &Arc<OwnTime>) -> Option<String> {
        let mut seen = vec![Seen::now(Arc::downgrade(clock), is_end_requested, &[])];
        for _ in 0..looks {
            seen = vec![Seen::now(Arc::downgrade(clock), is_end_requested, &seen)];
        }
        seen[0].failure(" after the call in a.rhai:7", clock.spent()).map(|fail| fail.message)
    }

    #[test]
    fn the_run_ends_at_the_deadline_and_soon_after_a_request() {
        let clock = OwnTime::start_among(&Clocks::default());
        assert_eq!(message(DEADLINE * PER_SECOND - 1, false, &clock), None);
        let late = message(DEADLINE * PER_SECOND, false, &clock).unwrap();
        assert_eq!(late, "an operation of the script after the call in a.rhai:7 did not end within 20 seconds");
        assert_eq!(message(SOON * PER_SECOND - 1, true, &clock), None);
        assert_eq!(message(SOON * PER_SECOND, true, &clock).as_deref(), Some("interrupted"));
        // The engine has deadlines of its own.
        clock.pause(|| assert_eq!(message(2 * DEADLINE * PER_SECOND, true, &clock), None));
        // A cell that has ended leaves no clock behind.
        let (ended, kept) = (Arc::downgrade(&clock), Seen::now(Arc::downgrade(&clock), true, &[]));
        drop(clock);
        let next = Seen::now(ended, true, &[kept]);
        assert_eq!((next.operations, next.looks, next.asked), (None, 0, 0));
    }

    #[test]
    fn operations_are_progress() {
        let clock = OwnTime::start_among(&Clocks::default());
        let first = Seen::now(Arc::downgrade(&clock), false, &[]);
        let second = Seen::now(Arc::downgrade(&clock), false, &[first]);
        clock.count_operation();
        let looks = second.looks;
        let third = Seen::now(Arc::downgrade(&clock), false, &[second]);
        assert_eq!((looks, third.looks), (1, 0));
    }
}
