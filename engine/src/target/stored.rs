//! A finite sample that is not in memory.

use super::{FiniteSample, Target};
use crate::number::counted;
use crate::points::RowSource;
use crate::{Error, Points, Result, rng::Stream};
use std::sync::Arc;

/// The empirical distribution of rows that are read when they are needed, such as
/// [`crate::io::NpyRows`]. A flow towards it reads all rows, block by block, in each step.
#[derive(Debug, Clone)]
pub struct Stored {
    rows: Arc<dyn RowSource>,
}

impl Stored {
    /// Creates the distribution, without reading any row.
    pub fn new(rows: Arc<dyn RowSource>) -> Stored {
        Stored { rows }
    }
}

impl Target for Stored {
    fn name(&self) -> String {
        self.rows.title()
    }

    fn dim(&self) -> usize {
        self.rows.dim()
    }

    /// Returns distinct rows in random order, at most as many as there are.
    fn sample(&self, n: usize, stream: Stream) -> Result<Points> {
        let total = self.rows.n();
        if n > total {
            let want = format!("{} has {}, and each is drawn once", self.rows.name(), counted(total, "row"));
            return Err(Error::argument("n", n, want));
        }
        self.rows.select(&stream.rng().choose(total, n))
    }

    fn finite_sample(&self) -> Option<FiniteSample<'_>> {
        Some(FiniteSample::Stored(&self.rows))
    }
}
