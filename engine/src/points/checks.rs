//! Checks of values and of their number per point.

use super::Points;
use crate::{Error, Quantity, Result, Subject};

/// Values that are checked at once.
pub(super) const CHECKED: usize = 1024;

/// The largest size of a coordinate: the square of a distance is then finite.
const LARGEST: f64 = 1e150;

/// Of points whose largest coordinate is smaller, squares of distances would vanish.
const SMALLEST: f64 = 1e-140;

impl Points {
    /// Checks that all values are finite. The error gives the first value that is not finite, with
    /// its place, and calls the points `what`.
    ///
    /// # Errors
    /// The check fails.
    pub fn check_finite(&self, what: &str) -> Result<()> {
        self.check_all(what, |v| v.is_finite())
    }

    /// Checks that all values are finite, and small enough that squares of distances do not
    /// overflow. The error gives the first value that fails, with its place, and calls the points
    /// `what`.
    ///
    /// # Errors
    /// The check fails.
    pub fn check_squares(&self, what: &str) -> Result<()> {
        self.check_all(what, |v| v.abs() <= LARGEST)
    }

    /// Checks that squares of distances neither overflow nor vanish.
    ///
    /// # Errors
    /// Those of [`Points::check_squares`]; or all coordinates are tiny, and not all of them are 0.
    pub fn check_scale(&self, what: &str) -> Result<()> {
        self.check_squares(what)?;
        let most = self.data.iter().fold(0.0, |most: f64, v| most.max(v.abs()));
        if most == 0.0 || most >= SMALLEST {
            return Ok(());
        }
        let reason = format!(
            "its largest coordinate is {most:e}, and squares of distances would be 0: multiply all coordinates by a \
             number such as 1e200"
        );
        Err(Error::Numeric { what: what.into(), reason })
    }

    fn check_all(&self, what: &str, is_good: impl Fn(&f64) -> bool) -> Result<()> {
        // Blocks without an early exit are checked several values at a time.
        let is_bad = |block: &[f64]| !block.iter().fold(true, |good, v| good & is_good(v));
        let first = self.data.chunks(CHECKED).position(is_bad).map(|block| block * CHECKED);
        match first.and_then(|from| Some(from + self.data[from..].iter().position(|v| !is_good(v))?)) {
            None => Ok(()),
            Some(at) => Err(Error::NotFinite {
                what: what.into(),
                row: at / self.dim,
                column: at % self.dim,
                value: self.data[at],
            }),
        }
    }

    /// Checks that these points have `dim` coordinates.
    ///
    /// # Errors
    /// The points have another number of coordinates. The error calls these points `what`, and the
    /// object that has `dim` coordinates `whose`.
    pub fn check_dim(&self, what: impl Into<Subject>, dim: usize, whose: &str) -> Result<()> {
        if self.dim == dim {
            return Ok(());
        }
        Err(Error::shape(what, Quantity::Columns(self.dim), format!("{whose} has {dim}")))
    }
}
