//! Mistakes that the text of a script shows. They are found before anything is computed.

use crate::bind::{DRAWN_AS, SAVED};
use crate::call::{Entry, options};
use crate::context::inside_run_folder;
use crate::language::{At, Diagnostic, Fail, Program, Site, limits, of_fail};
use crate::{explain, manual};
use rhai::Array;
use sdflow::metric::METRICS;
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::OnceLock;

/// Returns the mistakes in the calls of a script and its imports, in the order of the text. The
/// check covers the names of functions, the numbers of their arguments, the keys of literal option
/// maps, and the names of data sets, metrics and files.
pub fn mistakes(program: &Program) -> Vec<Diagnostic> {
    static NATIVE: OnceLock<BTreeSet<(String, usize)>> = OnceLock::new();
    let native = NATIVE.get_or_init(native_functions);
    let calls = program.syntax.calls.iter().filter(|site| !site.operator);
    let found = calls.filter_map(|site| Some((call_fault(site, program, native)?, site.position)));
    found.map(|(fail, position)| of_fail(&fail, position, program)).collect()
}

/// Returns the mistake in a call, if the text shows one.
fn call_fault(site: &Site, program: &Program, native: &BTreeSet<(String, usize)>) -> Option<Fail> {
    let given = site.args.len() + usize::from(site.method);
    let script = &program.syntax.functions;
    // In a method call of a function of the script, `this` is the receiver, which is no argument.
    if site.qualified || script.get(&site.name).is_some_and(|arities| arities.contains(&site.args.len())) {
        return None;
    }
    let entries = manual::entries_of(&site.name);
    let fits = |e: &&&Entry| {
        let own = given.checked_sub(usize::from(e.receiver.is_some()));
        !e.is_property && own.is_some_and(|n| e.arity().contains(&n))
    };
    let fitting: Vec<&&Entry> = entries.iter().filter(fits).collect();
    if let [entry] = fitting.as_slice() {
        let faults = [keys_fault, name_fault, metric_fault, file_fault];
        return faults.iter().find_map(|fault| fault(site, entry));
    }
    // The name of a call can also be a variable that holds a closure, or a key of a map that holds
    // a function.
    let is_key = || site.method && program.syntax.keys.contains(&site.name);
    let known = !fitting.is_empty()
        || native.contains(&(site.name.clone(), given))
        || program.syntax.variables.contains(&site.name)
        || is_key()
        || (site.method
            && entries.is_empty()
            && !script.contains_key(&site.name)
            && native.iter().any(|n| n.0 == site.name));
    if known {
        return None;
    }
    explain::call_mismatch(&site.name, given, site.method, None, &program.syntax)
        .or_else(|| Some(explain::no_function(&site.name, given, &program.syntax)))
}

/// The error for an unknown key in the literal options of a known function.
fn keys_fault(site: &Site, entry: &Entry) -> Option<Fail> {
    let takes_options = entry.args.iter().any(|arg| arg.name == "options");
    let last = site.args.last()?;
    let keys = last.keys.as_ref().filter(|_| takes_options)?;
    let at = site.args.len() - 1 + usize::from(site.method);
    let wrong = keys.iter().find(|pair| !options::knows(entry, &pair.name))?;
    let fail = options::unknown(entry.name, &wrong.name, entry.options);
    Some(Fail { see: Some(entry.name), ..fail.at(At::Key(at, wrong.name.clone())) })
}

/// The error for a literal first argument that is not a valid name.
fn name_fault(site: &Site, entry: &Entry) -> Option<Fail> {
    let known = || entry.names.iter().map(|(name, _)| *name);
    let name = site.args.first()?.literal.clone()?.into_string().ok()?;
    if entry.names.is_empty() || known().any(|k| k == name) {
        return None;
    }
    let fail = Fail::from(sdflow::Error::unknown("data set", &name, known())).at(At::Argument(0));
    Some(Fail { see: Some(entry.name), ..fail })
}

/// The error for a literal name of a metric that does not exist.
fn metric_fault(site: &Site, entry: &Entry) -> Option<Fail> {
    let last = site.args.len().checked_sub(1)?;
    let pair = site.args[last].keys.as_ref()?.iter().find(|p| p.name == "metrics")?;
    let listed = pair.value.literal.clone()?.try_cast::<Array>()?;
    let known = || METRICS.iter().map(|m| m.name);
    let wrong = listed.into_iter().filter_map(|v| v.into_string().ok()).find(|name| known().all(|k| k != name))?;
    let fail = Fail::from(sdflow::Error::unknown("metric", &wrong, known())).at(At::Key(last, pair.name.clone()));
    Some(Fail { see: Some(entry.name), ..fail })
}

/// The error for a literal name of a file that cannot be written: of an unknown kind, or outside
/// the run folder.
fn file_fault(site: &Site, entry: &Entry) -> Option<Fail> {
    let named = |endings: &[&str]| format!(".{}", endings.join(" or ."));
    // What is saved, and therefore which of the kinds fits, is known only during a run.
    let (endings, want) = match entry.name {
        "plot" => (DRAWN_AS.to_vec(), format!("a name that ends in {} is expected", named(&DRAWN_AS))),
        "save" => {
            let kinds = SAVED.map(|(what, endings)| format!("{what} are saved as {}", named(endings)));
            (SAVED.map(|(_, endings)| endings).concat(), kinds.join(", "))
        }
        _ => return None,
    };
    let at = entry.args.iter().position(|arg| arg.name == "file")?;
    let name = site.args.get(at.checked_sub(usize::from(site.method))?)?.literal.clone()?.into_string().ok()?;
    let ending = Path::new(&name).extension().and_then(|e| e.to_str()).unwrap_or_default().to_lowercase();
    let fail = match endings.contains(&ending.as_str()) {
        true => inside_run_folder(&name).err()?,
        false => Fail::script(format!("`file` of `{}` is {name:?}, but {want}", entry.name)),
    };
    Some(Fail { see: Some(entry.name), ..fail.at(At::Argument(at)) })
}

/// The names of Rhai's own functions, with their numbers of arguments.
fn native_functions() -> BTreeSet<(String, usize)> {
    let signatures = limits::engine().gen_fn_signatures(true);
    let mut all = BTreeSet::new();
    for signature in signatures {
        let Some((name, rest)) = signature.split_once('(') else { continue };
        let inside = rest.split(')').next().unwrap_or_default();
        let count = if inside.trim().is_empty() { 0 } else { arguments(inside) };
        all.insert((name.trim().to_string(), count));
    }
    // The interpreter handles these itself; they are not functions.
    let keywords = ["print", "debug", "type_of", "Fn", "is_def_var", "is_shared", "call", "curry", "exit", "throw"];
    all.extend(keywords.iter().flat_map(|k| (0..=8).map(|n| ((*k).to_string(), n))));
    all.extend([("is_def_fn".to_string(), 2)]);
    all
}

/// The number of arguments in a list: the commas outside angle brackets, plus one.
fn arguments(list: &str) -> usize {
    let mut depth = 0;
    let mut count = 1;
    for c in list.chars() {
        match c {
            '<' | '[' | '(' => depth += 1,
            '>' | ']' => depth -= 1,
            ',' if depth == 0 => count += 1,
            _ => {}
        }
    }
    count
}
