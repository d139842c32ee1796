//! `new`: creates a script from a template.

use crate::args::NewArgs;
use crate::exit::Exit;
use crate::{diagnostics, terminal};
use sdflow_dsl::Diagnostic;
use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::path::PathBuf;

/// A script that runs without changes.
struct Template {
    name: &'static str,
    about: &'static str,
    text: &'static str,
}

const TEMPLATES: [Template; 8] = [
    Template { name: "flow", about: "moves particles to a named data set", text: include_str!("flow.rhai") },
    Template {
        name: "density",
        about: "samples from a log density that you write as a formula",
        text: include_str!("density.rhai"),
    },
    Template { name: "generator", about: "fits a generator along a flow", text: include_str!("generator.rhai") },
    Template {
        name: "data",
        about: "loads points from a file and holds some out for the metrics",
        text: include_str!("data.rhai"),
    },
    Template { name: "map", about: "learns a flow as a map, a net", text: include_str!("map.rhai") },
    Template {
        name: "posterior",
        about: "samples the parameters of a model, given data",
        text: include_str!("posterior.rhai"),
    },
    Template {
        name: "compare",
        about: "says whether two tables have the same distribution",
        text: include_str!("compare.rhai"),
    },
    Template { name: "sweep", about: "makes a table over parameters and seeds", text: include_str!("sweep.rhai") },
];

/// Writes a template as `NAME.rhai`, or lists the templates.
///
/// # Errors
/// The template is unknown, or the file exists or cannot be written.
pub fn new(args: &NewArgs) -> Result<Exit, Diagnostic> {
    let Some(name) = args.name.as_ref().filter(|_| !args.list) else {
        terminal::print_result(&listing());
        return terminal::check_printed().map(|()| Exit::Done);
    };
    let template = find_template(&args.template)?;
    let path = match name.extension() {
        Some(ending) if ending == "rhai" => name.clone(),
        _ => PathBuf::from(format!("{}.rhai", name.display())),
    };
    let mut file = OpenOptions::new().write(true).create_new(true).open(&path).map_err(|e| match e.kind() {
        ErrorKind::AlreadyExists => diagnostics::usage(
            format!("{} exists already", path.display()),
            "choose another name: `new` overwrites nothing",
        ),
        _ => diagnostics::data(
            format!("cannot write {}: {e}", path.display()),
            Some("choose a folder that you can write to"),
        ),
    })?;
    // The commands in the comments of the template name the new script.
    let text = template.text.replace("SCRIPT.rhai", &path.display().to_string());
    file.write_all(text.as_bytes())
        .map_err(|e| diagnostics::data(format!("cannot write {}: {e}", path.display()), None))?;
    terminal::print_result(&format!("wrote {}; run it with `sdflow-engine {}`", path.display(), path.display()));
    terminal::check_printed().map(|()| Exit::Done)
}

fn find_template(name: &str) -> Result<&'static Template, Diagnostic> {
    TEMPLATES.iter().find(|t| t.name == name).ok_or_else(|| {
        let near = sdflow::nearest(name, TEMPLATES.iter().map(|t| t.name));
        let meant = near.map(|near| format!("did you mean `{near}`? ")).unwrap_or_default();
        let known: Vec<&str> = TEMPLATES.iter().map(|t| t.name).collect();
        diagnostics::usage(
            format!("there is no template `{name}`"),
            format!("{meant}the templates are {}; `sdflow-engine new --list` explains them", known.join(", ")),
        )
    })
}

fn listing() -> String {
    let lines = TEMPLATES.iter().map(|t| format!("  {:<10} {}", t.name, t.about));
    let first = "Templates for `sdflow-engine new NAME --template T`:".to_string();
    std::iter::once(first).chain(lines).collect::<Vec<_>>().join("\n")
}
