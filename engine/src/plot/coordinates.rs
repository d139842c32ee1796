//! The names of coordinates.

use crate::number::counted;
use crate::{Error, Result};

/// Returns the name of a coordinate; without a name it is x₁, x₂ and so on.
pub(super) fn name_of(names: &[String], i: usize) -> String {
    if let Some(name) = names.get(i).filter(|name| !name.is_empty()) {
        return name.clone();
    }
    let subscript = |digit: char| char::from_u32(0x2080 + digit.to_digit(10).unwrap_or(0)).unwrap_or(digit);
    std::iter::once('x').chain((i + 1).to_string().chars().map(subscript)).collect()
}

/// # Errors
/// There are names, but not one per coordinate.
pub(super) fn check_names(names: &[String], dim: usize) -> Result<()> {
    match names.len() {
        0 => Ok(()),
        n if n == dim => Ok(()),
        n => {
            let want = format!("the points have {}", counted(dim, "coordinate"));
            Err(Error::shape("the list of coordinates", counted(n, "name"), want))
        }
    }
}
