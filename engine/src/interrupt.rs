//! The flag by which a caller stops long native loops.

use crate::{Error, Result};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

/// A shared flag; all clones share the one flag.
#[derive(Debug, Clone, Default)]
pub struct Interrupt {
    flag: Arc<AtomicBool>,
    /// The time at which the flag counts as raised; it is set when an end is requested.
    deadline: Arc<OnceLock<Instant>>,
    above: Option<Arc<Interrupt>>,
}

impl Interrupt {
    /// Returns a child interrupt, for one of several pieces of work. The child is also raised if
    /// this interrupt is raised.
    pub fn below(&self) -> Interrupt {
        Interrupt { above: Some(Arc::new(self.clone())), ..Interrupt::default() }
    }

    /// Raises the flag. Every loop that checks this flag or a child of it ends.
    pub fn raise(&self) {
        self.flag.store(true, Ordering::Relaxed);
    }

    /// Lowers the flag before the next piece of work. A request for an end stays in force.
    pub fn lower(&self) {
        self.flag.store(false, Ordering::Relaxed);
    }

    /// Asks every process to end after its present step, because its state is then complete and can
    /// be written. A process that has not ended after the time `grace` is interrupted within its
    /// step.
    pub fn request_end(&self, grace: Duration) {
        let _ = self.deadline.set(Instant::now() + grace);
    }

    /// True if processes should end after their present step; also true once the flag is raised.
    pub fn end_requested(&self) -> bool {
        let own = self.flag.load(Ordering::Relaxed) || self.deadline.get().is_some();
        own || self.above.as_ref().is_some_and(|above| above.end_requested())
    }

    /// True if this flag or a parent of it was raised, or if the time after a requested end is
    /// over.
    pub fn is_raised(&self) -> bool {
        let late = || self.deadline.get().is_some_and(|deadline| Instant::now() >= *deadline);
        self.flag.load(Ordering::Relaxed) || late() || self.above.as_ref().is_some_and(|above| above.is_raised())
    }

    /// Returns `Err(Interrupted)` once an end is requested. Call it between two steps.
    pub fn check_end(&self) -> Result<()> {
        if self.end_requested() { Err(Error::Interrupted) } else { Ok(()) }
    }

    /// Returns `Err(Interrupted)` once the flag is raised. Call `interrupt.check()?` inside loops.
    pub fn check(&self) -> Result<()> {
        if self.is_raised() { Err(Error::Interrupted) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn raising_reaches_down_and_not_up() {
        let whole = Interrupt::default();
        let (one, other) = (whole.below(), whole.below());
        one.raise();
        assert!(one.is_raised() && !other.is_raised() && !whole.is_raised());
        whole.raise();
        assert!(other.is_raised() && other.check().is_err());
        whole.lower();
        assert!(one.is_raised() && !other.is_raised());
    }

    #[test]
    fn a_request_waits_for_the_step_until_its_time_is_up() {
        let whole = Interrupt::default();
        let part = whole.below();
        whole.request_end(Duration::from_secs(3600));
        assert!(part.end_requested() && !part.is_raised() && part.check().is_ok());
        part.raise();
        assert!(part.is_raised() && !whole.is_raised());
        let late = Interrupt::default();
        late.request_end(Duration::ZERO);
        assert!(late.end_requested() && late.is_raised());
    }
}
