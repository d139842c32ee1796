//! The noise floors that a script has computed.

use sdflow::Points;
use sdflow::metric::KnownFloors;
use sdflow::target::Target;
use std::sync::{Arc, Mutex, PoisonError, Weak};

/// Where the reference of a noise floor comes from: one set of points, or one target. It is not
/// kept alive.
#[derive(Clone)]
pub enum FloorSource {
    Points(Weak<Points>),
    Target(Weak<dyn Target>),
}

impl FloorSource {
    fn is(&self, other: &FloorSource) -> bool {
        match (self, other) {
            (FloorSource::Points(a), FloorSource::Points(b)) => a.ptr_eq(b),
            (FloorSource::Target(a), FloorSource::Target(b)) => std::ptr::addr_eq(a.as_ptr(), b.as_ptr()),
            _ => false,
        }
    }

    fn is_alive(&self) -> bool {
        match self {
            FloorSource::Points(points) => points.strong_count() > 0,
            FloorSource::Target(target) => target.strong_count() > 0,
        }
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
