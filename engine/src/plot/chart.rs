//! A chart as plain data: its content, not how it is drawn.

use super::axis::Axis;
use super::colour::Colour;
use super::heat::Heat;
use crate::Points;
use std::sync::Arc;

/// A chart: one pair of axes (or one view in space, or one grid of images) and its layers.
///
/// Layers are drawn in order. Clouds and curves may share axes; images and heat maps need their own
/// chart. Clouds of one coordinate become histograms, of two a scatter plot with equal scales, of
/// three an orthographic view with depth shading, and of more their projection on the first two
/// principal axes of the first cloud.
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
    /// Title above the axes; may be empty.
    pub title: String,
    /// The horizontal axis.
    pub x: Axis,
    /// The vertical axis.
    pub y: Axis,
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
}

/// A set of points. More than 5,000 are thinned by a fixed random choice, with a note.
#[derive(Debug, Clone, PartialEq)]
pub struct Cloud {
    /// The points, of any dimension; all clouds of a chart have the same dimension.
    pub points: Arc<Points>,
    /// Its name in the legend; empty for none. Equal names have equal colours in all charts of a
    /// picture.
    pub label: String,
    /// `None` takes the next colour of the palette.
    pub colour: Option<Colour>,
    /// Opacity in 0..1; `None` adapts to the number of points.
    pub alpha: Option<f64>,
    /// Radius of a marker in pixels; `None` adapts to the number of points.
    pub radius: Option<f64>,
}

/// A line through values. A value that is not finite leaves a gap.
#[derive(Debug, Clone, PartialEq)]
pub struct Curve {
    /// Abscissae in any order; the line connects neighbours in the list.
    pub x: Vec<f64>,
    /// Ordinates, of the same number.
    pub y: Vec<f64>,
    /// Standard errors, of the same number: they give a band of one standard error on each side.
    pub se: Option<Vec<f64>>,
    /// Its name in the legend; empty for none.
    pub label: String,
    /// `None` takes the next colour of the palette.
    pub colour: Option<Colour>,
    /// True for a dashed line.
    pub dashed: bool,
    /// True for a marker at each value.
    pub marked: bool,
}

/// A horizontal reference line, such as a noise floor.
#[derive(Debug, Clone, PartialEq)]
pub struct Level {
    /// Its ordinate.
    pub y: f64,
    /// Its name in the legend; empty for none.
    pub label: String,
    /// `None` means grey.
    pub colour: Option<Colour>,
}

/// A grid of grey images, one per row of `pixels`: white is the top of the range, black its bottom.
#[derive(Debug, Clone, PartialEq)]
pub struct Images {
    /// One image per row, its pixels line by line from the upper left corner.
    pub pixels: Arc<Points>,
    /// Width of an image in pixels.
    pub width: usize,
    /// Height of an image in pixels.
    pub height: usize,
    /// Images per line of the grid; `None` makes the grid about square.
    pub columns: Option<usize>,
    /// Values shown as black and as white; `None` takes the smallest and the largest.
    pub range: Option<(f64, f64)>,
    /// True if dark is the top of the range, as ink on paper.
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

impl From<Cloud> for Layer {
    fn from(cloud: Cloud) -> Layer {
        Layer::Cloud(cloud)
    }
}

impl From<Curve> for Layer {
    fn from(curve: Curve) -> Layer {
        Layer::Curve(curve)
    }
}

impl From<Level> for Layer {
    fn from(level: Level) -> Layer {
        Layer::Level(level)
    }
}

impl From<Images> for Layer {
    fn from(images: Images) -> Layer {
        Layer::Images(images)
    }
}

impl From<Heat> for Layer {
    fn from(heat: Heat) -> Layer {
        Layer::Heat(heat)
    }
}
