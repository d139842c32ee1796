//! The reference with which points are compared.

use super::KnownFloors;
use crate::points::{AffineMap, Standardiser, equal_points, shares};
use crate::target::{Mixture, Moments, Target};
use crate::{Error, Points, Result, Subject, rng::Stream};
use std::borrow::Cow;
use std::sync::Arc;

/// A sample that the flow has not seen and, if known, its distribution.
///
/// If the distribution is a finite sample, its points keep their weights ([`Reference::of`]). A
/// sample with `standardise` is compared in its standard units: both sides are mapped to these
/// units first, so that a distance does not depend on the units of a column.
///
/// A reference and its clones share a memory of their noise floors, so that each floor is computed
/// once.
#[derive(Debug, Clone)]
pub struct Reference {
    points: Arc<Points>,
    weights: Option<Arc<[f64]>>,
    units: Option<Standardiser>,
    target: Option<Arc<dyn Target>>,
    /// The units of the points, to which exact moments are converted.
    measured_in: Option<AffineMap>,
    /// The random numbers of noise floors.
    floors: Stream,
    known_floors: Arc<KnownFloors>,
}

impl Reference {
    /// Creates a reference from a sample alone. The sample is shared, not copied. Metrics that need
    /// a density, modes or exact moments return an error.
    ///
    /// # Errors
    /// There are no rows, or a value is not finite.
    pub fn new(points: impl Into<Arc<Points>>) -> Result<Reference> {
        let points = points.into();
        if points.n() == 0 {
            return Err(Error::shape(Subject::argument("reference"), "no rows", "at least one is needed"));
        }
        points.check_scale("the reference")?;
        Ok(Reference {
            points,
            weights: None,
            units: None,
            target: None,
            measured_in: None,
            floors: Stream::new(0),
            known_floors: Arc::default(),
        })
    }

    /// Creates a reference from a sample and its distribution. The comparison is in standard units
    /// if the distribution is a sample with `standardise`.
    ///
    /// # Errors
    /// Those of [`Reference::new`], or dimensions do not match.
    pub fn with_target(points: impl Into<Arc<Points>>, target: Arc<dyn Target>) -> Result<Reference> {
        let points = points.into();
        points.check_dim(Subject::argument("reference"), target.dim(), "its target")?;
        let units = target.data().and_then(|data| data.standardiser.cloned());
        let points = units.as_ref().map_or_else(|| Arc::clone(&points), |units| Arc::new(units.apply(&points)));
        Ok(Reference { target: Some(target), units, ..Reference::new(points)? })
    }

    /// Creates a reference from `target` itself if that is a finite sample in memory: all of its
    /// points with their weights. For any other target, the reference is `n` points drawn from it,
    /// or fewer if it is a sample of fewer rows in a file.
    ///
    /// ```
    /// use sdflow::metric::{Metric, Reference, by_name};
    /// use sdflow::target::{Samples, SamplesOptions};
    /// use sdflow::{Points, pairwise::Pairwise, rng::Stream};
    /// let weights = Some(vec![0.5, 0.5, 0.0]);
    /// let coin = SamplesOptions { weights, ..SamplesOptions::default() };
    /// let coin = Samples::new(Points::from_rows(&[[0.0], [1.0], [9.0]])?, &coin)?;
    /// let reference = Reference::of(std::sync::Arc::new(coin), 2, Stream::new(1))?;
    /// let tossed = Points::from_rows(&[[1.0], [0.0], [0.0], [1.0]])?;
    /// let energy = by_name("energy", serde_json::Value::Null)?;
    /// let found = energy.estimate(&tossed, &reference, &Pairwise::default(), Stream::new(2))?;
    /// assert_eq!(found.value, 0.0);
    /// # Ok::<(), sdflow::Error>(())
    /// ```
    ///
    /// # Errors
    /// Those of [`Target::sample`].
    pub fn of(target: Arc<dyn Target>, n: usize, stream: Stream) -> Result<Reference> {
        let Some(data) = target.data() else {
            let points = target.sample_up_to(n, stream)?;
            return Reference::with_target(points, target);
        };
        let (points, weights) = (Arc::clone(data.points), data.weights.map(Arc::from));
        Ok(Reference { weights, ..Reference::with_target(points, target)? })
    }

    /// Creates a reference of `n` fresh points of `target`. `stream` must differ from the stream of
    /// the points of the flow.
    ///
    /// # Errors
    /// Those of [`Target::sample`].
    pub fn sample(target: Arc<dyn Target>, n: usize, stream: Stream) -> Result<Reference> {
        let points = target.sample(n, stream)?;
        Reference::with_target(points, target)
    }

    /// Sets the stream of the random numbers from which noise floors are computed. A floor belongs
    /// to a distribution and two sizes. References whose floors are compared should therefore have
    /// the same stream.
    #[must_use]
    pub fn with_floor_stream(self, floors: Stream) -> Reference {
        Reference { floors, known_floors: Arc::default(), ..self }
    }

    /// Shares the noise floors with other references of the same distribution and the same stream.
    #[doc(hidden)]
    #[must_use]
    pub fn with_known_floors(self, known_floors: Arc<KnownFloors>) -> Reference {
        Reference { known_floors, ..self }
    }

    /// Returns the noise floors that were computed for this reference.
    pub(super) fn known_floors(&self) -> &KnownFloors {
        &self.known_floors
    }

    /// Returns the stream of noise floors.
    pub(super) fn floor_stream(&self) -> Stream {
        self.floors.label("noise floor")
    }

    /// Returns the sample, in the units of the comparison.
    pub fn points(&self) -> &Points {
        &self.points
    }

    /// Returns the shares of the points, which sum to 1; None if they are equal.
    pub fn weights(&self) -> Option<&[f64]> {
        self.weights.as_deref()
    }

    /// Returns the standard units to which points are mapped before the comparison, if any.
    pub(super) fn units(&self) -> Option<&Standardiser> {
        self.units.as_ref()
    }

    /// Returns the effective size `1 / sum w^2` \[kish1965survey\]: the mean of this number of
    /// equally weighted points is as uncertain as the mean of these weighted points.
    pub(super) fn effective_n(&self) -> f64 {
        self.weights().map_or(self.points.n() as f64, |w| 1.0 / w.iter().map(|w| w * w).sum::<f64>())
    }

    /// Returns these rows of the reference, with weights that sum to 1.
    pub(super) fn part(&self, rows: &[usize]) -> Result<Reference> {
        let weights: Option<Vec<f64>> = self.weights().map(|w| rows.iter().map(|i| w[*i]).collect());
        let weights = weights.map(|w| shares(&w, rows.len(), "weights")).transpose()?.map(Arc::from);
        Ok(Reference { weights, ..Reference::new(self.points.select(rows))? })
    }

    /// Returns `k` equally weighted points that represent this reference: a point of weight `w`
    /// occurs `k w` times, up to rounding. Without weights, returns all points of the reference.
    pub(super) fn equal_points(&self, k: usize) -> Cow<'_, Points> {
        match self.weights() {
            Some(weights) => Cow::Owned(equal_points(&self.points, weights, k)),
            None => Cow::Borrowed(&self.points),
        }
    }

    /// Returns the distribution, if it is known.
    pub fn target(&self) -> Option<&Arc<dyn Target>> {
        self.target.as_ref()
    }

    /// Returns the exact moments. The moments of a finite sample are an estimate, so they are not
    /// returned.
    pub fn moments(&self) -> Option<Moments> {
        let moments = self.distribution().and_then(|t| t.moments())?;
        Some(match &self.measured_in {
            Some(units) => moments.in_units(units),
            None => moments,
        })
    }

    /// Returns this reference in other units; `units` maps the other units to the current ones.
    pub(super) fn in_units(&self, units: AffineMap) -> Result<Reference> {
        let points = Arc::new(units.undo(&self.points));
        points.check_squares("the reference in these units")?;
        // The exact moments of the target are in its own units: all maps from them are kept.
        let measured_in = match &self.measured_in {
            Some(first) => first.after(&units),
            None => units,
        };
        Ok(Reference { points, measured_in: Some(measured_in), known_floors: Arc::default(), ..self.clone() })
    }

    /// Returns the distribution, if any number of fresh points can be drawn from it.
    pub(crate) fn distribution(&self) -> Option<&Arc<dyn Target>> {
        self.target.as_ref().filter(|t| t.finite_sample().is_none())
    }

    /// Returns the distribution. The error names the metric that needs it, and the missing `part`.
    pub(super) fn expect_target(&self, metric: &str, part: &str) -> Result<&dyn Target> {
        self.target.as_deref().ok_or_else(|| Error::Missing {
            what: "a reference of points alone".into(),
            part: part.into(),
            hint: format!("`{metric}` needs the target the points came from"),
        })
    }

    /// Returns the modes and their weights. The error names the metric that needs them.
    pub(super) fn expect_modes(&self, metric: &str) -> Result<&Mixture> {
        self.expect_target(metric, "list of modes")?.expect_modes()
    }
}
