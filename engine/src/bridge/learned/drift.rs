//! A drift that a net has learned.

use super::frame::{FEATURES, Frame, write_baseline};
use crate::net::{Mlp, Workspace};
use crate::{Points, Result};
use rayon::prelude::*;

/// Number of rows per parallel task that writes inputs of the net.
const BLOCK: usize = 256;

/// The drift `u(s, x) = baseline(s, x) + size F((x - m_s) / c_s, s)` of a process, with `s` the
/// time of this process.
#[derive(Debug, Clone)]
pub struct Drift {
    /// The units, and the baseline.
    pub frame: Frame,
    /// The net `F`.
    pub net: Mlp<f32>,
}

impl Drift {
    /// Writes the drift at time `s` in `[0, 1]` into `out`, n x dim. Cost: one pass of the net per
    /// point, and `O(dim^2)` for the baseline.
    ///
    /// # Errors
    /// Those of [`Frame::at`].
    pub fn evaluate(&self, s: f64, points: &Points, out: &mut Points) -> Result<()> {
        evaluate(&self.frame, &self.net, s, points, out)
    }
}

/// Writes the drift of a net at time `s` in `[0, 1]` into `out`, n x dim.
///
/// # Errors
/// Those of [`Frame::at`].
pub fn evaluate(frame: &Frame, net: &Mlp<f32>, s: f64, points: &Points, out: &mut Points) -> Result<()> {
    let (n, dim, place) = (points.n(), points.dim(), frame.at(s)?);
    let width = dim + FEATURES;
    let (mut input, mut output) = (vec![0f32; n * width], vec![0f32; n * dim]);
    let blocks = input.par_chunks_mut(BLOCK * width).zip(points.data().par_chunks(BLOCK * dim));
    blocks.for_each(|(input, rows)| {
        let rows = input.chunks_exact_mut(width).zip(rows.chunks_exact(dim));
        rows.for_each(|(input, x)| place.write_input(x, input));
    });
    net.forward(&input, &mut output, &mut Workspace::default());
    write_baseline(&place, points, out);
    out.data_mut().iter_mut().zip(&output).for_each(|(u, f)| *u += frame.size * f64::from(*f));
    Ok(())
}
