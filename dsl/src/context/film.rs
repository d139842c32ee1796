//! A film of a run: the motion of some of its particles, for a report.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use sdflow::Points;
use sdflow::plot::{View, thin};
use serde::Serialize;

/// The largest number of frames.
const FRAMES: usize = 61;
/// The largest number of particles, and of points of the reference.
const PARTICLES: usize = 1500;
/// The largest number of coordinates that are shown as they are.
const DIRECT: usize = 3;

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
    steps: Vec<usize>,
    /// Frame after frame, row by row.
    frames: Vec<f32>,
    reference: Vec<f32>,
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
            steps: Vec::new(),
            frames: Vec::new(),
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
        let is_late = self.steps.last().is_none_or(|last| *last < done);
        if is_late && positions.iter().all(|x| x.is_finite()) {
            self.steps.push(done);
            self.frames.extend(positions);
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
    /// outermost values of each frame are left out, because they may be outliers.
    fn range(&self, axis: usize) -> (f32, f32) {
        let shown = self.frames.len() / self.steps.len().max(1);
        let parts = self.frames.chunks(shown.max(1)).chain(std::iter::once(&self.reference[..]));
        let ends = parts.filter(|part| !part.is_empty()).map(|part| {
            let mut along: Vec<f32> = part.iter().skip(axis).step_by(self.dim).copied().collect();
            along.sort_unstable_by(f32::total_cmp);
            let cut = along.len().div_ceil(200).min((along.len() - 1) / 4);
            (along[cut], along[along.len() - 1 - cut])
        });
        let (low, high) = ends.fold((f32::INFINITY, f32::NEG_INFINITY), |(l, h), (a, b)| (l.min(a), h.max(b)));
        let room = 0.25 * (high - low);
        let all = || self.frames.iter().chain(&self.reference).skip(axis).step_by(self.dim).copied();
        (all().fold(f32::INFINITY, f32::min).max(low - room), all().fold(f32::NEG_INFINITY, f32::max).min(high + room))
    }

    /// Returns the film as JSON; None if it has fewer than two frames, or if a number is not
    /// finite.
    pub fn json(&self) -> Option<String> {
        if self.steps.len() < 2 || !self.frames.iter().chain(&self.reference).all(|x| x.is_finite()) {
            return None;
        }
        let (low, high): (Vec<f32>, Vec<f32>) = (0..self.dim).map(|axis| self.range(axis)).unzip();
        let is_outside = |(i, x): (usize, &f32)| *x < low[i % self.dim] || *x > high[i % self.dim];
        let outside = self.frames.iter().enumerate().any(is_outside);
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
            steps: &self.steps,
            shown: self.frames.len() / (self.dim * self.steps.len()),
            frames: packed(&self.frames),
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
mod tests {
    use super::*;
    use sdflow::rng::Stream;

    fn filmed(total: usize, cloud: &Points) -> serde_json::Value {
        let mut film = Film::new((2, "run sd_flow"), cloud, Some(cloud));
        (0..=total).for_each(|done| film.take(done, total, cloud));
        serde_json::from_str(&film.json().unwrap()).unwrap()
    }

    fn normal(n: usize, dim: usize) -> Points {
        Stream::new(1).normal(n, dim)
    }

    #[test]
    fn frames_are_spread_from_the_start_to_the_end() {
        for total in [1, 2, 5, 60, 61, 100, 1000, 12345] {
            let steps: Vec<usize> = serde_json::from_value(filmed(total, &normal(5, 2))["steps"].clone()).unwrap();
            assert_eq!((steps[0], steps[steps.len() - 1]), (0, total));
            let gaps: Vec<usize> = steps.windows(2).map(|pair| pair[1] - pair[0]).collect();
            assert!(*gaps.iter().max().unwrap() <= total.div_ceil(60), "{total}: {gaps:?}");
            assert!(steps.len() <= 61 + 14, "{}", steps.len());
        }
    }

    #[test]
    fn a_run_that_ends_early_is_seen_to_its_end() {
        let cloud = normal(5, 2);
        let mut film = Film::new((1, "run"), &cloud, None);
        (0..15).for_each(|done| film.take(done, 10_000, &cloud));
        film.end(15, &cloud);
        let film: serde_json::Value = serde_json::from_str(&film.json().unwrap()).unwrap();
        assert_eq!(film["steps"], serde_json::json!([0, 1, 2, 4, 8, 15]));
    }

    #[test]
    fn a_film_is_small_and_its_positions_are_those_of_the_cloud() {
        let cloud = normal(10_000, 3);
        let film = filmed(100, &cloud);
        assert!(film.to_string().len() < 900_000, "{}", film.to_string().len());
        assert_eq!((&film["particles"], &film["run"]), (&10_000.into(), &2.into()));
        let bytes = BASE64_STANDARD.decode(film["frames"].as_str().unwrap()).unwrap();
        let shown = film["shown"].as_u64().unwrap() as usize;
        assert_eq!(bytes.len(), 2 * 3 * film["steps"].as_array().unwrap().len() * shown);
        let rows = thin(10_000, PARTICLES, 10_000);
        for (i, pair) in bytes.chunks_exact(2).take(3 * shown).enumerate() {
            let share = f64::from(u16::from_le_bytes([pair[0], pair[1]])) / f64::from(u16::MAX);
            let (low, high) = (film["low"][i % 3].as_f64().unwrap(), film["high"][i % 3].as_f64().unwrap());
            let wanted = cloud.row(rows[i / 3])[i % 3].clamp(low, high);
            assert!((low + share * (high - low) - wanted).abs() < 1e-4, "{i}");
        }
    }

    /// Five groups are stored in turn, so that the rows have a period of 5. Particles of all groups
    /// are shown.
    #[test]
    fn the_choice_of_particles_has_no_period() {
        let rows: Vec<[f64; 1]> = (0..7500).map(|i| [f64::from(i % 5)]).collect();
        let points = Points::from_rows(&rows).unwrap();
        let film = Film::new((1, "run"), &points, None);
        let shown = film.positions(&points, &film.chosen);
        for group in 0..5 {
            let share = shown.iter().filter(|x| **x == group as f32).count() as f64 / shown.len() as f64;
            assert!((share - 0.2).abs() < 0.04, "{group}: {share}");
        }
    }

    #[test]
    fn an_outlier_does_not_empty_the_film() {
        let mut cloud = normal(300, 2);
        cloud.row_mut(7)[0] = 1e4;
        let film = filmed(5, &cloud);
        assert!(film["high"][0].as_f64().unwrap() < 10.0 && film["outside"] == true, "{}", film["high"]);
        assert_eq!(filmed(5, &normal(300, 2))["outside"], false);
    }

    #[test]
    fn many_coordinates_are_projected_and_a_short_run_has_no_film() {
        assert_eq!(filmed(3, &normal(50, 10))["axes"].as_array().unwrap().len(), 2);
        let cloud = normal(5, 2);
        let mut film = Film::new((1, "run"), &cloud, None);
        film.take(0, 10, &cloud);
        assert_eq!(film.json(), None);
    }
}
