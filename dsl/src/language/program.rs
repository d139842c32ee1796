//! A script and its imports. Imports are read before the script runs, and only from below the
//! script's folder.

use super::ast::{Import, Syntax};
use super::diagnostic::{Diagnostic, Fault};
use super::read_source::read_source;
use super::source_map::Sources;
use rhai::{AST, Engine, EvalAltResult, Module, ModuleResolver, ParseError, Position, Scope, Shared};
use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// A script and its imports, compiled.
#[derive(Debug, Clone)]
pub struct Program {
    /// The script.
    pub main: AST,
    /// The imports, by their path as written.
    pub modules: BTreeMap<String, AST>,
    /// All texts.
    pub sources: Sources,
    /// The syntax of all texts.
    pub syntax: Syntax,
}

/// Reads and compiles imports.
struct Reader<'a> {
    engine: &'a Engine,
    home: PathBuf,
    explain: ExplainParse,
}

impl Program {
    /// Compiles `script` and everything it imports.
    pub fn compile(engine: &Engine, script: &Path, text: String, explain: ExplainParse) -> Result<Program, Diagnostic> {
        let mut sources = Sources::default();
        let numbered = sources.add(script.into(), text)?;
        let main = engine.compile(&numbered).map_err(|e| explain(&e, &sources, &Syntax::default()))?;
        check_comments(engine, numbered, &sources)?;
        let syntax = Syntax::of(&main);
        let mut program = Program { main, modules: BTreeMap::new(), sources, syntax };
        let home = home_of(script);
        let imports = program.syntax.imports.clone();
        program.follow(&Reader { engine, home, explain }, &imports, &mut Vec::new())?;
        Ok(program)
    }

    fn follow(&mut self, reader: &Reader, imports: &[Import], open: &mut Vec<String>) -> Result<(), Diagnostic> {
        for import in imports {
            let path = self.read_import(import)?;
            if open.contains(&path) {
                let circle = format!("`{path}` imports itself: {} -> {path}", open.join(" -> "));
                return Err(self.import_error(import, circle, "move the code that both need into a third file"));
            }
            if self.modules.contains_key(&path) {
                continue;
            }
            let file = self.resolve_path(import, &reader.home, &path)?;
            let unreadable = |reason: &str| format!("cannot read {}: {reason}", file.display());
            let bytes = read_source(&file).map_err(|e| self.import_error(import, unreadable(&e.to_string()), ""))?;
            let text = String::from_utf8(bytes);
            let text = text.map_err(|_| self.import_error(import, unreadable("it is not UTF-8 text"), ""))?;
            let numbered = self.sources.add(file, text)?;
            let ast =
                reader.engine.compile(&numbered).map_err(|e| (reader.explain)(&e, &self.sources, &self.syntax))?;
            check_comments(reader.engine, numbered, &self.sources)?;
            let syntax = Syntax::of(&ast);
            let inner = syntax.imports.clone();
            self.syntax.extend(syntax);
            self.modules.insert(path.clone(), ast);
            open.push(path);
            self.follow(reader, &inner, open)?;
            open.pop();
        }
        Ok(())
    }

    fn read_import(&self, import: &Import) -> Result<String, Diagnostic> {
        let Some(path) = &import.path else {
            let message = "the path of an `import` must be a literal string".into();
            return Err(self.import_error(import, message, "write import \"file\" as name;"));
        };
        if !path.is_empty() && Path::new(path).components().all(|c| matches!(c, Component::Normal(_))) {
            return Ok(path.clone());
        }
        let message = format!("`{path}` is not a path below the script's folder");
        Err(self.import_error(import, message, "an import is relative to the script's folder, without `..`"))
    }

    fn resolve_path(&self, import: &Import, home: &Path, path: &str) -> Result<PathBuf, Diagnostic> {
        let mut file = home.join(path);
        if file.extension().is_none() {
            file.set_extension("rhai");
        }
        let shown = file.display();
        let Ok(real) = file.canonicalize() else {
            let message = format!("there is no file {shown} to import");
            return Err(self.import_error(import, message, "an import is relative to the script's folder"));
        };
        if home.canonicalize().is_ok_and(|home| real.starts_with(home)) {
            return Ok(file.strip_prefix("./").map(Path::to_path_buf).unwrap_or(file));
        }
        Err(self.import_error(import, format!("{shown} is a link out of the script's folder"), "copy the file here"))
    }

    fn import_error(&self, import: &Import, message: String, hint: &str) -> Diagnostic {
        let hint = (!hint.is_empty()).then(|| hint.to_string());
        Diagnostic { kind: Fault::Script, message, place: self.sources.place(import.position), hint, see: None }
    }
}

/// Refuses a text that ends inside a comment: Rhai would silently skip everything after `/*`.
fn check_comments(engine: &Engine, text: String, sources: &Sources) -> Result<(), Diagnostic> {
    // U+0001 is an error outside a comment: if the text still compiles with it, the text ends in an
    // open comment.
    let is_read = |text: String| engine.compile(text + "\n\u{1}").is_err();
    if !text.contains("/*") || is_read(text) {
        return Ok(());
    }
    let (message, hint) = ("this comment has no end, so nothing after it would run".into(), "end it with `*/`");
    Err(Diagnostic { kind: Fault::Script, message, place: sources.open_comment(), hint: Some(hint.into()), see: None })
}

/// Explains a syntax error in plain words, given the texts that were read before it.
pub type ExplainParse = fn(&ParseError, &Sources, &Syntax) -> Diagnostic;

/// Passes the compiled imports to a running script; each is evaluated once.
#[derive(Clone)]
pub struct Resolver(Arc<Modules>);

struct Modules {
    compiled: BTreeMap<String, AST>,
    ready: Mutex<BTreeMap<String, Shared<Module>>>,
}

impl Resolver {
    /// Creates the resolver of a program.
    pub fn new(program: &Program) -> Resolver {
        Resolver(Arc::new(Modules { compiled: program.modules.clone(), ready: Mutex::default() }))
    }
}

impl ModuleResolver for Resolver {
    fn resolve(
        &self,
        engine: &Engine,
        _source: Option<&str>,
        path: &str,
        position: Position,
    ) -> Result<Shared<Module>, Box<EvalAltResult>> {
        let known = |ready: &BTreeMap<String, Shared<Module>>| ready.get(path).cloned();
        if let Some(module) = known(&self.0.ready.lock().unwrap_or_else(PoisonError::into_inner)) {
            return Ok(module);
        }
        let ast = self
            .0
            .compiled
            .get(path)
            .ok_or_else(|| Box::new(EvalAltResult::ErrorModuleNotFound(path.into(), position)))?;
        // The lock is not held here, because evaluating a module may import other modules.
        let module = Shared::new(Module::eval_ast_as_new(Scope::new(), ast, engine)?);
        self.0.ready.lock().unwrap_or_else(PoisonError::into_inner).insert(path.into(), module.clone());
        Ok(module)
    }
}

/// Returns the folder of a script, `.` for a bare name.
pub fn home_of(script: &Path) -> PathBuf {
    match script.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.into(),
        _ => PathBuf::from("."),
    }
}
