//! The units in which a bridge is learned.

use crate::number::number;
use crate::points::{AffineMap, dot};
use crate::rng::Stream;
use crate::target::Target;
use crate::{Error, Points, Result};

/// The number of points from which the units are measured.
const MEASURED: usize = 2048;

/// Returns `n` points of a distribution, or all its points if it is a sample of fewer than `n`
/// points.
pub fn draw(from: &dyn Target, n: usize, stream: Stream) -> Result<Points> {
    let most = from.data().map_or(n, |data| data.points.n());
    from.sample(n.min(most), stream)
}

/// The units of the training: a shift for each distribution, and one scale for both.
#[derive(Debug)]
pub struct Units {
    /// The map to the units of the source.
    pub source: AffineMap,
    /// The map to the units of the target.
    pub target: AffineMap,
    /// Length of a unit.
    pub scale: f64,
}

/// The largest distance from the origin, in units, at which the logarithm of the potential keeps
/// three digits.
const FARTHEST: f64 = 1e6;

impl Units {
    /// Checks that the ends are not so far from the origin that the potential loses its digits.
    ///
    /// # Errors
    /// The check fails.
    pub fn check_distance(&self) -> Result<()> {
        let away = [&self.source, &self.target].map(|end| dot(end.shift(), end.shift()).sqrt() / self.scale);
        let away = away[0].max(away[1]);
        if away <= FARTHEST {
            return Ok(());
        }
        let reason = format!(
            "it lies {} times the spread of both ends from the origin, and beyond {FARTHEST:e} the potential of a bridge \
             loses its digits: subtract the mean of one end from both, or choose other units for a distant end",
            number(away)
        );
        Err(Error::Numeric { what: "an end of `light_sb`".into(), reason })
    }

    /// Measures both distributions.
    ///
    /// # Errors
    /// A distribution cannot be sampled or does not vary.
    pub fn measure(source: &dyn Target, target: &dyn Target, stream: Stream) -> Result<Units> {
        let mut squares = 0.0;
        let mut means = Vec::new();
        for (end, name) in [(source, "source"), (target, "target")] {
            let points = draw(end, MEASURED, stream.label(name))?;
            points.check_scale(&format!("the {name}"))?;
            let spread = points.spread();
            if !(points.n() > 1 && spread > 0.0) {
                let reason = "all its points are the same, and a bridge needs points that vary";
                return Err(Error::Numeric { what: format!("the {name}"), reason: reason.into() });
            }
            squares += 0.5 * spread * spread / points.dim() as f64;
            means.push(points.mean());
        }
        let scale = squares.sqrt();
        let [source, target] = [0, 1].map(|end| AffineMap::uniform(scale, std::mem::take(&mut means[end])));
        Ok(Units { source, target, scale })
    }
}
