//! The motion of particles as plain data: their paths through several clouds, and arrows.

use super::colour::Colour;
use crate::number::counted;
use crate::{Error, Points, Result};
use std::sync::Arc;

/// The paths of the same particles through several clouds: row i of every cloud is particle i. If
/// there are more than 100 particles, a fixed random choice of them is drawn, with a note.
///
/// ```
/// use sdflow::plot::{Chart, Paths};
/// use sdflow::rng::Stream;
/// use std::sync::Arc;
/// let clouds = (0..5).map(|i| Arc::new(Stream::new(i).normal(20, 2))).collect();
/// let chart = Chart::new("random paths").with(Paths::new(clouds).label("particles"));
/// let folder = tempfile::tempdir().unwrap();
/// chart.save(&folder.path().join("paths.svg"))?;
/// # Ok::<(), sdflow::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Paths {
    /// The clouds in the order of time, of equal size and of two or more coordinates.
    pub clouds: Vec<Arc<Points>>,
    /// The name in the legend; empty for no entry.
    pub label: String,
    /// The colour; `None` takes the next colour of the palette.
    pub colour: Option<Colour>,
}

/// Vectors, each drawn as an arrow that begins at its place. All arrows are scaled by one factor,
/// so that neighbours hardly overlap; a note gives the length of the longest vector.
///
/// ```
/// use sdflow::Points;
/// use sdflow::plot::{Arrows, Chart};
/// let at = Points::from_rows(&[[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])?;
/// let mut velocity = at.clone();
/// velocity.data_mut().iter_mut().for_each(|v| *v *= -2.0);
/// let chart = Chart::new("to the origin").with(Arrows::new(at, velocity));
/// let folder = tempfile::tempdir().unwrap();
/// chart.save(&folder.path().join("field.svg"))?;
/// # Ok::<(), sdflow::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Arrows {
    /// The places, of two or more coordinates.
    pub at: Arc<Points>,
    /// A vector for each place.
    pub vectors: Arc<Points>,
    /// The name in the legend; empty for no entry.
    pub label: String,
    /// The colour; `None` takes the next colour of the palette.
    pub colour: Option<Colour>,
}

impl Paths {
    /// Returns paths without a name.
    pub fn new(clouds: Vec<Arc<Points>>) -> Paths {
        Paths { clouds, label: String::new(), colour: None }
    }

    /// Sets the name.
    pub fn label(self, label: impl Into<String>) -> Paths {
        Paths { label: label.into(), ..self }
    }

    /// # Errors
    /// There are fewer than two clouds, they differ in size, or they have one coordinate or values
    /// that are not finite.
    pub(super) fn check(&self) -> Result<()> {
        let [first, .., _] = self.clouds.as_slice() else {
            return Err(Error::shape("the motion", counted(self.clouds.len(), "cloud"), "a path needs at least 2"));
        };
        for cloud in &self.clouds {
            check_planar("a cloud of the paths", cloud)?;
            check_size("a cloud of the paths", cloud, (first, "the first cloud"))?;
        }
        Ok(())
    }
}

impl Arrows {
    /// Returns arrows without a name.
    pub fn new(at: impl Into<Arc<Points>>, vectors: impl Into<Arc<Points>>) -> Arrows {
        Arrows { at: at.into(), vectors: vectors.into(), label: String::new(), colour: None }
    }

    /// Sets the name.
    pub fn label(self, label: impl Into<String>) -> Arrows {
        Arrows { label: label.into(), ..self }
    }

    /// # Errors
    /// There is not one vector per place, or they have one coordinate or values that are not
    /// finite.
    pub(super) fn check(&self) -> Result<()> {
        check_planar("the field of vectors", &self.at)?;
        check_planar("the field of vectors", &self.vectors)?;
        check_size("the field of vectors", &self.vectors, (&self.at, "the set of their places"))
    }
}

fn check_planar(what: &'static str, points: &Points) -> Result<()> {
    if points.dim() < 2 {
        return Err(Error::shape(what, "1 coordinate", "at least 2 are needed"));
    }
    points.check_finite(what)
}

fn check_size(what: &'static str, points: &Points, (first, first_name): (&Points, &'static str)) -> Result<()> {
    points.check_dim(what, first.dim(), first_name)?;
    match points.n() == first.n() {
        true => Ok(()),
        false => {
            let want = format!("there are {} in {first_name}", first.n());
            Err(Error::shape(what, counted(points.n(), "point"), want))
        }
    }
}
