//! The relative error of one set of vectors with respect to another.

use super::estimate::{mean, variance_of_mean};
use crate::points::squared_distance;
use crate::{Error, Points, Result, Subject};

/// Returns `sqrt(sum_i |v_i - w_i|^2 / sum_i |w_i|^2)` for rows `v` of `vectors` and `w` of
/// `reference`, and its standard error over rows by the delta method. If the whole reference is 0,
/// the error is infinite, or 0 if the vectors are 0 too, and the standard error is NaN. For a
/// single row the standard error is NaN, too.
///
/// # Errors
/// The shapes differ, or a coordinate is larger than 1e150.
pub fn relative_error(vectors: &Points, reference: &Points) -> Result<(f64, f64)> {
    vectors.check_dim(Subject::several("the vectors"), reference.dim(), "the reference")?;
    if vectors.n() != reference.n() {
        let want = format!("the reference has {}, one for each", reference.n());
        return Err(Error::shape(Subject::several("the vectors"), format!("{} rows", vectors.n()), want));
    }
    vectors.check_squares("the set of vectors")?;
    reference.check_squares("the reference")?;
    let gaps: Vec<f64> = vectors.iter().zip(reference.iter()).map(|(v, w)| squared_distance(v, w)).collect();
    let zero = vec![0.0; reference.dim()];
    let sizes: Vec<f64> = reference.iter().map(|w| squared_distance(w, &zero)).collect();
    let (gap, size, known) = (mean(&gaps), mean(&sizes), gaps.len());
    if gap == 0.0 || size == 0.0 {
        return Ok((
            if gap == 0.0 { 0.0 } else { f64::INFINITY },
            if size == 0.0 || known == 1 { f64::NAN } else { 0.0 },
        ));
    }
    let ratio = gap / size;
    let terms: Vec<f64> = gaps.iter().zip(&sizes).map(|(gap, own)| (gap - ratio * own) / size).collect();
    Ok((ratio.sqrt(), variance_of_mean(&terms).sqrt() / (2.0 * ratio.sqrt())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Stream;

    #[test]
    fn a_known_error_is_found_within_its_own() {
        let w = Stream::new(1).normal(2000, 3);
        let mut v = Stream::new(2).normal(2000, 3);
        v.data_mut().iter_mut().zip(w.data()).for_each(|(v, w)| *v = w + 0.2 * *v);
        let (value, se) = relative_error(&v, &w).unwrap();
        assert!((value - 0.2).abs() < 4.0 * se && se < 0.01, "{value} {se}");
        assert_eq!(relative_error(&w, &w).unwrap(), (0.0, 0.0));
        let (one, other) = (Points::from_rows(&[[1.0, 0.0]]).unwrap(), Points::from_rows(&[[0.5, 0.0]]).unwrap());
        assert!(relative_error(&one, &one).unwrap().1.is_nan() && relative_error(&one, &other).unwrap().1.is_nan());
        assert_eq!(relative_error(&w, &Points::zeros(2000, 3)).unwrap().0, f64::INFINITY);
        assert!(
            relative_error(&w, &Points::zeros(3, 3)).is_err() && relative_error(&w, &Points::zeros(2000, 2)).is_err()
        );
    }
}
