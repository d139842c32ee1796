//! The kernel score of rows that are read block by block.

use super::{At, Extent, Form, Score, ScoreDiagnostics, ScoreProperties, SigmaRange, check_sigma, displacement};
use crate::archive::{Archive, Archived};
use crate::pairwise::{Softmax, SoftmaxMean, Values};
use crate::points::{BLOCK_VALUES, RowSource, draw_rows};
use crate::{Points, Result};
use std::fmt;
use std::sync::{Arc, OnceLock};

/// Rows that are not in memory, and their extent. Copies share both.
#[derive(Debug, Clone)]
pub struct StoredRows {
    rows: Arc<dyn RowSource>,
    extent: Arc<OnceLock<Extent>>,
}

impl StoredRows {
    /// Creates the rows without reading any.
    pub fn new(rows: Arc<dyn RowSource>) -> StoredRows {
        StoredRows { rows, extent: Arc::default() }
    }
}

impl fmt::Display for StoredRows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.rows.title())
    }
}

/// The same estimate as [`super::Kde`], from rows of which one block is in memory at a time. The
/// softmax means of the blocks are merged by their normalisers. One evaluation reads all rows. It
/// holds 64 MiB of them at a time in f64, in addition to the copies of the pairwise engine.
#[derive(Debug, Clone)]
pub struct KdeOfRows {
    stored: StoredRows,
    /// The number of values of a block.
    block: usize,
    /// The number of random rows that an evaluation uses; None for all.
    batch: Option<usize>,
    mean: SoftmaxMean,
    of_block: SoftmaxMean,
}

impl KdeOfRows {
    /// Creates the estimate. If the extent of the rows is not known yet, it is measured on random
    /// rows.
    ///
    /// # Errors
    /// Those of [`RowSource::read`].
    pub fn new(stored: StoredRows) -> Result<KdeOfRows> {
        if stored.extent.get().is_none() {
            let _ = stored.extent.set(Extent::of_rows(stored.rows.as_ref())?);
        }
        let (mean, of_block) = (SoftmaxMean::default(), SoftmaxMean::default());
        Ok(KdeOfRows { stored, block: BLOCK_VALUES, batch: None, mean, of_block })
    }

    /// Sets the number of random rows that each evaluation draws anew; None uses all rows.
    pub fn batched(self, batch: Option<usize>) -> KdeOfRows {
        KdeOfRows { batch, ..self }
    }
}

impl Score for KdeOfRows {
    fn name(&self) -> String {
        format!("kde of {}", self.stored)
    }

    fn dim(&self) -> Option<usize> {
        Some(self.stored.rows.dim())
    }

    fn evaluate(&mut self, at: &At, form: Form, out: &mut Points) -> Result<()> {
        if let Some(mean) = self.denoised(at)? {
            displacement(mean, at, form, out);
        }
        Ok(())
    }

    fn denoised(&mut self, at: &At) -> Result<Option<&Points>> {
        check_sigma(at.sigma, false, "a kernel estimate")?;
        let rows = self.stored.rows.as_ref();
        if let Some(batch) = self.batch.filter(|batch| *batch < rows.n()) {
            let drawn = rows.select(&draw_rows(rows.n(), None, batch.max(1), at.stream.label("target batch")))?;
            at.pairwise.softmax_mean(at.z, &drawn, Values::Own, &Softmax::of(at.sigma), &mut self.mean)?;
            return Ok(Some(&self.mean.mean));
        }
        for range in rows.blocks(self.block) {
            let is_first = range.start == 0;
            let block = rows.read(range)?;
            let to = if is_first { &mut self.mean } else { &mut self.of_block };
            at.pairwise.softmax_mean(at.z, &block, Values::Own, &Softmax::of(at.sigma), to)?;
            if !is_first {
                self.mean.merge(&self.of_block);
            }
        }
        Ok(Some(&self.mean.mean))
    }

    fn diagnostics(&self) -> ScoreDiagnostics {
        ScoreDiagnostics::of_ess(self.mean.median_ess())
    }

    fn properties(&self) -> ScoreProperties<'_> {
        ScoreProperties { is_of_points: true, sigma_range: SigmaRange::POSITIVE, ..ScoreProperties::default() }
    }

    fn extent(&self) -> Option<Extent> {
        self.stored.extent.get().cloned()
    }
}

impl Archived for KdeOfRows {
    fn archive(&mut self, archive: &mut Archive) -> Result<()> {
        archive.part("ess", &mut self.mean.ess)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pairwise::Pairwise;
    use crate::rng::Stream;
    use crate::score::Kde;

    /// Blocks of any size give the score of all points, and a single block gives the same bytes.
    #[test]
    fn blocks_give_the_score_of_all_points() {
        for (n, dim, far) in [(500, 3, 0.0), (333, 20, 0.0), (64, 2, 1e3)] {
            let points = Arc::new(Stream::new(1).normal(n, dim));
            let mut z = Stream::new(2).normal(70, dim);
            z.data_mut().iter_mut().for_each(|x| *x += far);
            let pairwise = Pairwise::default();
            let stream = Stream::new(3);
            for sigma in [0.01, 0.5, 30.0] {
                let at = At { z: &z, sigma, cloud: &z, aligned: false, learn: false, stream, pairwise: &pairwise };
                let (mut want, mut found) = (Points::default(), Points::default());
                let mut kde = Kde::of(Arc::clone(&points));
                kde.evaluate(&at, Form::Displacement, &mut want).unwrap();
                let mut of_rows = KdeOfRows::new(StoredRows::new(Arc::clone(&points) as Arc<dyn RowSource>)).unwrap();
                assert_eq!(of_rows.extent(), kde.extent());
                of_rows.evaluate(&at, Form::Displacement, &mut found).unwrap();
                let want_ess = kde.diagnostics().ess.unwrap();
                assert_eq!((found.data(), of_rows.diagnostics().ess), (want.data(), Some(want_ess)));
                let mut batched = of_rows.clone().batched(Some(n / 3));
                let mut of_batch = Points::default();
                batched.evaluate(&at, Form::Displacement, &mut of_batch).unwrap();
                let mut want_of_batch = Points::default();
                kde.batched(Some(n / 3)).evaluate(&at, Form::Displacement, &mut want_of_batch).unwrap();
                assert_eq!(of_batch, want_of_batch);
                for block in [1, 7 * dim, n * dim / 2 + 1] {
                    of_rows.block = block;
                    of_rows.evaluate(&at, Form::Displacement, &mut found).unwrap();
                    let size = want.data().iter().fold(0.0, |size: f64, v| size.max(v.abs()));
                    for (found, want) in found.data().iter().zip(want.data()) {
                        assert!((found - want).abs() < 1e-5 * size, "{n} {sigma} {block}: {found} {want}");
                    }
                    let (ess, want) = (of_rows.diagnostics().ess.unwrap(), want_ess);
                    assert!((ess / want - 1.0).abs() < 1e-4, "{n} {sigma} {block}: {ess} {want}");
                }
            }
        }
    }
}
