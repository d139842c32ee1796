//! The values that a host passes into a session and gets back.

use crate::language::{Fail, Type};
use crate::value::{Cloud, Matrix, Model, Plan, Reading, type_of};
use rhai::{Array, Dynamic, FnPtr, Map, Position};
use sdflow::sinkhorn::Coupling;
use sdflow::table::Table;
use sdflow::target::Target;
use sdflow::{Mat, Points};
use std::sync::Arc;

/// A value of the script language, held by a host.
#[derive(Debug, Clone)]
pub struct Value(pub(super) Dynamic);

/// What a [`Value`] is, with its content if the host can represent it.
#[derive(Debug, Clone)]
pub enum Content {
    /// `()`.
    Nothing,
    /// `true` or `false`.
    Truth(bool),
    /// A whole number.
    Whole(i64),
    /// A number.
    Number(f64),
    /// A string.
    Text(String),
    /// An array.
    List(Vec<Value>),
    /// A map, in the order of its keys.
    Map(Vec<(String, Value)>),
    /// Points.
    Points(Arc<Points>),
    /// A matrix.
    Matrix(Arc<Mat<f64>>),
    /// The value of a metric.
    Reading(Reading),
    /// A table.
    Table(Arc<Table>),
    /// A transport plan.
    Coupling(Arc<Coupling>),
    /// A value of another type: a target, a flow, a result and others.
    Handle(Type),
}

/// A function of the host: it takes the arguments of a call and returns a value, or the reason of
/// its failure.
pub type Function = Arc<dyn Fn(Vec<Value>) -> Result<Value, String> + Send + Sync>;

impl Value {
    /// `()`.
    pub fn nothing() -> Value {
        Value(Dynamic::UNIT)
    }

    /// An array.
    pub fn list(items: impl IntoIterator<Item = Value>) -> Value {
        Value(items.into_iter().map(|item| item.0).collect::<Array>().into())
    }

    /// A map.
    pub fn map(pairs: impl IntoIterator<Item = (String, Value)>) -> Value {
        Value(pairs.into_iter().map(|(key, value)| (key.into(), value.0)).collect::<Map>().into())
    }

    /// A function of the host. Any thread may call it.
    pub fn function(function: Function) -> Value {
        let run = move |_: rhai::NativeCallContext, args: &mut [&mut Dynamic]| {
            let args = args.iter().map(|arg| Value((**arg).clone())).collect();
            function(args).map(|value| value.0).map_err(|reason| Fail::script(reason).into_rhai(Position::NONE))
        };
        // Rhai calls this function deprecated although it is not; see its documentation.
        #[allow(deprecated)]
        let made = FnPtr::from_fn("function", run);
        Value(made.map_or(Dynamic::UNIT, Dynamic::from))
    }

    /// Returns a generator with parameters of its own, and any other value as it is.
    pub fn deep_clone(&self) -> Value {
        match self.0.read_lock::<Model>() {
            Some(model) => Value(Dynamic::from(model.deep_clone())),
            None => self.clone(),
        }
    }

    /// Returns the kind and the content of the value.
    pub fn content(&self) -> Content {
        let value = &self.0;
        if let Some(array) = value.read_lock::<Array>() {
            return Content::List(array.iter().cloned().map(Value).collect());
        }
        if let Some(map) = value.read_lock::<Map>() {
            return Content::Map(map.iter().map(|(key, value)| (key.to_string(), Value(value.clone()))).collect());
        }
        if let Some(text) = value.read_lock::<rhai::ImmutableString>() {
            return Content::Text(text.to_string());
        }
        let plain = [
            value.as_bool().map(Content::Truth),
            value.as_int().map(Content::Whole),
            value.as_float().map(Content::Number),
        ];
        if let Some(plain) = plain.into_iter().find_map(Result::ok) {
            return plain;
        }
        match type_of(value) {
            Some(Type::Points) => Content::Points(value.clone().cast::<Cloud>().points),
            Some(Type::Matrix) => Content::Matrix(value.clone().cast::<Matrix>().0),
            Some(Type::Reading) => Content::Reading(value.clone().cast()),
            Some(Type::Coupling) => Content::Coupling(value.clone().cast()),
            Some(Type::Table) => Content::Table(value.clone().cast()),
            Some(handle) => Content::Handle(handle),
            None if value.is_fnptr() => Content::Handle(Type::Function),
            None => Content::Nothing,
        }
    }
}

impl From<bool> for Value {
    fn from(truth: bool) -> Value {
        Value(truth.into())
    }
}

impl From<i64> for Value {
    fn from(whole: i64) -> Value {
        Value(whole.into())
    }
}

impl From<f64> for Value {
    fn from(number: f64) -> Value {
        Value(number.into())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Value {
        Value(text.into())
    }
}

impl Value {
    /// Returns points whose coordinates have these names. If there is not one name for each
    /// coordinate, the coordinates have no names.
    pub fn points(points: Points, columns: Vec<String>) -> Value {
        Value(Dynamic::from(Cloud::new(points).named(&columns.into())))
    }
}

impl Value {
    /// Returns the name of a flow or of a target; None for any other value.
    pub fn name(&self) -> Option<String> {
        let flow = self.0.read_lock::<Plan>().map(|plan| plan.name.to_string());
        flow.or_else(|| self.0.read_lock::<Arc<dyn Target>>().map(|target| target.name()))
    }
}

impl From<Points> for Value {
    fn from(points: Points) -> Value {
        Value(Cloud::value(points))
    }
}

impl From<Mat<f64>> for Value {
    fn from(matrix: Mat<f64>) -> Value {
        Value(Matrix::value(matrix))
    }
}
