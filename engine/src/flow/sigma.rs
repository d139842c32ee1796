//! The smoothing of a flow over a run. Sigma is chosen from the data if it is left out, and an
//! adaptive schedule waits while the cloud still moves.

use super::Clock;
use crate::archive::{Archive, Archived};
use crate::ode::StepReport;
use crate::points::squared_distance;
use crate::score::{Extent, Score};
use crate::{Points, Result, Rule, schedule::Schedule};

/// A sigma schedule, and the position of an adaptive one.
#[derive(Debug, Clone)]
pub struct Smoothing {
    schedule: Schedule,
    /// The number of steps in which an adaptive schedule fell.
    descents: usize,
    /// The number of steps in which an adaptive schedule stayed.
    holds: usize,
    last_displacement: f64,
}

/// An adaptive schedule stays at a value while the displacement of a step is less than this share
/// of the displacement before it. The cloud is then still relaxing at this value.
const STILL_FALLING: f64 = 0.9;

/// At the end of the training of a generator, sigma is at most the distance within which a target
/// point has about this many neighbours, unless [`FINEST`] sets a larger value.
const NEIGHBOURS: f64 = 100.0;

/// In many dimensions, sigma ends at this share of the finest detail of the target when a generator
/// is trained. With smaller shares the noise of the estimates dominates; with larger shares the
/// generator misses the tails.
const FINEST: f64 = 0.6;

/// In the training of a generator, the diameter of the target counts as at most this multiple of
/// the root mean square distance of the target from its mean. The diameter of a sample with heavy
/// tails can be larger, and at such a sigma the noise of a step exceeds its velocity.
const WIDEST: f64 = 8.0;

/// If a generator covers the target before its training, sigma starts at this share of the diameter
/// of the target: it then only has to bridge the gaps between modes.
const BRIDGING: f64 = 0.25;

/// A generator covers the target if the root mean square distance of its points from their mean is
/// at least this multiple of that of the target, and if their mean is no further from that of the
/// target.
const COVERING: f64 = 0.5;

/// A generator does not cover a target with far points: they are few, and are reached only at a
/// large sigma. A target has far points if its diameter is larger than that of this many points of
/// a normal distribution, about `2 (1 + sqrt(2 ln count / dim))` root mean square distances.
const COUNT: f64 = 1e6;

impl Smoothing {
    /// Creates the smoothing with `schedule`, whose values must be 0 or more.
    ///
    /// # Errors
    /// A value is out of range.
    pub fn new(schedule: Schedule) -> Result<Smoothing> {
        schedule.check("sigma", 0.0..=f64::INFINITY)?;
        Ok(Smoothing { schedule, descents: 0, holds: 0, last_displacement: f64::INFINITY })
    }

    /// Creates a schedule that falls from the size of start and target to the finest detail of the
    /// target, within the `range` of sigma that a score has learned. With the `fresh` samples of a
    /// generator, noise dominates the steps at very large and at very small sigma. The schedule
    /// then begins lower if the samples cover the target (see `BRIDGING`) or if the diameter is
    /// very large (see `WIDEST`), and its end follows from `NEIGHBOURS` and `FINEST`.
    pub fn for_extent(extent: &Extent, start: &Points, range: Option<(f64, f64)>, fresh: bool) -> Schedule {
        let away = squared_distance(&start.mean(), &extent.centre).sqrt();
        let (spread, size) = (start.spread(), extent.units().size() * (start.dim() as f64).sqrt());
        let widest = if fresh { WIDEST * size } else { f64::INFINITY };
        let compact = extent.diameter <= 2.0 * (1.0 + (2.0 * COUNT.ln() / start.dim() as f64).sqrt()) * size;
        let covers = fresh && compact && spread >= COVERING * size && away <= COVERING * size;
        let share = if covers { BRIDGING } else { 1.0 };
        let from = (share * extent.diameter).min(widest).max(away).max(share * spread);
        // If all points coincide, any positive sigma gives the same field.
        let from = if from > 0.0 { from } else { 1.0 };
        let detail = if extent.detail > 0.0 { extent.detail } else { 1e-6 * from };
        let wide = detail * NEIGHBOURS.powf(1.0 / start.dim() as f64);
        let to = if fresh { wide.min(0.2 * extent.units().size()).max(FINEST * detail) } else { detail }.min(from);
        let (least, most) = range.unwrap_or((0.0, f64::INFINITY));
        let from = from.min(most).max(least);
        Schedule::Geometric { from, to: to.max(least).min(from) }
    }

    /// Returns the schedule.
    pub fn schedule(&self) -> &Schedule {
        &self.schedule
    }

    /// Returns sigma at this moment.
    pub fn at(&self, clock: &Clock) -> f64 {
        match self.schedule {
            // An adaptive schedule falls in at most half of the steps. In the other steps it stays,
            // because the cloud still moves or because the schedule has reached its end.
            Schedule::Adaptive { .. } => self.schedule.at(self.descents as f64 / descending(clock) as f64),
            _ => self.schedule.at(clock.progress()),
        }
    }

    /// Advances an adaptive schedule after a step.
    pub fn adapt(&mut self, report: &StepReport, clock: &Clock) {
        let relaxing = report.displacement < STILL_FALLING * self.last_displacement;
        self.last_displacement = report.displacement;
        if relaxing && self.holds + descending(clock) + 1 < clock.steps {
            self.holds += 1;
        } else {
            self.descents = (self.descents + 1).min(descending(clock));
            self.last_displacement = f64::INFINITY;
        }
    }
}

impl Archived for Smoothing {
    fn archive(&mut self, archive: &mut Archive) -> Result<()> {
        archive.part("schedule", &mut self.schedule)?;
        archive.part("descents", &mut self.descents)?;
        archive.part("holds", &mut self.holds)?;
        archive.part("last_displacement", &mut self.last_displacement)
    }
}

/// Checks that `sigma` stays positive for a score that needs smoothing.
///
/// # Errors
/// The schedule reaches 0 for a score that needs smoothing.
pub fn check_smallest_sigma(score: &dyn Score, sigma: &Schedule) -> Result<()> {
    if sigma.smallest() > 0.0 || score.sigma_range().zero {
        return Ok(());
    }
    let want = Rule::Positive.worded(format!("{} needs a positive sigma", score.name()));
    Err(sigma.refuse_smallest("sigma", want))
}

fn descending(clock: &Clock) -> usize {
    // The last step is taken at the end of the schedule. In half of the steps before it, sigma may
    // fall.
    (clock.steps.saturating_sub(1) / 2).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::points::AffineMap;
    use crate::rng::Stream;

    fn walk(displacement: impl Fn(usize) -> f64) -> Vec<f64> {
        let mut smoothing = Smoothing::new(Schedule::Adaptive { from: 8.0, to: 0.5 }).unwrap();
        (0..40)
            .map(|step| {
                let clock = Clock::at(step, 40, Stream::new(0));
                let sigma = smoothing.at(&clock);
                smoothing.adapt(&StepReport { eta: 1.0, displacement: displacement(step) }, &clock);
                sigma
            })
            .collect()
    }

    #[test]
    fn a_choice_stays_within_what_was_learned() {
        let extent = Extent::new(&AffineMap::uniform(1.0, vec![0.0, 0.0]), 4.0, 0.001);
        let far = Points::from_rows(&[[100.0, 0.0], [100.0, 1.0]]).unwrap();
        let of = |range| match Smoothing::for_extent(&extent, &far, range, false) {
            Schedule::Geometric { from, to } => (from, to),
            other => panic!("{other:?}"),
        };
        assert!(of(None).0 > 99.0 && of(None).1 == 0.001);
        assert_eq!(of(Some((0.01, 8.0))), (8.0, 0.01));
        assert_eq!(of(Some((200.0, 300.0))), (200.0, 200.0));
    }

    /// The extent is that of a target with standard deviation 1 in both coordinates.
    #[test]
    fn samples_that_cover_a_compact_target_need_less_smoothing() {
        let first = |diameter: f64, start: &Points, fresh: bool| {
            let extent = Extent::new(&AffineMap::uniform(1.0, vec![0.0, 0.0]), diameter, 0.01);
            Smoothing::for_extent(&extent, start, None, fresh).at(0.0)
        };
        let near = Stream::new(3).normal(1000, 2);
        assert_eq!(first(8.0, &near, true), 2.0);
        // Particles move only once, a small cloud does not cover, and far points need a large sigma.
        assert_eq!(first(8.0, &near, false), 8.0);
        let mut small = near.clone();
        small.data_mut().iter_mut().for_each(|x| *x *= 0.3);
        assert_eq!(first(8.0, &small, true), 8.0);
        let mut away = near.clone();
        away.data_mut().iter_mut().for_each(|x| *x += 2.0);
        assert_eq!(first(8.0, &away, true), 8.0);
        // The limit is 2 (1 + sqrt(ln 10^6)) sqrt(2) = 13.34, but a generator's sigma is limited too.
        assert_eq!(first(13.3, &near, true), 0.25 * 13.3);
        assert_eq!(first(13.4, &near, true), WIDEST * std::f64::consts::SQRT_2);
    }

    /// The points of a normal distribution are compact in any number.
    #[test]
    fn normal_points_are_compact_and_heavy_tails_are_not() {
        let first = |points: &Points, start: &Points| {
            Smoothing::for_extent(&Extent::of(points), start, None, true).at(0.0) / Extent::of(points).diameter
        };
        for (dim, n) in [(1, 100), (1, 5000), (2, 5000), (8, 1000), (64, 300)] {
            let (points, start) = (Stream::new(4).normal(n, dim), Stream::new(5).normal(n, dim));
            assert!((first(&points, &start) - BRIDGING).abs() < 1e-9, "{dim} {n}");
            if dim < 8 {
                continue;
            }
            let mut tails = points.clone();
            (0..n / 20).for_each(|i| tails.row_mut(i).iter_mut().for_each(|x| *x *= 9.0));
            assert!(first(&tails, &tails) > 2.0 * BRIDGING, "{dim} {n}");
        }
    }

    #[test]
    fn an_adaptive_sigma_reaches_its_end_whatever_the_work() {
        for sigmas in [walk(|_| 1.0), walk(|step| 0.5f64.powi(step as i32))] {
            assert_eq!(sigmas[0], 8.0);
            assert_eq!(*sigmas.last().unwrap(), 0.5);
            assert!(sigmas.windows(2).all(|w| w[1] <= w[0]));
        }
    }

    #[test]
    fn it_stays_longer_where_the_cloud_still_relaxes() {
        let calm = walk(|_| 1.0);
        let busy = walk(|step| 0.5f64.powi(step as i32));
        assert!(busy[10] > calm[10]);
    }
}
