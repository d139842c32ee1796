//! The units in which a generator is trained. In these units, its inputs and outputs have mean near
//! 0 and variance near 1.
//!
//! Random initial parameters and learning rates assume such units. With steps of about 0.01,
//! training finds neither a mean of 5000 nor a standard deviation of 0.001. A generator is
//! therefore mapped to standard units before its training. Afterwards its first and last layer
//! absorb the inverse maps, so that a single map is saved and applied.

use super::Generator;
use super::layer_algebra::compose;
use super::linear_start::{Start, linear_map, start_linear};
use crate::flow::Aim;
use crate::number::number;
use crate::points::AffineMap;
use crate::rng::Stream;
use crate::target::Target;
use crate::{Points, Result};

/// The known units of points.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Known {
    /// The map from standard units to the units of the points.
    pub map: AffineMap,
    /// True if every column is divided by its own standard deviation; false if all columns are
    /// divided by one length.
    pub each_column: bool,
}

/// Units count as standard if means and standard deviations are at most this number, and standard
/// deviations are at least its inverse. A generator with the usual initial parameters reaches such
/// points at its usual learning rate.
const NEAR: f64 = 4.0;

/// Points hardly vary if every standard deviation is below this share of the expected standard
/// deviation.
const HARDLY: f64 = 0.5;

impl Known {
    /// Returns the units of a base: the mean and the standard deviations of its data, or those in
    /// closed form.
    fn of_base(base: &dyn Target) -> Option<Known> {
        Aim::Target(base).units().map(|map| Known { map, each_column: true })
    }

    /// Returns the map; None if the map would change little, or is not finite.
    fn needed(&self) -> Option<AffineMap> {
        let near = |scale: f64| (1.0 / NEAR..=NEAR).contains(&scale);
        let map = &self.map;
        let scales = if self.each_column { map.scale().iter().all(|s| near(*s)) } else { near(map.size()) };
        let standard = scales && map.shift().iter().all(|mean| mean.abs() <= NEAR);
        (!standard && map.is_finite()).then(|| map.clone())
    }
}

/// Maps from standard units to those of the inputs and outputs of a generator; None for no change.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Units {
    pub inputs: Option<AffineMap>,
    pub outputs: Option<AffineMap>,
}

impl Units {
    /// Returns the units for training on fresh points of `base` towards points with the known units
    /// `wanted`.
    pub fn of(base: &dyn Target, wanted: Option<&Known>) -> Units {
        let inputs = Known::of_base(base).and_then(|known| known.needed());
        Units { inputs, outputs: wanted.and_then(Known::needed) }
    }

    /// True if there is nothing to map.
    fn is_identity(&self) -> bool {
        self.inputs.is_none() && self.outputs.is_none()
    }

    /// Returns the length of a standard unit of the outputs, in the caller's units.
    pub fn size(&self) -> f64 {
        self.outputs.as_ref().map_or(1.0, AffineMap::size)
    }

    /// Maps the generator to these units. If `keeps` is true, the generator remains the same map of
    /// the caller's inputs to the caller's outputs. Otherwise it keeps its parameters, which are
    /// then read in standard units. Returns false and changes nothing if the generator has no
    /// layers to absorb the maps.
    pub fn enter(&self, generator: &mut dyn Generator, keeps: bool) -> bool {
        let before = generator.parameters().to_vec();
        let outputs = self.outputs.as_ref().map(AffineMap::inverse);
        if !compose(generator, self.inputs.as_ref(), outputs.as_ref()) {
            return false;
        }
        if !keeps {
            generator.parameters_mut().copy_from_slice(&before);
        }
        true
    }

    /// Maps the generator back to the caller's units.
    pub fn leave(&self, generator: &mut dyn Generator) {
        let inputs = self.inputs.as_ref().map(AffineMap::inverse);
        compose(generator, inputs.as_ref(), self.outputs.as_ref());
    }

    /// Maps the generator to suitable units and chooses the map with which it starts. This is its
    /// present map, which gives `y` for `u`, or the random map that its parameters give in standard
    /// units, whichever is nearer to the expected points. Returns these choices, a sentence each.
    /// If the generator cannot absorb the map of its inputs, only the outputs are mapped.
    ///
    /// # Errors
    /// Those of the generator.
    pub fn start(&mut self, generator: &mut dyn Generator, u: Points, y: Points) -> Result<Vec<String>> {
        if self.is_identity() {
            return Ok(Vec::new());
        }
        let keeps = self.keeps(generator, u, y)?;
        for inputs in [self.inputs.clone(), None] {
            self.inputs = inputs;
            if !self.is_identity() && self.enter(generator, keeps) {
                return Ok(vec![self.note(keeps)]);
            }
        }
        *self = Units::default();
        Ok(vec![
            "units: those of the points, because this generator has no linear layers that could absorb a change".into(),
        ])
    }

    /// True if the current outputs of the generator are at least as near to standard units as the
    /// outputs that its parameters give in standard units.
    fn keeps(&self, generator: &mut dyn Generator, mut u: Points, mut as_it_is: Points) -> Result<bool> {
        let mut anew = Points::default();
        if let Some(map) = &self.outputs {
            map.undo_in_place(&mut as_it_is);
        }
        if let Some(map) = &self.inputs {
            map.undo_in_place(&mut u);
        }
        generator.forward(&u, &mut anew)?;
        Ok(from_standard(&as_it_is) <= from_standard(&anew))
    }

    /// If most coordinates of the generator's points hardly vary, sets it to a linear map of the
    /// base, or near one, whose points have the mean and the standard deviations of the expected
    /// points. The initial parameters of a net of several layers give points almost at one place.
    /// From there a training needs large steps, and in many dimensions the noise of these steps
    /// remains. `u` holds points of the base in the units of training; the first `noise` columns
    /// are noise, and the others are labels. Returns a sentence if the generator was changed.
    ///
    /// # Errors
    /// Those of the generator, or a decomposition fails.
    pub fn spread(
        &self,
        generator: &mut dyn Generator,
        wanted: Option<&Known>,
        (u, noise): (&Points, usize),
        stream: Stream,
    ) -> Result<Option<String>> {
        let Some(wanted) = wanted.filter(|wanted| wanted.map.is_finite()) else { return Ok(None) };
        // The last layer has the units of training. If these are the units of the points, the
        // expected mean and standard deviations are those of the points.
        let map = match self.outputs {
            Some(_) => AffineMap::uniform(1.0, vec![0.0; generator.dim()]),
            None => wanted.map.clone(),
        };
        let mut y = Points::default();
        generator.forward(u, &mut y)?;
        let mean = y.mean();
        let varies = |j: usize| {
            let variance = y.iter().map(|row| (row[j] - mean[j]).powi(2)).sum::<f64>() / y.n() as f64;
            variance.sqrt() >= HARDLY * map.scale()[j]
        };
        if 2 * (0..y.dim()).filter(|j| varies(*j)).count() > y.dim() {
            return Ok(None);
        }
        let wanted = map.apply(&linear_map(u, noise, y.dim(), stream.label("map")));
        let how = match start_linear(generator, u, &wanted, stream.label("axes"))? {
            Start::Linear => "a linear map",
            Start::NearLinear => "near a linear map",
            Start::Unchanged => return Ok(None),
        };
        Ok(Some(format!("start: {how} of the base, because the points of the generator hardly varied")))
    }

    fn note(&self, keeps: bool) -> String {
        let told = |what: &str, map: &Option<AffineMap>| {
            let map = map.as_ref()?;
            Some(format!("{what} of mean {} and standard deviation {}", range(map.shift()), range(map.scale())))
        };
        let maps = [told("outputs", &self.outputs), told("inputs", &self.inputs)].into_iter().flatten();
        let start = if keeps { "it keeps its present map" } else { "it starts from a random map in these units" };
        format!("units: in training, {} count as standard; {start}", maps.collect::<Vec<_>>().join(" and "))
    }
}

/// Returns the squared distance of the means and standard deviations of the columns from 0 and 1.
fn from_standard(points: &Points) -> f64 {
    let map = AffineMap::of(points);
    let off = map.shift().iter().zip(map.scale()).map(|(mean, std)| mean * mean + (std - 1.0).powi(2));
    off.sum()
}

/// Returns the range of the values in words: "5 to 7", or "5" if all are equal.
fn range(values: &[f64]) -> String {
    let (low, high) = values.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), v| (a.min(*v), b.max(*v)));
    match low == high {
        true => number(low),
        false => format!("{} to {}", number(low), number(high)),
    }
}

#[cfg(test)]
mod tests;
