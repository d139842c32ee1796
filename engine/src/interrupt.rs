//! The flag by which a caller stops long native loops.

use crate::{Error, Result};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A shared flag; clones are the same flag.
#[derive(Debug, Clone, Default)]
pub struct Interrupt {
    flag: Arc<AtomicBool>,
    above: Option<Arc<Interrupt>>,
}

impl Interrupt {
    /// Returns a child interrupt, which is raised with this one too: for one of several pieces of
    /// work.
    pub fn below(&self) -> Interrupt {
        Interrupt { flag: Arc::default(), above: Some(Arc::new(self.clone())) }
    }

    /// Raises the flag: every loop that checks this flag, or a child of it, ends.
    pub fn raise(&self) {
        self.flag.store(true, Ordering::Relaxed);
    }

    /// True if this flag or a parent of it was raised.
    pub fn is_raised(&self) -> bool {
        self.flag.load(Ordering::Relaxed) || self.above.as_ref().is_some_and(|above| above.is_raised())
    }

    /// Returns `Err(Interrupted)` once raised: call `interrupt.check()?` inside loops.
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
    }
}
