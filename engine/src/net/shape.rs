//! The shape of a net, checked before anything is allocated.

use crate::options::at_least;
use crate::{Error, Result};

/// The largest number of hidden layers.
pub const MOST_LAYERS: usize = 1000;

/// The largest number of parameters of a net, which take 1 GiB in f32.
const MOST: usize = 1 << 28;

/// The hidden layers of a net.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hidden {
    /// Units of a hidden layer.
    pub units: usize,
    /// Hidden layers.
    pub layers: usize,
}

/// Returns the widths of a net from `input` to `output` coordinates through its hidden layers.
///
/// # Errors
/// There are no units or no layers, more than 1000 layers, or more than 2^28 parameters.
pub fn widths(input: usize, hidden: Hidden, output: usize) -> Result<Vec<usize>> {
    let Hidden { units: hidden, layers } = hidden;
    at_least(&[("hidden", hidden, 1), ("layers", layers, 1)])?;
    if layers > MOST_LAYERS {
        return Err(Error::argument("layers", layers, format!("it must be at most {MOST_LAYERS}")));
    }
    let widths: Vec<usize> =
        std::iter::once(input).chain(std::iter::repeat_n(hidden, layers)).chain(std::iter::once(output)).collect();
    match count(&widths) {
        Some(_) => Ok(widths),
        None => Err(Error::argument("hidden", hidden, format!("{}; make it or `layers` smaller", too_many()))),
    }
}

/// Returns the number of parameters of a net of these widths.
///
/// # Errors
/// There are fewer than two widths, a width is 0, or there are more than 2^28 parameters.
pub(super) fn parameters(widths: &[usize]) -> Result<usize> {
    let wrong = |want: String| Error::argument("widths", format_widths(widths), want);
    match widths {
        [] | [_] => Err(wrong("a net has an input and an output".into())),
        _ if widths.contains(&0) => Err(wrong("every width must be at least 1".into())),
        _ => count(widths).ok_or_else(|| wrong(too_many())),
    }
}

fn count(widths: &[usize]) -> Option<usize> {
    let sizes = widths.windows(2).map(|w| w[0].checked_mul(w[1]).and_then(|weights| weights.checked_add(w[1])));
    sizes.into_iter().try_fold(0usize, |sum, size| sum.checked_add(size?)).filter(|count| *count <= MOST)
}

fn too_many() -> String {
    format!("the net would have more than {MOST} parameters")
}

/// Formats the widths; a long list is shortened to its first and last widths.
fn format_widths(widths: &[usize]) -> String {
    match widths {
        [first, second, .., last] if widths.len() > 8 => {
            format!("[{first}, {second}, .., {last}], {} of them", widths.len())
        }
        _ => format!("{widths:?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn impossible_shapes_are_refused_in_a_few_words() {
        assert_eq!(widths(2, Hidden { units: 8, layers: 3 }, 1).unwrap(), [2, 8, 8, 8, 1]);
        let said = |units, layers| widths(2, Hidden { units, layers }, 2).unwrap_err().to_string();
        assert_eq!(said(0, 1), "`hidden` is 0, but it must be at least 1");
        assert_eq!(said(8, 0), "`layers` is 0, but it must be at least 1");
        assert_eq!(said(8, 1_000_000), "`layers` is 1000000, but it must be at most 1000");
        assert_eq!(said(8, usize::MAX), format!("`layers` is {}, but it must be at most 1000", usize::MAX));
        assert!(said(usize::MAX, 2).contains("more than 268435456 parameters"));
        assert!(said(1 << 14, 3).contains("`hidden` is 16384"));
        let long = parameters(&vec![1 << 15; 1 << 15]).unwrap_err().to_string();
        assert!(long.contains("[32768, 32768, .., 32768], 32768 of them") && long.len() < 200, "{long}");
    }
}
