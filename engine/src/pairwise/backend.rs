//! The backend of an arithmetic.

use super::loops::{RowByRow, amx::Amx, naive::Naive, portable::Portable};
use super::plan::Arithmetic;

/// Returns the backend of an arithmetic.
pub fn loops(arithmetic: Arithmetic) -> Box<dyn RowByRow> {
    match arithmetic {
        Arithmetic::Naive => Box::new(Naive),
        Arithmetic::F64 => Box::new(Portable::<f64>::default()),
        Arithmetic::F32 => Box::new(Portable::<f32>::default()),
        Arithmetic::Split(terms) => Box::new(Amx(terms)),
    }
}
