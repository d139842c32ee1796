//! Buffers that are reused between calls.

use crate::simd::Pool;
use std::any::{Any, TypeId};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

/// One pool for each type of buffer of a backend, shared by all clones of an engine.
#[derive(Default)]
pub struct Memory(Mutex<Vec<(TypeId, Arc<dyn Any + Send + Sync>)>>);

impl Memory {
    /// Returns the pool of buffers of type `B`. It is looked up once per call and not once per
    /// task.
    pub fn pool<B: Default + Send + 'static>(&self) -> Arc<Pool<B>> {
        let mut pools = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = pools.iter().find(|(kind, _)| *kind == TypeId::of::<Pool<B>>());
        if let Some(pool) = known.and_then(|(_, pool)| Arc::clone(pool).downcast().ok()) {
            return pool;
        }
        let pool = Arc::<Pool<B>>::default();
        pools.push((TypeId::of::<Pool<B>>(), pool.clone()));
        pool
    }
}

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Memory")
    }
}
