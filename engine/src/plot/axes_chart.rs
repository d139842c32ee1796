//! Clouds, histograms, curves and reference lines, drawn as dots, lines and areas between two axes.

use super::axis::Axis;
use super::canvas::Paint;
use super::chart::{Chart, Cloud, Curve, Layer, Level};
use super::colour::Colour;
use super::coordinates::name_of;
use super::extent::{Extent, LARGEST};
use super::few_values::few_values;
use super::histogram::Bins;
use super::legend::Swatch;
use super::shared::{Making, Swarm, format_count};
use super::spot::{Spot, ToSpot, slim};
use crate::{Error, Points, Result, Rule};

/// A chart between two axes.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Plane {
    pub x: Axis,
    pub y: Axis,
    pub extents: [Extent; 2],
    pub shows: Shows,
    /// True if one unit has the same length on both axes.
    pub equal: bool,
    pub items: Vec<Item>,
}

/// The content of a chart, which decides whether charts share their axes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shows {
    Curves,
    Histograms,
    Places,
}

/// An item of a chart.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Item {
    Swarm(Swarm<2>),
    Line {
        spots: Vec<Spot>,
        paint: Paint,
        width: f64,
        dashed: bool,
    },
    Area {
        spots: Vec<Spot>,
        paint: Paint,
    },
    /// A line with a head at its end.
    Arrow {
        from: Spot,
        to: Spot,
        paint: Paint,
    },
    /// A line across the whole width of the chart.
    Level {
        y: f64,
        paint: Paint,
    },
}

impl Plane {
    /// Prepares a chart of clouds and curves.
    pub fn new(chart: &Chart, making: &mut Making) -> Result<Plane> {
        check_axis(&chart.x, "x")?;
        check_axis(&chart.y, "y")?;
        let mut plane = Plane {
            x: chart.x.clone(),
            y: chart.y.clone(),
            extents: [Extent::NONE; 2],
            shows: Shows::Curves,
            equal: false,
            items: Vec::new(),
        };
        let bins = Bins::of(chart);
        for layer in &chart.layers {
            match layer {
                Layer::Cloud(cloud) if cloud.points.n() == 0 => {
                    making.note("A cloud without points is not shown.".into());
                }
                Layer::Cloud(cloud) if cloud.points.dim() == 1 => {
                    plane.add_histogram(cloud, bins, &chart.coordinates, making);
                }
                Layer::Cloud(cloud) => plane.add_cloud(cloud, &chart.coordinates, making),
                Layer::Curve(curve) => plane.add_curve(curve, making)?,
                Layer::Level(level) => plane.add_level(level, making),
                Layer::Paths(paths) => plane.add_paths(paths, &chart.coordinates, making),
                Layer::Arrows(arrows) => plane.add_arrows(arrows, &chart.coordinates, making),
                Layer::Contours(contours) => plane.add_contours(contours, &chart.coordinates, making)?,
                Layer::Images(_) | Layer::Heat(_) => {}
            }
        }
        if plane.x.values.is_empty() && plane.x.range.is_none() {
            plane.x.values = few_values(chart);
        }
        let swarms = plane.items.iter().filter_map(|i| if let Item::Swarm(s) = i { Some(s) } else { None });
        let far = |s: &&Spot| (0..2).any(|i| s[i] < plane.extents[i].low || s[i] > plane.extents[i].high);
        let outside: usize = swarms.map(|s| s.places.iter().filter(far).count()).sum();
        if outside > 0 {
            making.far += outside;
        }
        Ok(plane)
    }

    fn add_cloud(&mut self, cloud: &Cloud, names: &[String], making: &mut Making) {
        let place = self.show_places(&cloud.points, names, making);
        let swarm = making.swarm(cloud, |row| place.of(row));
        let before = swarm.places.len();
        let places: Vec<Spot> = swarm.places.iter().copied().filter(|s| self.shows(*s)).collect();
        self.note_lost(before - places.len(), making);
        let core = [0, 1].map(|i| Extent::trim(places.iter().map(|s| s[i]).collect()));
        self.cover(core);
        self.items.push(Item::Swarm(Swarm { places, ..swarm }));
    }

    fn add_histogram(&mut self, cloud: &Cloud, bins: Bins, names: &[String], making: &mut Making) {
        let spots = bins.outline(cloud.points.data());
        let colour = making.legend.colour(&cloud.label, cloud.colour, Swatch::Line, &mut making.unnamed);
        let name = names.first().filter(|name| !name.is_empty()).map_or("x", String::as_str);
        self.label_axes([name.into(), "density".into()]);
        self.shows = Shows::Histograms;
        // Overlapping filled areas would mix their colours. Only the first histogram and silver
        // backdrops are filled.
        let first = !self.items.iter().any(|item| matches!(item, Item::Line { .. }));
        if !self.y.log && (first || colour == Colour::SILVER) {
            let alpha = if colour == Colour::SILVER { 0.35 } else { 0.15 };
            self.items.push(Item::Area { spots: spots.clone(), paint: Paint { colour, alpha } });
        }
        self.add_line(spots, colour, false, making);
    }

    /// Makes this a chart of places with the coordinates of `points`, and returns the map from
    /// points to the chart.
    pub fn show_places(&mut self, points: &Points, names: &[String], making: &mut Making) -> ToSpot {
        if points.dim() <= 3 {
            self.show_plane(names);
            return ToSpot::Plain;
        }
        let view = making.view(points);
        let label = |i: usize| format!("principal axis {} ({:.0} %)", i + 1, 100.0 * view.shares[i]);
        self.label_axes([label(0), label(1)]);
        self.shows = Shows::Places;
        ToSpot::Projected(view)
    }

    /// Makes this a chart of places with two coordinates.
    pub fn show_plane(&mut self, names: &[String]) {
        self.label_axes([0, 1].map(|i| name_of(names, i)));
        self.shows = Shows::Places;
    }

    /// Labels the axes that have no label yet.
    fn label_axes(&mut self, labels: [String; 2]) {
        for (axis, label) in [&mut self.x, &mut self.y].into_iter().zip(labels) {
            if axis.label.is_empty() {
                axis.label = label;
            }
        }
    }

    fn add_curve(&mut self, curve: &Curve, making: &mut Making) -> Result<()> {
        let n = curve.x.len();
        for (what, len) in [("y", curve.y.len()), ("se", curve.se.as_ref().map_or(n, Vec::len))] {
            if len != n {
                return Err(Error::shape(
                    format!("`{what}` of a curve"),
                    format!("{len} values"),
                    format!("x has {n}"),
                ));
            }
        }
        let swatch = if curve.dashed { Swatch::Dashes } else { Swatch::Line };
        let colour = making.legend.colour(&curve.label, curve.colour, swatch, &mut making.unnamed);
        let spots: Vec<Spot> = curve.x.iter().zip(&curve.y).map(|(x, y)| [*x, *y]).collect();
        if let Some(se) = &curve.se {
            self.add_band(&spots, se, colour);
            making.note("Bands: one standard error.".into());
        }
        let seen: Vec<Spot> = spots.iter().copied().filter(|s| self.shows(*s)).collect();
        if curve.marked && seen.len() <= 200 {
            self.cover([0, 1].map(|i| Extent::of(seen.iter().map(|s| s[i]))));
            self.items.push(Item::Swarm(Swarm { places: seen, colour, alpha: 1.0, radius: Some(3.0) }));
        }
        self.add_line(spots, colour, curve.dashed, making);
        Ok(())
    }

    /// Adds a band of one standard error on each side. It consists of the pieces in which both
    /// edges can be shown.
    fn add_band(&mut self, spots: &[Spot], se: &[f64], colour: Colour) {
        // On a logarithmic axis, the lower edge of the band is at least a hundredth of the value,
        // so that it can be shown.
        let low = |y: f64, e: f64| if self.y.log { (y - e).max(0.01 * y) } else { y - e };
        let ends: Vec<Option<[Spot; 2]>> = spots
            .iter()
            .zip(se)
            .map(|(s, e)| [[s[0], low(s[1], *e)], [s[0], s[1] + e]])
            .map(|pair| Some(pair).filter(|p| p.iter().all(|s| self.shows(*s))))
            .collect();
        for piece in ends.split(Option::is_none).filter(|p| p.len() > 1) {
            let shown: Vec<[Spot; 2]> = slim(&piece.iter().flatten().copied().collect::<Vec<_>>(), |p| p[1][1]);
            let back = shown.iter().rev().map(|p| p[0]);
            let spots: Vec<Spot> = shown.iter().map(|p| p[1]).chain(back).collect();
            self.cover([0, 1].map(|i| Extent::of(spots.iter().map(|s| s[i]))));
            self.items.push(Item::Area { spots, paint: Paint { colour, alpha: 0.18 } });
        }
    }

    /// Adds the pieces of a line between its gaps.
    fn add_line(&mut self, spots: Vec<Spot>, colour: Colour, dashed: bool, making: &mut Making) {
        let lost = spots.iter().filter(|s| s.iter().all(|v| v.is_finite()) && !self.shows(**s)).count();
        self.note_lost(lost, making);
        let mut lone = Vec::new();
        for piece in self.pieces(&spots) {
            self.cover([0, 1].map(|i| Extent::of(piece.iter().map(|s| s[i]))));
            if piece.len() > 1 {
                let paint = Paint { colour, alpha: 1.0 };
                self.items.push(Item::Line { spots: slim(&piece, |s| s[1]), paint, width: 1.8, dashed });
            }
            lone.extend(piece.first().filter(|_| piece.len() == 1).copied());
        }
        // A value between two gaps has no line, so it is drawn as a dot.
        self.items.push(Item::Swarm(Swarm { places: slim(&lone, |s| s[1]), colour, alpha: 1.0, radius: Some(1.8) }));
    }

    fn add_level(&mut self, level: &Level, making: &mut Making) {
        if !self.shows([1.0, level.y]) {
            return making.note(format!("The reference line at {} cannot be shown.", level.y));
        }
        let asked = Some(level.colour.unwrap_or(Colour::GREY));
        let colour = making.legend.colour(&level.label, asked, Swatch::Dashes, &mut making.unnamed);
        self.cover([Extent::NONE, Extent::of([level.y])]);
        self.items.push(Item::Level { y: level.y, paint: Paint { colour, alpha: 1.0 } });
    }

    /// Returns the pieces of a line between the spots that cannot be shown.
    pub fn pieces(&self, line: &[Spot]) -> Vec<Vec<Spot>> {
        line.split(|s| !self.shows(*s)).map(<[Spot]>::to_vec).collect()
    }

    /// True if both axes are linear and show everything.
    pub fn is_open(&self) -> bool {
        [&self.x, &self.y].into_iter().all(|axis| !axis.log && axis.range.is_none())
    }

    /// True if the axes can show this spot.
    pub fn shows(&self, spot: Spot) -> bool {
        let fits = |v: f64, axis: &Axis| v.abs() <= LARGEST && (!axis.log || v > 1.0 / LARGEST);
        fits(spot[0], &self.x) && fits(spot[1], &self.y)
    }

    pub fn cover(&mut self, extents: [Extent; 2]) {
        self.extents = [self.extents[0].join(extents[0]), self.extents[1].join(extents[1])];
    }

    pub fn note_lost(&self, lost: usize, making: &mut Making) {
        let why = if self.x.log || self.y.log { "not positive (logarithmic axis)" } else { "too large" };
        if lost > 0 {
            making.note(format!("Not shown: {}, {why}.", format_count(lost, "value")));
        }
    }
}

fn check_axis(axis: &Axis, name: &str) -> Result<()> {
    match axis.range {
        Some((a, b)) if !(a.abs() <= LARGEST && b.abs() <= LARGEST && a < b) => {
            let want = "the first end must be below the second, both finite";
            Err(Error::argument(&format!("{name} range"), format!("{a}..{b}"), want))
        }
        Some((a, _)) if axis.log && a <= 0.0 => Err(Error::argument(
            &format!("{name} range"),
            a,
            Rule::Positive.worded("a logarithmic axis begins above 0"),
        )),
        _ => Ok(()),
    }
}
