//! What is reused between calls.

use crate::simd::Pool;
use std::any::{Any, TypeId};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

/// One value of each type, such as a pool of the buffers of a backend, shared by all clones of an
/// engine.
#[derive(Default)]
pub struct Memory(Mutex<Vec<(TypeId, Arc<dyn Any + Send + Sync>)>>);

impl Memory {
    /// Returns the pool of buffers of type `B`. It is looked up once per call and not once per
    /// task.
    pub fn pool<B: Default + Send + 'static>(&self) -> Arc<Pool<B>> {
        self.shared()
    }

    /// Returns the value of type `T`.
    pub fn shared<T: Default + Send + Sync + 'static>(&self) -> Arc<T> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = all.iter().find(|(kind, _)| *kind == TypeId::of::<T>());
        if let Some(value) = known.and_then(|(_, value)| Arc::clone(value).downcast().ok()) {
            return value;
        }
        let value = Arc::<T>::default();
        all.push((TypeId::of::<T>(), value.clone()));
        value
    }
}

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Memory")
    }
}
