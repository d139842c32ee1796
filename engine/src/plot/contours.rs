//! Lines of equal values of a function of two variables.

use super::colour::Colour;
use crate::{Error, Result};

/// Lines of equal values of a function that is known on a grid. Within a cell, the function is
/// interpolated between the values at the corners. A cell with a corner whose value is not finite
/// has no line.
///
/// ```
/// use sdflow::plot::{Chart, Contours};
/// let axis: Vec<f64> = (0..41).map(|i| -2.0 + 0.1 * f64::from(i)).collect();
/// let radii = axis.iter().flat_map(|y| axis.iter().map(move |x| x.hypot(*y))).collect();
/// let circles = Contours::new(axis.clone(), axis, radii, vec![0.5, 1.0, 1.5]);
/// let chart = Chart::new("circles").with(circles);
/// let folder = tempfile::tempdir().unwrap();
/// chart.save(&folder.path().join("circles.svg"))?;
/// # Ok::<(), sdflow::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Contours {
    /// The abscissae of the grid, ascending.
    pub x: Vec<f64>,
    /// The ordinates of the grid, ascending.
    pub y: Vec<f64>,
    /// The values, row by row: all abscissae of the first ordinate, then those of the next.
    pub values: Vec<f64>,
    /// The values whose lines are drawn.
    pub levels: Vec<f64>,
    /// The name in the legend; empty for no entry.
    pub label: String,
    /// The colour; `None` takes the next colour of the palette.
    pub colour: Option<Colour>,
}

impl Contours {
    /// Returns lines without a name.
    pub fn new(x: Vec<f64>, y: Vec<f64>, values: Vec<f64>, levels: Vec<f64>) -> Contours {
        Contours { x, y, values, levels, label: String::new(), colour: None }
    }

    /// Returns lines around the smallest regions that hold these shares of the mass. The values are
    /// those of a log density up to a constant. The mass outside the grid is not counted.
    ///
    /// ```
    /// use sdflow::plot::Contours;
    /// let axis: Vec<f64> = (0..201).map(|i| -5.0 + 0.05 * f64::from(i)).collect();
    /// let row = |y: f64| axis.iter().map(move |x| -0.5 * (x * x + y * y));
    /// let normal = axis.iter().flat_map(|y| row(*y)).collect();
    /// let half = Contours::of_mass(axis.clone(), axis.clone(), normal, &[0.5]);
    /// // Half of a standard normal distribution lies within the radius sqrt(2 log 2).
    /// assert!((half.levels[0] + 2f64.ln()).abs() < 0.01);
    /// ```
    pub fn of_mass(x: Vec<f64>, y: Vec<f64>, log_density: Vec<f64>, shares: &[f64]) -> Contours {
        let mut sorted: Vec<f64> = log_density.iter().copied().filter(|v| v.is_finite()).collect();
        sorted.sort_by(|a, b| b.total_cmp(a));
        let top = sorted.first().copied().unwrap_or(0.0);
        let mass = |v: &f64| (v - top).exp();
        let total: f64 = sorted.iter().map(mass).sum();
        let level = |share: &f64| {
            let mut sum = 0.0;
            sorted.iter().find(|v| {
                sum += mass(v);
                sum >= share * total
            })
        };
        let levels = shares.iter().filter_map(level).copied().collect();
        Contours::new(x, y, log_density, levels)
    }

    /// Sets the name.
    pub fn label(self, label: impl Into<String>) -> Contours {
        Contours { label: label.into(), ..self }
    }

    /// Sets the colour.
    pub fn colour(self, colour: Colour) -> Contours {
        Contours { colour: Some(colour), ..self }
    }

    /// # Errors
    /// An axis of the grid has fewer than two places or does not ascend, or there is not one value
    /// per place.
    pub(super) fn check(&self) -> Result<()> {
        for (name, axis) in [("x", &self.x), ("y", &self.y)] {
            if axis.len() < 2 || axis.windows(2).any(|pair| !(pair[0] < pair[1] && pair[1].is_finite())) {
                let got = format!("{} places", axis.len());
                return Err(Error::shape(
                    format!("the axis {name} of the contours"),
                    got,
                    "it must ascend, with at least 2",
                ));
            }
        }
        let wanted = self.x.len() * self.y.len();
        match self.values.len() == wanted {
            true => Ok(()),
            false => Err(Error::shape(
                "the contours",
                format!("{} values", self.values.len()),
                format!("the grid has {wanted}"),
            )),
        }
    }

    /// Returns the lines of one level as polylines (marching squares). In a cell with a saddle, the
    /// mean of the corners determines which edges are joined, so that lines never cross.
    pub(super) fn lines(&self, level: f64) -> Vec<Vec<[f64; 2]>> {
        let mut chains = Chains::default();
        for j in 0..self.y.len() - 1 {
            for i in 0..self.x.len() - 1 {
                for [from, to] in self.segments(i, j, level) {
                    chains.add(from, to);
                }
            }
        }
        chains.into_lines(|edge| self.crossing(edge, level))
    }

    /// Returns the pieces of lines in a cell, each from one edge of the cell to another.
    fn segments(&self, i: usize, j: usize, level: f64) -> Vec<[Edge; 2]> {
        let corners = [(i, j), (i + 1, j), (i + 1, j + 1), (i, j + 1)].map(|(i, j)| self.value(i, j));
        if corners.iter().any(|v| !v.is_finite()) {
            return Vec::new();
        }
        let edges: [Edge; 4] = [(i, j, false), (i + 1, j, true), (i, j + 1, false), (i, j, true)];
        let above = corners.map(|v| v > level);
        let crossed: Vec<Edge> = (0..4).filter(|&k| above[k] != above[(k + 1) % 4]).map(|k| edges[k]).collect();
        match crossed.as_slice() {
            [a, b] => vec![[*a, *b]],
            [a, b, c, d] if (corners.iter().sum::<f64>() / 4.0 > level) == above[0] => vec![[*a, *b], [*c, *d]],
            [a, b, c, d] => vec![[*a, *d], [*b, *c]],
            _ => Vec::new(),
        }
    }

    fn value(&self, i: usize, j: usize) -> f64 {
        self.values[j * self.x.len() + i]
    }

    /// Returns the place on an edge where the function has the value `level`.
    fn crossing(&self, (i, j, upright): Edge, level: f64) -> [f64; 2] {
        let (k, l) = if upright { (i, j + 1) } else { (i + 1, j) };
        let (a, b) = (self.value(i, j), self.value(k, l));
        let share = ((level - a) / (b - a)).clamp(0.0, 1.0);
        let between = |from: f64, to: f64| from + share * (to - from);
        [between(self.x[i], self.x[k]), between(self.y[j], self.y[l])]
    }
}

/// An edge of the grid. It begins at column i and row j, and goes up (true) or to the right
/// (false).
type Edge = (usize, usize, bool);

/// Pieces of lines that are to be joined. Every edge is an end of at most two pieces.
#[derive(Default)]
struct Chains {
    pieces: Vec<[Edge; 2]>,
    ends: std::collections::BTreeMap<Edge, Vec<usize>>,
}

impl Chains {
    fn add(&mut self, from: Edge, to: Edge) {
        for end in [from, to] {
            self.ends.entry(end).or_default().push(self.pieces.len());
        }
        self.pieces.push([from, to]);
    }

    /// Joins the pieces: open lines first, from their ends, and then closed ones.
    fn into_lines(self, place: impl Fn(Edge) -> [f64; 2]) -> Vec<Vec<[f64; 2]>> {
        let mut used = vec![false; self.pieces.len()];
        let open = self.ends.iter().filter(|(_, at)| at.len() == 1).map(|(edge, at)| (*edge, at[0]));
        let closed = self.pieces.iter().enumerate().map(|(k, piece)| (piece[0], k));
        let mut lines = Vec::new();
        for (first, piece) in open.chain(closed) {
            let (mut line, mut edge, mut next) = (vec![place(first)], first, Some(piece));
            while let Some(k) = next.filter(|&k| !used[k]) {
                used[k] = true;
                let [a, b] = self.pieces[k];
                edge = if a == edge { b } else { a };
                line.push(place(edge));
                next = self.ends[&edge].iter().copied().find(|&other| !used[other]);
            }
            if line.len() > 1 {
                lines.push(line);
            }
        }
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn axis(n: usize) -> Vec<f64> {
        (0..n).map(|i| -2.0 + 4.0 * i as f64 / (n - 1) as f64).collect()
    }

    fn of(function: impl Fn(f64, f64) -> f64, n: usize) -> Contours {
        let values =
            axis(n).iter().flat_map(|y| axis(n).into_iter().map(|x| function(x, *y)).collect::<Vec<_>>()).collect();
        Contours::new(axis(n), axis(n), values, Vec::new())
    }

    #[test]
    fn the_lines_of_a_paraboloid_are_circles() {
        let lines = of(|x, y| x * x + y * y, 81).lines(1.0);
        assert_eq!(lines.len(), 1);
        let ring = &lines[0];
        assert_eq!(ring.first(), ring.last());
        assert!(ring.iter().all(|s| (s[0].hypot(s[1]) - 1.0).abs() < 1e-3), "{ring:?}");
        let length: f64 = ring.windows(2).map(|p| (p[1][0] - p[0][0]).hypot(p[1][1] - p[0][1])).sum();
        assert!((length - std::f64::consts::TAU).abs() < 0.01, "{length}");
    }

    #[test]
    fn a_saddle_has_two_branches_that_do_not_cross() {
        for level in [0.3, -0.3] {
            let lines = of(|x, y| x * y, 40).lines(level);
            assert_eq!(lines.len(), 2, "{level}");
            for line in lines {
                let sign = line[0][0].signum();
                assert!(line.iter().all(|s| s[0].signum() == sign && (s[0] * s[1] - level).abs() < 0.01), "{line:?}");
            }
        }
    }

    #[test]
    fn values_that_are_not_finite_leave_a_gap() {
        let ring = of(|x, y| if x > 0.0 { f64::NAN } else { x * x + y * y }, 41).lines(1.0);
        assert_eq!(ring.len(), 1);
        assert!(ring[0].iter().all(|s| s[0] <= 0.0) && ring[0].first() != ring[0].last());
        assert!(of(|_, _| 1.0, 5).lines(1.0).is_empty());
    }

    #[test]
    fn grids_that_do_not_fit_are_named() {
        let refused = |contours: Contours| contours.check().unwrap_err().to_string();
        assert!(refused(Contours::new(axis(3), axis(3), vec![0.0; 8], Vec::new())).contains("the grid has 9"));
        let back = vec![1.0, 0.0];
        assert!(refused(Contours::new(back, axis(3), vec![0.0; 6], Vec::new())).contains("ascend"));
    }
}
