//! A film of a run: the motion of some of its particles, for a report.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use sdflow::Points;
use sdflow::plot::View;
use serde::Serialize;

/// The largest number of frames.
const FRAMES: usize = 61;
/// The largest number of particles, and of points of the reference.
const PARTICLES: usize = 1500;
/// The largest number of coordinates that are shown as they are.
const DIRECT: usize = 3;

/// The motion of some particles of a run, in at most three coordinates.
#[derive(Debug, Clone)]
pub struct Film {
    what: String,
    particles: usize,
    view: Option<View>,
    dim: usize,
    steps: Vec<usize>,
    /// Frame after frame, row by row.
    frames: Vec<f32>,
    reference: Vec<f32>,
}

/// A film as it is stored. Positions are 16-bit numbers, little-endian in base64, from 0 at `low` to
/// 65535 at `high` of their axis.
#[derive(Debug, Serialize)]
struct Stored<'a> {
    what: &'a str,
    /// The number of particles of the run; the film shows some of them.
    particles: usize,
    axes: Vec<String>,
    low: Vec<f32>,
    high: Vec<f32>,
    steps: &'a [usize],
    shown: usize,
    frames: String,
    reference: String,
}

impl Film {
    /// Begins the film of `what`, with the points of the reference behind it.
    pub fn new(what: &str, start: &Points, reference: Option<&Points>) -> Film {
        let view = (start.dim() > DIRECT).then(|| View::of(reference.unwrap_or(start)));
        let dim = if view.is_some() { 2 } else { start.dim() };
        let mut film = Film {
            what: what.into(),
            particles: start.n(),
            view,
            dim,
            steps: Vec::new(),
            frames: Vec::new(),
            reference: Vec::new(),
        };
        film.reference = reference.map_or_else(Vec::new, |points| film.positions(points));
        film
    }

    /// Adds the cloud after `done` of `total` steps, if a frame is due.
    pub fn take(&mut self, done: usize, total: usize, cloud: &Points) {
        // Frame k is taken at step round(k total / intervals).
        let intervals = (FRAMES - 1).min(total.max(1));
        let frame = (2 * done * intervals + total) / (2 * total.max(1));
        let is_due = (2 * frame * total + intervals) / (2 * intervals) == done;
        if is_due && self.steps.last() != Some(&done) {
            self.steps.push(done);
            let positions = self.positions(cloud);
            self.frames.extend(positions);
        }
    }

    /// Returns the shown coordinates of every k-th point, so that at most [`PARTICLES`] remain.
    fn positions(&self, points: &Points) -> Vec<f32> {
        let every = points.n().div_ceil(PARTICLES).max(1);
        let rows = points.iter().step_by(every);
        match &self.view {
            Some(view) => rows.flat_map(|row| view.project(row)).map(|x| x as f32).collect(),
            None => rows.flatten().map(|x| *x as f32).collect(),
        }
    }

    /// Returns the film as JSON; None if there is nothing to see.
    pub fn json(&self) -> Option<String> {
        let values = || self.frames.iter().chain(&self.reference);
        if self.steps.len() < 2 || values().any(|x| !x.is_finite()) {
            return None;
        }
        let along = |axis: usize| values().skip(axis).step_by(self.dim);
        let low: Vec<f32> = (0..self.dim).map(|axis| along(axis).copied().fold(f32::INFINITY, f32::min)).collect();
        let high: Vec<f32> = (0..self.dim).map(|axis| along(axis).copied().fold(f32::NEG_INFINITY, f32::max)).collect();
        let packed = |values: &[f32]| {
            let level = |(i, x): (usize, &f32)| {
                let (low, high) = (f64::from(low[i % self.dim]), f64::from(high[i % self.dim]));
                let share = if high > low { (f64::from(*x) - low) / (high - low) } else { 0.5 };
                ((share * f64::from(u16::MAX)).round() as u16).to_le_bytes()
            };
            BASE64_STANDARD.encode(values.iter().enumerate().flat_map(level).collect::<Vec<u8>>())
        };
        let axis = |i: usize| match &self.view {
            Some(view) => format!("principal axis {} ({:.0} % of variance)", i + 1, 100.0 * view.shares[i]),
            None => format!("x[{i}]"),
        };
        let stored = Stored {
            what: &self.what,
            particles: self.particles,
            axes: (0..self.dim).map(axis).collect(),
            steps: &self.steps,
            shown: self.frames.len() / (self.dim * self.steps.len()),
            frames: packed(&self.frames),
            reference: packed(&self.reference),
            low,
            high,
        };
        serde_json::to_string(&stored).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sdflow::rng::Stream;

    fn filmed(total: usize, n: usize, dim: usize) -> serde_json::Value {
        let cloud = Stream::new(1).normal(n, dim);
        let mut film = Film::new("run sd_flow", &cloud, Some(&cloud));
        (0..=total).for_each(|done| film.take(done, total, &cloud));
        serde_json::from_str(&film.json().unwrap()).unwrap()
    }

    #[test]
    fn frames_are_evenly_spread_from_the_start_to_the_end() {
        for (total, frames) in [(1, 2), (5, 6), (60, 61), (61, 61), (100, 61), (1000, 61), (12345, 61)] {
            let steps = filmed(total, 5, 2)["steps"].clone();
            let steps: Vec<usize> = serde_json::from_value(steps).unwrap();
            assert_eq!((steps[0], steps[steps.len() - 1], steps.len()), (0, total, frames));
            let gaps: Vec<usize> = steps.windows(2).map(|pair| pair[1] - pair[0]).collect();
            assert!(gaps.iter().max().unwrap() - gaps.iter().min().unwrap() <= 1, "{total}: {gaps:?}");
        }
    }

    #[test]
    fn a_film_is_small_and_its_positions_are_those_of_the_cloud() {
        let film = filmed(100, 10_000, 3);
        let text = film.to_string();
        assert!(text.len() < 800_000, "{}", text.len());
        assert_eq!(film["particles"], 10_000);
        let cloud = Stream::new(1).normal(10_000, 3);
        let bytes = BASE64_STANDARD.decode(film["frames"].as_str().unwrap()).unwrap();
        let shown = film["shown"].as_u64().unwrap() as usize;
        assert_eq!(bytes.len(), 2 * 3 * 61 * shown);
        let every = 10_000_usize.div_ceil(PARTICLES);
        for (i, pair) in bytes.chunks_exact(2).take(3 * shown).enumerate() {
            let share = f64::from(u16::from_le_bytes([pair[0], pair[1]])) / f64::from(u16::MAX);
            let (low, high) = (film["low"][i % 3].as_f64().unwrap(), film["high"][i % 3].as_f64().unwrap());
            let wanted = cloud.row(i / 3 * every)[i % 3];
            assert!((low + share * (high - low) - wanted).abs() < 1e-4, "{i}");
        }
    }

    #[test]
    fn many_coordinates_are_projected_and_a_short_run_has_no_film() {
        assert_eq!(filmed(3, 50, 10)["axes"].as_array().unwrap().len(), 2);
        let cloud = Stream::new(1).normal(5, 2);
        let mut film = Film::new("run", &cloud, None);
        film.take(0, 10, &cloud);
        assert_eq!(film.json(), None);
    }
}
