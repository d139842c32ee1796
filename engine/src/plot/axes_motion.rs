//! Paths, arrows and contours between two axes.

use super::axes_chart::{Item, Plane};
use super::canvas::Paint;
use super::contours::Contours;
use super::extent::Extent;
use super::legend::Swatch;
use super::motion::{Arrows, Paths};
use super::shared::Making;
use super::spot::Spot;
use crate::Result;
use crate::number::number;

impl Plane {
    /// Adds the paths of some particles as thin lines.
    pub fn add_paths(&mut self, paths: &Paths, names: &[String], making: &mut Making) {
        let (rows, colour) = making.paths(paths);
        let Some(first) = paths.clouds.first() else { return };
        let place = self.show_places(first, names, making);
        let mut lost = 0;
        for row in rows {
            let path: Vec<Spot> = paths.clouds.iter().map(|cloud| place.of(cloud.row(row))).collect();
            lost += path.iter().filter(|s| !self.shows(**s)).count();
            let paint = Paint { colour, alpha: 0.45 };
            let lines = self.pieces(&path).into_iter().filter(|piece| piece.len() > 1);
            self.items.extend(lines.map(|spots| Item::Line { spots, paint, width: 0.8, dashed: false }));
        }
        self.note_lost(lost, making);
        for cloud in &paths.clouds {
            let spots: Vec<Spot> = cloud.iter().map(|row| place.of(row)).filter(|s| self.shows(*s)).collect();
            self.cover([0, 1].map(|i| Extent::trim(spots.iter().map(|s| s[i]).collect())));
        }
    }

    /// Adds arrows, all scaled by one factor.
    pub fn add_arrows(&mut self, arrows: &Arrows, names: &[String], making: &mut Making) {
        let place = self.show_places(&arrows.at, names, making);
        let colour = making.legend.colour(&arrows.label, arrows.colour, Swatch::Line, &mut making.unnamed);
        let ends = arrows.at.iter().zip(arrows.vectors.iter()).map(|(at, vector)| {
            let (from, tip) = (place.of(at), place.of(&at.iter().zip(vector).map(|(a, v)| a + v).collect::<Vec<_>>()));
            (from, [tip[0] - from[0], tip[1] - from[1]])
        });
        let (ends, all) =
            (ends.filter(|(from, v)| self.shows(*from) && v.iter().all(|v| v.is_finite())), arrows.at.n());
        let ends: Vec<(Spot, Spot)> = ends.collect();
        self.note_lost(all - ends.len(), making);
        let places = [0, 1].map(|i| Extent::of(ends.iter().map(|(from, _)| from[i])));
        self.cover(places);
        let named =
            |word: &str, name: &str| if name.is_empty() { String::new() } else { format!(" {word} \"{name}\"") };
        let of = named("of", &arrows.label) + &named("in", &making.title);
        // In units of the region that contains the places, the longest arrow is about as long as
        // the distance between neighbours in a square grid of as many places.
        let unit = places.map(|extent| if extent.length() > 0.0 { extent.length() } else { 1.0 });
        let length = |v: &Spot| (v[0] / unit[0]).hypot(v[1] / unit[1]);
        let longest = ends.iter().map(|(_, v)| length(v)).fold(0.0, f64::max);
        if longest == 0.0 {
            return making.note(format!("All arrows{of} are 0."));
        }
        let factor = 1.1 / (longest * (ends.len() as f64).sqrt().max(2.0));
        let real = arrows.vectors.iter().map(|row| row.iter().fold(0.0, |a: f64, v| a.hypot(*v))).fold(0.0, f64::max);
        making.note(format!("The longest arrow{of} stands for a vector of length {}.", number(real)));
        for (from, v) in ends {
            let to = [from[0] + factor * v[0], from[1] + factor * v[1]];
            self.cover([0, 1].map(|i| Extent::of([to[i]])));
            self.items.push(Item::Arrow { from, to, paint: Paint { colour, alpha: 0.9 } });
        }
    }

    /// Adds the lines of equal values of a function.
    ///
    /// # Errors
    /// The grid does not fit its values.
    pub fn add_contours(&mut self, contours: &Contours, names: &[String], making: &mut Making) -> Result<()> {
        contours.check()?;
        self.show_plane(names);
        let colour = making.legend.colour(&contours.label, contours.colour, Swatch::Line, &mut making.unnamed);
        for level in &contours.levels {
            for line in contours.lines(*level) {
                for spots in self.pieces(&line).into_iter().filter(|piece| piece.len() > 1) {
                    self.cover([0, 1].map(|i| Extent::of(spots.iter().map(|s| s[i]))));
                    let paint = Paint { colour, alpha: 0.9 };
                    self.items.push(Item::Line { spots, paint, width: 1.0, dashed: false });
                }
            }
        }
        Ok(())
    }
}
