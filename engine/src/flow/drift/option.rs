//! Options of the flow of drifting models.

use crate::options::{OptionType, OptionValue};
use crate::score::SelfTerm;
use serde::{Deserialize, Serialize};

/// Over which points the weights of a mean are normalised.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Normalisation {
    /// The weights of a particle, over the points of the target and over the cloud separately.
    #[default]
    Row,
    /// The geometric mean of two shares: of a particle's weights over all points, and of a point's
    /// weights over the particles.
    Joint,
}

/// The unit of a temperature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TemperatureScale {
    /// The mean distance between two points of the target.
    #[default]
    Distance,
    /// The unit of the points.
    None,
}

crate::choices!(Normalisation, TemperatureScale);

/// One temperature or several.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Temperatures {
    /// One.
    One(f64),
    /// Several, whose fields are added.
    Several(Vec<f64>),
}

impl OptionValue for Temperatures {
    const TYPE: OptionType = OptionType::Either(&[OptionType::Number, OptionType::List(&OptionType::Number)]);
}

impl Temperatures {
    /// Returns all temperatures.
    pub(super) fn list(&self) -> &[f64] {
        match self {
            Temperatures::One(one) => std::slice::from_ref(one),
            Temperatures::Several(all) => all,
        }
    }
}

crate::options! {
    /// Options of `drift_flow`.
    pub struct DriftFlowOptions {
        /// The name of the kernel: "laplace", "gaussian", "imq", "matern32" or "matern52".
        kernel: String = "laplace".into(),
        /// The bandwidth of the kernel, in the unit of `scale`. With a list, the fields of all
        /// temperatures are divided by their root mean squares, averaged, and multiplied by the
        /// mean of these root mean squares.
        temperature: Temperatures = Temperatures::One(0.1),
        /// The unit of `temperature`: "distance", the mean distance between two points of the
        /// target; or "none", the unit of the points.
        scale: TemperatureScale = TemperatureScale::Distance,
        /// "row": the weights of both means sum to 1; "joint": the weight of a pair is the
        /// geometric mean of two shares: of its kernel value in the particle's sum over target and
        /// cloud, and of its kernel value in the point's sum over all particles. The difference of
        /// the means is then multiplied by the particle's sum of weights over the target and by its
        /// sum over the cloud.
        normalisation: Normalisation = Normalisation::Row,
        /// Whether a particle counts in the mean of the cloud at that particle: "include" or
        /// "exclude". Left out: "include" for particles, and "exclude" when a generator is trained.
        /// Only with "include" is the velocity 0 if the cloud is equal to the target.
        self_term: Option<SelfTerm> = None,
        /// Number of target points that a step uses, drawn anew in each step; left out: all.
        batch_target: Option<usize> = None,
    }
}
