//! Values of the script language as Python holds them.

use crate::refused;
use crate::watched::inside;
use crate::{array, session};
use numpy::{PyArray1, PyArrayMethods, PyUntypedArrayMethods};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyFloat, PyInt, PyList, PyString, PyTuple};
use sdflow::table::Cell;
use sdflow::{Mat, Points};
use sdflow_dsl::session::{Content, Value};
use std::sync::Arc;

/// The deepest nesting of lists and maps in an argument.
const DEPTH: usize = 64;

/// A value of the language that has no equivalent in Python: points, a target, a flow, a result.
#[pyclass(frozen, module = "sdflow._engine")]
pub struct Handle {
    pub value: Value,
}

#[pymethods]
impl Handle {
    /// The name of its type, such as "flow".
    #[getter]
    fn kind(&self) -> &'static str {
        match self.value.content() {
            Content::Points(_) => "points",
            Content::Reading(_) => "reading",
            Content::Table(_) => "table",
            Content::Coupling(_) => "coupling",
            Content::Handle(of) => of.name(),
            _ => "value",
        }
    }

    /// The name of a flow or of a target; None for another value.
    fn name(&self) -> Option<String> {
        self.value.name()
    }

    /// Points as an array, n x dim; None for another value.
    fn array<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        match self.value.content() {
            Content::Points(points) => Ok(Some(array::of_points(py, &points)?.into_any())),
            _ => Ok(None),
        }
    }

    /// The number of points and of their coordinates; None for another value.
    fn shape(&self) -> Option<(usize, usize)> {
        match self.value.content() {
            Content::Points(points) => Some((points.n(), points.dim())),
            _ => None,
        }
    }

    /// A copy with parameters of its own, for a generator; the same value otherwise.
    fn copy(&self) -> Handle {
        Handle { value: self.value.deep_clone() }
    }

    /// Rows `rows` of a transport plan, an array with a column for each point of the second side;
    /// None for another value.
    fn plan_rows<'py>(&self, py: Python<'py>, rows: Vec<usize>) -> PyResult<Option<Bound<'py, PyAny>>> {
        let Content::Coupling(coupling) = self.value.content() else { return Ok(None) };
        let columns = coupling.sizes().1;
        let mass = |i: &usize| (0..columns).map(|j| coupling.plan(*i, j)).collect::<Result<Vec<f64>, _>>();
        let data: Result<Vec<Vec<f64>>, _> = py.detach(|| rows.iter().map(mass).collect());
        let data = data.map_err(|error| crate::refused(error.to_string()))?;
        Ok(Some(PyArray1::from_vec(py, data.concat()).reshape([rows.len(), columns])?.into_any()))
    }

    /// The sizes of both sides of a transport plan; None for another value.
    fn plan_shape(&self) -> Option<(usize, usize)> {
        match self.value.content() {
            Content::Coupling(coupling) => Some(coupling.sizes()),
            _ => None,
        }
    }

    /// Points from an array or a list of rows; `name` names it in messages.
    #[staticmethod]
    fn of_array(object: &Bound<'_, PyAny>, name: &str) -> PyResult<Handle> {
        let points = array::points(object, name)?;
        Ok(Handle { value: Value::points(points, columns_of(object)) })
    }

    /// The value of a metric: value, standard error, noise floor and parts; None for another value.
    fn reading<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyTuple>>> {
        let Content::Reading(reading) = self.value.content() else { return Ok(None) };
        let fields = (reading.value, reading.se, reading.floor, reading.parts);
        fields.into_pyobject(py).map(Some)
    }

    /// The columns of a table in order, with their cells; None for another value.
    fn columns<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyDict>>> {
        let Content::Table(table) = self.value.content() else { return Ok(None) };
        let columns = PyDict::new(py);
        for name in table.columns() {
            let cells = (0..table.n()).map(|row| match table.cell(row, name) {
                Cell::Number(x) | Cell::Estimate { value: x, .. } => PyFloat::new(py, *x).into_any(),
                Cell::Text(x) => PyString::new(py, x).into_any(),
                Cell::Empty => py.None().into_bound(py),
            });
            columns.set_item(name, PyList::new(py, cells.collect::<Vec<_>>())?)?;
        }
        Ok(Some(columns))
    }
}

/// The form in which an argument wants arrays; other forms are read as they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// Points.
    Points,
    /// A matrix, or lists of rows.
    Matrix,
    /// Lists of numbers.
    Lists,
    /// Points for an array with two axes, and lists of numbers for any other.
    PointsOrLists,
    /// The result of a function: points, or numbers.
    Result,
}

/// Returns `object` as a value of the language; `name` names it in messages.
///
/// # Errors
/// It has no counterpart in the language.
pub fn to_value(object: &Bound<'_, PyAny>, name: &str, wanted: Wanted) -> PyResult<Value> {
    nested(object, name, wanted, DEPTH)
}

fn nested(object: &Bound<'_, PyAny>, name: &str, wanted: Wanted, depth: usize) -> PyResult<Value> {
    let Some(depth) = depth.checked_sub(1) else {
        return Err(refused(format!("`{name}` has lists inside each other, more than {DEPTH} deep")));
    };
    if object.is_none() {
        return Ok(Value::nothing());
    }
    if let Some(value) = held(object) {
        return Ok(value);
    }
    if let Ok(truth) = object.cast::<PyBool>() {
        return Ok(truth.is_true().into());
    }
    if object.is_instance_of::<PyInt>() {
        let whole: i64 = object.extract().map_err(|_| refused(format!("`{name}` does not fit 64 bits")))?;
        return Ok(whole.into());
    }
    if object.is_instance_of::<PyFloat>() {
        return Ok(object.extract::<f64>()?.into());
    }
    if let Ok(text) = object.cast::<PyString>() {
        return Ok(text.to_string().into());
    }
    if let Ok(map) = object.cast::<PyDict>() {
        let pair = |(key, item): (Bound<'_, PyAny>, Bound<'_, PyAny>)| {
            let key: String = key.extract().map_err(|_| {
                PyTypeError::new_err(format!("`{name}` is a dictionary with a key that is not a string"))
            })?;
            let item = nested(&item, &key, within(wanted), depth)?;
            Ok((key, item))
        };
        return Ok(Value::map(map.iter().map(pair).collect::<PyResult<Vec<_>>>()?));
    }
    let is_list = object.is_instance_of::<PyList>() || object.is_instance_of::<PyTuple>();
    if array::is_array(object) || (is_list && wanted == Wanted::Points && holds_rows(object)) {
        return of_array(object, name, wanted);
    }
    if is_list {
        let items = object.try_iter()?.map(|item| nested(&item?, name, within(wanted), depth));
        return Ok(Value::list(items.collect::<PyResult<Vec<_>>>()?));
    }
    if object.is_callable() {
        return function(object);
    }
    if object.hasattr("__fspath__")? {
        return Ok(object.call_method0("__fspath__")?.extract::<String>()?.into());
    }
    let seen = object.get_type().name()?;
    Err(PyTypeError::new_err(format!("`{name}` is a {seen}, which sdflow cannot use")))
}

/// Returns the value that an object of the package, or its handle, holds.
fn held(object: &Bound<'_, PyAny>) -> Option<Value> {
    let handle = match object.cast::<Handle>() {
        Ok(handle) => handle.clone(),
        Err(_) => object.getattr("_handle").ok()?.cast_into::<Handle>().ok()?,
    };
    Some(handle.get().value.clone())
}

/// The form of arrays inside a list or a dictionary.
fn within(wanted: Wanted) -> Wanted {
    if wanted == Wanted::Matrix { Wanted::Lists } else { wanted }
}

/// True for a list whose first element is a row: an array, or a list of numbers.
fn holds_rows(list: &Bound<'_, PyAny>) -> bool {
    let is_list = |row: &Bound<'_, PyAny>| row.is_instance_of::<PyList>() || row.is_instance_of::<PyTuple>();
    let is_number = |x: Bound<'_, PyAny>| x.hasattr("__float__").unwrap_or(false);
    list.get_item(0).is_ok_and(|row| match is_list(&row) {
        true => row.get_item(0).is_ok_and(is_number),
        false => array::is_array(&row) && held(&row).is_none(),
    })
}

/// Returns an array in the form that is wanted. An array without axes is a number.
fn of_array(object: &Bound<'_, PyAny>, name: &str, wanted: Wanted) -> PyResult<Value> {
    let array = array::as_array(object)?;
    match (array.ndim(), wanted) {
        (0, _) => nested(&array.call_method0("item")?, name, wanted, 1),
        (2, Wanted::Matrix) => {
            let (data, shape) = array::numbers(&array, name)?;
            Ok(Mat::from_fn(shape[0], shape[1], |i, j| data[i * shape[1] + j]).into())
        }
        // A result with two axes is a set of points.
        (_, Wanted::Points) | (2, Wanted::Result | Wanted::PointsOrLists) => {
            let points = array::points_of_array(&array, name)?;
            Ok(Value::points(points, columns_of(object)))
        }
        // The elements may be labels, weights or a mean.
        _ => nested(&array.call_method0("tolist")?, name, Wanted::Lists, DEPTH),
    }
}

/// Returns the names of the columns of a data frame; none for another object.
fn columns_of(object: &Bound<'_, PyAny>) -> Vec<String> {
    let columns = object.getattr("columns").and_then(|columns| columns.try_iter());
    let names = columns.and_then(|columns| columns.map(|name| name?.extract()).collect::<PyResult<Vec<String>>>());
    names.unwrap_or_default()
}

/// Returns a function of Python as a value. It is called with arrays for points, and with the
/// context variables that hold here, among them the session.
fn function(function: &Bound<'_, PyAny>) -> PyResult<Value> {
    let context = function.py().import("contextvars")?.call_method0("copy_context")?.unbind();
    let function = function.clone().unbind();
    Ok(Value::function(Arc::new(move |args| {
        Python::attach(|py| {
            let call = || -> PyResult<Value> {
                let first = [Ok(function.bind(py).clone())];
                let args = first.into_iter().chain(args.iter().map(|arg| argument(py, arg)));
                let args = PyTuple::new(py, args.collect::<PyResult<Vec<_>>>()?)?;
                // A context can be entered once at a time, so each call has its own copy.
                let made = context.bind(py).call_method0("copy")?.call_method1("run", args)?;
                to_value(&made, "the result of the function", Wanted::Result)
            };
            inside(call).map_err(session::kept_exception)
        })
    })))
}

/// Returns an argument of a function of Python: an array for points.
fn argument<'py>(py: Python<'py>, value: &Value) -> PyResult<Bound<'py, PyAny>> {
    match value.content() {
        Content::Points(points) => Ok(array::of_points(py, &points)?.into_any()),
        _ => of_value(py, value.clone()),
    }
}

/// Returns a value of the language as an object of Python.
pub fn of_value(py: Python<'_>, value: Value) -> PyResult<Bound<'_, PyAny>> {
    Ok(match value.content() {
        Content::Nothing => py.None().into_bound(py),
        Content::Truth(x) => PyBool::new(py, x).to_owned().into_any(),
        Content::Whole(x) => x.into_pyobject(py)?.into_any(),
        Content::Number(x) => x.into_pyobject(py)?.into_any(),
        Content::Text(x) => x.into_pyobject(py)?.into_any(),
        Content::List(items) => {
            let items = items.into_iter().map(|item| of_value(py, item)).collect::<PyResult<Vec<_>>>()?;
            PyList::new(py, items)?.into_any()
        }
        Content::Map(pairs) => {
            let map = PyDict::new(py);
            for (key, item) in pairs {
                map.set_item(key, of_value(py, item)?)?;
            }
            map.into_any()
        }
        Content::Matrix(matrix) => array::of_matrix(py, &matrix)?.into_any(),
        Content::Points(_) | Content::Reading(_) | Content::Table(_) | Content::Coupling(_) | Content::Handle(_) => {
            Bound::new(py, Handle { value })?.into_any()
        }
    })
}

/// Returns an argument as points: those of a handle, or those of an array.
pub fn points_of(object: &Bound<'_, PyAny>, name: &str) -> PyResult<Arc<Points>> {
    match held(object).map(|value| value.content()) {
        Some(Content::Points(points)) => Ok(points),
        Some(Content::Handle(of)) => {
            let hint = if of.name() == "target" { ": use a sample, target.sample(1000)" } else { "" };
            Err(refused(format!("`{name}` is a {}, but points are expected{hint}", of.name())))
        }
        _ => array::points(object, name).map(Arc::new),
    }
}
