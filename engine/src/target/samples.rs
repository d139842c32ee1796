//! A finite sample as a distribution.

use super::{DataView, FiniteSample, Moments, Target};
use crate::number::counted;
use crate::points::{self, Standardiser, shares};
use crate::{Error, Points, Result, rng::Stream};
use std::sync::Arc;

/// If the standard deviations of columns differ by more than this factor, one bandwidth cannot suit
/// them all.
const UNEVEN: f64 = 100.0;

crate::options! {
    /// Options of `samples`, a set of points as a target.
    pub struct SamplesOptions {
        /// One weight per point, not negative; the weights are divided by their sum. Left out:
        /// equal weights.
        weights: Option<Vec<f64>> = None,
        /// Whether a flow works in units in which each column has mean 0 and standard deviation 1.
        /// Results are returned in the original units.
        standardise: bool = false,
    }
}

/// The empirical distribution `sum_i w_i delta(x_i)`. Points of weight 0 are not part of the
/// distribution.
#[derive(Debug, Clone)]
pub struct Samples {
    points: Arc<Points>,
    weights: Option<Vec<f64>>,
    /// The cumulative weights `w_0 + .. + w_i`, for drawing by weight.
    ends: Vec<f64>,
    standardiser: Option<Standardiser>,
    /// All points as they were given, with their shares, if some of them have weight 0.
    given: Option<(Arc<Points>, Vec<f64>)>,
    columns: Vec<String>,
}

impl Samples {
    /// Creates the sample `points`. They are shared, and copied only if some of them have weight 0.
    ///
    /// ```
    /// use sdflow::target::{Samples, SamplesOptions, Target};
    /// use sdflow::{Points, rng::Stream};
    /// let points = Points::from_rows(&[[0.0], [1.0], [2.0]])?;
    /// let options = SamplesOptions { weights: Some(vec![1.0, 0.0, 3.0]), ..Default::default() };
    /// let samples = Samples::new(points, &options)?;
    /// assert_eq!(samples.view().weights, Some([0.25, 0.75].as_slice()));
    /// assert_eq!(samples.moments().map(|moments| moments.mean), Some(vec![1.5]));
    /// assert_eq!(samples.sample(100, Stream::new(1))?.n(), 100);
    /// # Ok::<(), sdflow::Error>(())
    /// ```
    ///
    /// # Errors
    /// There are no points, or coordinates whose squares are not finite; the number of weights is
    /// not that of the points, a weight is negative or not finite, or all are 0.
    pub fn new(points: impl Into<Arc<Points>>, options: &SamplesOptions) -> Result<Samples> {
        let points = points.into();
        if points.n() == 0 {
            return Err(Error::shape("the sample", "no points", "there must be at least one"));
        }
        points.check_scale("the sample")?;
        let weights = options.weights.as_ref().map(|w| shares(w, points.n(), "weights")).transpose()?;
        // Points of weight 0 are removed, because they would still count in the spread, the spacing
        // and the extremes of the data.
        let (points, weights, given) = match weights {
            Some(weights) if weights.contains(&0.0) => {
                let kept: Vec<usize> = (0..points.n()).filter(|i| weights[*i] > 0.0).collect();
                let few = kept.iter().map(|i| weights[*i]).collect();
                (Arc::new(points.select(&kept)), Some(few), Some((points, weights)))
            }
            weights => (points, weights, None),
        };
        let ends = weights.iter().flatten().scan(0.0, |sum, w| {
            *sum += w;
            Some(*sum)
        });
        let ends = ends.collect();
        let standardiser = options.standardise.then(|| Standardiser::with_weights(&points, weights.as_deref()));
        Ok(Samples { points, weights, ends, standardiser, given, columns: Vec::new() })
    }

    /// Sets the names of the coordinates.
    ///
    /// # Errors
    /// There is not one name for each coordinate.
    pub fn named(self, columns: Vec<String>) -> Result<Samples> {
        match columns.len() == self.points.dim() {
            true => Ok(Samples { columns, ..self }),
            false => {
                let want = format!("the sample has {}", counted(self.points.dim(), "coordinate"));
                Err(Error::shape("the names", counted(columns.len(), "name"), want))
            }
        }
    }

    /// Returns the points, their weights, and the units in which a flow towards them works.
    pub fn view(&self) -> DataView<'_> {
        let (weights, standardiser) = (self.weights.as_deref(), self.standardiser.as_ref());
        let given = self.given.as_ref().map(|(points, shares)| (points, shares.as_slice()));
        DataView { points: &self.points, weights, standardiser, given }
    }
}

impl Target for Samples {
    fn name(&self) -> String {
        let weighted = if self.weights.is_some() { "weighted " } else { "" };
        format!(
            "{} in {}",
            counted(self.points.n(), &format!("{weighted}point")),
            counted(self.points.dim(), "dimension")
        )
    }

    fn dim(&self) -> usize {
        self.points.dim()
    }

    fn columns(&self) -> &[String] {
        &self.columns
    }

    /// Without weights, returns distinct rows in random order, at most as many as there are. With
    /// weights, draws any number of rows by weight, with replacement.
    fn sample(&self, n: usize, stream: Stream) -> Result<Points> {
        let mut rng = stream.rng();
        let total = self.points.n();
        if let Some(sum) = self.ends.last() {
            let pick = |u: f64| self.ends.partition_point(|end| *end <= u * sum).min(total - 1);
            let rows: Vec<usize> = (0..n).map(|_| pick(rng.uniform())).collect();
            return Ok(self.points.select(&rows));
        }
        if n > total {
            let want = format!("the sample has {total}, and each is drawn once");
            return Err(Error::argument("n", n, want));
        }
        Ok(self.points.select(&rng.choose(total, n)))
    }

    /// The weighted mean and covariance of the points.
    fn moments(&self) -> Option<Moments> {
        let weights = self.weights.as_deref();
        Some(Moments {
            mean: points::weighted_mean(&self.points, weights),
            cov: points::weighted_covariance(&self.points, weights),
        })
    }

    fn finite_sample(&self) -> Option<FiniteSample<'_>> {
        Some(FiniteSample::InMemory(self.view()))
    }
}

/// Returns a sentence of advice if the standard deviations of columns differ by more than a factor
/// of 100, so that one bandwidth cannot suit all of them. `remedy` says what to do.
pub fn scale_warning(points: &Points, remedy: &str) -> Option<String> {
    let (wide, narrow, ratio) = uneven_columns(points, UNEVEN)?;
    Some(format!(
        "column {wide} varies {} times as much as column {narrow} (counted from 0), so a \
         flow hardly resolves column {narrow}: {remedy}",
        format_ratio(ratio)
    ))
}

/// Formats a ratio of standard deviations: without decimals, or with few digits.
pub(crate) fn format_ratio(ratio: f64) -> String {
    if ratio < 1e6 { format!("{ratio:.0}") } else { crate::number::number(ratio) }
}

/// Returns the columns of largest and smallest standard deviation and the ratio of both deviations,
/// if the ratio is larger than `factor`. A column whose middle half is a single value (such as the
/// dark corner of an image) does not count.
pub(crate) fn uneven_columns(points: &Points, factor: f64) -> Option<(usize, usize, f64)> {
    let standardiser = Standardiser::of(points);
    let varies = |j: &usize| {
        let mut column: Vec<f64> = points.iter().map(|row| row[*j]).collect();
        column.sort_by(f64::total_cmp);
        column.get(column.len() / 4) != column.get(column.len() * 3 / 4)
    };
    let std = |j: usize| standardiser.std()[j];
    // For most data this test ends the function before any column is sorted.
    let (least, most) = standardiser.std().iter().fold((f64::INFINITY, 0.0_f64), |(a, b), s| (a.min(*s), b.max(*s)));
    if most <= factor * least {
        return None;
    }
    let columns: Vec<usize> = (0..points.dim()).filter(varies).collect();
    let wide = columns.iter().copied().max_by(|a, b| std(*a).total_cmp(&std(*b)))?;
    let narrow = columns.iter().copied().min_by(|a, b| std(*a).total_cmp(&std(*b)))?;
    (std(wide) > factor * std(narrow)).then(|| (wide, narrow, std(wide) / std(narrow)))
}

/// The advice for uneven columns if the flow can work in units of the data.
pub const STANDARDISE_SAMPLES: &str = "use samples with `standardise`";

/// The advice for uneven columns if the flow cannot work in units of the data.
pub const STANDARDISE_POINTS: &str = "standardise the points with `standardise`, and bring the result back with `undo`";

#[cfg(test)]
mod tests {
    use super::*;

    fn line(n: usize) -> Points {
        Points::new((0..n).map(|i| i as f64).collect(), 1, "x").unwrap()
    }

    #[test]
    fn drawing_without_replacement_gives_each_point_once() {
        let samples = Samples::new(line(50), &SamplesOptions::default()).unwrap();
        let drawn = samples.sample(50, Stream::new(1)).unwrap();
        let mut sorted = drawn.data().to_vec();
        sorted.sort_by(f64::total_cmp);
        assert_eq!(sorted, line(50).data());
        assert_ne!(drawn, line(50));
        assert!(matches!(samples.sample(51, Stream::new(1)), Err(Error::Argument { .. })));
    }

    #[test]
    fn weights_are_the_frequencies_of_drawing() {
        let options = SamplesOptions { weights: Some(vec![1e308, 0.0, 1e308, 2e307]), ..Default::default() };
        let samples = Samples::new(line(4), &options).unwrap();
        let want = [1.0 / 2.2, 0.0, 1.0 / 2.2, 0.2 / 2.2];
        // Points of weight 0 are left out and never drawn.
        let kept = want.into_iter().filter(|w| *w > 0.0);
        assert_eq!(samples.view().points.data(), [0.0, 2.0, 3.0]);
        assert!(samples.view().weights.unwrap().iter().zip(kept).all(|(w, t)| (w - t).abs() < 1e-15));
        let n = 40_000;
        let drawn = samples.sample(n, Stream::new(2)).unwrap();
        for (i, share) in want.iter().enumerate() {
            let seen = drawn.data().iter().filter(|x| **x == i as f64).count() as f64 / n as f64;
            // The tolerance is five standard deviations of a binomial share.
            assert!((seen - share).abs() <= 5.0 * (share * (1.0 - share) / n as f64).sqrt(), "{i}: {seen} {share}");
        }
    }

    #[test]
    fn bad_weights_are_refused() {
        for weights in [vec![1.0], vec![1.0, -1.0], vec![1.0, f64::NAN], vec![f64::INFINITY, 1.0], vec![0.0, 0.0]] {
            let options = SamplesOptions { weights: Some(weights), ..Default::default() };
            assert!(Samples::new(line(2), &options).is_err());
        }
        assert!(Samples::new(Points::default(), &SamplesOptions::default()).is_err());
    }

    #[test]
    fn standardising_keeps_the_data_and_the_way_back() {
        let points = Points::from_rows(&[[0.0, 1.0], [2000.0, 3.0], [4000.0, 2.0]]).unwrap();
        let samples =
            Samples::new(points.clone(), &SamplesOptions { standardise: true, ..Default::default() }).unwrap();
        let data = samples.view();
        assert_eq!(**data.points, points);
        let standardiser = data.standardiser.unwrap();
        assert_eq!(standardiser.undo(&standardiser.apply(&points)), points);
    }

    #[test]
    fn uneven_columns_are_warned_of() {
        let uneven = Points::from_rows(&[[0.0, 7.0, 0.0], [300.0, 7.0, 1.0]]).unwrap();
        let warning = scale_warning(&uneven, STANDARDISE_SAMPLES).unwrap();
        assert!(warning.starts_with("column 0 varies 300 times as much as column 2 (counted from 0)"), "{warning}");
        assert_eq!(
            scale_warning(&Points::from_rows(&[[0.0, 7.0, 0.0], [99.0, 7.0, 1.0]]).unwrap(), STANDARDISE_SAMPLES),
            None
        );
        assert_eq!(scale_warning(&line(1), STANDARDISE_SAMPLES), None);
        // A pixel that is dark in all images but one does not determine units.
        let image: Vec<[f64; 2]> = (0..1000).map(|i| [f64::from(i % 17), f64::from(u8::from(i == 3)) / 10.0]).collect();
        assert_eq!(scale_warning(&Points::from_rows(&image).unwrap(), STANDARDISE_SAMPLES), None);
    }
}
