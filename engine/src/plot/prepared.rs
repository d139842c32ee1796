//! Charts prepared for drawing: projected, thinned and coloured, with the extents of their axes.

use super::axes_chart::Plane;
use super::chart::{Chart, Cloud, Images, Layer};
use super::heat::Heat;
use super::scale::Extent;
use super::shared::{Making, Swarm};
use crate::{Error, Quantity, Result, Subject};

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

/// Clouds of three coordinates, seen from a fixed direction.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Solid {
    pub swarms: Vec<Swarm<3>>,
    pub extents: [Extent; 3],
}

impl Panel {
    /// Prepares a chart.
    ///
    /// # Errors
    /// Clouds differ in dimension, images are combined with other layers or have another size,
    /// lists differ in length, an axis range is empty or not finite, or an opacity or a radius is
    /// out of range.
    pub fn of(chart: &Chart, making: &mut Making) -> Result<Panel> {
        making.unnamed = 0;
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
        let clouds: Vec<&Cloud> =
            chart.layers.iter().filter_map(|l| if let Layer::Cloud(c) = l { Some(c) } else { None }).collect();
        let dim = clouds.first().map_or(2, |c| c.points.dim());
        for cloud in &clouds {
            if cloud.points.n() > 0 {
                cloud.points.check_dim("a cloud in the chart", dim, "the first cloud")?;
                cloud.points.check_finite("a cloud in the chart")?;
            }
            check_marker(cloud)?;
        }
        if dim == 3 && clouds.len() < chart.layers.len() {
            return Err(Error::shape(
                "a chart of 3D clouds",
                "a curve too",
                "curves need clouds of 1 or 2 coordinates",
            ));
        }
        if dim == 3 {
            return Ok(Panel::Solid(Solid::of(&clouds, making)));
        }
        Plane::new(chart, making).map(Panel::Plane)
    }
}

impl Solid {
    /// Prepares clouds of three coordinates.
    fn of(clouds: &[&Cloud], making: &mut Making) -> Solid {
        let mut solid = Solid { swarms: Vec::new(), extents: [Extent::NONE; 3] };
        for cloud in clouds.iter().filter(|c| c.points.n() > 0) {
            let swarm = making.swarm(cloud, |row| [row[0], row[1], row[2]]);
            for (i, extent) in solid.extents.iter_mut().enumerate() {
                *extent = extent.join(Extent::trim(swarm.places.iter().map(|p| p[i]).collect()));
            }
            solid.swarms.push(swarm);
        }
        solid
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
    images.pixels.check_finite("the images")?;
    match images.range {
        Some((low, high)) if !(low < high && low.is_finite() && high.is_finite()) => {
            Err(Error::argument("range", format!("{low}..{high}"), "the first must be below the second"))
        }
        _ => Ok(()),
    }
}
