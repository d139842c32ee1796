//! A chart as plain data: what is shown, not how it is drawn.

use super::axis::Axis;
use super::colour::Colour;
use super::heat::Heat;
use crate::Points;
use std::sync::Arc;

/// One pair of axes (or one solid view, or one grid of images) and what stands in it.
///
/// Layers are drawn in order. Clouds and curves may share axes; images and heat maps stand alone.
/// Clouds of one coordinate become histograms, of two a scatter with equal scales, of three an
/// orthographic view with depth shading, of more their projection on the first two principal axes
/// of the first cloud.
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
    /// Above the axes; may be empty.
    pub title: String,
    /// The horizontal axis.
    pub x: Axis,
    /// The vertical axis.
    pub y: Axis,
    /// What is drawn, from back to front.
    pub layers: Vec<Layer>,
}

/// One thing in a chart.
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

/// A set of points. More than 5,000 are thinned by a fixed random choice, and a note says so.
#[derive(Debug, Clone, PartialEq)]
pub struct Cloud {
    /// The points, of any dimension; all clouds of a chart have the same.
    pub points: Arc<Points>,
    /// Its name in the legend; empty for none. Equal names take equal colours in all charts of a
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
    /// Abscissae, any order; the line joins neighbours in the list.
    pub x: Vec<f64>,
    /// Ordinates, as many.
    pub y: Vec<f64>,
    /// Standard errors, as many: a band of one standard error on each side.
    pub se: Option<Vec<f64>>,
    /// Its name in the legend; empty for none.
    pub label: String,
    /// `None` takes the next colour of the palette.
    pub colour: Option<Colour>,
    /// Broken instead of solid.
    pub dashed: bool,
    /// A marker at each value.
    pub marked: bool,
}

/// A horizontal reference line, such as a noise floor.
#[derive(Debug, Clone, PartialEq)]
pub struct Level {
    /// Where.
    pub y: f64,
    /// Its name in the legend; empty for none.
    pub label: String,
    /// `None` is grey.
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
    /// Dark is the top of the range instead, as ink on paper.
    pub inverted: bool,
}

impl Chart {
    /// An empty chart.
    pub fn new(title: impl Into<String>) -> Chart {
        Chart { title: title.into(), ..Chart::default() }
    }

    /// Adds a layer in front of the others.
    pub fn with(mut self, layer: impl Into<Layer>) -> Chart {
        self.layers.push(layer.into());
        self
    }

    /// Names the horizontal axis.
    pub fn x(mut self, label: impl Into<String>) -> Chart {
        self.x.label = label.into();
        self
    }

    /// Names the vertical axis.
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
    /// A cloud without a name, with adaptive markers.
    pub fn new(points: impl Into<Arc<Points>>) -> Cloud {
        Cloud { points: points.into(), label: String::new(), colour: None, alpha: None, radius: None }
    }

    /// Names it.
    pub fn label(self, label: impl Into<String>) -> Cloud {
        Cloud { label: label.into(), ..self }
    }

    /// Colours it.
    pub fn colour(self, colour: Colour) -> Cloud {
        Cloud { colour: Some(colour), ..self }
    }

    /// Silver: what other clouds are seen against.
    pub fn backdrop(self) -> Cloud {
        self.colour(Colour::SILVER)
    }
}

impl Curve {
    /// A solid line through `(x, y)`.
    pub fn new(x: Vec<f64>, y: Vec<f64>) -> Curve {
        Curve { x, y, se: None, label: String::new(), colour: None, dashed: false, marked: false }
    }

    /// Gives it a band of one standard error on each side.
    pub fn band(self, se: Vec<f64>) -> Curve {
        Curve { se: Some(se), ..self }
    }

    /// Names it.
    pub fn label(self, label: impl Into<String>) -> Curve {
        Curve { label: label.into(), ..self }
    }

    /// Colours it.
    pub fn colour(self, colour: Colour) -> Curve {
        Curve { colour: Some(colour), ..self }
    }

    /// Breaks the line.
    pub fn dashed(self) -> Curve {
        Curve { dashed: true, ..self }
    }

    /// Marks each value.
    pub fn marked(self) -> Curve {
        Curve { marked: true, ..self }
    }
}

impl Level {
    /// A grey broken line at `y`.
    pub fn new(y: f64, label: impl Into<String>) -> Level {
        Level { y, label: label.into(), colour: None }
    }
}

impl Images {
    /// An about square grid of images of `width` x `height` pixels.
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
