//! Parameters.

use crate::call::{Call, Entry, function};
use crate::context::{as_dynamic, as_value};
use crate::language::{At, Fail, Fault, Kind, Type, arg};
use rhai::Dynamic;

/// The types of a parameter.
const PLAIN: Type = Type::OneOf(&[Type::Truth, Type::Whole, Type::Number, Type::Text]);

pub const ENTRIES: &[Entry] = &[function(
    "param",
    Kind::Parameter,
    &[arg("name", Type::Text), arg("default", Type::OneOf(&[Type::Truth, Type::Number, Type::Text]))],
    PLAIN,
    value,
)
.returned(
    "the value given by `-p name=value`; otherwise that of the environment variable \
     `SDFLOW_P_<NAME>`; otherwise the default",
)
.about(
    "Declares a parameter of the script. The value takes the type of the default: a whole number, \
     a number, true or false, or a string. The name must be a literal string, so that the \
     parameters can be listed without running the script. `seed` is reserved: `-p seed=3` sets the \
     seed of all random numbers.",
)
.example(
    "let dim = param(\"dim\", 8);\n\
     let sigma = param(\"sigma\", 0.5);\n\
     print(`${dim} dimensions, sigma ${sigma}`);",
)];

fn value(call: &Call) -> Result<Dynamic, Fail> {
    let name = call.text(0)?;
    let Some(default) = as_value(call.arg(1)?) else {
        return Err(call.wrong(1, "a whole number, a number, true or false, or a string"));
    };
    let param = call.context.given.value(&name, &default).map_err(|d| Fail {
        kind: Fault::Usage,
        hint: d.hint,
        at: At::Argument(1),
        ..Fail::script(d.message)
    })?;
    call.context.record_parameter(&name, &param);
    Ok(as_dynamic(&param.value))
}
