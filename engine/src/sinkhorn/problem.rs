//! A transport problem and its checks.

use super::{Marginal, SinkhornOptions};
use crate::{Error, Points, Result, Subject};

/// A transport problem between two sets of points.
///
/// ```
/// use sdflow::sinkhorn::{Sinkhorn, SinkhornOptions};
/// use sdflow::{pairwise::Pairwise, rng::Stream};
/// let (x, y) = (Stream::new(1).normal(50, 2), Stream::new(2).normal(60, 2));
/// let options = SinkhornOptions { epsilon: Some(0.1), ..SinkhornOptions::default() };
/// let found = Sinkhorn::between(&x, &y, options)?.solve(&Pairwise::default())?;
/// assert!(found.converged && found.marginal_error <= 1e-6);
/// # Ok::<(), sdflow::Error>(())
/// ```
#[derive(Debug)]
pub struct Sinkhorn<'a> {
    pub(super) x: Marginal<'a>,
    pub(super) y: Marginal<'a>,
    pub(super) options: SinkhornOptions,
    pub(super) start: Option<Vec<f64>>,
}

impl<'a> Sinkhorn<'a> {
    /// Creates the problem between points of equal masses.
    ///
    /// # Errors
    /// Those of [`Sinkhorn::new`].
    pub fn between(x: &'a Points, y: &'a Points, options: SinkhornOptions) -> Result<Sinkhorn<'a>> {
        Sinkhorn::new(Marginal::equal(x), Marginal::equal(y), options)
    }

    /// Creates the problem between two sides.
    ///
    /// # Errors
    /// Dimensions differ, a side has no points, a coordinate is too large, or an option is out of
    /// range.
    pub fn new(x: Marginal<'a>, y: Marginal<'a>, options: SinkhornOptions) -> Result<Sinkhorn<'a>> {
        options.check()?;
        for (side, what) in [(&x, "x"), (&y, "y")] {
            if side.points.n() == 0 {
                return Err(Error::shape(Subject::option(what), "no rows", "at least one is needed"));
            }
            side.points.check_scale(&format!("`{what}`"))?;
        }
        y.points.check_dim(Subject::option("y"), x.points.dim(), "`x`")?;
        Ok(Sinkhorn { x, y, options, start: None })
    }

    /// Starts from the potential `g` of `y`, for example the solution of a similar problem. All
    /// iterations are then made with the final epsilon.
    ///
    /// # Errors
    /// The number of values is not that of the points, or a value is not finite.
    pub fn start(mut self, g: Vec<f64>) -> Result<Sinkhorn<'a>> {
        let m = self.y.points.n();
        if g.len() != m || !g.iter().all(|g| g.is_finite()) {
            let want = format!("a finite value is expected for each of the {m} points");
            return Err(Error::shape("the potential", format!("{} values", g.len()), want));
        }
        self.start = Some(g);
        Ok(self)
    }
}
