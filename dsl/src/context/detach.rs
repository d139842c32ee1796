//! Copies of functions of a script, with all that they have captured.

use crate::language::Fail;
use crate::value::Model;
use rhai::{Array, Dynamic, FnPtr, Map};

/// The largest depth of nested values, where a function counts as one level. Functions can be
/// nested a million levels deep, which is more than the stack allows.
const LEVELS: usize = 100;

/// The largest number of values that a function may hold. A value that is captured twice is copied
/// twice, so a few dozen nested functions could need more copies than any memory holds.
const VALUES: usize = 1_000_000;

/// Returns the function with copies of the variables that it has captured, so that later
/// assignments do not change what it computes.
///
/// # Errors
/// The function holds more than [`VALUES`] values, or more than [`LEVELS`] levels of them.
pub fn detach(function: &FnPtr) -> Result<FnPtr, Fail> {
    Copier { left: VALUES }.function(function, LEVELS)
}

/// Copies at most `left` values.
struct Copier {
    left: usize,
}

impl Copier {
    fn function(&mut self, function: &FnPtr, levels: usize) -> Result<FnPtr, Fail> {
        let mut function = function.clone();
        for captured in function.iter_curry_mut() {
            *captured = self.value(captured, levels)?;
        }
        Ok(function)
    }

    /// Returns a copy that shares no mutable data. A value with more than `levels` levels is an
    /// error.
    fn value(&mut self, value: &Dynamic, levels: usize) -> Result<Dynamic, Fail> {
        let Some(inner) = levels.checked_sub(1) else { return Err(too_deep()) };
        self.left = self.left.checked_sub(1).ok_or_else(too_many)?;
        if let Some(array) = value.read_lock::<Array>() {
            return Ok(array.iter().map(|item| self.value(item, inner)).collect::<Result<Array, Fail>>()?.into());
        }
        if let Some(map) = value.read_lock::<Map>() {
            let copy = map.iter().map(|(key, item)| Ok((key.clone(), self.value(item, inner)?)));
            return Ok(copy.collect::<Result<Map, Fail>>()?.into());
        }
        if let Some(function) = value.read_lock::<FnPtr>() {
            return Ok(self.function(&function, inner)?.into());
        }
        Ok(match value.read_lock::<Model>() {
            Some(model) => Dynamic::from(model.deep_clone()),
            None => value.flatten_clone(),
        })
    }
}

fn too_deep() -> Fail {
    Fail::script(format!("the function holds functions or lists inside each other, more than {LEVELS} levels deep"))
        .hint("capture plain values")
}

fn too_many() -> Fail {
    Fail::script(format!("the function holds more than {VALUES} values")).hint("keep large data in points")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::limits;

    fn function(script: &str) -> FnPtr {
        limits::engine().eval(script).unwrap()
    }

    /// Each of 60 functions captures the function before it twice, so a copy would hold 2^60
    /// functions.
    #[test]
    fn what_a_function_holds_is_bounded() {
        let refusal = |script: &str| detach(&function(script)).map(|_| ()).unwrap_err().message;
        let twice = "let f = || 0; for i in 0..60 { let a = f; let b = f; f = || [a, b]; } f";
        assert!(refusal(twice).contains("more than 1000000 values"));
        let chain = "let f = || 0; for i in 0..1000 { let g = f; f = || g; } f";
        assert!(refusal(chain).contains("more than 100 levels"));
        let copy = detach(&function("let a = [1, [2]]; let k = 2; let g = |x| x + k; || [a, g]")).unwrap();
        assert_eq!(copy.curry().len(), 2);
    }

    #[test]
    fn a_copy_does_not_change_with_the_variable() {
        let engine = limits::engine();
        let ast = engine.compile("let k = 1; let f = || k; [f, || { k = 5; }]").unwrap();
        let made: Array = engine.eval_ast(&ast).unwrap();
        let [f, set] = [0, 1].map(|i| made[i].clone().cast::<FnPtr>());
        let copy = detach(&f).unwrap();
        set.call::<()>(&engine, &ast, ()).unwrap();
        assert_eq!(f.call::<i64>(&engine, &ast, ()).unwrap(), 5);
        assert_eq!(copy.call::<i64>(&engine, &ast, ()).unwrap(), 1);
    }
}
