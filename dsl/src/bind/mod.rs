//! The functions of the script language: one file for each kind, one table for all.

mod animation;
mod arguments;
mod bridge;
mod bridge_learned;
mod bridge_method;
mod bridge_metric;
mod chain_summary;
mod checks;
mod density;
mod ending;
mod field;
mod first_training;
mod fitted_mixture;
mod flow;
mod generator;
mod kernel;
mod learned_score;
mod matrix;
mod metric;
mod metric_value;
mod param;
mod picture;
mod picture_density;
mod picture_options;
mod picture_sets;
mod picture_tables;
mod points;
mod points_ops;
mod run;
mod run_result;
mod sampler;
mod schedule;
mod score;
mod sinkhorn;
mod smc;
mod stepping;
mod sweep;
mod table;
mod target;
mod train;
mod training_job;
mod unused_options;

pub use picture::DRAWN_AS;
pub use table::SAVED;

use crate::call::{Call, Entry};
use crate::context::Context;
use crate::language::{Fail, deprecated};
use crate::value;
use rhai::{Dynamic, Engine, EvalAltResult, NativeCallContext};
use std::any::TypeId;
use std::sync::{Arc, LazyLock};

/// The entries of each file.
const LISTS: &[&[Entry]] = &[
    param::ENTRIES,
    points::ENTRIES,
    points_ops::ENTRIES,
    target::ENTRIES,
    fitted_mixture::ENTRIES,
    density::ENTRIES,
    schedule::ENTRIES,
    score::ENTRIES,
    learned_score::ENTRIES,
    flow::ENTRIES,
    sampler::ENTRIES,
    smc::ENTRIES,
    field::ENTRIES,
    bridge::ENTRIES,
    bridge_learned::ENTRIES,
    bridge_method::ENTRIES,
    bridge_metric::ENTRIES,
    generator::ENTRIES,
    run::ENTRIES,
    train::ENTRIES,
    run_result::ENTRIES,
    sweep::ENTRIES,
    matrix::ENTRIES,
    metric_value::ENTRIES,
    chain_summary::ENTRIES,
    sinkhorn::ENTRIES,
    checks::ENTRIES,
    table::ENTRIES,
    picture::ENTRIES,
    animation::ENTRIES,
];

/// Returns all entries, by kind and in the order of the manual.
pub fn entries() -> &'static [&'static Entry] {
    static ALL: LazyLock<Vec<&'static Entry>> = LazyLock::new(|| {
        let mut all: Vec<&'static Entry> = LISTS.iter().flat_map(|list| list.iter()).collect();
        all.extend(kernel::entries());
        all.extend(metric::entries());
        all.sort_by_key(|entry| entry.kind);
        all
    });
    &ALL
}

/// Registers all entries, bound to `context`.
pub fn register(engine: &mut Engine, context: &Arc<Context>) {
    value::register(engine);
    value::arrays::register(engine);
    for entry in entries() {
        let receiver = entry.receiver.and_then(value::type_id);
        let name = if entry.is_property { format!("get${}", entry.name) } else { entry.name.to_string() };
        for count in entry.arity() {
            let types: Vec<TypeId> =
                receiver.into_iter().chain(std::iter::repeat_n(TypeId::of::<Dynamic>(), count)).collect();
            if let Some(old) = deprecated::earlier_function(entry.name) {
                let context = Arc::clone(context);
                engine.register_raw_fn(old, types.clone(), move |native, args| {
                    context.caution(&renamed(old, entry), native.call_position());
                    call(entry, &context, &native, args)
                });
            }
            let context = Arc::clone(context);
            engine.register_raw_fn(name.as_str(), types, move |native, args| call(entry, &context, &native, args));
        }
    }
    error_text(engine);
    context.mode.register(engine);
}

/// Calls `entry` for `context`.
///
/// # Errors
/// Those of the function, as errors of Rhai.
pub fn call(
    entry: &'static Entry,
    context: &Context,
    native: &NativeCallContext,
    args: &mut [&mut Dynamic],
) -> Result<Dynamic, Box<EvalAltResult>> {
    Call::make(&entry.signature, entry.run, context, native, args)
}

/// The warning about the former name `old` of `entry`.
fn renamed(old: &str, entry: &Entry) -> Fail {
    let fail =
        Fail::script(format!("`{old}` is the old name of a function")).hint(format!("write {}", entry.synopsis()));
    Fail { see: Some(entry.name), ..fail }
}

/// Registers how a failure that a script has caught is printed: as its message.
fn error_text(engine: &mut Engine) {
    engine.register_type_with_name::<Fail>("error");
    engine.register_fn("to_string", |fail: &mut Fail| fail.message.clone());
    engine.register_fn("to_debug", |fail: &mut Fail| fail.message.clone());
}
