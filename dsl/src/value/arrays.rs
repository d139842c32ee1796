//! Replacements for functions of Rhai that order arrays by a closure. Those of Rhai ignore the
//! errors of the closure, and numbers with a fraction that it returns.

use super::{describe, unknown::holds_unknown};
use crate::language::Fail;
use rhai::{Array, Dynamic, Engine, EvalAltResult, FnPtr, NativeCallContext, Position};
use std::cmp::Ordering;

type Made<T> = Result<T, Box<EvalAltResult>>;

/// Registers the replacements.
pub fn register(engine: &mut Engine) {
    for name in ["sort", "sort_by"] {
        engine.register_fn(name, sort);
    }
    for name in ["order", "order_by"] {
        engine.register_fn(name, |context: NativeCallContext, array: &mut Array, comparison: FnPtr| -> Made<Array> {
            let mut sorted = array.clone();
            sort(context, &mut sorted, comparison)?;
            Ok(sorted)
        });
    }
    engine.register_fn("dedup", dedup);
}

/// Sorts by a closure, which returns a number below 0, or true, if its first argument comes first.
/// Equal elements keep their order. If the closure fails, the array stays as it was.
fn sort(context: NativeCallContext, array: &mut Array, comparison: FnPtr) -> Made<()> {
    let compare = |a: usize, b: usize| {
        let result = comparison.call_raw(&context, None, [array[a].clone(), array[b].clone()])?;
        order_of(&result).ok_or_else(|| refused("sort", &result, "a number or a boolean", "values.sort(|a, b| a - b)"))
    };
    let mut order: Vec<usize> = (0..array.len()).collect();
    let mut merged = Vec::with_capacity(order.len());
    let mut width = 1;
    while width < order.len() {
        for pair in order.chunks(2 * width) {
            let (left, right) = pair.split_at(width.min(pair.len()));
            let (mut i, mut j) = (0, 0);
            while i < left.len() && j < right.len() {
                if compare(right[j], left[i])? == Ordering::Less {
                    merged.push(right[j]);
                    j += 1;
                } else {
                    merged.push(left[i]);
                    i += 1;
                }
            }
            merged.extend_from_slice(&left[i..]);
            merged.extend_from_slice(&right[j..]);
        }
        std::mem::swap(&mut order, &mut merged);
        merged.clear();
        width *= 2;
    }
    *array = order.into_iter().map(|i| std::mem::take(&mut array[i])).collect();
    Ok(())
}

/// Removes each element that a closure finds equal to the one before it.
fn dedup(context: NativeCallContext, array: &mut Array, comparison: FnPtr) -> Made<()> {
    let mut kept: Vec<usize> = Vec::with_capacity(array.len());
    for i in 0..array.len() {
        if let Some(&last) = kept.last() {
            let result = comparison.call_raw(&context, None, [array[last].clone(), array[i].clone()])?;
            match result.as_bool() {
                Ok(true) => continue,
                Ok(false) => {}
                Err(_) if holds_unknown(&result) => {}
                Err(_) => return Err(refused("dedup", &result, "a boolean", "values.dedup(|a, b| a == b)")),
            }
        }
        kept.push(i);
    }
    *array = kept.into_iter().map(|i| std::mem::take(&mut array[i])).collect();
    Ok(())
}

/// The order of two elements by the result of a comparison; a value that is not known before the
/// run decides nothing.
fn order_of(result: &Dynamic) -> Option<Ordering> {
    if holds_unknown(result) {
        return Some(Ordering::Equal);
    }
    let by_number = || result.as_float().ok().or_else(|| result.as_int().ok().map(|i| i as f64))?.partial_cmp(&0.0);
    let by_truth = |first: bool| if first { Ordering::Less } else { Ordering::Greater };
    by_number().or_else(|| result.as_bool().ok().map(by_truth))
}

fn refused(name: &str, result: &Dynamic, want: &str, example: &str) -> Box<EvalAltResult> {
    let has_no_order = result.as_float().is_ok_and(f64::is_nan);
    let seen = if has_no_order { "NaN, which has no order".into() } else { describe(result) };
    let fail = Fail::script(format!("the closure given to `{name}` returned {seen}, but {want} is expected"));
    fail.hint(format!("for example {example}")).into_rhai(Position::NONE)
}

#[cfg(test)]
mod tests {
    use crate::language::{Fail, limits};
    use rhai::{Dynamic, EvalAltResult};

    fn value(script: &str) -> Result<String, String> {
        let mut engine = limits::engine();
        super::register(&mut engine);
        let made = engine.eval::<Dynamic>(script);
        made.map(|value| value.to_string()).map_err(|error| match *error {
            EvalAltResult::ErrorRuntime(ref token, _) if token.is::<Fail>() => token.clone_cast::<Fail>().message,
            other => format!("{other:?}"),
        })
    }

    #[test]
    fn any_number_or_truth_orders() {
        for (script, want) in [
            ("let a = [3.5, 1.0, 2.2]; a.sort(|x, y| x - y); a", "[1.0, 2.2, 3.5]"),
            ("let a = [3, 1, 2]; a.sort(|x, y| y - x); a", "[3, 2, 1]"),
            ("let a = [2.5, 0.5, 1.5, 1.5]; a.sort_by(|x, y| x < y); a", "[0.5, 1.5, 1.5, 2.5]"),
            ("let a = [0.2, 0.1]; let b = a.order(|x, y| x - y); [a, b]", "[[0.2, 0.1], [0.1, 0.2]]"),
            (
                "let a = [[1, 2], [0, 3], [1, 1], [0, 4]]; a.sort(|x, y| x[0] - y[0]); a",
                "[[0, 3], [0, 4], [1, 2], [1, 1]]",
            ),
            ("let a = []; a.sort(|x, y| x - y); a", "[]"),
            ("let a = [1, 1, 2, 1, 1]; a.dedup(|x, y| x == y); a", "[1, 2, 1]"),
            ("let a = [1, 2, 3, 5, 4]; a.dedup(|before, x| x - before < 2); a", "[1, 3, 5]"),
        ] {
            assert_eq!(value(script).unwrap(), want, "{script}");
        }
    }

    /// The order does not depend on the number of elements.
    #[test]
    fn every_length_is_sorted() {
        for n in 0..70 {
            let script = format!(
                "let a = []; for i in 0..{n} {{ a.push((i * 37 + 11) % 71 + 0.5); }} let b = a; a.sort(|x, y| x - y);
                 b.sort(); a == b"
            );
            assert_eq!(value(&script).unwrap(), "true", "{n}");
        }
    }

    #[test]
    fn errors_of_the_closure_are_told() {
        for (script, want) in [
            ("let a = [3, 1]; a.sort(|x, y| { throw \"bad\" });", "bad"),
            ("let a = [3, 1]; a.dedup(|x, y| { throw \"bad\" });", "bad"),
            ("let a = [3, 1]; a.sort(|x, y| \"less\");", "`sort` returned"),
            ("let a = [3, 1]; a.sort(|x, y| 0.0 / 0.0);", "`sort` returned"),
            ("let a = [3, 1]; a.dedup(|x, y| 1);", "`dedup` returned"),
            ("let a = [3, 1, 2]; a.sort(|x, y| { loop {} 1 });", "Operations"),
        ] {
            let told = value(script).unwrap_err();
            assert!(told.contains(want), "{script}: {told}");
        }
    }
}
