//! The noise floors that a script has computed.

use sdflow::Points;
use sdflow::metric::KnownFloors;
use sdflow::target::Target;
use std::sync::{Arc, Mutex, PoisonError, Weak};

/// Where the reference of a noise floor comes from: a target from which fresh points are drawn, a
/// set of points that is split, or points of a finite sample. Neither the points nor the target is
/// kept alive.
pub struct FloorSource {
    points: Option<Weak<Points>>,
    target: Option<Weak<dyn Target>>,
}

impl FloorSource {
    /// Creates the source of a reference that consists of `points`, or of fresh points of `target`.
    pub fn new(points: Option<&Arc<Points>>, target: Option<&Arc<dyn Target>>) -> FloorSource {
        FloorSource { points: points.map(Arc::downgrade), target: target.map(Arc::downgrade) }
    }

    fn is(&self, other: &FloorSource) -> bool {
        self.addresses() == other.addresses()
    }

    /// The addresses are not used again as long as this value exists.
    fn addresses(&self) -> [Option<*const ()>; 2] {
        let points = self.points.as_ref().map(|points| points.as_ptr().cast());
        [points, self.target.as_ref().map(|target| target.as_ptr().cast())]
    }

    fn is_alive(&self) -> bool {
        self.points.as_ref().is_none_or(|points| points.strong_count() > 0)
            && self.target.as_ref().is_none_or(|target| target.strong_count() > 0)
    }
}

/// The noise floors of all references of a script. Calls with the same reference share them, also
/// in the cells of a sweep, which run on threads of their own.
#[derive(Default)]
pub struct Floors(Mutex<Vec<(FloorSource, Arc<KnownFloors>)>>);

impl Floors {
    /// Returns the floors of the references from `source`.
    pub fn of(&self, source: FloorSource) -> Arc<KnownFloors> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, known)) = all.iter().find(|(other, _)| other.is(&source)) {
            return Arc::clone(known);
        }
        all.retain(|(other, _)| other.is_alive());
        let known = Arc::new(KnownFloors::waiting());
        all.push((source, Arc::clone(&known)));
        known
    }
}
