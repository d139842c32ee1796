//! Tables, and `save`.

use crate::bind::arguments::column_name;
use crate::bind::learned_score::saver;
use crate::call::{Call, Entry, function};
use crate::language::{At, Fail, Kind, OPTIONS, Type, arg};
use crate::value::{Cloud, Reading, describe, number, numbers};
use rhai::{Dynamic, Map};
use sdflow::io;
use sdflow::number::counted;
use sdflow::options::Options;
use sdflow::table::{Cell, Table};
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

/// The types that can be written to a file.
const SAVEABLE: Type = Type::OneOf(&[Type::Points, Type::Table, Type::Generator, Type::Score, Type::Bridge]);

sdflow::options! {
    /// Options of `save`.
    pub struct SaveOptions {
        /// For a `.png`: width of the picture in pixels. The points are the pixels, row by row. One
        /// column is the grey level; three columns are red, green and blue; all from 0 to 1.
        width: Option<usize> = None,
    }
}

pub const ENTRIES: &[Entry] = &[
    function("table", Kind::Saying, &[arg("rows", Type::List(&Type::Map))], Type::Table, table)
        .about(
            "Makes a table from an array of maps, one map per row, and prints it. The keys of the \
             maps are the columns: columns of strings and booleans come first, and the others \
             follow in the order of their names. The values are numbers, readings, strings or \
             booleans.",
        )
        .example(
            "let t = table([#{flow: \"SD\", energy: 0.01}, #{flow: \"MMD\", energy: 0.2}]);\n\
             save(t, \"flows.csv\");",
        ),
    function("n", Kind::Saying, &[], Type::Whole, |call| Ok((call.receiver::<Arc<Table>>()?.n() as i64).into()))
        .of(Type::Table)
        .property()
        .about("The number of rows.")
        .example("print(table([#{a: 1}]).n);"),
    function("column", Kind::Saying, &[arg("name", Type::Text)], Type::List(&Type::Number), |call| {
        let table: Arc<Table> = call.receiver()?;
        Ok(numbers(&table.values(&column_name(&table, call.text(1)?).map_err(|f| f.at(At::Argument(1)))?)))
    })
    .of(Type::Table)
    .about("The values of a column; a value that is not a number becomes NaN.")
    .example("print(table([#{a: 1}, #{a: 2}]).column(\"a\"));"),
    function("save", Kind::Saying, &[arg("what", SAVEABLE), arg("file", Type::Text), OPTIONS], Type::Nothing, save)
        .about(
            "Writes points (`.npy`, `.csv`, or `.png` if they are pixels), a table (`.csv`, \
             `.json`, `.md`) or a model (`.safetensors`, f32) into the run folder. A model is a \
             generator, the denoiser of a target, or a bridge of `bridge_pair`, `light_sb`, `dsb` \
             or `dsbm`. In the file of a net, the layers have the names that PyTorch gives the \
             layers of an `nn.Sequential`. An `nn.Sequential` that reads the file of an `mlp` \
             computes the same as the `mlp`, with all biases in f32, if `residual` is false. If \
             the name of the file contains no folder, points go into `samples/`, pictures into \
             `plots/`, tables into `tables/` and models into `models/`.",
        )
        .options(SaveOptions::KEYS)
        .example("save(normal(10, 2), \"start.npy\");"),
];

fn table(call: &Call) -> Result<Dynamic, Fail> {
    let mut table = Table::default();
    for (i, row) in call.array(0)?.into_iter().enumerate() {
        let Some(map) = row.clone().try_cast::<Map>() else {
            return Err(call.bad(0, format!("has {} as row {i}", describe(&row)), "each row is a map: #{energy: 0.1}"));
        };
        let cells = map.iter().map(|(name, value)| cell(name, value, i).map(|cell| (name.to_string(), cell)));
        let mut cells = cells.collect::<Result<Vec<_>, _>>().map_err(|f| f.at(At::Argument(0)))?;
        // The keys of a map come sorted, but columns of text, which name the row, are put first.
        cells.sort_by_key(|(_, cell)| !matches!(cell, Cell::Text(_)));
        table.push(cells);
    }
    let outline = || format!("a table of {}: {}", counted(table.n(), "row"), table.columns().join(", "));
    call.context.print(call.context.mode.find(|| table.text(), outline).trim_end());
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
            let message = format!(
                "`{name}` in row {row} is {}, but a number, a reading or a string is expected",
                describe(value)
            );
            Err(Fail::script(message))
        }
    }
}

/// The folder and the file endings for each kind of value that `save` writes: points, tables and
/// models.
pub const SAVED: [(&str, &[&str]); 3] =
    [("samples", &["npy", "csv", "png"]), ("tables", &["csv", "json", "md"]), ("models", &["safetensors"])];

/// Returns the names of columns as a header, if a reader can tell them from numbers and from each
/// other.
fn header(names: &[String]) -> Option<&[String]> {
    let is_word = |name: &String| !name.trim().is_empty() && name.trim().parse::<f64>().is_err();
    let differ = names.iter().collect::<BTreeSet<_>>().len() == names.len();
    (!names.is_empty() && differ && names.iter().all(is_word)).then_some(names)
}

fn save(call: &Call) -> Result<Dynamic, Fail> {
    let (what, name, mode) = (call.arg(0)?.clone(), call.text(1)?, &call.context.mode);
    let ending = Path::new(&name).extension().and_then(|e| e.to_str()).unwrap_or_default().to_lowercase();
    let SaveOptions { width } = call.options()?;
    if width.is_some() != (ending == "png") {
        let want =
            if width.is_some() { "only a .png has a `width`" } else { "a .png needs the option `width`, in pixels" };
        return Err(call.bad(1, format!("is {name:?}"), want));
    }
    let file = |(section, known): (&str, &[&str])| match known.contains(&ending.as_str()) {
        true => call.context.writable(&name, section).map_err(|f| f.at(At::Argument(1))),
        false => Err(call.bad(
            1,
            format!("is {name:?}"),
            &format!("a name that ends in .{} is expected", known.join(" or .")),
        )),
    };
    let path = if let Some(cloud) = what.clone().try_cast::<Cloud>() {
        let path = file(if width.is_some() { ("plots", SAVED[0].1) } else { SAVED[0] })?;
        let act = || match (ending.as_str(), width) {
            (_, Some(width)) => io::save_png(&path, &cloud.points, width),
            ("npy", _) => io::save_npy(&path, &cloud.points),
            _ => io::save_csv(&path, header(&cloud.columns), &cloud.points),
        };
        mode.write(act).map_err(|e| call.place(e))?;
        path
    } else if let Some(table) = what.try_cast::<Arc<Table>>() {
        let path = file(SAVED[1])?;
        let text = match ending.as_str() {
            "csv" => table.csv().map_err(|e| call.place(e))?,
            "json" => format!("{:#}\n", table.json()),
            _ => table.markdown(),
        };
        let act = || io::write_atomic(&path, |out| out.write_all(text.as_bytes()));
        mode.write(act).map_err(|e| call.place(e))?;
        path
    } else if let Some(saves) = saver(&call.arg(0)?.clone()) {
        let path = file(SAVED[2])?;
        let act = || saves(&path);
        mode.save_model(path.clone(), call.arg(0)?.clone(), act).map_err(|e| call.place(e))?;
        path
    } else {
        return Err(call.wrong(0, "a set of points, a table or a model"));
    };
    call.context.record_file(&path);
    Ok(Dynamic::UNIT)
}
