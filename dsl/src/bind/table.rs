//! Tables, and saving what can be saved.

use crate::Reading;
use crate::bind::learned;
use crate::bind::points::{Cloud, number, numbers};
use crate::call::{At, Call, Fail, described};
use crate::manual::{Entry, Kind};
use rhai::{Dynamic, Engine, Map};
use sdflow::io;
use sdflow::table::{Cell, Table};
use std::path::Path;
use std::sync::Arc;

pub const ENTRIES: &[Entry] = &[
    Entry {
        name: "table",
        kind: Kind::Saying,
        signature: "table(rows)",
        returns: "a table",
        about: "Makes a table of an array of maps, one per row: a map's keys are columns (words first, then in the order of their names), its values numbers, readings, words or \
                truth values. Prints it, aligned.",
        options: &[],
        names: &[],
        example: "let t = table([#{flow: \"SD\", energy: 0.01}, #{flow: \"MMD\", energy: 0.2}]);\nsave(t, \"flows.csv\");",
        call: table,
    },
    Entry {
        name: "n",
        kind: Kind::Saying,
        signature: "table.n",
        returns: "a whole number",
        about: "The number of rows.",
        options: &[],
        names: &[],
        example: "print(table([#{a: 1}]).n);",
        call: |call| Ok((call.receiver::<Arc<Table>>()?.n() as i64).into()),
    },
    Entry {
        name: "column",
        kind: Kind::Saying,
        signature: "table.column(name)",
        returns: "an array of numbers",
        about: "The values of a column; what is not a number is NaN.",
        options: &[],
        names: &[],
        example: "print(table([#{a: 1}, #{a: 2}]).column(\"a\"));",
        call: |call| {
            let table: Arc<Table> = call.receiver()?;
            Ok(numbers(&table.values(&existing(&table, call.text(1)?).map_err(|f| f.at(At::Argument(1)))?)))
        },
    },
    Entry {
        name: "save",
        kind: Kind::Saying,
        signature: "save(what, file)",
        returns: "nothing",
        about: "Writes points (`.npy`, `.csv`), a table (`.csv`, `.json`, `.md`), or a generator or the denoiser of a target \
                (`.safetensors`, f32, with the names that torch gives the layers of an `nn.Sequential`) into the run folder. A \
                bare name goes into `samples/` for points, `tables/` for tables and `models/` for models.",
        options: &[],
        names: &[],
        example: "save(normal(10, 2), \"start.npy\");",
        call: save,
    },
];

fn table(call: &Call) -> Result<Dynamic, Fail> {
    let mut table = Table::default();
    for (i, row) in call.array(0)?.into_iter().enumerate() {
        let Some(map) = row.clone().try_cast::<Map>() else {
            return Err(call.bad(
                0,
                format!("has {} as row {i}", described(&row)),
                "each row is a map: #{energy: 0.1}",
            ));
        };
        let cells = map.iter().map(|(name, value)| cell(name, value, i).map(|cell| (name.to_string(), cell)));
        let mut cells = cells.collect::<Result<Vec<_>, _>>().map_err(|f| f.at(At::Argument(0)))?;
        // A map's keys come sorted; what names a row is read first.
        cells.sort_by_key(|(_, cell)| !matches!(cell, Cell::Text(_)));
        table.push(cells);
    }
    match call.context.dry {
        None => call.context.print(table.text().trim_end()),
        Some(_) => {
            call.context.print(&format!("a table of {} rows: {}", table.n(), table.columns().join(", ")));
        }
    }
    Ok(Dynamic::from(Arc::new(table)))
}

fn cell(name: &str, value: &Dynamic, row: usize) -> Result<Cell, Fail> {
    if let Some(reading) = value.clone().try_cast::<Reading>() {
        return Ok(match reading.se {
            Some(se) => Cell::Estimate { value: reading.value, se },
            None => Cell::Number(reading.value),
        });
    }
    if let Some(number) = number(value) {
        return Ok(Cell::Number(number));
    }
    match value.type_name() {
        "()" => Ok(Cell::Empty),
        "string" | "bool" | "char" => Ok(Cell::Text(value.to_string())),
        _ => {
            let message =
                format!("`{name}` in row {row} is {}, but a number, a reading or a word is wanted", described(value));
            Err(Fail::script(message))
        }
    }
}

/// The name of a column that the table has.
pub fn existing(table: &Table, name: String) -> Result<String, Fail> {
    if table.columns().contains(&name) {
        return Ok(name);
    }
    let fail = Fail::script(format!("the table has no column `{name}`"));
    Err(match sdflow::nearest(&name, table.columns().iter().map(String::as_str)) {
        Some(near) => fail.hint(format!("did you mean \"{near}\"?")),
        None => fail.hint(format!("its columns are {}", table.columns().join(", "))),
    })
}

fn save(call: &Call) -> Result<Dynamic, Fail> {
    let (what, name) = (call.arg(0)?.clone(), call.text(1)?);
    let dry = call.context.dry.is_some();
    let ending = Path::new(&name).extension().and_then(|e| e.to_str()).unwrap_or_default().to_lowercase();
    let file = |section: &str, known: &[&str]| match known.contains(&ending.as_str()) {
        true => call.context.writable(&name, section).map_err(|f| f.at(At::Argument(1))),
        false => {
            Err(call.bad(1, format!("is {name:?}"), &format!("a name that ends in .{} is wanted", known.join(" or ."))))
        }
    };
    let path = if let Some(cloud) = what.clone().try_cast::<Cloud>() {
        let path = file("samples", &["npy", "csv"])?;
        match ending.as_str() {
            _ if dry => Ok(()),
            "npy" => io::save_npy(&path, &cloud.points),
            _ => io::save_csv(&path, None, &cloud.points),
        }
        .map_err(|e| call.place(e))?;
        path
    } else if let Some(table) = what.try_cast::<Arc<Table>>() {
        let path = file("tables", &["csv", "json", "md"])?;
        let text = match ending.as_str() {
            "csv" => table.csv().map_err(|e| call.place(e))?,
            "json" => format!("{:#}\n", table.json()),
            _ => table.markdown(),
        };
        if !dry {
            io::write_atomic(&path, |out| out.write_all(text.as_bytes())).map_err(|e| call.place(e))?;
        }
        path
    } else if let Some(saves) = learned::saver(&call.arg(0)?.clone()) {
        let path = file("models", &["safetensors"])?;
        match &call.context.dry {
            Some(dry) => dry.save(path.clone(), call.arg(0)?.clone()),
            None => saves(&path).map_err(|e| call.place(e))?,
        }
        path
    } else {
        return Err(call.wrong(0, "a set of points, a table or a model"));
    };
    call.context.wrote(&path);
    Ok(Dynamic::UNIT)
}

/// How a table prints.
pub fn register(engine: &mut Engine) {
    let text = |table: &mut Arc<Table>| table.text().trim_end().to_string();
    engine.register_fn("to_string", text).register_fn("to_debug", text);
}
