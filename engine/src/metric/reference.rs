//! What points are compared with.

use crate::points::{AffineMap, Standardiser, shares, systematic};
use crate::target::{Mixture, Moments, Target};
use crate::{Error, Points, Result, Subject, rng::Stream};
use std::borrow::Cow;
use std::sync::Arc;

/// A sample that the flow has not seen and, where it is known, the distribution it came from.
///
/// The points of a finite sample that is the distribution itself keep their weights
/// ([`Reference::of`]). A sample with `standardise` is compared in its standard units: both sides
/// are mapped there before they are measured, so that a distance does not hang on the units of a
/// column.
#[derive(Debug, Clone)]
pub struct Reference {
    points: Arc<Points>,
    weights: Option<Arc<[f64]>>,
    units: Option<Standardiser>,
    target: Option<Arc<dyn Target>>,
    /// Units into which the points were brought, and exact moments are.
    measured_in: Option<AffineMap>,
}

impl Reference {
    /// A sample alone, shared and not copied: metrics that need a density, modes or exact moments
    /// refuse it.
    ///
    /// # Errors
    /// No rows, or a value that is not finite.
    pub fn new(points: impl Into<Arc<Points>>) -> Result<Reference> {
        let points = points.into();
        if points.n() == 0 {
            return Err(Error::shape(Subject::argument("reference"), "no rows", "at least one is needed"));
        }
        points.check_squares("the reference")?;
        Ok(Reference { points, weights: None, units: None, target: None, measured_in: None })
    }

    /// A sample and the distribution it came from, in whose standard units it is measured if it
    /// asks for that.
    ///
    /// # Errors
    /// As [`Reference::new`], or dims that do not match.
    pub fn with_target(points: impl Into<Arc<Points>>, target: Arc<dyn Target>) -> Result<Reference> {
        let points = points.into();
        points.check_dim(Subject::argument("reference"), target.dim(), "its target")?;
        let units = target.data().and_then(|data| data.standardiser.cloned());
        let points = units.as_ref().map_or_else(|| Arc::clone(&points), |units| Arc::new(units.apply(&points)));
        Ok(Reference { target: Some(target), units, ..Reference::new(points)? })
    }

    /// `target` itself, where it is a finite sample: all of its points with their weights. Of any
    /// other target `n` fresh points.
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
    /// As [`Target::sample`].
    pub fn of(target: Arc<dyn Target>, n: usize, stream: Stream) -> Result<Reference> {
        let Some(data) = target.data() else { return Reference::sample(target, n, stream) };
        let (points, weights) = (Arc::clone(data.points), data.weights.map(Arc::from));
        Ok(Reference { weights, ..Reference::with_target(points, target)? })
    }

    /// `n` fresh points of `target`. `stream` must not be the one from which the flow's own points
    /// came.
    ///
    /// # Errors
    /// As [`Target::sample`].
    pub fn sample(target: Arc<dyn Target>, n: usize, stream: Stream) -> Result<Reference> {
        let points = target.sample(n, stream)?;
        Reference::with_target(points, target)
    }

    /// The sample, in the units in which it is measured.
    pub fn points(&self) -> &Points {
        &self.points
    }

    /// What share each point has, all of them 1 together; None where they are equal.
    pub fn weights(&self) -> Option<&[f64]> {
        self.weights.as_deref()
    }

    /// Standard units, where points are mapped there before they are measured.
    pub(super) fn units(&self) -> Option<&Standardiser> {
        self.units.as_ref()
    }

    /// The number of equal points whose mean is as uncertain as that of these with their weights,
    /// `1 / sum w^2` \[kish1965survey\].
    pub(super) fn effective_n(&self) -> f64 {
        self.weights().map_or(self.points.n() as f64, |w| 1.0 / w.iter().map(|w| w * w).sum::<f64>())
    }

    /// The rows of this reference, with their weights made to sum to 1.
    pub(super) fn part(&self, rows: &[usize]) -> Result<Reference> {
        let weights: Option<Vec<f64>> = self.weights().map(|w| rows.iter().map(|i| w[*i]).collect());
        let weights = weights.map(|w| shares(&w, rows.len(), "weights")).transpose()?.map(Arc::from);
        Ok(Reference { weights, ..Reference::new(self.points.select(rows))? })
    }

    /// `k` equal points that stand for this reference: each as often as its weight says.
    pub(super) fn equal_points(&self, k: usize) -> Cow<'_, Points> {
        match self.weights() {
            Some(weights) => Cow::Owned(self.points.select(&systematic(weights, k))),
            None => Cow::Borrowed(&self.points),
        }
    }

    /// The distribution, where it is known.
    pub fn target(&self) -> Option<&Arc<dyn Target>> {
        self.target.as_ref()
    }

    /// Exact moments. A finite sample's own moments are an estimate like any other and do not
    /// count.
    pub fn moments(&self) -> Option<Moments> {
        let moments = self.law().and_then(|t| t.moments())?;
        Some(match &self.measured_in {
            Some(units) => moments.in_units(units),
            None => moments,
        })
    }

    /// The same in these units, the map from them to the present ones.
    pub(super) fn in_units(&self, units: AffineMap) -> Result<Reference> {
        let points = Arc::new(units.undo(&self.points));
        points.check_squares("the reference in these units")?;
        Ok(Reference { points, measured_in: Some(units), ..self.clone() })
    }

    /// The distribution when fresh points can be drawn from it without end.
    pub(crate) fn law(&self) -> Option<&Arc<dyn Target>> {
        self.target.as_ref().filter(|t| t.data().is_none())
    }

    /// The distribution, which the named metric needs for `part`.
    pub(super) fn expect_target(&self, metric: &str, part: &str) -> Result<&dyn Target> {
        self.target.as_deref().ok_or_else(|| Error::Missing {
            what: "a reference of points alone".into(),
            part: part.into(),
            hint: format!("`{metric}` needs the target the points came from"),
        })
    }

    /// The modes and their weights, which the named metric needs.
    pub(super) fn expect_modes(&self, metric: &str) -> Result<&Mixture> {
        self.expect_target(metric, "list of modes")?.expect_modes()
    }
}
