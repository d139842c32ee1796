//! The options of `plot`.

use std::collections::BTreeMap;

sdflow::options! {
    /// Options of `plot`.
    pub struct PlotOptions {
        /// Title above the picture.
        title: String = String::new(),
        /// Titles of the charts, for a picture with several charts.
        titles: Vec<String> = Vec::new(),
        /// Names for the legend: one for each set of points in an array, or for each column that
        /// is drawn of one table.
        labels: Vec<String> = Vec::new(),
        /// Names of the coordinates, for the axes; left out: the names in the header of the file
        /// from which the points were read.
        coordinates: Vec<String> = Vec::new(),
        /// For a table: the column of the horizontal axis; left out: `step` for a result or a
        /// history, otherwise the first column of numbers.
        x: Option<String> = None,
        /// For a table: the columns to draw. Left out: the first quantity of a sweep, the metrics
        /// of a result, and otherwise all columns except that of the horizontal axis.
        y: Option<Vec<String>> = None,
        /// For a table: the label of the horizontal axis; left out: the name of its column.
        x_label: Option<String> = None,
        /// For a table: the label of the vertical axis; left out: the name of the only column
        /// that is drawn.
        y_label: Option<String> = None,
        /// For a table: values at which a dashed line is drawn, by the names for the legend, such
        /// as `#{exact: 1.25}`.
        levels: BTreeMap<String, f64> = BTreeMap::new(),
        /// Whether the horizontal axis is logarithmic.
        log_x: bool = false,
        /// Whether the vertical axis is logarithmic.
        log_y: bool = false,
        /// Whether the density of a target is drawn instead of a sample, if the target has one: in
        /// one dimension as a curve, in two as contour lines that enclose 50, 80 and 95 % of the
        /// mass.
        density: bool = false,
        /// Whether an array of clouds, such as the snapshots of a run, is drawn as the paths of its
        /// particles from the first cloud to the last.
        paths: bool = false,
        /// Progress of a run, from 0 to 1, at which flows are drawn as arrows; it determines the
        /// values of schedules.
        progress: f64 = 0.0,
        /// Whether all pairs of 2 to 6 coordinates are drawn, with their histograms.
        pairs: bool = false,
        /// Draws each point as a grey image of this width in pixels; left out: no images.
        image_width: Option<usize> = None,
        /// Number of charts (or images) per line; left out: the picture is as square as possible.
        columns: Option<usize> = None,
        /// Width and height of a chart in pixels, each from 100 to 4000; left out: a size that
        /// suits the content.
        size: Option<Vec<f64>> = None,
        /// Whether all charts of points show the same region.
        same_axes: bool = true,
        /// Whether one unit has the same length on all axes of a chart of points. Left out: true,
        /// unless the ranges of the coordinates differ by more than a factor of six.
        equal: Option<bool> = None,
    }
}
