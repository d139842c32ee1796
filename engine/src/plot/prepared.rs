//! Charts prepared for drawing: projected, thinned and coloured, with the extents of their axes.

use super::axes_chart::Plane;
use super::chart::{Chart, Cloud, Images, Layer};
use super::colour::Colour;
use super::coordinates::{check_names, name_of};
use super::extent::Extent;
use super::heat::Heat;
use super::motion::Paths;
use super::shared::{Making, Swarm};
use crate::{Error, Points, Quantity, Result, Subject};
use std::sync::Arc;

/// A prepared chart.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Panel {
    Plane(Plane),
    Solid(Solid),
    Mosaic(Images),
    Grid(Grid),
}

/// A heat map and the names of its axes, the horizontal one first.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Grid {
    pub heat: Heat,
    pub labels: [String; 2],
}

/// Clouds and paths of three coordinates, seen from a fixed direction.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Solid {
    pub swarms: Vec<Swarm<3>>,
    pub paths: Vec<PathInSpace>,
    pub extents: [Extent; 3],
    pub names: [String; 3],
    /// True if one unit has the same length on all axes.
    pub equal: bool,
}

/// The path of a particle in space.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct PathInSpace {
    pub places: Vec<[f64; 3]>,
    pub colour: Colour,
}

impl Panel {
    /// Prepares a chart.
    ///
    /// # Errors
    /// Clouds differ in dimension, images are combined with other layers or do not have the stated
    /// size, lists differ in length, an axis range is empty or not finite, or an opacity or a
    /// radius is out of range.
    pub fn of(chart: &Chart, making: &mut Making) -> Result<Panel> {
        making.unnamed = 0;
        making.title.clone_from(&chart.title);
        let images = chart.layers.iter().find_map(|l| if let Layer::Images(images) = l { Some(images) } else { None });
        if let Some(images) = images {
            if chart.layers.len() > 1 {
                let got = format!("{} layers", chart.layers.len());
                return Err(Error::shape("a chart of images", got, "images cannot share a chart: give them their own"));
            }
            check_images(images)?;
            return Ok(Panel::Mosaic(images.clone()));
        }
        if let Some(heat) = chart.layers.iter().find_map(|l| if let Layer::Heat(heat) = l { Some(heat) } else { None })
        {
            if chart.layers.len() > 1 {
                let got = format!("{} layers", chart.layers.len());
                return Err(Error::shape(
                    "a chart with a heat map",
                    got,
                    "a heat map cannot share a chart: give it its own",
                ));
            }
            heat.check()?;
            return Ok(Panel::Grid(Grid {
                heat: heat.clone(),
                labels: [chart.x.label.clone(), chart.y.label.clone()],
            }));
        }
        check_layers(chart)?;
        if let Some(dim) = chart.layers.iter().find_map(Layer::dim) {
            check_names(&chart.coordinates, dim)?;
        }
        match chart.layers.iter().find_map(Layer::places) {
            Some(points) if points.dim() == 3 => Solid::of(chart, making).map(Panel::Solid),
            _ => Plane::new(chart, making).map(Panel::Plane),
        }
    }
}

/// # Errors
/// Layers differ in dimension, or one of them cannot be drawn.
fn check_layers(chart: &Chart) -> Result<()> {
    let mut dim = None;
    for layer in &chart.layers {
        match layer {
            Layer::Cloud(cloud) => check_marker(cloud)?,
            Layer::Paths(paths) => paths.check()?,
            Layer::Arrows(arrows) => arrows.check()?,
            _ => {}
        }
        if let Some(points) = layer.places() {
            points.check_dim("a cloud in the chart", *dim.get_or_insert(points.dim()), "the first cloud")?;
            points.check_finite("a cloud in the chart")?;
        }
    }
    Ok(())
}

impl Solid {
    /// Prepares clouds and paths of three coordinates.
    ///
    /// # Errors
    /// The chart has other layers too.
    fn of(chart: &Chart, making: &mut Making) -> Result<Solid> {
        let names = [0, 1, 2].map(|i| name_of(&chart.coordinates, i));
        let mut solid = Solid { swarms: Vec::new(), paths: Vec::new(), extents: [Extent::NONE; 3], names, equal: true };
        for layer in &chart.layers {
            match layer {
                Layer::Cloud(cloud) if cloud.points.n() == 0 => {}
                Layer::Cloud(cloud) => {
                    let swarm = making.swarm(cloud, |row| [row[0], row[1], row[2]]);
                    solid.cover(&swarm.places);
                    solid.swarms.push(swarm);
                }
                Layer::Paths(paths) => solid.add_paths(paths, making),
                _ => {
                    let want = "curves, levels, arrows and contours need clouds of other than 3 coordinates";
                    return Err(Error::shape("a chart in space", "a layer of another kind too", want));
                }
            }
        }
        Ok(solid)
    }

    fn add_paths(&mut self, paths: &Paths, making: &mut Making) {
        let (rows, colour) = making.paths(paths);
        for row in rows {
            let place = |cloud: &Arc<Points>| [0, 1, 2].map(|i| cloud.row(row)[i]);
            let places: Vec<[f64; 3]> = paths.clouds.iter().map(place).collect();
            self.cover(&places);
            self.paths.push(PathInSpace { places, colour });
        }
    }

    /// Widens the extents so that they contain these places, except far outliers.
    fn cover(&mut self, places: &[[f64; 3]]) {
        for (i, extent) in self.extents.iter_mut().enumerate() {
            *extent = extent.join(Extent::trim(places.iter().map(|p| p[i]).collect()));
        }
    }
}

fn check_marker(cloud: &Cloud) -> Result<()> {
    if let Some(alpha) = cloud.alpha.filter(|a| !(0.0..=1.0).contains(a)) {
        return Err(Error::argument("alpha", alpha, "it must be between 0 and 1"));
    }
    match cloud.radius.filter(|r| !(0.1..=50.0).contains(r)) {
        Some(radius) => Err(Error::argument("radius", radius, "it must be between 0.1 and 50 pixels")),
        None => Ok(()),
    }
}

fn check_images(images: &Images) -> Result<()> {
    let (width, height) = (images.width, images.height);
    if width == 0 || height == 0 || width.saturating_mul(height) != images.pixels.dim() {
        let got = Quantity::Columns(images.pixels.dim());
        return Err(Error::shape(
            Subject::several("the images"),
            got,
            format!("{width} x {height} pixels were requested"),
        ));
    }
    if width.max(height) > 4096 {
        return Err(Error::shape("an image", format!("{width} x {height} pixels"), "4096 is the most per side"));
    }
    if images.columns == Some(0) {
        return Err(Error::argument("columns", 0, "a grid of images needs at least 1"));
    }
    images.pixels.check_finite("the set of images")?;
    match images.range {
        Some((low, high)) if !(low < high && low.is_finite() && high.is_finite()) => {
            Err(Error::argument("range", format!("{low}..{high}"), "the first must be below the second"))
        }
        _ => Ok(()),
    }
}
