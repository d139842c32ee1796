//! The error of sums on a grid, measured in a few steps of a run.

use super::Dynamics;
use crate::archive::{Archive, Archived};
use crate::flow::{Clock, FieldAt, Role};
use crate::number::significant;
use crate::pairwise::{Backend, Pairwise, PairwiseOptions, Precision};
use crate::points::squared_distance;
use crate::{Error, Points, Result};

/// The number of random rows that are computed again.
const ROWS: usize = 64;

/// Compares velocities from sums on a grid with velocities from direct sums. Of the steps whose
/// sums are computed on a grid, it compares the first, second, fourth, eighth and so on.
#[derive(Debug, Default)]
pub(super) struct GridCheck {
    /// The number of steps on a grid.
    steps: u64,
    /// The number of rows that were compared.
    rows: u64,
    /// The largest difference of a row, in units of the root mean square length of the rows.
    worst: f64,
}

impl GridCheck {
    /// Counts the step at `clock`, and compares some of its rows if a comparison is due.
    ///
    /// # Errors
    /// An interrupt.
    pub fn step(&mut self, dynamics: &mut Dynamics, cloud: &Points, clock: &Clock, pairwise: &Pairwise) -> Result<()> {
        self.steps += 1;
        if !self.steps.is_power_of_two() {
            return Ok(());
        }
        let z = cloud.select(&clock.randomness("grid check").rng().choose(cloud.n(), ROWS));
        let mut velocity = |backend, precision| {
            let engine = pairwise.with(PairwiseOptions { backend, precision, ..pairwise.options().clone() });
            let at = FieldAt { z: &z, cloud, role: Role::Tracer, clock, pairwise: &engine };
            let mut out = Points::default();
            dynamics.velocity(&at, &mut out).map(|()| out)
        };
        let pair = (velocity(Backend::Grid, Precision::F32), velocity(Backend::Direct, Precision::F64));
        let (found, want) = match pair {
            (Err(Error::Interrupted), _) | (_, Err(Error::Interrupted)) => return Err(Error::Interrupted),
            (Ok(found), Ok(want)) => (found, want),
            // The velocity cannot be evaluated at these points.
            _ => return Ok(()),
        };
        let size = (want.data().iter().map(|v| v * v).sum::<f64>() / z.n() as f64).sqrt();
        if size > 0.0 {
            let differences = found.iter().zip(want.iter()).map(|(found, want)| squared_distance(found, want).sqrt());
            self.worst = differences.fold(self.worst, |worst, difference| worst.max(difference / size));
            self.rows += z.n() as u64;
        }
        Ok(())
    }

    /// Returns what was found, in a sentence; None if nothing was compared.
    pub fn note(&self) -> Option<String> {
        (self.rows > 0).then(|| {
            format!(
                "{} of the steps computed sums on a grid; in {} random rows their velocities differ from direct sums by at \
                 most {} of the mean speed",
                self.steps,
                self.rows,
                significant(self.worst, 2)
            )
        })
    }
}

impl Archived for GridCheck {
    fn archive(&mut self, archive: &mut Archive) -> Result<()> {
        archive.part("steps", &mut self.steps)?;
        archive.part("rows", &mut self.rows)?;
        archive.part("worst", &mut self.worst)
    }
}

#[cfg(test)]
mod tests {
    use crate::Interrupt;
    use crate::flow::{SdFlow, SdFlowOptions};
    use crate::pairwise::{Backend, Pairwise, PairwiseOptions};
    use crate::rng::Stream;
    use crate::run::Run;
    use crate::score::Kde;

    #[test]
    fn a_run_tells_the_error_of_its_grid_and_only_then() {
        let notes = |backend| {
            let (target, start) = (Stream::new(1).normal(500, 2), Stream::new(2).normal(400, 2));
            let (target, own) = (Kde::of(target).into(), Kde::of_cloud().into());
            let mut flow = SdFlow::new(target, own, SdFlowOptions::default()).unwrap();
            let pairwise =
                Pairwise::new(PairwiseOptions { backend, ..PairwiseOptions::default() }, Interrupt::default());
            Run::new(&mut flow, start).steps(5).pairwise(&pairwise).go().unwrap().notes
        };
        let (on_grid, direct) = (notes(Backend::Grid), notes(Backend::Direct));
        let told = on_grid.last().unwrap();
        assert!(told.starts_with("5 of the steps") && told.contains("in 192 random rows"), "{told}");
        let error: f64 = told.split("at most ").nth(1).unwrap().split(' ').next().unwrap().parse().unwrap();
        assert!(error > 0.0 && error < 1e-5, "{told}");
        assert!(direct.iter().all(|note| !note.contains("grid")), "{direct:?}");
    }
}
