//! The state that the charts of a picture share while they are prepared: legend, notes and
//! projection.

use super::chart::Cloud;
use super::colour::Colour;
use super::legend::{Legend, Swatch};
use super::motion::Paths;
use super::pca::{View, thin};
use crate::Points;

/// The largest number of points that are drawn per cloud. More could not be distinguished, and
/// would make the file huge.
pub(super) const MOST_POINTS: usize = 5000;

/// The largest number of paths that are drawn. More could not be distinguished.
const MOST_WAYS: usize = 100;

/// The points of one cloud, on paper or in space.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Swarm<const D: usize> {
    pub places: Vec<[f64; D]>,
    pub colour: Colour,
    pub alpha: f64,
    /// Requested radius in pixels.
    pub radius: Option<f64>,
}

impl<const D: usize> Swarm<D> {
    /// Returns the factor by which the usual radius is multiplied. Markers in the background are
    /// larger, so that they are visible around the markers in front.
    pub fn breadth(&self) -> f64 {
        if self.colour == Colour::SILVER { 1.4 } else { 1.0 }
    }
}

/// The state that all panels of a picture share while they are prepared.
#[derive(Debug, Default)]
pub(super) struct Making {
    pub legend: Legend,
    /// Notes below the picture, one sentence each.
    pub notes: Vec<String>,
    /// The number of points so far that lie outside the frame of their chart.
    pub far: usize,
    view: Option<View>,
    /// The number of layers without a name so far in this chart.
    pub unnamed: usize,
    /// The title of this chart.
    pub title: String,
}

impl Making {
    /// Adds a note below the picture, unless it is there already.
    pub fn note(&mut self, sentence: String) {
        if !self.notes.contains(&sentence) {
            self.notes.push(sentence);
        }
    }

    /// Returns the points of a cloud, thinned and positioned by `place`.
    pub fn swarm<const D: usize>(&mut self, cloud: &Cloud, place: impl Fn(&[f64]) -> [f64; D]) -> Swarm<D> {
        let of = cloud.points.n();
        let kept = thin(of, MOST_POINTS, of as u64);
        if kept.len() < of {
            let name = if cloud.label.is_empty() { String::new() } else { format!(" of {}", cloud.label) };
            self.note(format!("Shown: {} of {} points{name}.", group_digits(kept.len()), group_digits(of)));
        }
        let colour = self.legend.colour(&cloud.label, cloud.colour, Swatch::Dot, &mut self.unnamed);
        let crowd = kept.len().max(1) as f64;
        let alpha = cloud.alpha.unwrap_or((0.9 * (300.0 / crowd).powf(0.25)).clamp(0.35, 0.85));
        let places = kept.into_iter().map(|i| place(cloud.points.row(i))).collect();
        Swarm { places, colour, alpha, radius: cloud.radius }
    }

    /// Returns the particles whose paths are drawn, and their colour.
    pub fn paths(&mut self, paths: &Paths) -> (Vec<usize>, Colour) {
        let of = paths.clouds.first().map_or(0, |cloud| cloud.n());
        let kept = thin(of, MOST_WAYS, of as u64);
        if kept.len() < of {
            let name = if paths.label.is_empty() { String::new() } else { format!(" of {}", paths.label) };
            self.note(format!("Shown: the paths of {} of {} particles{name}.", kept.len(), group_digits(of)));
        }
        (kept, self.legend.colour(&paths.label, paths.colour, Swatch::Line, &mut self.unnamed))
    }

    /// Returns the projection for clouds of more than three coordinates. It is the projection of
    /// the first such cloud of the picture.
    pub fn view(&mut self, points: &Points) -> View {
        if let Some(view) = self.view.as_ref().filter(|view| view.dim() == points.dim()) {
            return view.clone();
        }
        let view = View::of(points);
        if view.is_standardised {
            self.note("The coordinates differ in units, so they were standardised before the projection.".into());
        }
        self.note("The percentages at the axes are their shares of the variance.".into());
        let hidden = 1.0 - view.shares[0] - view.shares[1];
        if hidden >= 0.5 {
            let all = points.dim();
            let said = format!("{:.0} % of the variance lies in the other {} directions", 100.0 * hidden, all - 2);
            self.note(format!("{said}, where clouds can differ unseen: compare them by a metric too."));
        }
        self.view.insert(view).clone()
    }
}

/// Formats a count: `1 value`, `20,000 values`.
pub(super) fn format_count(n: usize, what: &str) -> String {
    format!("{} {what}{}", group_digits(n), if n == 1 { "" } else { "s" })
}

/// Formats a number with separators: `20,000`.
fn group_digits(n: usize) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(c);
    }
    out
}
