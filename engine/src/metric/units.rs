//! The units in which a distance is measured, so that no column dominates the others.

use super::estimate::binary_unit;
use super::{Estimate, Metric, Properties, Reference};
use crate::options::{Key, OptionType, OptionValue, Options};
use crate::pairwise::Pairwise;
use crate::points::{AffineMap, weighted_units};
use crate::target::{format_ratio, uneven_columns};
use crate::{Error, Points, Result, Rule, rng::Stream};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::ops::RangeInclusive;

/// If the standard deviations of columns differ by more than this factor, a warning recommends the
/// option `units`.
const UNEVEN: f64 = 1000.0;

/// The unit of a column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Units {
    /// A named choice: the units of the points, or the standard deviations of the columns in the
    /// reference.
    Named(Name),
    /// One length for each column.
    Each(Vec<f64>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Name {
    /// The units of the points.
    Raw,
    /// The standard deviations of the columns in the reference.
    Reference,
}

impl OptionValue for Units {
    const TYPE: OptionType =
        OptionType::Either(&[OptionType::Name(crate::options::names::<Name>), OptionType::List(&OptionType::Number)]);
}

crate::options! {
    /// The option that all distances share.
    pub struct UnitsOptions {
        /// The unit of each column: "raw", the unit of the points; "reference", the standard
        /// deviation of the column in the reference; or a list of positive lengths, one for each
        /// column.
        units: Units = Units::Named(Name::Raw),
    }
}

/// Returns the keys of the options of a distance, including the key of its units.
pub(super) const fn with_units<const N: usize>(own: &[Key]) -> [Key; N] {
    let mut all = [UnitsOptions::KEYS[0]; N];
    let mut i = 0;
    while i < own.len() {
        all[i] = own[i];
        i += 1;
    }
    all
}

/// Removes `units` from the options of a metric and returns it.
///
/// # Errors
/// The value has another type.
pub(super) fn take_units(options: &mut Value) -> Result<UnitsOptions> {
    let Some(units) = options.as_object_mut().and_then(|map| map.remove("units")) else {
        return Ok(UnitsOptions::default());
    };
    let shown = units.to_string();
    let want = "it must be \"raw\", \"reference\" or a list with a length for each column";
    let units = serde_json::from_value(units).map_err(|_| Error::argument("units", shown, want))?;
    if let Units::Each(lengths) = &units
        && let Some(bad) = lengths.iter().find(|length| !(**length > 0.0 && length.is_finite()))
    {
        return Err(Error::argument("units", bad, Rule::Positive.worded("a unit must be positive")));
    }
    Ok(UnitsOptions { units })
}

/// Returns the distance in these units.
pub(super) fn in_units(distance: Box<dyn Metric>, options: UnitsOptions) -> Box<dyn Metric> {
    Box::new(Distance { distance, units: options.units })
}

/// A distance with its units.
#[derive(Debug)]
struct Distance {
    distance: Box<dyn Metric>,
    units: Units,
}

impl Metric for Distance {
    fn name(&self) -> &'static str {
        self.distance.name()
    }

    fn properties(&self, dim: usize) -> Properties {
        let of = |name: Name| self.units == Units::Named(name);
        let (sees_units, takes_units) = (of(Name::Raw), of(Name::Reference));
        Properties { sees_units, takes_units, ..self.distance.properties(dim) }
    }

    fn known_floor(&self, n: usize, m: usize) -> Option<f64> {
        self.distance.known_floor(n, m)
    }

    fn for_sizes(&self, dim: usize, n: usize, m: usize) -> Option<Box<dyn Metric>> {
        let distance = self.distance.for_sizes(dim, n, m)?;
        Some(Box::new(Distance { distance, units: self.units.clone() }))
    }

    fn measure(&self, points: &Points, reference: &Reference, pairwise: &Pairwise, stream: Stream) -> Result<Estimate> {
        let dim = points.dim();
        let units = match &self.units {
            Units::Named(Name::Raw) => None,
            Units::Named(Name::Reference) => Some(weighted_units(reference.points(), reference.weights())),
            Units::Each(lengths) if lengths.len() == dim => Some(AffineMap::new(lengths.clone(), vec![0.0; dim])),
            Units::Each(lengths) => {
                let want = format!("the points have {dim} columns: one length for each is expected");
                return Err(Error::argument("units", format!("a list of {}", lengths.len()), want));
            }
        };
        let measure = |points: &Points, reference: &Reference| {
            let Some(degree) = self.distance.properties(dim).degree else {
                return self.distance.measure(points, reference, pairwise, stream);
            };
            at_ordinary_scale(points, reference, degree, |points, reference, _| {
                self.distance.measure(points, reference, pairwise, stream)
            })
        };
        match units {
            None => measure(points, reference),
            Some(units) => measure(&units.undo(points), &reference.in_units(units)?),
        }
    }
}

/// Scales at which squares of squares of coordinates are ordinary numbers.
pub(super) const ORDINARY: RangeInclusive<f64> = 1e-50..=1e50;

/// Returns what `measure` returns for these points, where the value grows as the power `degree` of
/// the scale. If the coordinates are very large or small, all of them are divided by the third
/// argument of `measure`, a power of two; otherwise this argument is 1.
///
/// # Errors
/// Those of `measure`.
pub(super) fn at_ordinary_scale(
    points: &Points,
    reference: &Reference,
    degree: i32,
    measure: impl Fn(&Points, &Reference, f64) -> Result<Estimate>,
) -> Result<Estimate> {
    let most = [points, reference.points()].into_iter().flat_map(Points::data).fold(0.0, |m: f64, x| m.max(x.abs()));
    if most == 0.0 || ORDINARY.contains(&most) {
        return measure(points, reference, 1.0);
    }
    let unit = binary_unit(most);
    let units = AffineMap::uniform(unit, vec![0.0; points.dim()]);
    let found = measure(&units.undo(points), &reference.in_units(units)?, unit)?;
    let factor = unit.powi(degree);
    Ok(Estimate { value: found.value * factor, se: found.se * factor, ..found })
}

/// Returns a warning about metrics that hardly depend on some of the columns, or measure a column
/// in no unit, with advice.
pub fn units_warning<'a>(metrics: impl IntoIterator<Item = &'a dyn Metric>, reference: &Reference) -> Option<String> {
    let dim = reference.points().dim();
    let (mut names, mut in_units) = (Vec::new(), Vec::new());
    for metric in metrics {
        let (properties, name) = (metric.properties(dim), format!("`{}`", metric.name()));
        names.extend(properties.sees_units.then(|| name.clone()));
        in_units.extend(properties.takes_units.then_some(name));
    }
    let first = reference.points().row(0);
    let is_constant = |j: &usize| reference.points().iter().all(|row| row[*j] == first[*j]);
    if !in_units.is_empty()
        && let Some(column) = (0..dim).find(is_constant)
    {
        let take = if in_units.len() == 1 { "takes" } else { "take" };
        return Some(format!(
            "column {column} of the reference (counted from 0) is constant, so it gives no unit, and {} {take} it as it \
             is: give `units` a list with a unit for each column",
            in_units.join(", ")
        ));
    }
    if names.is_empty() || reference.units().is_some() {
        return None;
    }
    let (wide, narrow, ratio) = uneven_columns(reference.points(), UNEVEN)?;
    let sees = if names.len() == 1 { "hardly depends on" } else { "hardly depend on" };
    Some(format!(
        "column {wide} of the reference varies {} times as much as column {narrow} (counted from 0), so {} {sees} \
         the latter: give `units` the value \"reference\"",
        format_ratio(ratio),
        names.join(", ")
    ))
}

#[cfg(test)]
mod tests;
