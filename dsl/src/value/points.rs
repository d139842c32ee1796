//! Point sets.

use rhai::{Dynamic, Engine};
use sdflow::Points;
use sdflow::number::counted;
use sdflow::points::Standardiser;
use sdflow::target::Target;
use std::sync::Arc;

/// Points as a value of the script, with the map back to their original units if they were
/// standardised.
#[derive(Debug, Clone)]
pub struct Cloud {
    /// The points.
    pub points: Arc<Points>,
    /// The map that standardised them.
    pub standardiser: Option<Arc<Standardiser>>,
    /// The target of which the points are a sample.
    pub target: Option<Arc<dyn Target>>,
}

impl Cloud {
    /// Returns points as a value of the script.
    pub fn value(points: Points) -> Dynamic {
        Cloud::shared(&Arc::new(points))
    }

    /// Returns points that others hold too as a value of the script.
    pub fn shared(points: &Arc<Points>) -> Dynamic {
        Dynamic::from(Cloud { points: Arc::clone(points), standardiser: None, target: None })
    }

    /// Returns a sample of `target` as a value of the script.
    pub fn sample(points: Points, target: Arc<dyn Target>) -> Dynamic {
        Dynamic::from(Cloud { points: Arc::new(points), standardiser: None, target: Some(target) })
    }

    /// Returns some of these points, still a sample of the same target.
    pub fn part(&self, points: Points) -> Dynamic {
        Dynamic::from(Cloud { points: Arc::new(points), standardiser: None, target: self.target.clone() })
    }
}

/// Registers how points print.
pub fn register(engine: &mut Engine) {
    let text = |cloud: &mut Cloud| {
        format!("{} in {}", counted(cloud.points.n(), "point"), counted(cloud.points.dim(), "dimension"))
    };
    engine.register_fn("to_string", text).register_fn("to_debug", text);
}
