//! The queries of a task, packed as panels. The centre of a panel is either the common centre of
//! all points or a centre of its own.

use super::output_row::RowOut;
use super::portable_job::Job;
use super::tile::Form;
use crate::pairwise::pruning::Ball;
use crate::simd::{Buffer, Real};
use std::ops::Range;

/// If the points of a panel are within this scaled distance of their mean, the mean is their
/// centre. Otherwise the median is their centre, because a few distant points hardly affect the
/// median.
const NEAR: f64 = 30.0;

/// A panel wider than this, in scaled units, is split at its widest gap. Exponents lose precision
/// from about 200 on, but every split wastes lanes.
const WIDE: f64 = 120.0;

/// The largest number of panels of one task, and the largest number of splits among them.
pub const MOST: usize = 12;
const CUTS: usize = 8;

/// Packed queries, with their norms and bounds.
#[derive(Debug, Default)]
pub struct Panels<T> {
    /// The first row of every panel, and at the end the number of rows.
    starts: Vec<usize>,
    /// The coordinates, panels x dim x width; twice the coordinates in product form.
    queries: Buffer<T>,
    /// Squared distances of the queries from their centre.
    pub norms: Vec<f64>,
    /// The squared norms in product form, whose scores lack them; 0 otherwise.
    pub squares: Vec<f64>,
    /// The squared norms as registers, panels x width, for [`Form::Corrected`].
    lengths: Buffer<T>,
    /// The centres of the panels, panels x dim. `centres` are relative to the centre of all points
    /// and scaled; `origins` are the same points in the caller's units.
    centres: Vec<f64>,
    origins: Vec<f64>,
    /// Every centre, repeated as often as a register has lanes.
    shifts: Buffer<T>,
    /// The distance of each panel's centre from the centre of all points, times the rounding error.
    pub reach: Vec<f64>,
    /// Bounding balls of the points of the panels, if blocks are skipped.
    pub balls: Vec<Ball>,
    /// Buffers: the points of one panel, and the coordinates on one of its axes.
    points: Vec<f64>,
    axis: Vec<f64>,
}

impl<T: Real> Panels<T> {
    /// Packs the queries of these rows. The remaining lanes of a panel repeat its last query. A
    /// panel across a gap, such as the gap between two clusters, is split in two, because queries
    /// far from their centre would lose precision.
    pub fn pack(&mut self, job: &Job<T>, rows: &mut [RowOut], lanes: usize) {
        let (dim, width, in_parts) = (job.sources.dim, job.plan.width, job.sources.in_parts());
        let mut cuts = if in_parts { CUTS } else { 0 };
        let panels = rows.len().div_ceil(width) + cuts;
        self.queries.take(panels * dim * width);
        self.shifts.take(panels * lanes * dim);
        self.lengths.take(panels * width);
        for list in [&mut self.norms, &mut self.squares, &mut self.centres, &mut self.origins, &mut self.reach] {
            list.clear();
        }
        self.balls.clear();
        self.starts.clear();
        let mut at = 0;
        while at < rows.len() {
            let mut end = rows.len().min((at / width + 1) * width);
            let mut ball = self.measure(job, &rows[at..end]);
            while let Some(ball_over) = ball.as_ref().filter(|_| cuts > 0)
                && let Some(cut) = gap(job, &mut rows[at..end], ball_over, &mut self.axis)
            {
                (cuts, end) = (cuts - 1, at + cut);
                ball = self.measure(job, &rows[at..end]);
            }
            self.starts.push(at);
            self.choose_centre(job, ball.as_ref(), lanes);
            self.pack_panel(job.plan.form, (self.starts.len() - 1, width, dim));
            self.balls.extend(ball.map(|ball| ball.with_room(T::EPSILON, in_parts)));
            at = end;
        }
        self.starts.push(at);
    }

    /// Reads the points of a panel; returns their bounding ball if blocks are skipped.
    fn measure(&mut self, job: &Job<T>, rows: &[RowOut]) -> Option<Ball> {
        let (dim, width) = (job.sources.dim, job.plan.width);
        self.points.clear();
        for lane in 0..width {
            let query = job.queries.row(rows[lane.min(rows.len() - 1)].query);
            self.points.extend(query.iter().zip(&job.sources.centre).map(|(x, c)| (x - c) * job.sources.scale));
        }
        job.bounds.map(|_| Ball::of(&self.points, dim))
    }

    /// Chooses the centre of the panel that was read last.
    fn choose_centre(&mut self, job: &Job<T>, ball: Option<&Ball>, lanes: usize) {
        let (dim, before) = (job.sources.dim, self.centres.len());
        match ball {
            Some(ball) if job.sources.in_parts() && ball.radius <= NEAR => self.centres.extend(&ball.centre),
            Some(_) if job.sources.in_parts() => {
                for k in 0..dim {
                    self.axis.clear();
                    self.axis.extend(self.points.iter().skip(k).step_by(dim));
                    let middle = self.axis.len() / 2;
                    self.centres.push(*self.axis.select_nth_unstable_by(middle, f64::total_cmp).1);
                }
            }
            _ => self.centres.resize(before + dim, 0.0),
        }
        let centre = &mut self.centres[before..];
        centre.iter_mut().for_each(|c| *c = T::from_f64(*c).to_f64());
        self.reach.push(T::EPSILON * centre.iter().map(|c| c * c).sum::<f64>().sqrt());
        self.origins.extend(centre.iter().zip(&job.sources.centre).map(|(c, all)| all + c / job.sources.scale));
        let shift = &mut self.shifts.slice_mut((before + dim) * lanes)[before * lanes..];
        for row in shift.chunks_exact_mut(dim) {
            row.iter_mut().zip(&*centre).for_each(|(s, c)| *s = T::from_f64(*c));
        }
    }

    /// Rounds the points of the panel that was read last around their centre, times 2 in product
    /// form.
    fn pack_panel(&mut self, form: Form, (p, width, dim): (usize, usize, usize)) {
        let factor = if form.has_products() { 2.0 } else { 1.0 };
        let q = &mut self.queries.slice_mut((p + 1) * dim * width)[p * dim * width..];
        let centre = &self.centres[p * dim..];
        for (lane, point) in self.points.chunks_exact(dim).enumerate() {
            let mut square = 0.0;
            for (k, (x, c)) in point.iter().zip(centre).enumerate() {
                let rounded = T::from_f64(x - c).to_f64();
                square += rounded * rounded;
                q[k * width + lane] = T::from_f64(factor * rounded);
            }
            self.norms.push(square);
            self.lengths.slice_mut((p + 1) * width)[p * width + lane] = T::from_f64(square);
            self.squares.push(if form == Form::Product { square } else { 0.0 });
        }
    }

    /// Returns the number of panels.
    pub fn count(&self) -> usize {
        self.starts.len() - 1
    }

    /// Returns the rows of panel `p`.
    #[inline(always)]
    pub fn rows(&self, p: usize) -> Range<usize> {
        self.starts[p]..self.starts[p + 1]
    }

    /// Returns the coordinates of panel `p`, dim x width.
    #[inline(always)]
    pub fn panel(&self, p: usize, size: usize) -> &[T] {
        &self.queries.slice((p + 1) * size)[p * size..]
    }

    /// Returns the squared norms of the queries of panel `p`.
    #[inline(always)]
    pub fn lengths(&self, p: usize, width: usize) -> &[T] {
        &self.lengths.slice((p + 1) * width)[p * width..]
    }

    /// Returns the copies of the centre of panel `p`: `size` numbers.
    #[inline(always)]
    pub fn shift(&self, p: usize, size: usize) -> &[T] {
        &self.shifts.slice((p + 1) * size)[p * size..]
    }

    /// Returns the centre of panel `p` in the caller's units.
    pub fn origin(&self, p: usize, dim: usize) -> &[f64] {
        &self.origins[p * dim..(p + 1) * dim]
    }
}

/// Returns the position of the widest gap between these rows on their widest axis, if the gap is
/// more than a quarter of their extent and the rows are not close together. If a position is
/// returned, the rows are sorted along that axis. `keys` is a buffer.
fn gap<T: Real>(job: &Job<T>, rows: &mut [RowOut], ball: &Ball, keys: &mut Vec<f64>) -> Option<usize> {
    if ball.radius <= WIDE {
        return None;
    }
    let (axis, extent) = ball.widest();
    let key = |row: &RowOut| job.queries.row(row.query)[axis];
    keys.clear();
    keys.extend(rows.iter().map(key));
    keys.sort_unstable_by(f64::total_cmp);
    let gap = |i: usize| (keys[i] - keys[i - 1]) * job.sources.scale;
    let cut = (1..keys.len()).max_by(|a, b| gap(*a).total_cmp(&gap(*b))).filter(|cut| gap(*cut) > 0.25 * extent)?;
    rows.sort_unstable_by(|a, b| key(a).total_cmp(&key(b)).then(a.query.cmp(&b.query)));
    Some(cut)
}
