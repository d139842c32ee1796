//! The types of handles: their names in the language and in sentences, and how handles print.

use super::{bridge, coupling, flow, generator, matrix, metric_value, points, run_result, score, table, target};
use crate::language::Type;
use rhai::{Dynamic, Engine};
use sdflow::sinkhorn::Coupling;
use sdflow::table::Table;
use sdflow::target::Target;
use std::any::{TypeId, type_name};
use std::sync::Arc;

/// A handle: its Rust type, its type in the language, and its name in a sentence.
struct Handle {
    type_id: TypeId,
    rust: &'static str,
    of: Type,
    spoken: &'static str,
}

fn handles() -> [Handle; 11] {
    fn handle<T: 'static>(of: Type, spoken: &'static str) -> Handle {
        Handle { type_id: TypeId::of::<T>(), rust: type_name::<T>(), of, spoken }
    }
    [
        handle::<points::Cloud>(Type::Points, "a set of points"),
        handle::<Arc<dyn Target>>(Type::Target, "a target"),
        handle::<score::Recipe>(Type::Score, "a score"),
        handle::<flow::Plan>(Type::Flow, "a flow"),
        handle::<bridge::BridgeHandle>(Type::Bridge, "a bridge"),
        handle::<generator::Model>(Type::Generator, "a generator"),
        handle::<run_result::Done>(Type::Result, "a result"),
        handle::<matrix::Matrix>(Type::Matrix, "a matrix"),
        handle::<metric_value::Reading>(Type::Reading, "a reading"),
        handle::<Arc<Table>>(Type::Table, "a table"),
        handle::<Arc<Coupling>>(Type::Coupling, "a coupling"),
    ]
}

/// Returns the Rust type of a type of the language, if the type is a handle.
pub fn type_id(of: Type) -> Option<TypeId> {
    handles().into_iter().find(|handle| handle.of == of).map(|handle| handle.type_id)
}

/// Returns the type of the language of a value, if the value is a handle.
pub fn type_of(value: &Dynamic) -> Option<Type> {
    handles().into_iter().find(|handle| handle.type_id == value.type_id()).map(|handle| handle.of)
}

/// Returns the name of the type of a value, for a sentence.
pub fn spoken_type(value: &Dynamic) -> &'static str {
    handles().iter().find(|handle| handle.type_id == value.type_id()).map_or("a value", |handle| handle.spoken)
}

/// Returns the name of a type of Rust or of the language, for a sentence.
pub fn spoken(name: &str) -> &str {
    handles().iter().find(|handle| handle.of.name() == name || handle.rust == name).map_or(name, |handle| handle.spoken)
}

/// Registers the names of the handles, how the handles print, and the operators of readings and
/// matrices.
pub fn register(engine: &mut Engine) {
    for handle in handles() {
        engine.register_type_with_name_raw(handle.rust, handle.of.name());
    }
    points::register(engine);
    target::register(engine);
    score::register(engine);
    flow::register(engine);
    bridge::register(engine);
    generator::register(engine);
    run_result::register(engine);
    matrix::register(engine);
    metric_value::register(engine);
    table::register(engine);
    coupling::register(engine);
}
