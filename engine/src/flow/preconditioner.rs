//! Linear maps that give the particles of a cloud comparable scales in all directions.

use crate::archive::{Archive, Archived};
use crate::matrix::multiply;
use crate::points::{AffineMap, dot};
use crate::score::shrinkage::{Tails, shrink};
use crate::{Points, Result};
use faer::{Accum, MatMut, MatRef, Side};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// The choice of the linear map.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Preconditioning {
    /// The identity: all directions have the scale 1.
    None,
    /// The standard deviations of the coordinates.
    Diagonal,
    /// A root of the covariance, shrunk towards a multiple of the identity if there are few points.
    #[default]
    Dense,
}

crate::choices!(Preconditioning);

/// A linear map `L` whose product `L L^T` estimates the covariance of a cloud.
#[derive(Debug, Default)]
pub(super) struct Preconditioner {
    /// Empty for the identity; otherwise the diagonal of `L`, or all of `L` row by row.
    entries: Vec<f64>,
}

/// The number of rows that are multiplied at a time.
const CHUNK: usize = 128;

impl Preconditioner {
    /// Creates the map for this cloud. Where the cloud has no spread, the scale is 1.
    pub fn of(kind: Preconditioning, cloud: &Points) -> Preconditioner {
        let units = AffineMap::of(cloud);
        if kind == Preconditioning::None || cloud.n() < 2 || !units.is_finite() {
            return Preconditioner::default();
        }
        let (dim, scales) = (cloud.dim(), units.scale().to_vec());
        // In standard units, the shrinkage does not widen narrow coordinates.
        let standard = units.undo(cloud);
        let mut cov = standard.covariance();
        if kind == Preconditioning::Diagonal || (0..dim).any(|j| cov[(j, j)] < 0.5) {
            return Preconditioner { entries: scales };
        }
        let mut tails = Tails::default();
        standard.iter().for_each(|x| tails.add(1.0 / cloud.n() as f64, dot(x, x)));
        shrink(&mut cov, tails);
        match cov.llt(Side::Lower) {
            Ok(root) => {
                let root = root.L();
                let entry =
                    |k: usize| if k % dim <= k / dim { scales[k / dim] * root[(k / dim, k % dim)] } else { 0.0 };
                Preconditioner { entries: (0..dim * dim).map(entry).collect() }
            }
            Err(_) => Preconditioner { entries: scales },
        }
    }

    /// Writes `L v` into `out` for every row `v`.
    pub fn apply(&self, rows: &Points, out: &mut Points) {
        self.each(rows, out, |matrix| matrix.transpose());
    }

    /// Writes `L^T v` into `out` for every row `v`.
    pub fn apply_transpose(&self, rows: &Points, out: &mut Points) {
        self.each(rows, out, |matrix| matrix);
    }

    /// Multiplies every row from the right by the matrix that `side` makes of `L`.
    fn each(&self, rows: &Points, out: &mut Points, side: for<'m> fn(MatRef<'m, f64>) -> MatRef<'m, f64>) {
        let dim = rows.dim();
        out.copy_from(rows);
        if self.entries.is_empty() {
            return;
        }
        let chunks = out.data_mut().par_chunks_mut(CHUNK * dim).zip(rows.data().par_chunks(CHUNK * dim));
        if self.entries.len() == dim {
            chunks.for_each(|(out, _)| {
                out.chunks_exact_mut(dim).for_each(|row| row.iter_mut().zip(&self.entries).for_each(|(v, s)| *v *= s));
            });
            return;
        }
        let matrix = MatRef::from_row_major_slice(&self.entries, dim, dim);
        chunks.for_each(|(out, rows)| {
            let n = rows.len() / dim;
            let out = MatMut::from_row_major_slice_mut(out, n, dim);
            multiply(out, Accum::Replace, MatRef::from_row_major_slice(rows, n, dim), side(matrix), 1.0);
        });
    }
}

impl Archived for Preconditioner {
    fn archive(&mut self, archive: &mut Archive) -> Result<()> {
        archive.part("entries", &mut self.entries)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Stream;

    #[test]
    fn the_map_gives_noise_the_covariance_of_the_cloud() {
        let mut cloud = Stream::new(1).normal(5000, 3);
        for i in 0..cloud.n() {
            let row = cloud.row_mut(i);
            row[1] = 1e6 * (row[1] + 0.8 * row[0]);
            row[2] *= 1e-6;
        }
        let (noise, mut out, mut back) = (Stream::new(2).normal(5000, 3), Points::default(), Points::default());
        for kind in [Preconditioning::Diagonal, Preconditioning::Dense] {
            let map = Preconditioner::of(kind, &cloud);
            map.apply(&noise, &mut out);
            let (got, want) = (out.covariance(), cloud.covariance());
            for j in 0..3 {
                assert!((got[(j, j)] / want[(j, j)] - 1.0).abs() < 0.1, "{kind:?} {got:?} {want:?}");
            }
            let correlation = got[(0, 1)] / (got[(0, 0)] * got[(1, 1)]).sqrt();
            let of_cloud = want[(0, 1)] / (want[(0, 0)] * want[(1, 1)]).sqrt();
            let wanted = if kind == Preconditioning::Dense { of_cloud } else { 0.0 };
            assert!((correlation - wanted).abs() < 0.05, "{kind:?} {correlation}");
            // (L u) . v = u . (L^T v)
            map.apply_transpose(&cloud, &mut back);
            let dot = |a: &Points, b: &Points| crate::points::dot(a.row(7), b.row(7));
            assert!((dot(&out, &cloud) / dot(&noise, &back) - 1.0).abs() < 1e-12);
        }
        let same = Points::from_rows(&[[1.0, 2.0], [1.0, 3.0]]).unwrap();
        Preconditioner::of(Preconditioning::Dense, &same).apply(&same, &mut out);
        assert_eq!(out.row(0)[0], 1.0, "a coordinate without spread keeps its scale");
    }
}
