//! A base with labels, for generators whose input is noise together with a label.

use super::{Moments, Target};
use crate::number::counted;
use crate::options::at_least;
use crate::points::{blocks, label_row, no_room};
use crate::{Error, Points, Result, rng::Stream};
use faer::Mat;
use std::sync::Arc;

/// The largest number of labels. Each label is a column, and the covariance is a matrix over all
/// columns.
const MOST: usize = 10_000;

/// Points of a base with one further column per label: 1 in the column of the point's label, 0 in
/// the columns of all other labels. With `n` points and `k` labels, the rows from `floor(i n / k)`
/// up to but not including `floor((i + 1) n / k)` have label `i`, so that all labels are equally
/// frequent. [`crate::flow::ByLabel`] moves rows with labels in this order.
#[derive(Debug, Clone)]
pub struct Labelled {
    base: Arc<dyn Target>,
    labels: usize,
}

impl Labelled {
    /// Creates the base with `labels` labels.
    ///
    /// # Errors
    /// There is no label, there are more than 10,000, or a point would have too many coordinates.
    pub fn new(base: Arc<dyn Target>, labels: usize) -> Result<Labelled> {
        at_least(&[("labels", labels, 1)])?;
        if labels > MOST {
            return Err(Error::argument("labels", labels, format!("at most {MOST} labels are possible")));
        }
        match no_room(1, base.dim().saturating_add(labels)) {
            Some(why) => Err(Error::argument("labels", labels, why)),
            None => Ok(Labelled { base, labels }),
        }
    }
}

impl Target for Labelled {
    fn name(&self) -> String {
        format!("{} with {}", self.base.name(), counted(self.labels, "label"))
    }

    fn dim(&self) -> usize {
        self.base.dim() + self.labels
    }

    fn labels(&self) -> Option<usize> {
        Some(self.labels)
    }

    fn sample(&self, n: usize, stream: Stream) -> Result<Points> {
        let base = self.base.sample(n, stream)?;
        let mut all = Points::zeros(n, self.dim());
        for (label, rows) in blocks(n, self.labels).enumerate() {
            for i in rows {
                label_row(base.row(i), label, all.row_mut(i));
            }
        }
        Ok(all)
    }

    /// The labels are independent of the base. Their means are `1 / k` and their covariances are
    /// those of equally probable labels, `1 / k - 1 / k^2` and `-1 / k^2`.
    fn moments(&self) -> Option<Moments> {
        let Moments { mut mean, cov: own } = self.base.moments()?;
        let (base, share) = (mean.len(), 1.0 / self.labels as f64);
        mean.resize(self.dim(), share);
        let cov = Mat::from_fn(mean.len(), mean.len(), |i, j| match (i < base, j < base) {
            (true, true) => own[(i, j)],
            (false, false) => share * f64::from(u8::from(i == j)) - share * share,
            _ => 0.0,
        });
        Some(Moments { mean, cov })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::target::Gaussian;

    #[test]
    fn rows_have_their_labels_in_order_and_the_moments_of_equal_shares() {
        let base: Arc<dyn Target> = Arc::new(Gaussian::isotropic(vec![1.0, -2.0], 0.5).unwrap());
        let labelled = Labelled::new(Arc::clone(&base), 3).unwrap();
        let stream = Stream::new(4);
        let (points, plain) = (labelled.sample(7, stream).unwrap(), base.sample(7, stream).unwrap());
        for (i, label) in [0, 0, 1, 1, 2, 2, 2].into_iter().enumerate() {
            let mut want = plain.row(i).to_vec();
            want.extend((0..3).map(|j| if j == label { 1.0 } else { 0.0 }));
            assert_eq!(points.row(i), want);
        }
        // 30,000 rows have exactly 10,000 of each label.
        let (many, moments) = (labelled.sample(30_000, stream).unwrap(), labelled.moments().unwrap());
        let cov = many.covariance();
        for i in 0..5 {
            assert!((many.mean()[i] - moments.mean[i]).abs() < 0.01, "{i}");
            for j in 0..5 {
                assert!((cov[(i, j)] - moments.cov[(i, j)]).abs() < 0.01, "{i}, {j}");
            }
        }
        assert!(Labelled::new(Arc::clone(&base), 0).is_err() && Labelled::new(base, 10_001).is_err());
    }
}
