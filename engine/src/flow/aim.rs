//! The target of a field. It gives the units in which a generator is trained.

use crate::points::{self, AffineMap, Points, equal_points};
use crate::rng::Stream;
use crate::score::{Kde, Score, ScoreProperties, without_stray};
use crate::target::{STANDARDISE_POINTS, Target, scale_warning};
use std::sync::Arc;

/// The target of a field. A generator that follows the field is trained in units of this target.
#[derive(Debug, Clone, Copy, Default)]
pub enum Aim<'a> {
    /// The target is unknown.
    #[default]
    Unknown,
    /// A finite sample.
    Points(&'a Points),
    /// A distribution.
    Target(&'a dyn Target),
    /// The distribution that an estimate describes.
    Score(&'a dyn Score),
    /// Any distribution with these units, given as a map from standard units.
    Units(&'a AffineMap),
    /// One distribution for each label: the number of labels, and the units of all distributions
    /// together, if they are known. The rows of each label are one block.
    Labelled(usize, Option<&'a AffineMap>),
    /// The distribution that an estimate describes in standard units, and the map from standard
    /// units to original units.
    Standardised(&'a dyn Score, &'a AffineMap),
}

impl<'a> Aim<'a> {
    /// Returns the points to which the field leads, if they are a finite sample in original units.
    pub(crate) fn points(self) -> Option<&'a Points> {
        match self {
            Aim::Unknown | Aim::Units(_) | Aim::Labelled(..) | Aim::Standardised(..) => None,
            Aim::Points(points) => Some(points),
            Aim::Target(target) => target.data().map(|data| &**data.points),
            Aim::Score(score) => score.data().map(|points| &**points),
        }
    }

    /// True if the field leads to exactly these points, in original units.
    pub(crate) fn consists_of(self, sample: &Points) -> bool {
        match self {
            // All bits agree only if the same map was applied to the same points.
            Aim::Standardised(score, units) => score.data().is_some_and(|data| {
                (data.n(), data.dim()) == (sample.n(), sample.dim()) && **data == units.undo(sample)
            }),
            _ => self.points().is_some_and(|data| data == sample),
        }
    }

    /// Returns points of the target: at most `n` of a finite sample, spread over its rows or over
    /// the shares of its weights, or `n` drawn from a distribution. They are in original or in
    /// standard units. None if the target is known by neither.
    pub(crate) fn some_points(self, n: usize, stream: Stream) -> Option<Points> {
        let spread = |points: &Points, shares: Option<&[f64]>| {
            let few = n.min(points.n());
            match shares {
                Some(shares) => equal_points(points, shares, few),
                None => points.select(&(0..few).map(|i| i * points.n() / few).collect::<Vec<_>>()),
            }
        };
        let drawn = |target: &dyn Target| match target.data() {
            Some(data) => Some(spread(data.points, data.weights)),
            None => target.sample(n, stream).ok(),
        };
        match self {
            Aim::Unknown | Aim::Units(_) | Aim::Labelled(..) => None,
            Aim::Points(points) => Some(spread(points, None)),
            Aim::Target(target) => drawn(target),
            Aim::Score(score) | Aim::Standardised(score, _) => {
                let ScoreProperties { kernel, data, target, .. } = score.properties();
                let shares = kernel.and_then(Kde::shares);
                data.map(|points| spread(points, shares.as_deref())).or_else(|| target.and_then(drawn))
            }
        }
    }

    /// Returns the number of labels, if the target is labelled.
    pub(crate) fn labels(self) -> Option<usize> {
        if let Aim::Labelled(labels, _) = self { Some(labels) } else { None }
    }

    /// Returns the map from standard units to the units of the target: its mean, and either the
    /// standard deviation of each coordinate or one length for all coordinates. None if the units
    /// are unknown. The cost is a pass over the points, or a closed form.
    pub fn units(self) -> Option<AffineMap> {
        match self {
            Aim::Unknown => None,
            Aim::Points(points) => Some(units_of(points)),
            Aim::Units(units) | Aim::Standardised(_, units) => Some(units.clone()),
            Aim::Labelled(_, units) => units.cloned(),
            Aim::Target(target) => match target.data() {
                Some(data) => Some(points::weighted_units(data.points, data.weights)),
                None => target.moments().map(|moments| AffineMap::of_moments(moments.mean, &moments.cov)),
            },
            // For an estimate from points, the units come from the points. `extent` would also
            // search for the finest detail of the points, which takes long and is not needed.
            Aim::Score(score) => match score.kernel().and_then(|kde| Some((kde.points()?, kde.shares()))) {
                Some((points, Some(shares))) => Some(points::weighted_units(points, Some(&shares))),
                Some((points, None)) => Some(units_of(points)),
                None => score.extent().map(|extent| extent.units()),
            },
        }
    }
}

/// Returns the units of points. Values that lie very far from all others, such as marks of missing
/// values, are left out.
fn units_of(points: &Points) -> AffineMap {
    AffineMap::of(&without_stray(points))
}

/// Returns the mean variance of the coordinates of a distribution, a squared length in its units:
/// exact if the distribution is not a finite sample and has moments, and otherwise that of up to
/// 4,096 points. Points very far from all others do not count. None if all points coincide or none
/// can be drawn.
pub fn mean_variance(target: &dyn Target) -> Option<f64> {
    const ROWS: usize = 4096;
    let is_sample = target.finite_sample().is_some();
    let variance = match if is_sample { None } else { target.moments() } {
        Some(moments) => moments.cov.diagonal().column_vector().iter().sum::<f64>() / moments.mean.len() as f64,
        None => {
            let points = Aim::Target(target).some_points(ROWS, Stream::new(0).label("variance"))?;
            let points = without_stray(&points);
            points.spread().powi(2) / points.dim() as f64
        }
    };
    (variance > 0.0 && variance.is_finite()).then_some(variance)
}

/// Warns if a flow without its own units has a target of points whose columns differ much in scale.
pub(super) fn uneven(points: Option<&Arc<Points>>) -> Option<String> {
    points.and_then(|points| scale_warning(points, STANDARDISE_POINTS))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score::Exact;
    use crate::target::{Gaussian, Samples, SamplesOptions};

    #[test]
    fn whatever_is_known_of_an_aim_tells_its_units() {
        let points = Points::from_rows(&[[-1.0, 3.0], [1.0, 7.0]]).unwrap();
        let want = Some(AffineMap::new(vec![1.0, 2.0], vec![0.0, 5.0]));
        let samples = Samples::new(points.clone(), &SamplesOptions::default()).unwrap();
        let kde = Kde::of(points.clone());
        let units = want.clone().unwrap();
        let given = [Aim::Units(&units), Aim::Labelled(3, Some(&units))];
        for aim in [Aim::Points(&points), Aim::Target(&samples), Aim::Score(&kde)].into_iter().chain(given) {
            assert_eq!(aim.units(), want);
        }
        assert_eq!((given.map(Aim::labels), Aim::Labelled(3, None).units()), ([None, Some(3)], None));
        let gaussian = Arc::new(Gaussian::isotropic(vec![5.0], 2.0).unwrap());
        let exact = Exact::new(gaussian.clone()).unwrap();
        let want = Some(AffineMap::uniform(2.0, vec![5.0]));
        assert_eq!((Aim::Target(&*gaussian).units(), Aim::Score(&exact).units()), (want.clone(), want));
        assert_eq!((Aim::Target(&samples).points(), Aim::Target(&*gaussian).points()), (Some(&points), None));
        assert_eq!((Aim::Unknown.units(), Aim::Score(&Kde::of_cloud()).units()), (None, None));
    }

    #[test]
    fn a_mark_of_a_missing_value_does_not_set_the_units() {
        let points = Stream::new(1).normal(500, 2);
        let marked = points.concat(&Points::from_rows(&[[1e9, 1e9]]).unwrap()).unwrap();
        assert_eq!(Aim::Points(&marked).units(), Aim::Points(&points).units());
        assert_eq!(Aim::Score(&Kde::of(marked)).units(), Aim::Points(&points).units());
    }
}
