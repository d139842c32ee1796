//! The teacher of a distillation: the difference of two denoisers, one of which is trained during
//! the distillation.

use super::option::{DistillOptions, Weight};
use crate::archive::{Archive, Archived};
use crate::flow::{Aim, Clock};
use crate::generator::standard_units::Known;
use crate::generator::teacher::{Draw, Teacher};
use crate::options::at_least;
use crate::points::squared_distance;
use crate::rng::Stream;
use crate::score::{At, Form, Preconditioned, Score};
use crate::{Error, Points, Result, Subject, pairwise::Pairwise};

/// The weight of each fresh batch in the running units of the source. The units in which the net
/// works then vary slowly, not randomly from batch to batch.
const UNITS: f64 = 0.02;

/// The weighted difference of the denoisers of the teacher and of the source.
pub(super) struct Difference<'a> {
    teacher: &'a mut dyn Score,
    options: &'a DistillOptions,
    pairwise: &'a Pairwise,
    dim: usize,
    /// The length of a standard unit of the outputs.
    size: f64,
    /// The range of sigma. It is set when the first points are known.
    range: (f64, f64),
    source: Option<Preconditioned>,
    /// Number of updates of the source that the warm-up has made.
    warmed: usize,
    loss: f64,
    /// Buffers: fresh points; the points of a noise level, the same points with noise, and both
    /// scores there.
    fresh: Points,
    z: Points,
    p: Points,
    q: Points,
}

impl<'a> Difference<'a> {
    pub fn new(
        teacher: &'a mut dyn Score,
        dim: usize,
        options: &'a DistillOptions,
        pairwise: &'a Pairwise,
    ) -> Result<Difference<'a>> {
        if let Some(wanted) = teacher.dim().filter(|wanted| *wanted != dim) {
            let got = format!("points of {dim} coordinates");
            return Err(Error::shape(Subject::argument("generator"), got, format!("the teacher's have {wanted}")));
        }
        at_least(&[("score_updates", options.score_updates, 1), ("levels", options.levels, 1)])?;
        options.score_rate.check("score_rate", 0.0..=f64::INFINITY)?;
        options.source().check()?;
        let points = Points::default;
        let (fresh, z, p, q) = (points(), points(), points(), points());
        let (range, source, warmed, loss) = ((0.0, 0.0), None, 0, f64::NAN);
        Ok(Difference { teacher, options, pairwise, dim, size: 1.0, range, source, warmed, loss, fresh, z, p, q })
    }

    /// Returns the smallest and the largest sigma.
    fn range(&self, y: &Points) -> Result<(f64, f64)> {
        let DistillOptions { sigma_min, sigma_max, .. } = *self.options;
        if let Some(range) = sigma_min.zip(sigma_max) {
            return Ok(range);
        }
        let Some(extent) = self.teacher.extent() else {
            let open = if sigma_min.is_none() { "sigma_min" } else { "sigma_max" };
            let want = format!("{} has no known scale: give a number", self.teacher.name());
            return Err(Error::argument(open, "left out", want));
        };
        let away = squared_distance(&y.mean(), &extent.centre).sqrt();
        let (least, most) = self.teacher.sigma_range().learned.unwrap_or((0.0, f64::INFINITY));
        let max = sigma_max.unwrap_or(extent.diameter.max(away).min(most));
        // If all points coincide, they have neither a size nor a detail.
        let max = if max > 0.0 { max } else { 1.0 };
        let min = sigma_min.unwrap_or(extent.detail.max(least).clamp(1e-6 * max, 0.5 * max));
        if min < max {
            return Ok((min, max));
        }
        Err(Error::argument("sigma_min", min, format!("it must be below `sigma_max`, {max:.4}")))
    }

    /// Trains the score of the source by one optimiser step. If points are not finite, the source
    /// diverges, and its loss shows this.
    fn update(&mut self, stream: Stream, draw: &mut Draw, clock: &Clock) -> Result<()> {
        let Some(source) = &mut self.source else { return Ok(()) };
        self.pairwise.interrupt().check()?;
        draw(stream.label("base"), &mut self.fresh)?;
        source.follow(&self.fresh, UNITS);
        self.loss = source.learn(&self.fresh, self.range, self.options.score_rate.at(clock.progress()), stream);
        Ok(())
    }

    /// Writes the velocity at a noise level, for the points of `level.cloud`.
    fn field(&mut self, level: &At, out: &mut [f64]) -> Result<()> {
        let Some(source) = &mut self.source else { return Ok(()) };
        self.teacher.evaluate(level, Form::Displacement, &mut self.p)?;
        source.displacement(level.z, level.sigma, &mut self.q);
        let dim = level.z.dim();
        for (i, out) in out.chunks_exact_mut(dim).enumerate() {
            let (y, z, p, q) = (level.cloud.row(i), level.z.row(i), self.p.row(i), self.q.row(i));
            let away = (0..dim).map(|j| (y[j] - z[j] - p[j]).abs()).sum::<f64>() / dim as f64;
            let weight = match self.options.weight {
                // The factor `size` makes the velocity a length; with `1 / away` alone it would
                // have no unit.
                Weight::Dmd if away > 0.0 => self.size / away,
                Weight::Dmd => 0.0,
                Weight::None => 1.0,
            };
            (0..dim).for_each(|j| out[j] = weight * (p[j] - q[j]));
        }
        Ok(())
    }
}

impl Teacher for Difference<'_> {
    fn target_units(&self, _y: &Points, _clock: &Clock) -> Result<Option<Known>> {
        Ok(Aim::Score(self.teacher).units().map(|map| Known { map, each_column: false }))
    }

    fn measure(&mut self, size: f64) {
        self.size = size;
    }

    fn prepare(&mut self, y: &Points, clock: &Clock) -> Result<Vec<String>> {
        self.range = self.range(y)?;
        let stream = clock.stream.label("source init");
        self.source = Some(Preconditioned::new(y, &self.options.source(), 0.0, stream)?);
        Ok(match self.options.sigma_min.zip(self.options.sigma_max) {
            Some(_) => Vec::new(),
            None => {
                vec![format!("sigma: between {:.3} and {:.3}, chosen from the teacher", self.range.1, self.range.0)]
            }
        })
    }

    fn warm_up(&mut self, draw: &mut Draw, clock: &Clock) -> Result<Option<(usize, usize)>> {
        let (done, total) = (self.warmed, self.options.warm_up);
        // A source that has diverged cannot recover.
        if done >= total || (done > 0 && !self.loss.is_finite()) {
            return Ok(None);
        }
        self.update(clock.randomness("warm-up").at(done as u64), draw, clock)?;
        self.warmed += 1;
        Ok(Some((self.warmed, total)))
    }

    fn learn(&mut self, draw: &mut Draw, clock: &Clock) -> Result<()> {
        for k in 0..self.options.score_updates {
            self.update(clock.randomness("source").at(k as u64), draw, clock)?;
            if !self.loss.is_finite() {
                break;
            }
        }
        Ok(())
    }

    fn velocity(&mut self, y: &Points, clock: &Clock, out: &mut Points) -> Result<()> {
        let (levels, dim) = (self.options.levels.min(y.n()), y.dim());
        let (low, high) = (self.range.0.ln(), self.range.1.ln());
        let mut rng = clock.randomness("sigma").rng();
        let mut z = std::mem::take(&mut self.z);
        out.reshape(y.n(), dim);
        for level in 0..levels {
            let rows = level * y.n() / levels..(level + 1) * y.n() / levels;
            let sigma = (low + (high - low) * (level as f64 + rng.uniform()) / levels as f64).exp();
            let (cloud, stream) = (y.rows(rows.clone()), clock.randomness("level").at(level as u64));
            z.reshape(cloud.n(), dim);
            stream.label("noise").scatter_normal(cloud.data(), sigma, z.data_mut());
            let at = At { z: &z, sigma, cloud: &cloud, aligned: true, learn: true, stream, pairwise: self.pairwise };
            self.field(&at, &mut out.data_mut()[rows.start * dim..rows.end * dim])?;
        }
        self.z = z;
        if !self.loss.is_finite() {
            out.data_mut().fill(f64::NAN);
        }
        Ok(())
    }

    fn readings(&mut self, _y: &Points, _clock: &Clock) -> Result<Vec<(&'static str, f64)>> {
        Ok(vec![("source_loss", self.loss)])
    }
}

impl Archived for Difference<'_> {
    fn archive(&mut self, archive: &mut Archive) -> Result<()> {
        archive.part("range", &mut self.range)?;
        archive.part("warm-up", &mut self.warmed)?;
        archive.part("loss", &mut self.loss)?;
        let (options, dim) = (self.options.source(), self.dim);
        archive.optional("source", &mut self.source, |archive| Preconditioned::blank(dim, &options, archive))?;
        self.teacher.archive(archive)
    }
}
