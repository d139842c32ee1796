//! The units of the start of a run, compared with those of the target.

use super::Dynamics;
use crate::Points;
use crate::flow::{Aim, Clock};
use crate::number::number;
use crate::points::{AffineMap, squared_distance};

/// A start is far if its distance from the data, or its width, is more than this many times the
/// size of the data.
const FAR: f64 = 100.0;

/// The start of a run.
pub(super) struct Start {
    pub points: Points,
    /// The map from standard units to those of the data, if the start was read in standard units.
    pub units: Option<AffineMap>,
    /// A sentence that is a note on the choice, or a warning.
    pub note: Option<String>,
}

/// Returns `points` in the units of the flow. If the flow works in standard units, points that are
/// far from the data are read as points in standard units, provided that they are near the data in
/// these units. `normal(n, dim)` then means a normal distribution with the mean and the scales of
/// the data.
pub(super) fn read_start(points: Points, dynamics: &Dynamics, clock: &Clock) -> Start {
    let Dynamics::Field(field, _) = dynamics else { return Start { points, units: None, note: None } };
    if points.n() == 0 {
        return Start { points, units: None, note: None };
    }
    let aim = field.scales(&points, clock).aim;
    let standard = match aim {
        Aim::Units(units) | Aim::Labelled(_, Some(units)) | Aim::Standardised(_, units) => Some(units.clone()),
        _ => None,
    };
    let Some(units) = aim.units().filter(|units| units.dim() == points.dim()) else {
        return Start { points, units: None, note: None };
    };
    let away = match &standard {
        Some(units) => size(&units.undo(&points), None, 1.0),
        None => size(&points, Some(units.shift()), units.size()),
    };
    if away.is_nan() || away <= FAR {
        return Start { points, units: None, note: None };
    }
    let away = number(away);
    match standard {
        Some(units) if size(&points, None, 1.0) <= FAR => {
            let note = format!(
                "start: it lies up to {away} standard deviations of the data away, so it was read \
                 as points in the standard units of the data (mean 0 and standard deviation 1 in \
                 every column)"
            );
            Start { points: units.apply(&points), units: Some(units), note: Some(note) }
        }
        _ => {
            let note = format!(
                "start: its distance from the target, or its width, is {away} times the width of \
                 the target: the first steps only bring it there"
            );
            Start { points, units: None, note: Some(note) }
        }
    }
}

/// Returns the size of the points, per coordinate and in multiples of `unit`: the distance of their
/// mean from `centre` (by default the origin), or their spread if that is larger.
fn size(points: &Points, centre: Option<&[f64]>, unit: f64) -> f64 {
    let mean = points.mean();
    let origin = vec![0.0; points.dim()];
    let away = squared_distance(&mean, centre.unwrap_or(&origin)).sqrt();
    away.max(points.spread()) / (unit * (points.dim() as f64).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::{SdFlow, SdFlowOptions, Stepping};
    use crate::points::Standardiser;
    use crate::rng::Stream;
    use crate::score::{Estimate, Kde};

    fn start(data: &Points, standardise: bool, points: Points) -> Start {
        let units = Standardiser::of(data);
        let scored = if standardise { units.apply(data) } else { data.clone() };
        let estimates = (Estimate::from(Kde::of(scored)), Estimate::from(Kde::of_cloud()));
        let mut flow = SdFlow::new(estimates.0, estimates.1, SdFlowOptions::default()).unwrap();
        if standardise {
            flow = flow.in_units(units);
        }
        read_start(points, &Dynamics::Field(&mut flow, Stepping::default()), &Clock::at(0, 10, Stream::new(0)))
    }

    fn data(scales: [f64; 2], shift: [f64; 2]) -> Points {
        AffineMap::new(scales.to_vec(), shift.to_vec()).apply(&Stream::new(1).normal(200, 2))
    }

    #[test]
    fn a_start_in_the_datas_units_stays() {
        let (data, near) = (data([3.0, 500.0], [10.0, 400.0]), Stream::new(2).normal(100, 2));
        for standardise in [false, true] {
            let taken = start(&data, standardise, near.clone());
            assert_eq!((taken.points, taken.note), (near.clone(), None));
        }
    }

    #[test]
    fn a_start_of_no_unit_is_taken_in_standard_units() {
        let (far, normal) = (data([1e-9, 1e5], [4.5e5, 5.2e6]), Stream::new(2).normal(100, 2));
        let taken = start(&far, true, normal.clone());
        let back = Standardiser::of(&far).apply(&taken.points);
        let error = back.data().iter().zip(normal.data()).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        // At 4.5e5, f64 resolves a scale of 1e-9 only to this tolerance.
        assert!(error < 0.1 && taken.note.unwrap().contains("standard units"), "{error}");
        let told = start(&data([2.0, 2.0], [4.5e5, 5.2e6]), false, normal.clone());
        assert!(told.points == normal && told.note.unwrap().contains("times the width of the target"));
    }
}
