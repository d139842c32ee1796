//! Points far from the origin, moved to it before they are told apart.

use crate::points::{AffineMap, dot};
use crate::target::{Gaussian, Mixture};
use crate::{Points, Result};

/// Points are moved to the origin if it is farther away than this number of their spreads: so far
/// out, sums of coordinates lose digits.
const FAR: f64 = 1e5;

/// Returns the map from points around the origin to these points, if the origin is far.
pub(super) fn far_from_origin(points: &Points) -> Option<AffineMap> {
    let mean = points.mean();
    let is_far = dot(&mean, &mean).sqrt() > FAR * points.spread();
    is_far.then(|| AffineMap::uniform(1.0, mean))
}

/// Returns the mixture moved by the shift of the map.
pub(super) fn moved(mixture: &Mixture, map: &AffineMap) -> Result<Mixture> {
    let component = |component: &Gaussian| {
        component.moved_to(component.mean().iter().zip(map.shift()).map(|(m, shift)| m + shift).collect())
    };
    let components = mixture.components().iter().map(component).collect::<Result<_>>()?;
    Mixture::new(mixture.weights().to_vec(), components)
}
