//! Point sets.

use super::Plan;
use rhai::{Dynamic, Engine};
use sdflow::Points;
use sdflow::number::counted;
use sdflow::points::Standardiser;
use sdflow::target::Target;
use std::sync::Arc;

/// Points as a value of the script, with what the script knows about them.
#[derive(Debug, Clone)]
pub struct Cloud {
    /// The points.
    pub points: Arc<Points>,
    /// The map back to their original units, if they were standardised.
    pub standardiser: Option<Arc<Standardiser>>,
    /// The target of which the points are a sample.
    pub target: Option<Arc<dyn Target>>,
    /// The names of the coordinates, from the header of a file; empty if there are none.
    pub columns: Arc<[String]>,
    /// The time at which they were kept during a run, such as "step 40".
    pub time: Option<Arc<str>>,
}

impl Cloud {
    /// Returns points of which nothing else is known.
    pub fn new(points: impl Into<Arc<Points>>) -> Cloud {
        Cloud { points: points.into(), standardiser: None, target: None, columns: Arc::default(), time: None }
    }

    /// Returns points as a value of the script.
    pub fn value(points: impl Into<Arc<Points>>) -> Dynamic {
        Dynamic::from(Cloud::new(points))
    }

    /// Returns a sample of `target` as a value of the script.
    pub fn sample(points: Points, target: Arc<dyn Target>) -> Dynamic {
        let columns = target.columns().into();
        Dynamic::from(Cloud { target: Some(target), ..Cloud::new(points) }.named(&columns))
    }

    /// Returns `points`, which are some of these points and thus a sample of the same target, as a
    /// value of the script.
    pub fn part(&self, points: Points) -> Dynamic {
        Dynamic::from(Cloud { target: self.target.clone(), ..Cloud::new(points) }.named(&self.columns))
    }

    /// Returns other points with the names of the coordinates of these points.
    pub fn alike(&self, points: Points) -> Dynamic {
        Dynamic::from(Cloud::new(points).named(&self.columns))
    }

    /// Sets the names of the coordinates, if `columns` has one name for each.
    pub fn named(self, columns: &Arc<[String]>) -> Cloud {
        match columns.len() == self.points.dim() {
            true => Cloud { columns: Arc::clone(columns), ..self },
            false => self,
        }
    }

    /// Sets the time.
    pub fn at(self, time: impl Into<Arc<str>>) -> Cloud {
        Cloud { time: Some(time.into()), ..self }
    }
}

/// Returns the names of the coordinates of points, of a target or of a flow; empty if there are
/// none.
pub fn columns_of(value: &Dynamic) -> Arc<[String]> {
    if let Some(cloud) = value.read_lock::<Cloud>() {
        return Arc::clone(&cloud.columns);
    }
    if let Some(target) = value.read_lock::<Arc<dyn Target>>() {
        return target.columns().into();
    }
    value.read_lock::<Plan>().map_or_else(Arc::default, |plan| Arc::clone(&plan.columns))
}

/// Registers how points print.
pub fn register(engine: &mut Engine) {
    let text = |cloud: &mut Cloud| {
        format!("{} in {}", counted(cloud.points.n(), "point"), counted(cloud.points.dim(), "dimension"))
    };
    engine.register_fn("to_string", text).register_fn("to_debug", text);
}
