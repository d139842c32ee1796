//! Sample points of a distribution, in the number that a caller asks for.

use crate::rng::Stream;
use crate::target::Target;
use crate::{Points, Result};

/// Returns `n` points of a distribution. If the distribution is an unweighted sample of fewer than
/// `n` points, the points repeat, each time in another order. Two draws therefore pair them anew in
/// each repetition.
pub fn draw(from: &dyn Target, n: usize, stream: Stream) -> Result<Points> {
    let most = from.data().filter(|data| data.weights.is_none()).map_or(n, |data| data.points.n());
    let mut points = from.sample(n.min(most), stream)?;
    for again in 1..n.div_ceil(most) {
        let more = from.sample(most.min(n - points.n()), stream.label("again").at(again as u64))?;
        points = points.concat(&more)?;
    }
    Ok(points)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::target::{Samples, SamplesOptions};
    use std::collections::BTreeSet;

    /// Fifty points at each end have 2,500 pairs, and 1,000 draws find about 1 - exp(-.4) of them.
    #[test]
    fn repeated_points_are_paired_anew() {
        let points = Points::new((0..50).map(f64::from).collect(), 1, "points").unwrap();
        let samples = Samples::new(points, &SamplesOptions::default()).unwrap();
        let drawn = ["start", "end"].map(|name| draw(&samples, 1010, Stream::new(1).label(name)).unwrap());
        for end in &drawn {
            let count = |value: usize| end.data().iter().filter(|x| **x == value as f64).count();
            assert_eq!(end.n(), 1010);
            assert!((0..50).all(|value| (20..=21).contains(&count(value))));
        }
        let pairs = drawn[0].data().iter().zip(drawn[1].data()).map(|(a, b)| (*a as u32, *b as u32));
        let distinct = pairs.collect::<BTreeSet<_>>().len() as f64 / 2500.0;
        assert!((distinct - 0.33).abs() < 0.03, "{distinct}");
    }
}
