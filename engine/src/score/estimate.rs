//! An estimator that a flow takes over.

use super::{Kde, Score};
use crate::{Error, Result};

/// A score as a flow takes it: kernel estimates can stand on batches, others cannot.
#[derive(Debug)]
pub enum Estimate {
    /// A kernel estimate from points.
    Kernel(Box<Kde>),
    /// Any other score.
    Other(Box<dyn Score>),
}

impl Estimate {
    /// The score, on all that it stands on.
    pub fn score(self) -> Box<dyn Score> {
        match self {
            Estimate::Kernel(kde) => kde,
            Estimate::Other(score) => score,
        }
    }

    /// The score, on batches of this size where one is given; `option` is named in the error.
    ///
    /// # Errors
    /// A batch of a score that stands on no points.
    pub(crate) fn drawing(self, option: &str, batch: Option<usize>) -> Result<Box<dyn Score>> {
        match (self, batch) {
            (Estimate::Kernel(kde), _) => Ok(Box::new(kde.batched(batch))),
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
