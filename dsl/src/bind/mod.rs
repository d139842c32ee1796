//! What a script can call: one file per module of the engine, one table for all.

mod density;
pub mod flow;
pub mod generator;
mod idle;
pub mod kernel;
pub mod learned;
pub mod matrix;
pub mod metric;
mod param;
mod part;
mod picture;
pub mod points;
pub mod reading;
pub mod result;
pub mod run;
mod sampler;
mod saying;
mod schedule;
pub mod score;
mod sweep;
mod table;
pub mod target;
mod train;
pub mod velocity;

use crate::Reading;
use crate::call::{Call, Fail};
use crate::context::Context;
use crate::manual::{Entry, manual};
use flow::Plan;
use generator::Model;
use matrix::Matrix;
use points::Cloud;
use result::Done;
use rhai::{Dynamic, Engine};
use score::Recipe;
use sdflow::table::Table;
use sdflow::target::Target;
use std::any::TypeId;
use std::sync::Arc;

/// All entries, one list per file.
pub const ENTRIES: &[&[Entry]] = &[
    param::ENTRIES,
    points::ENTRIES,
    part::ENTRIES,
    target::ENTRIES,
    density::ENTRIES,
    schedule::ENTRIES,
    score::ENTRIES,
    learned::ENTRIES,
    flow::ENTRIES,
    sampler::ENTRIES,
    velocity::ENTRIES,
    generator::ENTRIES,
    run::ENTRIES,
    train::ENTRIES,
    result::ENTRIES,
    sweep::ENTRIES,
    matrix::ENTRIES,
    reading::ENTRIES,
    saying::ENTRIES,
    table::ENTRIES,
    picture::ENTRIES,
];

/// A handle: its Rust type, its name in the language.
struct Handle {
    type_id: TypeId,
    rust: &'static str,
    name: &'static str,
    /// As it stands in a sentence.
    spoken: &'static str,
}

fn handles() -> Vec<Handle> {
    fn handle<T: 'static>(name: &'static str, spoken: &'static str) -> Handle {
        Handle { type_id: TypeId::of::<T>(), rust: std::any::type_name::<T>(), name, spoken }
    }
    vec![
        handle::<Cloud>("points", "a set of points"),
        handle::<Arc<dyn Target>>("target", "a target"),
        handle::<Recipe>("score", "a score"),
        handle::<Plan>("flow", "a flow"),
        handle::<Model>("generator", "a generator"),
        handle::<Done>("result", "a result"),
        handle::<Matrix>("matrix", "a matrix"),
        handle::<Reading>("reading", "a reading"),
        handle::<Arc<Table>>("table", "a table"),
    ]
}

/// A value's type as the language calls it.
pub fn type_name(value: &Dynamic) -> &'static str {
    handles().iter().find(|h| h.type_id == value.type_id()).map_or("a value", |h| h.spoken)
}

/// A type's name as it stands in a sentence.
pub fn spoken(name: &str) -> &str {
    handles().iter().find(|h| h.name == name || h.rust == name).map_or(name, |h| h.spoken)
}

/// Registers every entry of the manual.
pub fn register(engine: &mut Engine, context: &Arc<Context>) {
    let handles = handles();
    for handle in &handles {
        engine.register_type_with_name_raw(handle.rust, handle.name);
    }
    for entry in manual() {
        let receiver = entry.receiver().and_then(|r| handles.iter().find(|h| h.name == r)).map(|h| h.type_id);
        let name = if entry.is_property() { format!("get${}", entry.name) } else { entry.name.to_string() };
        for count in entry.arity() {
            let types: Vec<TypeId> =
                receiver.into_iter().chain(std::iter::repeat_n(TypeId::of::<Dynamic>(), count)).collect();
            let context = Arc::clone(context);
            engine.register_raw_fn(name.as_str(), types, move |native, args| {
                Call::make(entry, &context.here(), &native, args)
            });
        }
    }
    points::register(engine);
    target::register(engine);
    score::register(engine);
    flow::register(engine);
    generator::register(engine);
    result::register(engine);
    matrix::register(engine);
    reading::register(engine);
    table::register(engine);
    error_text(engine);
    if context.dry.is_some() {
        crate::dry::unknown::register(engine, context);
    }
}

/// A caught failure prints its cause.
fn error_text(engine: &mut Engine) {
    engine.register_type_with_name::<Fail>("error");
    engine.register_fn("to_string", |fail: &mut Fail| fail.message.clone());
    engine.register_fn("to_debug", |fail: &mut Fail| fail.message.clone());
}
