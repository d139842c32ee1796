//! Clouds, histograms, curves and reference lines, drawn as dots, lines and areas between two axes.

use super::axis::Axis;
use super::canvas::Paint;
use super::chart::{Chart, Cloud, Curve, Layer, Level};
use super::colour::Colour;
use super::legend::Swatch;
use super::scale::{Extent, LARGEST};
use super::shared::{Making, Swarm, format_count};
use crate::{Error, Result, Rule};

/// A point of the chart in the caller's units.
pub(super) type Spot = [f64; 2];

/// A chart between two axes.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Plane {
    pub x: Axis,
    pub y: Axis,
    pub extents: [Extent; 2],
    /// True if one unit has the same length on both axes.
    pub equal: bool,
    pub items: Vec<Item>,
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
            equal: false,
            items: Vec::new(),
        };
        let bins = Bins::of(chart);
        for layer in &chart.layers {
            match layer {
                Layer::Cloud(cloud) if cloud.points.n() == 0 => {
                    making.note("A cloud without points is not shown.".into());
                }
                Layer::Cloud(cloud) if cloud.points.dim() == 1 => plane.add_histogram(cloud, bins, making),
                Layer::Cloud(cloud) => plane.add_cloud(cloud, making),
                Layer::Curve(curve) => plane.add_curve(curve, making)?,
                Layer::Level(level) => plane.add_level(level, making),
                Layer::Images(_) | Layer::Heat(_) => {}
            }
        }
        let swarms = plane.items.iter().filter_map(|i| if let Item::Swarm(s) = i { Some(s) } else { None });
        let far = |s: &&Spot| (0..2).any(|i| s[i] < plane.extents[i].low || s[i] > plane.extents[i].high);
        let outside: usize = swarms.map(|s| s.places.iter().filter(far).count()).sum();
        if outside > 0 {
            making.note(format!("{} lie outside the frame.", format_count(outside, "far point")));
        }
        Ok(plane)
    }

    fn add_cloud(&mut self, cloud: &Cloud, making: &mut Making) {
        let (swarm, labels) = if cloud.points.dim() > 3 {
            let view = making.view(&cloud.points);
            let label = |i: usize| format!("principal axis {} ({:.0} % of variance)", i + 1, 100.0 * view.shares[i]);
            (making.swarm(cloud, |row| view.project(row)), [label(0), label(1)])
        } else {
            (making.swarm(cloud, |row| [row[0], row[1]]), ["x₁".to_string(), "x₂".to_string()])
        };
        for (axis, label) in [&mut self.x, &mut self.y].into_iter().zip(labels) {
            if axis.label.is_empty() {
                axis.label = label;
            }
        }
        self.equal = !self.x.log && !self.y.log && self.x.range.is_none() && self.y.range.is_none();
        let before = swarm.places.len();
        let places: Vec<Spot> = swarm.places.iter().copied().filter(|s| self.shows(*s)).collect();
        self.note_lost(before - places.len(), making);
        let core = [0, 1].map(|i| Extent::trim(places.iter().map(|s| s[i]).collect()));
        self.cover(core);
        self.items.push(Item::Swarm(Swarm { places, ..swarm }));
    }

    fn add_histogram(&mut self, cloud: &Cloud, bins: Bins, making: &mut Making) {
        let values = cloud.points.data();
        let Bins { low, width, count } = bins;
        let mut counts = vec![0usize; count];
        let high = low + count as f64 * width;
        for v in values.iter().filter(|v| (low..=high).contains(*v)) {
            counts[(((v - low) / width) as usize).min(count - 1)] += 1;
        }
        let mut spots = vec![[low, 0.0]];
        for (i, c) in counts.iter().enumerate() {
            let density = *c as f64 / (values.len() as f64 * width);
            spots.push([low + i as f64 * width, density]);
            spots.push([low + (i + 1) as f64 * width, density]);
        }
        spots.push([high, 0.0]);
        let colour = making.legend.colour(&cloud.label, cloud.colour, Swatch::Line, &mut making.unnamed);
        for (axis, label) in [(&mut self.x, "x"), (&mut self.y, "density")] {
            if axis.label.is_empty() {
                axis.label = label.into();
            }
        }
        if !self.y.log {
            self.items.push(Item::Area { spots: spots.clone(), paint: Paint { colour, alpha: 0.15 } });
        }
        self.add_line(spots, colour, false, making);
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
        }
        let seen: Vec<Spot> = spots.iter().copied().filter(|s| self.shows(*s)).collect();
        if curve.marked && seen.len() <= 200 {
            self.cover([0, 1].map(|i| Extent::of(seen.iter().map(|s| s[i]))));
            self.items.push(Item::Swarm(Swarm { places: seen, colour, alpha: 1.0, radius: Some(3.0) }));
        }
        self.add_line(spots, colour, curve.dashed, making);
        Ok(())
    }

    /// Adds a band of one standard error on each side, in pieces whose two ends can be shown.
    fn add_band(&mut self, spots: &[Spot], se: &[f64], colour: Colour) {
        // If a logarithmic axis cannot show the lower end of the band, that end is placed at a
        // hundredth of the value.
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
        let seen: Vec<Vec<Spot>> = spots.split(|s| !self.shows(*s)).map(<[Spot]>::to_vec).collect();
        let mut lone = Vec::new();
        for piece in seen {
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

    /// True if the axes can show this spot.
    fn shows(&self, spot: Spot) -> bool {
        let fits = |v: f64, axis: &Axis| v.abs() <= LARGEST && (!axis.log || v > 1.0 / LARGEST);
        fits(spot[0], &self.x) && fits(spot[1], &self.y)
    }

    fn cover(&mut self, extents: [Extent; 2]) {
        self.extents = [self.extents[0].join(extents[0]), self.extents[1].join(extents[1])];
    }

    fn note_lost(&self, lost: usize, making: &mut Making) {
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

/// The bins of the histograms of a chart. All clouds of one coordinate in the chart share them.
#[derive(Debug, Clone, Copy)]
struct Bins {
    low: f64,
    width: f64,
    count: usize,
}

impl Bins {
    /// Returns the bins. Their number is the square root of the size of the smallest cloud.
    fn of(chart: &Chart) -> Bins {
        let clouds = chart.layers.iter().filter_map(|l| if let Layer::Cloud(c) = l { Some(c) } else { None });
        let (mut extent, mut fewest) = (Extent::NONE, usize::MAX);
        for cloud in clouds.filter(|c| c.points.dim() == 1) {
            let drawable = cloud.points.data().iter().copied().filter(|v| v.abs() <= LARGEST);
            extent = extent.join(Extent::trim(drawable.collect()));
            fewest = fewest.min(cloud.points.n());
        }
        let count = ((fewest as f64).sqrt() as usize).clamp(8, 80);
        // Equal values lie in the middle of an interval of one unit. Far from 0 the interval must
        // be longer, so that f64 resolves it.
        let (low, length) = match extent.high - extent.low {
            length if length > 1e-9 * extent.high.abs().max(extent.low.abs()) => (extent.low, length),
            _ => (extent.low - 0.5 * extent.low.abs().max(1.0), extent.low.abs().max(1.0)),
        };
        Bins { low, width: length / count as f64, count }
    }
}

/// Returns at most about 2,000 items of a long line: the lowest and the highest of each stretch, so
/// that no peak is lost.
fn slim<T: Copy>(items: &[T], height: impl Fn(&T) -> f64) -> Vec<T> {
    const MOST: usize = 2000;
    if items.len() <= MOST {
        return items.to_vec();
    }
    let mut kept = Vec::with_capacity(MOST + 2);
    for stretch in items.chunks(items.len().div_ceil(MOST / 2)) {
        let order = |a: &usize, b: &usize| height(&stretch[*a]).total_cmp(&height(&stretch[*b]));
        let (low, high) = ((0..stretch.len()).min_by(order), (0..stretch.len()).max_by(order));
        let (low, high) = (low.unwrap_or(0), high.unwrap_or(0));
        kept.push(stretch[low.min(high)]);
        if low != high {
            kept.push(stretch[low.max(high)]);
        }
    }
    kept.extend(items.last());
    kept
}
