//! The evaluation of the field: its queries, its two scores, and its error.

use super::minibatch::MinibatchOrder;
use super::{Noise, SdFlow};
use crate::flow::{Clock, FieldAt, Role};
use crate::pairwise::{Pairwise, Queries, ScoreDifference};
use crate::score::{At, Form, Score, check_sigma, displacement};
use crate::{Points, Result};
use std::mem;

/// The number of particles used to estimate the error of the field.
pub(super) const PROBES: usize = 256;

impl SdFlow {
    /// Returns `z = y + a sigma e`, stored in `queries`, where `a` is the size of the noise.
    /// Without noise, returns the points themselves.
    fn perturb<'a>(&self, role: Role, points: &'a Points, clock: &Clock, queries: &'a mut Points) -> &'a Points {
        let stream = match self.noise {
            Noise::None => return points,
            Noise::Fresh | Noise::Half => clock.randomness("noise"),
            Noise::Fixed => clock.stream.label("fixed noise"),
        };
        let stream = if role == Role::Cloud { stream } else { stream.label("followers") };
        queries.reshape(points.n(), points.dim());
        stream.scatter_normal(points.data(), self.noise.size() * self.sigma(clock), queries.data_mut());
        queries
    }

    /// Writes `s_p - s_q` or `D_p - D_q` at the queries, in the units of the scores.
    pub(super) fn field(&mut self, place: &FieldAt, out: &mut Points) -> Result<()> {
        let FieldAt { z: points, cloud, role, clock, pairwise } = *place;
        let (sigma, form) = (self.sigma(clock), self.options.scaling.form());
        let mut queries = mem::take(&mut self.queries);
        let placed = self.perturb(role, points, clock, &mut queries);
        let (mut moved, mut field) = (mem::take(&mut self.moved), mem::take(&mut self.moved_field));
        let batches = self.options.batch.and_then(|batch| MinibatchOrder::of(batch, cloud.n()));
        let batch = batches.map(|batches| batches.now(points.n(), clock));
        if let Some(batch) = &batch {
            moved.gather(placed, batch);
        }
        let (z, v) = if batch.is_some() { (&moved, &mut field) } else { (placed, &mut *out) };
        let (own, stream) = (role == Role::Cloud, clock.randomness("estimate"));
        // By default the kernel of a particle counts in the density at that particle, unless the
        // particles are a fresh sample.
        let alone = self.options.self_term.is_some() || clock.fresh;
        let at = At { z, sigma, cloud, aligned: own && batch.is_none() && alone, learn: own, stream, pairwise };
        // Without noise, the field of the cloud is evaluated at the cloud itself.
        let unmoved = own && batch.is_none() && self.noise == Noise::None;
        let done = match self.between_kernels(&at) {
            Some(difference) => {
                let own = unmoved && self.source.kernel().is_some_and(|kde| kde.points().is_none());
                let queries = if own { Queries::Particles } else { Queries::At(z) };
                displacement_difference(&at, queries, &difference, form, v)
            }
            None => self.difference(&at, form, v),
        };
        let done = done.and_then(|()| self.weigh(&at, v));
        if let (Some(batch), Ok(())) = (&batch, &done) {
            out.reshape(points.n(), points.dim());
            out.data_mut().fill(0.0);
            batch.iter().zip(field.iter()).for_each(|(&i, v)| out.row_mut(i).copy_from_slice(v));
        }
        (self.queries, self.moved, self.moved_field) = (queries, moved, field);
        done
    }

    /// Returns the whole field as one difference of softmax means, if both scores are kernel
    /// estimates.
    fn between_kernels<'a>(&'a self, at: &At<'a>) -> Option<ScoreDifference<'a>> {
        let (p, q) = (self.target.kernel()?.sources(at)?, self.source.kernel()?.sources(at)?);
        let plain = !p.leave_out_self && q.log_weights.is_none();
        plain.then_some(ScoreDifference {
            targets: p.points,
            target_log_weights: p.log_weights,
            particles: q.points,
            leave_out_self: q.leave_out_self,
            sigma: at.sigma,
        })
    }

    /// Writes the difference of any two scores.
    fn difference(&mut self, at: &At, form: Form, out: &mut Points) -> Result<()> {
        match self.target.denoised(at)? {
            Some(p) => match self.source.denoised(at)? {
                Some(q) => {
                    out.reshape(p.n(), p.dim());
                    let scale = form.scale_of_displacement(at.sigma);
                    let both = p.data().iter().zip(q.data());
                    out.data_mut().iter_mut().zip(both).for_each(|(v, (p, q))| *v = scale * (p - q));
                    return Ok(());
                }
                None => displacement(p, at, form, out),
            },
            None => self.target.evaluate(at, form, out)?,
        }
        self.source.evaluate(at, form, &mut self.source_part)?;
        out.data_mut().iter_mut().zip(self.source_part.data()).for_each(|(v, q)| *v -= q);
        Ok(())
    }

    /// Returns the sampling error of the field, relative to the field: half the difference of two
    /// fields that are computed from disjoint halves of the points. Returns None if it is unknown.
    pub(super) fn split_half_error(
        &mut self,
        cloud: &Points,
        clock: &Clock,
        pairwise: &Pairwise,
    ) -> Result<Option<f64>> {
        let sigma = self.sigma(clock);
        let probes = cloud.rows(0..cloud.n().min(PROBES));
        let mut z = Points::default();
        let z = self.perturb(Role::Cloud, &probes, clock, &mut z);
        let stream = clock.randomness("probe");
        let at = At { z, sigma, cloud, aligned: false, learn: false, stream, pairwise };
        let form = self.options.scaling.form();
        let (mut p, mut q) = (Points::default(), Points::default());
        let halves = |score: &dyn Score| score.kernel().map_or(Ok(None), |kde| kde.halves(&at, form));
        let halves = [halves(&*self.target)?, halves(&*self.source)?];
        if halves.iter().all(Option::is_none) {
            return Ok(None);
        }
        self.target.evaluate(&at, form, &mut p)?;
        self.source.evaluate(&at, form, &mut q)?;
        let (mut error, mut size) = (0.0, 0.0);
        for i in 0..p.data().len() {
            let gap = |h: &Option<[Points; 2]>| h.as_ref().map_or(0.0, |[a, b]| a.data()[i] - b.data()[i]);
            error += 0.25 * (gap(&halves[0]) - gap(&halves[1])).powi(2);
            size += (p.data()[i] - q.data()[i]).powi(2);
        }
        Ok((size > 0.0).then(|| (error / size).sqrt()))
    }
}

/// Writes `D_p - D_q`, or this difference divided by `sigma^2`, at `at.z`.
fn displacement_difference(
    at: &At,
    queries: Queries,
    difference: &ScoreDifference,
    form: Form,
    out: &mut Points,
) -> Result<()> {
    check_sigma(at.sigma, false, "a kernel estimate")?;
    at.pairwise.score_difference(queries, difference, out)?;
    if form == Form::Score {
        let scale = form.scale_of_displacement(at.sigma);
        out.data_mut().iter_mut().for_each(|v| *v *= scale);
    }
    Ok(())
}
