//! A flow of labelled particles: the particles of each label follow a flow of their own.

use super::{Aim, Clock, FieldAt, Readings, Scales, VelocityField};
use crate::archive::{Archive, Archived};
use crate::number::counted;
use crate::ode::StepReport;
use crate::points::{AffineMap, blocks};
use crate::{Error, Points, Result, Subject};
use std::ops::Range;
use std::sync::OnceLock;

/// The number of labels whose texts are quoted if the texts of the labels differ.
const QUOTED: usize = 2;

/// One flow per label. With `n` particles and `k` flows, the rows from `floor(i n / k)` up to but
/// not including `floor((i + 1) n / k)` have label `i`. These rows move along flow `i`, and they
/// alone are its cloud. Tracers are divided in the same way. [`crate::target::Labelled`] divides
/// its rows in the same way, too.
///
/// The cost of a velocity is that of the flows, each for its share of the particles.
#[derive(Debug)]
pub struct ByLabel {
    parts: Vec<Part>,
    /// The units of all targets together. The inner value is None if the units of a target are
    /// unknown.
    units: OnceLock<Option<AffineMap>>,
}

/// The flow of one label, with buffers for its points, its cloud and its velocity.
#[derive(Debug)]
struct Part {
    flow: Box<dyn VelocityField>,
    z: Points,
    cloud: Points,
    velocity: Points,
}

impl ByLabel {
    /// Creates the flow in which label `i` follows `flows[i]`.
    ///
    /// # Errors
    /// There is no flow, or the flows are of different kinds.
    pub fn new(flows: Vec<Box<dyn VelocityField>>) -> Result<ByLabel> {
        let Some(kind) = flows.first().map(|flow| flow.name()) else {
            return Err(Error::argument("flows", "[]", "one flow per label is expected"));
        };
        if let Some((i, other)) = flows.iter().enumerate().find(|(_, flow)| flow.name() != kind) {
            let want = format!("all flows must be of one kind, and flows[0] is `{kind}`");
            return Err(Error::argument(&format!("flows[{i}]"), format!("`{}`", other.name()), want));
        }
        let part = |flow| Part { flow, z: Points::default(), cloud: Points::default(), velocity: Points::default() };
        Ok(ByLabel { parts: flows.into_iter().map(part).collect(), units: OnceLock::new() })
    }

    /// Returns the moment of one label, with a random stream of its own.
    fn clock(clock: &Clock, label: usize) -> Clock {
        Clock { stream: clock.stream.label("label").at(label as u64), ..*clock }
    }

    /// Returns the units of all targets together, each with equal weight.
    fn pooled_units(&self, cloud: &Points, clock: &Clock) -> Option<AffineMap> {
        let units = |(i, part): (usize, &Part)| {
            let aim = part.flow.scales(cloud, &ByLabel::clock(clock, i)).aim;
            aim.points().map_or_else(|| aim.units(), |points| Some(exact_units(points)))
        };
        let all: Vec<AffineMap> = self.parts.iter().enumerate().map(units).collect::<Option<_>>()?;
        let dim = all[0].shift().len();
        if all.iter().any(|map| map.shift().len() != dim) {
            return None;
        }
        let share = 1.0 / all.len() as f64;
        let mean: Vec<f64> = (0..dim).map(|j| all.iter().map(|map| share * map.shift()[j]).sum()).collect();
        let std = |j: usize| {
            let about = |map: &AffineMap| map.scale()[j].powi(2) + (map.shift()[j] - mean[j]).powi(2);
            all.iter().map(|map| share * about(map)).sum::<f64>().sqrt()
        };
        let scale = (0..dim).map(std).map(|std| if std > 0.0 { std } else { 1.0 }).collect();
        Some(AffineMap::new(scale, mean))
    }

    /// Returns the texts of the labels, if all labels have the same. Otherwise returns the texts of
    /// the first labels that have any, and the number of further ones.
    fn collected(texts: Vec<Vec<String>>) -> Vec<String> {
        if texts.windows(2).all(|pair| pair[0] == pair[1]) {
            return texts.into_iter().next().unwrap_or_default();
        }
        let talking: Vec<(usize, Vec<String>)> = texts.into_iter().enumerate().filter(|(_, t)| !t.is_empty()).collect();
        let further = talking.len().saturating_sub(QUOTED);
        let named = |(i, own): (usize, Vec<String>)| own.into_iter().map(move |text| format!("label {i}: {text}"));
        let mut all: Vec<String> = talking.into_iter().take(QUOTED).flat_map(named).collect();
        if further > 0 {
            all.push(format!("{}: likewise, with numbers of their own", counted(further, "further label")));
        }
        all
    }

    /// Calls `act` with every flow that has particles, its label and the range of its rows.
    fn each<T>(
        &mut self,
        cloud: &Points,
        mut act: impl FnMut(&mut Part, usize, Range<usize>) -> Result<T>,
    ) -> Result<Vec<T>> {
        let ranges = blocks(cloud.n(), self.parts.len());
        let filled = self.parts.iter_mut().zip(ranges).enumerate().filter(|(_, (_, range))| !range.is_empty());
        filled
            .map(|(i, (part, range))| {
                copy_rows(cloud, range.clone(), &mut part.cloud);
                act(part, i, range)
            })
            .collect()
    }
}

/// Returns the mean and the standard deviation of each column. That of a constant column is 0,
/// because the column may still vary between labels.
fn exact_units(points: &Points) -> AffineMap {
    let map = AffineMap::of(points);
    let first = points.row(0);
    let constant = |j: usize| points.iter().all(|row| row[j] == first[j]);
    let scale = map.scale().iter().enumerate().map(|(j, s)| if constant(j) { 0.0 } else { *s }).collect();
    AffineMap::new(scale, map.shift().to_vec())
}

fn copy_rows(from: &Points, rows: Range<usize>, to: &mut Points) {
    let dim = from.dim();
    to.reshape(rows.len(), dim);
    to.data_mut().copy_from_slice(&from.data()[rows.start * dim..rows.end * dim]);
}

impl VelocityField for ByLabel {
    fn name(&self) -> &'static str {
        self.parts[0].flow.name()
    }

    fn velocity(&mut self, at: &FieldAt, out: &mut Points) -> Result<()> {
        let dim = at.z.dim();
        out.reshape(at.z.n(), dim);
        let places: Vec<Range<usize>> = blocks(at.z.n(), self.parts.len()).collect();
        self.each(at.cloud, |part, i, _| {
            let (rows, clock) = (places[i].clone(), ByLabel::clock(at.clock, i));
            if rows.is_empty() {
                return Ok(());
            }
            copy_rows(at.z, rows.clone(), &mut part.z);
            let own = FieldAt { z: &part.z, cloud: &part.cloud, clock: &clock, ..*at };
            part.flow.velocity(&own, &mut part.velocity)?;
            out.data_mut()[rows.start * dim..rows.end * dim].copy_from_slice(part.velocity.data());
            Ok(())
        })
        .map(drop)
    }

    fn prepare(&mut self, cloud: &Points, clock: &Clock, last: Option<&StepReport>) -> Result<Vec<String>> {
        let labels = self.parts.len();
        // In a fresh sample, each point is left out of the sums at that point, so at least one
        // further point is needed.
        let least = if clock.fresh { 2 } else { 1 };
        if last.is_none() && cloud.n() < least * labels {
            let what = if clock.fresh { Subject::option("batch") } else { Subject::argument("start") };
            let want = format!("{} need at least {} each", counted(labels, "label"), counted(least, "point"));
            return Err(Error::shape(what, counted(cloud.n(), "point"), want));
        }
        let notes = self.each(cloud, |part, i, _| part.flow.prepare(&part.cloud, &ByLabel::clock(clock, i), last))?;
        Ok(ByLabel::collected(notes))
    }

    fn scales(&self, cloud: &Points, clock: &Clock) -> Scales<'_> {
        // The step and the resolution suit every label.
        let of = |(i, part): (usize, &Part)| {
            let Scales { step, resolution, .. } = part.flow.scales(cloud, &ByLabel::clock(clock, i));
            (step, resolution)
        };
        let least = |(a, b): (f64, f64), (c, d): (f64, f64)| (a.min(c), b.min(d));
        let (step, resolution) = self.parts.iter().enumerate().map(of).fold((f64::INFINITY, f64::INFINITY), least);
        let units = self.units.get_or_init(|| self.pooled_units(cloud, clock));
        let aim = Aim::Labelled(self.parts.len(), units.as_ref());
        Scales { step, resolution, units: None, aim }
    }

    fn tolerance(&self, particles: usize) -> Option<f64> {
        let each = particles / self.parts.len();
        let all: Option<Vec<f64>> = self.parts.iter().map(|part| part.flow.tolerance(each)).collect();
        all?.into_iter().reduce(f64::min)
    }

    /// Returns the mean of each reading over the labels that have it.
    fn readings(&mut self, at: &FieldAt) -> Result<Readings> {
        let all = self.each(at.cloud, |part, i, _| {
            let clock = ByLabel::clock(at.clock, i);
            part.flow.readings(&FieldAt { z: &part.cloud, cloud: &part.cloud, clock: &clock, ..*at })
        })?;
        let mut names: Vec<&'static str> = Vec::new();
        for (name, _) in all.iter().flatten() {
            if !names.contains(name) {
                names.push(name);
            }
        }
        let mean = |name: &'static str| {
            let values: Vec<f64> = all.iter().flatten().filter(|(own, _)| *own == name).map(|(_, v)| *v).collect();
            (name, values.iter().sum::<f64>() / values.len() as f64)
        };
        Ok(names.into_iter().map(mean).collect())
    }

    fn warnings(&self) -> Vec<String> {
        ByLabel::collected(self.parts.iter().map(|part| part.flow.warnings()).collect())
    }
}

impl Archived for ByLabel {
    fn archive(&mut self, archive: &mut Archive) -> Result<()> {
        self.parts.iter_mut().try_for_each(|part| part.flow.archive(archive))
    }
}

#[cfg(test)]
mod tests;
