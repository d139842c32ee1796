//! A film of a run: the motion of some of its particles, for a report.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use sdflow::archive::{Archive, Archived};
use sdflow::plot::{View, thin};
use sdflow::{Points, Result};
use serde::Serialize;

/// The largest number of frames.
const FRAMES: usize = 61;
/// The largest number of particles, and of points of the reference.
const PARTICLES: usize = 1500;
/// The largest number of coordinates that are shown as they are.
const DIRECT: usize = 3;

/// If the range of the whole run is larger than that of its end and of the reference by this
/// factor, only the surroundings of the end are shown, so that the end is more than a dot.
const WIDER: f32 = 8.0;

/// The number of values (points times coordinates) from which principal axes are found. It is
/// limited, so that a film of many coordinates costs little.
const VALUES: usize = 200_000;

/// The motion of some particles of a run, in at most three coordinates.
#[derive(Debug, Clone)]
pub struct Film {
    run: usize,
    what: String,
    particles: usize,
    /// The particles that are shown. They are chosen at random, because the order of the rows may
    /// be periodic.
    chosen: Vec<usize>,
    view: Option<View>,
    dim: usize,
    taken: Taken,
    reference: Vec<f32>,
}

/// The frames taken so far.
#[derive(Debug, Clone, Default)]
pub struct Taken {
    steps: Vec<usize>,
    /// Frame after frame, row by row.
    frames: Vec<f32>,
}

impl Archived for Taken {
    fn archive(&mut self, archive: &mut Archive) -> Result<()> {
        archive.part("steps", &mut self.steps)?;
        archive.part("frames", &mut self.frames)
    }
}

/// A film as it is stored. Positions are 16-bit numbers, little-endian in base64, from 0 at `low`
/// to 65535 at `high` of their axis.
#[derive(Debug, Serialize)]
struct Stored<'a> {
    /// The number of the run, counted from 1.
    run: usize,
    what: &'a str,
    /// The number of particles of the run; the film shows some of them.
    particles: usize,
    axes: Vec<String>,
    low: Vec<f32>,
    high: Vec<f32>,
    /// True if some particles lie outside the range from `low` to `high`, and are drawn at the
    /// edge.
    outside: bool,
    steps: &'a [usize],
    shown: usize,
    frames: String,
    reference: String,
}

impl Film {
    /// Begins the film of run number `run`, counted from 1, with the points of the reference behind
    /// it.
    pub fn new((run, what): (usize, &str), start: &Points, reference: Option<&Points>) -> Film {
        let view = (start.dim() > DIRECT).then(|| {
            let (points, rows) = (reference.unwrap_or(start), (VALUES / start.dim()).clamp(100, 1000));
            View::of(&points.select(&choice(points, rows)))
        });
        let dim = if view.is_some() { 2 } else { start.dim() };
        let mut film = Film {
            run,
            what: what.into(),
            particles: start.n(),
            chosen: choice(start, PARTICLES),
            view,
            dim,
            taken: Taken::default(),
            reference: Vec::new(),
        };
        film.reference = reference.map_or_else(Vec::new, |points| film.positions(points, &choice(points, PARTICLES)));
        film
    }

    /// Adds the cloud after `done` of `total` steps, if a frame is due. Frames are due at evenly
    /// spaced steps. They are also due after 1, 2, 4, .. steps, so that a run that ends early has
    /// frames.
    pub fn take(&mut self, done: usize, total: usize, cloud: &Points) {
        // Frame k is taken at step round(k total / intervals).
        let intervals = (FRAMES - 1).min(total.max(1));
        let frame = (2 * done * intervals + total) / (2 * total.max(1));
        let is_due = (2 * frame * total + intervals) / (2 * intervals) == done;
        if is_due || done.is_power_of_two() {
            self.add(done, cloud);
        }
    }

    /// Returns the frames taken so far.
    pub fn taken(&self) -> &Taken {
        &self.taken
    }

    /// Goes on after these frames, which were taken before the run was cut off.
    pub fn resume(&mut self, taken: Taken) {
        if taken.frames.len() == taken.steps.len() * self.chosen.len() * self.dim {
            self.taken = taken;
        }
    }

    /// Adds the cloud at which the run ended, after `done` steps.
    pub fn end(&mut self, done: usize, cloud: &Points) {
        self.add(done, cloud);
    }

    fn add(&mut self, done: usize, cloud: &Points) {
        if cloud.n() != self.particles {
            return;
        }
        let positions = self.positions(cloud, &self.chosen);
        // The last clouds of a run that diverges can hold numbers that a film cannot store.
        let is_late = self.taken.steps.last().is_none_or(|last| *last < done);
        if is_late && positions.iter().all(|x| x.is_finite()) {
            self.taken.steps.push(done);
            self.taken.frames.extend(positions);
        }
    }

    /// Returns the shown coordinates of these points.
    fn positions(&self, points: &Points, chosen: &[usize]) -> Vec<f32> {
        let rows = chosen.iter().map(|i| points.row(*i));
        match &self.view {
            Some(view) => rows.flat_map(|row| view.project(row)).map(|x| x as f32).collect(),
            None => rows.flatten().map(|x| *x as f32).collect(),
        }
    }

    /// Returns the range of an axis that is shown, with some room at both ends. A few of the
    /// outermost values of each frame are left out, because they may be outliers, and so is a start
    /// from far away (see [`WIDER`]).
    fn range(&self, axis: usize) -> (f32, f32) {
        let shown = self.taken.frames.len() / self.taken.steps.len().max(1);
        let parts = self.taken.frames.chunks(shown.max(1)).chain(std::iter::once(&self.reference[..]));
        let ends: Vec<(f32, f32)> = parts
            .filter(|part| !part.is_empty())
            .map(|part| {
                let mut along: Vec<f32> = part.iter().skip(axis).step_by(self.dim).copied().collect();
                along.sort_unstable_by(f32::total_cmp);
                let cut = along.len().div_ceil(200).min((along.len() - 1) / 4);
                (along[cut], along[along.len() - 1 - cut])
            })
            .collect();
        let union = |ends: &[(f32, f32)]| {
            ends.iter().fold((f32::INFINITY, f32::NEG_INFINITY), |(l, h), (a, b)| (l.min(*a), h.max(*b)))
        };
        // The last parts are the last frame and, if there is one, the reference.
        let last = ends.len().saturating_sub(1 + usize::from(!self.reference.is_empty()));
        let ((mut low, mut high), (end_low, end_high)) = (union(&ends), union(&ends[last..]));
        let size = end_high - end_low;
        if size > 0.0 && high - low > WIDER * size {
            (low, high) = (low.max(end_low - size), high.min(end_high + size));
        }
        let room = 0.25 * (high - low);
        let all = || self.taken.frames.iter().chain(&self.reference).skip(axis).step_by(self.dim).copied();
        (all().fold(f32::INFINITY, f32::min).max(low - room), all().fold(f32::NEG_INFINITY, f32::max).min(high + room))
    }

    /// Returns the film as JSON; None if it has fewer than two frames, or if a number is not
    /// finite.
    pub fn json(&self) -> Option<String> {
        if self.taken.steps.len() < 2 || !self.taken.frames.iter().chain(&self.reference).all(|x| x.is_finite()) {
            return None;
        }
        let (low, high): (Vec<f32>, Vec<f32>) = (0..self.dim).map(|axis| self.range(axis)).unzip();
        let is_outside = |(i, x): (usize, &f32)| *x < low[i % self.dim] || *x > high[i % self.dim];
        let outside = self.taken.frames.iter().enumerate().any(is_outside);
        let packed = |values: &[f32]| {
            let level = |(i, x): (usize, &f32)| {
                let (low, high) = (f64::from(low[i % self.dim]), f64::from(high[i % self.dim]));
                let share = if high > low { (f64::from(*x) - low) / (high - low) } else { 0.5 };
                ((share.clamp(0.0, 1.0) * f64::from(u16::MAX)).round() as u16).to_le_bytes()
            };
            BASE64_STANDARD.encode(values.iter().enumerate().flat_map(level).collect::<Vec<u8>>())
        };
        let axis = |i: usize| match &self.view {
            Some(view) => format!("principal axis {} ({:.0} % of variance)", i + 1, 100.0 * view.shares[i]),
            // As the pictures name them.
            None => ["x₁", "x₂", "x₃"][i].into(),
        };
        let stored = Stored {
            run: self.run,
            what: &self.what,
            particles: self.particles,
            axes: (0..self.dim).map(axis).collect(),
            steps: &self.taken.steps,
            shown: self.taken.frames.len() / (self.dim * self.taken.steps.len()),
            frames: packed(&self.taken.frames),
            reference: packed(&self.reference),
            low,
            high,
            outside,
        };
        serde_json::to_string(&stored).ok()
    }
}

/// Returns a fixed random choice of at most `most` of the points, as numbers of rows.
fn choice(points: &Points, most: usize) -> Vec<usize> {
    thin(points.n(), most, points.n() as u64)
}

#[cfg(test)]
mod tests;
