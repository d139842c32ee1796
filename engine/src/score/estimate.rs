//! An estimator that a flow owns.

use super::{Auto, Kde, KdeOfRows, Score, SelfTerm};
use crate::{Error, Result};

/// A score that a flow owns. Kernel estimates can use batches. With a batch, `Estimate::Auto`
/// always uses the kernel estimate. Other scores cannot use batches.
#[derive(Debug)]
pub enum Estimate {
    /// A kernel estimate from points.
    Kernel(Box<Kde>),
    /// The kernel estimate of the cloud or a mixture fit, whichever describes the cloud better.
    #[doc(hidden)]
    Auto(Box<Auto>),
    /// A kernel estimate from rows that are not in memory.
    #[doc(hidden)]
    Rows(Box<KdeOfRows>),
    /// Any other score.
    Other(Box<dyn Score>),
}

impl Estimate {
    /// Returns the score that uses all points.
    pub fn score(self) -> Box<dyn Score> {
        match self {
            Estimate::Kernel(kde) => kde,
            Estimate::Auto(auto) => auto,
            Estimate::Rows(kde) => kde,
            Estimate::Other(score) => score,
        }
    }

    /// Chooses the self term of a kernel estimate; other scores have none.
    pub(crate) fn with_self_term(self, self_term: SelfTerm) -> Estimate {
        match self {
            Estimate::Kernel(kde) => Estimate::Kernel(Box::new(kde.with_self_term(self_term))),
            Estimate::Auto(auto) => Estimate::Auto(Box::new(auto.with_self_term(self_term))),
            other => other,
        }
    }

    /// Returns the score; it uses batches of this size if a size is given. The error names
    /// `option`.
    ///
    /// # Errors
    /// A batch is given for a score that is not built from points.
    pub(crate) fn with_batch(self, option: &str, batch: Option<usize>) -> Result<Box<dyn Score>> {
        match (self, batch) {
            (Estimate::Kernel(kde), _) => Ok(Box::new(kde.batched(batch))),
            (Estimate::Rows(kde), _) => Ok(Box::new(kde.batched(batch))),
            (Estimate::Auto(auto), None) => Ok(auto),
            (Estimate::Auto(auto), batch) => Ok(Box::new(auto.into_kernel().batched(batch))),
            (Estimate::Other(score), None) => Ok(score),
            (Estimate::Other(score), Some(batch)) => {
                let want = format!("{} is not built from points, so no batch can be drawn", score.name());
                Err(Error::argument(option, batch, want))
            }
        }
    }
}

impl From<Kde> for Estimate {
    fn from(kde: Kde) -> Estimate {
        Estimate::Kernel(Box::new(kde))
    }
}

impl From<Box<dyn Score>> for Estimate {
    fn from(score: Box<dyn Score>) -> Estimate {
        Estimate::Other(score)
    }
}
