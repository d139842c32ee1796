//! Labelled points: rows in equal blocks, one per label, and labels as columns.

use super::Points;
use crate::number::counted;
use crate::{Error, Result, Subject};
use std::ops::Range;

/// Divides `n` rows into `k` consecutive blocks: block `i` holds the rows from `i n / k` up to but
/// not including `(i + 1) n / k`, rounded down.
pub(crate) fn blocks(n: usize, k: usize) -> impl Iterator<Item = Range<usize>> {
    (0..k).map(move |i| nth_block(n, k, i))
}

/// Returns one of the [`blocks`].
pub(crate) fn nth_block(n: usize, k: usize, i: usize) -> Range<usize> {
    i * n / k..(i + 1) * n / k
}

/// Writes a row and then its label: 1 in the column of the label, 0 in the columns of the others.
pub(crate) fn label_row(row: &[f64], label: usize, out: &mut [f64]) {
    let (own, labels) = out.split_at_mut(row.len());
    own.copy_from_slice(row);
    labels.fill(0.0);
    labels[label] = 1.0;
}

impl Points {
    /// Returns the points with one further column for each of `labels` labels: 1 in the column of
    /// `label`, 0 in the others.
    ///
    /// # Errors
    /// `label` is not below `labels`.
    pub fn with_label(&self, label: usize, labels: usize) -> Result<Points> {
        if label >= labels {
            let want = format!("with {} it is at most {}", counted(labels, "label"), labels.saturating_sub(1));
            return Err(Error::argument("label", label, want));
        }
        let mut out = Points::zeros(self.n(), self.dim() + labels);
        (0..self.n()).for_each(|i| label_row(self.row(i), label, out.row_mut(i)));
        Ok(out)
    }

    /// Returns the rows of each label, in their order: one set for each value that occurs in
    /// `labels`, in ascending order of the values.
    ///
    /// # Errors
    /// The number of labels is not that of the rows, or a label is NaN.
    pub fn split_by_label(&self, labels: &[f64]) -> Result<Vec<Points>> {
        if labels.len() != self.n() {
            let want = format!("there are {}", counted(self.n(), "point"));
            return Err(Error::shape(Subject::several("the labels"), counted(labels.len(), "value"), want));
        }
        if let Some(i) = labels.iter().position(|label| label.is_nan()) {
            return Err(Error::argument(&format!("labels[{i}]"), "NaN", "a number is expected"));
        }
        let mut order: Vec<usize> = (0..self.n()).collect();
        order.sort_by(|&a, &b| labels[a].total_cmp(&labels[b]));
        // 0 and -0 are one label.
        let same = |a: &usize, b: &usize| labels[*a] == labels[*b];
        Ok(order.chunk_by(same).map(|rows| sorted(self, rows)).collect())
    }
}

/// Returns these rows in the order of the points.
fn sorted(points: &Points, rows: &[usize]) -> Points {
    let mut rows = rows.to_vec();
    rows.sort_unstable();
    points.select(&rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_cover_all_rows_once() {
        for (n, k) in [(0, 3), (2, 5), (7, 3), (12, 4), (5, 1)] {
            let all: Vec<usize> = blocks(n, k).flatten().collect();
            assert_eq!(all, (0..n).collect::<Vec<_>>());
            assert!(blocks(n, k).all(|block| block.len() == n / k || block.len() == n.div_ceil(k)));
        }
    }

    #[test]
    fn groups_keep_the_order_of_their_rows() {
        let points = Points::from_rows(&[[0.0], [1.0], [2.0], [3.0], [4.0]]).unwrap();
        let groups = points.split_by_label(&[7.0, -1.0, 7.0, 0.0, -0.0]).unwrap();
        let rows: Vec<&[f64]> = groups.iter().map(Points::data).collect();
        assert_eq!(rows, [&[1.0][..], &[3.0, 4.0], &[0.0, 2.0]]);
        assert!(
            points.split_by_label(&[1.0; 4]).is_err()
                && points.split_by_label(&[1.0, f64::NAN, 1.0, 1.0, 1.0]).is_err()
        );
    }

    #[test]
    fn a_label_is_a_column() {
        let points = Points::from_rows(&[[5.0, 6.0]]).unwrap();
        assert_eq!(points.with_label(1, 3).unwrap().data(), [5.0, 6.0, 0.0, 1.0, 0.0]);
        assert!(points.with_label(3, 3).is_err() && points.with_label(0, 0).is_err());
    }
}
