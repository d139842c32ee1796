//! Arrays of numpy as points, and points as arrays.

use crate::refused;
use numpy::{
    PyArray1, PyArray2, PyArrayDescrMethods, PyArrayMethods, PyReadonlyArrayDyn, PyUntypedArray, PyUntypedArrayMethods,
};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use sdflow::{Mat, Points};

/// Returns `object` as an array of numpy: an array of any library that offers `__array__` or
/// `__dlpack__`, or a list of numbers or of rows.
pub fn as_array<'py>(object: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyUntypedArray>> {
    if let Ok(array) = object.cast_exact::<PyUntypedArray>() {
        return Ok(array.clone());
    }
    let numpy = object.py().import("numpy")?;
    let is_masked = object.hasattr("mask")? && numpy.getattr("ma")?.call_method1("is_masked", (object,))?.extract()?;
    if is_masked {
        return Err(refused("an array has masked values: leave those rows out"));
    }
    let by_array = object.hasattr("__array__")? || !object.hasattr("__dlpack__")?;
    let made = numpy.getattr(if by_array { "asarray" } else { "from_dlpack" })?.call1((object,))?;
    Ok(made.cast_into()?)
}

/// True if `object` is an array of some library, not a list.
pub fn is_array(object: &Bound<'_, PyAny>) -> bool {
    object.cast::<PyUntypedArray>().is_ok()
        || object.hasattr("__array__").unwrap_or(false)
        || object.hasattr("__dlpack__").unwrap_or(false)
}

/// Returns the numbers of an array in C order, with its shape; `name` names it in messages.
pub fn numbers(array: &Bound<'_, PyUntypedArray>, name: &str) -> PyResult<(Vec<f64>, Vec<usize>)> {
    let shape = array.shape().to_vec();
    let kind = char::from(array.dtype().kind());
    // Columns of a table of several types arrive as objects.
    if !"biufO".contains(kind) {
        let seen = array.dtype().str()?;
        let message = format!("`{name}` is an array of {seen}, but an array of real numbers is expected");
        return Err(PyTypeError::new_err(message));
    }
    let numpy = array.py().import("numpy")?;
    let plain = numpy.call_method1("ascontiguousarray", (array, numpy.getattr("float64")?));
    let plain = plain.map_err(|error| PyTypeError::new_err(format!("`{name}` does not hold real numbers: {error}")))?;
    let plain: PyReadonlyArrayDyn<'_, f64> = plain.extract()?;
    Ok((plain.as_slice()?.to_vec(), shape))
}

/// Returns `object`, an array or a list of rows, as points.
pub fn points(object: &Bound<'_, PyAny>, name: &str) -> PyResult<Points> {
    let array = as_array(object);
    // An error of numpy, such as that for rows of several lengths, does not name the argument.
    let told = |error: PyErr| match error.is_instance_of::<PyValueError>(object.py()) {
        true => refused(format!("`{name}` cannot be read as points: {}", error.value(object.py()))),
        false => error,
    };
    points_of_array(&array.map_err(told)?, name)
}

/// Returns an array with two axes as points.
pub fn points_of_array(array: &Bound<'_, PyUntypedArray>, name: &str) -> PyResult<Points> {
    let (data, shape) = numbers(array, name)?;
    let [_, dim] = shape[..] else {
        let written = shape.iter().map(usize::to_string).collect::<Vec<_>>().join(", ");
        let hint = match shape.len() {
            0 => String::new(),
            1 => format!(": write {name}.reshape(-1, 1) for points on a line"),
            _ => format!(": write {name}.reshape(len({name}), -1) for one row per point"),
        };
        let message = format!("`{name}` has the shape ({written}), but points have the shape (n, dim){hint}");
        return Err(refused(message));
    };
    let what = format!("`{name}`");
    // With larger coordinates, the squares in later results would be infinite.
    let checked = Points::new(data, dim, &what).and_then(|points| points.check_squares(&what).map(|()| points));
    checked.map_err(|error| refused(error.to_string()))
}

/// Returns points as an array, n x dim.
pub fn of_points<'py>(py: Python<'py>, points: &Points) -> PyResult<Bound<'py, PyArray2<f64>>> {
    PyArray1::from_slice(py, points.data()).reshape([points.n(), points.dim()])
}

/// Returns points that are not needed any more as an array, n x dim.
pub fn into_array<'py>(py: Python<'py>, points: Points) -> PyResult<Bound<'py, PyArray2<f64>>> {
    let shape = [points.n(), points.dim()];
    PyArray1::from_vec(py, points.into_data()).reshape(shape)
}

/// Returns a matrix as an array.
pub fn of_matrix<'py>(py: Python<'py>, matrix: &Mat<f64>) -> PyResult<Bound<'py, PyArray2<f64>>> {
    let (rows, columns) = (matrix.nrows(), matrix.ncols());
    let data: Vec<f64> = (0..rows).flat_map(|i| (0..columns).map(move |j| matrix[(i, j)])).collect();
    PyArray1::from_vec(py, data).reshape([rows, columns])
}
