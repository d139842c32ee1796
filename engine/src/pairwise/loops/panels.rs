//! The queries of a task as panels, each around the centre of all points or around its own.

use super::output_row::RowOut;
use super::portable::Job;
use super::tile::Form;
use crate::pairwise::pruning::Ball;
use crate::simd::{Buffer, Real};

/// Panels whose points are within this of their mean, scaled, are rounded around it; else around their median, which stays
/// with the many when a few are far away.
const NEAR: f64 = 30.0;

/// Packed queries, and what is known of them.
#[derive(Debug, Default)]
pub struct Panels<T> {
    /// Panels x dim x width; twice the coordinates in product form.
    queries: Buffer<T>,
    /// Squared distances of the queries from their centre.
    pub norms: Vec<f64>,
    /// What of them scores lack.
    pub squares: Vec<f64>,
    /// Panels x dim: the centres around that of all points, scaled; and the same in the caller's units.
    centres: Vec<f64>,
    origins: Vec<f64>,
    /// Every centre as often as a register has lanes.
    shifts: Buffer<T>,
    /// By this, the parts of coordinates round as if queries were farther from their centre.
    pub reach: Vec<f64>,
    /// Balls around the panels' points, where blocks are skipped.
    pub balls: Vec<Ball>,
    /// One panel's points, and one of its axes.
    points: Vec<f64>,
    axis: Vec<f64>,
}

impl<T: Real> Panels<T> {
    /// Packs the queries of these rows; what is left of the last panel repeats the last query.
    pub fn pack(&mut self, job: &Job<T>, rows: &[RowOut], lanes: usize) {
        let (dim, width) = (job.sources.dim, job.plan.width);
        let panels = rows.len().div_ceil(width);
        self.queries.take(panels * dim * width);
        self.shifts.take(panels * lanes * dim);
        for list in [&mut self.norms, &mut self.squares, &mut self.centres, &mut self.origins, &mut self.reach] {
            list.clear();
        }
        self.balls.clear();
        for p in 0..panels {
            let query = |lane: usize| job.queries.row(rows[(p * width + lane).min(rows.len() - 1)].query);
            self.points.clear();
            for lane in 0..width {
                let scaled = query(lane).iter().zip(&job.sources.centre).map(|(x, c)| (x - c) * job.sources.scale);
                self.points.extend(scaled);
            }
            if job.bounds.is_some() {
                let ball = Ball::of(width, dim, |lane| self.points[lane * dim..][..dim].iter().copied());
                self.balls.push(ball.with_room(T::EPSILON, job.sources.in_parts()));
            }
            self.choose_centre(job, lanes);
            self.pack_panel(job.plan.form, (p, width, dim));
        }
    }

    /// The centre of the panel whose points were taken last.
    fn choose_centre(&mut self, job: &Job<T>, lanes: usize) {
        let (dim, before) = (job.sources.dim, self.centres.len());
        match self.balls.last() {
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

    /// Rounds the points that were taken last around their centre, times 2 in product form.
    fn pack_panel(&mut self, form: Form, (p, width, dim): (usize, usize, usize)) {
        let factor = if form == Form::Product { 2.0 } else { 1.0 };
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
            self.squares.push(if form == Form::Product { square } else { 0.0 });
        }
    }

    /// The coordinates of panel `p`, dim x width.
    #[inline(always)]
    pub fn panel(&self, p: usize, size: usize) -> &[T] {
        &self.queries.slice((p + 1) * size)[p * size..]
    }

    /// The copies of its centre, `size` numbers.
    #[inline(always)]
    pub fn shift(&self, p: usize, size: usize) -> &[T] {
        &self.shifts.slice((p + 1) * size)[p * size..]
    }

    /// Its centre in the caller's units.
    pub fn origin(&self, p: usize, dim: usize) -> &[f64] {
        &self.origins[p * dim..(p + 1) * dim]
    }
}
