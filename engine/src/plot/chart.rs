//! A chart as plain data. It describes the content, not how the content is drawn.

use super::axis::Axis;
use super::colour::Colour;
use super::contours::Contours;
use super::extent::Extent;
use super::heat::Heat;
use super::motion::{Arrows, Paths};
use crate::Points;
use std::sync::Arc;

/// A chart: one pair of axes (or one view in space, or one grid of images) and its layers.
///
/// Layers are drawn in order. Clouds, curves, paths, arrows and contours may share axes; images and
/// heat maps need their own chart. Clouds of one coordinate become histograms, clouds of two
/// coordinates a scatter plot, and clouds of three coordinates an orthographic view with depth
/// shading. Clouds of more coordinates are projected on the first two principal axes of the first
/// cloud. Coordinates have equal scales unless their ranges differ by more than a factor of six.
///
/// ```
/// use sdflow::plot::{Chart, Cloud};
/// use sdflow::rng::Stream;
/// let stream = Stream::new(1);
/// let chart = Chart::new("before and after")
///     .with(Cloud::new(stream.label("target").normal(500, 2)).label("target").backdrop())
///     .with(Cloud::new(stream.label("moved").normal(500, 2)).label("particles"));
/// let folder = tempfile::tempdir().unwrap();
/// chart.save(&folder.path().join("moved.svg"))?;
/// # Ok::<(), sdflow::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Chart {
    /// The title above the axes; may be empty.
    pub title: String,
    /// The horizontal axis.
    pub x: Axis,
    /// The vertical axis.
    pub y: Axis,
    /// The names of the coordinates of its clouds, which label the axes; or none.
    pub coordinates: Vec<String>,
    /// The layers, from back to front.
    pub layers: Vec<Layer>,
}

/// A layer of a chart.
#[derive(Debug, Clone, PartialEq)]
pub enum Layer {
    /// A set of points.
    Cloud(Cloud),
    /// A line through values.
    Curve(Curve),
    /// A horizontal reference line.
    Level(Level),
    /// A grid of images.
    Images(Images),
    /// A grid of values.
    Heat(Heat),
    /// The paths of particles.
    Paths(Paths),
    /// A field of vectors.
    Arrows(Arrows),
    /// Lines of equal values.
    Contours(Contours),
}

/// A set of points. If there are more than 5,000 points, a fixed random choice of them is drawn,
/// with a note.
#[derive(Debug, Clone, PartialEq)]
pub struct Cloud {
    /// The points, of any dimension; all clouds of a chart have the same dimension.
    pub points: Arc<Points>,
    /// The name in the legend; empty for no entry. Equal names have equal colours in all charts of
    /// a picture.
    pub label: String,
    /// The colour; `None` takes the next colour of the palette.
    pub colour: Option<Colour>,
    /// The opacity in 0..1; `None` adapts it to the number of points.
    pub alpha: Option<f64>,
    /// The radius of a marker in pixels; `None` adapts it to the number of points.
    pub radius: Option<f64>,
}

/// A line through values. A value that is not finite leaves a gap.
#[derive(Debug, Clone, PartialEq)]
pub struct Curve {
    /// Abscissae in any order; the line connects neighbours in the list.
    pub x: Vec<f64>,
    /// Ordinates, as many as abscissae.
    pub y: Vec<f64>,
    /// Standard errors, as many as abscissae. They give a band of one standard error on each side.
    pub se: Option<Vec<f64>>,
    /// The name in the legend; empty for no entry.
    pub label: String,
    /// The colour; `None` takes the next colour of the palette.
    pub colour: Option<Colour>,
    /// True for a dashed line.
    pub dashed: bool,
    /// True for a marker at each value.
    pub marked: bool,
}

/// A horizontal reference line, such as a noise floor.
#[derive(Debug, Clone, PartialEq)]
pub struct Level {
    /// The ordinate.
    pub y: f64,
    /// The name in the legend; empty for no entry.
    pub label: String,
    /// The colour; `None` means grey.
    pub colour: Option<Colour>,
}

/// A grid of grey images, one per row of `pixels`. White is the top of the range, and black is its
/// bottom.
#[derive(Debug, Clone, PartialEq)]
pub struct Images {
    /// One image per row; its pixels are stored line by line from the upper left corner.
    pub pixels: Arc<Points>,
    /// Width of an image in pixels.
    pub width: usize,
    /// Height of an image in pixels.
    pub height: usize,
    /// Images per line of the grid; `None` makes the grid about square.
    pub columns: Option<usize>,
    /// The values that are shown as black and as white. With `None` these are the ends of the
    /// middle 99 % of all pixels. If the charts of a picture share their axes, the pixels of all
    /// its charts with `None` are pooled.
    pub range: Option<(f64, f64)>,
    /// True if dark is the top of the range, like ink on paper.
    pub inverted: bool,
}

impl Chart {
    /// Returns an empty chart.
    pub fn new(title: impl Into<String>) -> Chart {
        Chart { title: title.into(), ..Chart::default() }
    }

    /// Adds a layer in front of the others.
    pub fn with(mut self, layer: impl Into<Layer>) -> Chart {
        self.layers.push(layer.into());
        self
    }

    /// Sets the label of the horizontal axis.
    pub fn x(mut self, label: impl Into<String>) -> Chart {
        self.x.label = label.into();
        self
    }

    /// Sets the label of the vertical axis.
    pub fn y(mut self, label: impl Into<String>) -> Chart {
        self.y.label = label.into();
        self
    }

    /// Sets the names of the coordinates of the clouds.
    pub fn coordinates(mut self, names: &[String]) -> Chart {
        self.coordinates = names.to_vec();
        self
    }

    /// Returns the ends of each coordinate over the points of all layers, without far outliers, and
    /// over the grids of contours; `None` if there are neither points nor contours.
    pub fn region(&self) -> Option<Vec<(f64, f64)>> {
        let sides: Vec<Vec<Extent>> = self.layers.iter().filter_map(Layer::extents).collect();
        let join = |i: usize| sides.iter().filter_map(|side| side.get(i)).fold(Extent::NONE, |all, one| all.join(*one));
        let ends = |extent: Extent| (extent.low, extent.high);
        sides.first().map(|first| (0..first.len()).map(|i| ends(join(i))).collect())
    }

    /// Makes the horizontal axis logarithmic.
    pub fn log_x(mut self) -> Chart {
        self.x.log = true;
        self
    }

    /// Makes the vertical axis logarithmic.
    pub fn log_y(mut self) -> Chart {
        self.y.log = true;
        self
    }
}

impl Cloud {
    /// Returns a cloud without a name, with adaptive markers.
    pub fn new(points: impl Into<Arc<Points>>) -> Cloud {
        Cloud { points: points.into(), label: String::new(), colour: None, alpha: None, radius: None }
    }

    /// Sets the name.
    pub fn label(self, label: impl Into<String>) -> Cloud {
        Cloud { label: label.into(), ..self }
    }

    /// Sets the colour.
    pub fn colour(self, colour: Colour) -> Cloud {
        Cloud { colour: Some(colour), ..self }
    }

    /// Sets the colour to silver, as a background for other clouds.
    pub fn backdrop(self) -> Cloud {
        self.colour(Colour::SILVER)
    }
}

impl Curve {
    /// Returns a solid line through `(x, y)`.
    pub fn new(x: Vec<f64>, y: Vec<f64>) -> Curve {
        Curve { x, y, se: None, label: String::new(), colour: None, dashed: false, marked: false }
    }

    /// Adds a band of one standard error on each side.
    pub fn band(self, se: Vec<f64>) -> Curve {
        Curve { se: Some(se), ..self }
    }

    /// Sets the name.
    pub fn label(self, label: impl Into<String>) -> Curve {
        Curve { label: label.into(), ..self }
    }

    /// Sets the colour.
    pub fn colour(self, colour: Colour) -> Curve {
        Curve { colour: Some(colour), ..self }
    }

    /// Makes the line dashed.
    pub fn dashed(self) -> Curve {
        Curve { dashed: true, ..self }
    }

    /// Adds a marker at each value.
    pub fn marked(self) -> Curve {
        Curve { marked: true, ..self }
    }
}

impl Level {
    /// Returns a grey dashed line at `y`.
    pub fn new(y: f64, label: impl Into<String>) -> Level {
        Level { y, label: label.into(), colour: None }
    }
}

impl Images {
    /// Returns a nearly square grid of images of `width` x `height` pixels.
    pub fn new(pixels: impl Into<Arc<Points>>, width: usize, height: usize) -> Images {
        Images { pixels: pixels.into(), width, height, columns: None, range: None, inverted: false }
    }
}

impl Layer {
    /// Returns the extent of each coordinate of points, without far outliers, or of a grid.
    fn extents(&self) -> Option<Vec<Extent>> {
        if let Layer::Contours(contours) = self {
            return Some([&contours.x, &contours.y].map(|axis| Extent::of(axis.iter().copied())).to_vec());
        }
        let points = self.places().filter(|points| points.n() > 0)?;
        let column = |i: usize| Extent::trim(points.iter().map(|row| row[i]).collect());
        Some((0..points.dim()).map(column).collect())
    }

    /// Returns the number of coordinates that the layer shows, if it shows places.
    pub(super) fn dim(&self) -> Option<usize> {
        match self {
            Layer::Contours(_) => Some(2),
            layer => layer.places().map(Points::dim),
        }
    }

    /// Returns points whose coordinates the layer shows, if it has any.
    pub(super) fn places(&self) -> Option<&Points> {
        match self {
            Layer::Cloud(cloud) if cloud.points.n() > 0 => Some(&cloud.points),
            Layer::Paths(paths) => paths.clouds.first().map(|cloud| &**cloud),
            Layer::Arrows(arrows) => Some(&arrows.at),
            _ => None,
        }
    }
}

/// Converts each type of layer to a [`Layer`].
macro_rules! layers {
    ($($kind:ident),*) => {
        $(impl From<$kind> for Layer {
            fn from(layer: $kind) -> Layer {
                Layer::$kind(layer)
            }
        })*
    };
}

layers!(Cloud, Curve, Level, Images, Heat, Paths, Arrows, Contours);
