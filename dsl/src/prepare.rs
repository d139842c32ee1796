//! The preparation of a script for a run: the script of a request is read, compiled and checked,
//! and its identity is determined.

use crate::context::param::{self, Declared};
use crate::context::{CheckpointPace, Context, Given, Host, Listener, Param, Request, Sandbox};
use crate::explain;
use crate::language::{Diagnostic, Fault, Program, home_of, limits, read_source};
use crate::mistakes::mistakes;
use crate::run_hash::{Hasher, digest_of_file};
use sdflow::Interrupt;
use sdflow::pairwise::Ranks;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Arc;

/// A script that is ready to run: compiled, with checked parameters and a known identity.
#[derive(Debug, Clone)]
pub struct Prepared {
    request: Request,
    /// The compiled script.
    pub(crate) program: Arc<Program>,
    given: Given,
    declared: Arc<Vec<Declared>>,
    /// Names and digests of the data files that the script names literally.
    data: Arc<Vec<(String, String)>>,
    params: BTreeMap<String, Param>,
    identity: String,
}

/// Reads and compiles a script and determines its identity.
///
/// # Errors
/// A file cannot be read; the script has a syntax error; an import is not allowed; a `-p` name is
/// not declared; a `-p` value has the wrong type.
pub fn prepare(request: &Request) -> Result<Prepared, Diagnostic> {
    let mut request = request.clone();
    let given = Given::take(&mut request)?;
    let program = compile(&request)?;
    if let Some(first) = mistakes(&program).into_iter().next() {
        return Err(first);
    }
    let declared = param::declared(&program.syntax, &program.sources)?;
    given.check_declared(&declared, &request.script)?;
    let data = digests(&program, &request);
    let (program, declared, data) = (Arc::new(program), Arc::new(declared), Arc::new(data));
    let nothing = (BTreeMap::new(), String::new());
    Prepared { request, program, given, declared, data, params: nothing.0, identity: nothing.1 }.with_identity()
}

/// Returns the files named literally in `load(..)` and `load_model(..)`, with digests of their
/// content.
fn digests(program: &Program, request: &Request) -> Vec<(String, String)> {
    let loads = program.syntax.calls.iter().filter(|c| ["load", "load_model"].contains(&c.name.as_str()));
    let files = loads.filter_map(|c| c.args.first()?.literal.clone()?.into_string().ok());
    let sandbox = Sandbox::new(&request.script, &request.allow_read, &request.folder);
    let digest = |file: String| {
        // If a file is missing, the error is reported when the script loads it.
        let path = sandbox.readable(&file).ok();
        let digest = path.map_or_else(String::new, |path| digest_of_file(&path));
        (file, digest)
    };
    files.map(digest).collect()
}

/// Compiles the script and its imports.
pub fn compile(request: &Request) -> Result<Program, Diagnostic> {
    let text = read_source(&request.script).map_err(|e| match e.kind() {
        std::io::ErrorKind::NotFound => missing(request),
        _ => unreadable(request, &e.to_string()),
    })?;
    let text = String::from_utf8(text).map_err(|_| unreadable(request, "it is not UTF-8 text"))?;
    Program::compile(&limits::engine(), &request.script, text, explain::of_parse)
}

fn unreadable(request: &Request, reason: &str) -> Diagnostic {
    let message = format!("cannot read {}: {reason}", request.script.display());
    let hint = Some("give the path of a script, a text file that ends in .rhai".into());
    Diagnostic { kind: Fault::Data, message, place: None, hint, see: None }
}

/// Returns the error for a missing script, with the scripts in its folder.
fn missing(request: &Request) -> Diagnostic {
    let (script, home) = (&request.script, home_of(&request.script));
    let name = |path: &std::path::Path| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let entries = std::fs::read_dir(&home).into_iter().flatten().flatten().map(|entry| name(&entry.path()));
    let mut there: Vec<String> = entries.filter(|file| file.ends_with(".rhai")).collect();
    there.sort();
    let path = |file: &str| script.with_file_name(file).display().to_string();
    let hint = match sdflow::nearest(&name(script), there.iter().map(String::as_str)) {
        Some(near) => format!("did you mean `{}`?", path(&near)),
        None if there.is_empty() => "the path is relative to the folder in which the command is typed".into(),
        None => {
            format!(
                "scripts in this folder: {}",
                there.iter().take(8).map(|file| path(file)).collect::<Vec<_>>().join(", ")
            )
        }
    };
    Diagnostic { hint: Some(hint), ..unreadable(request, "there is no such file") }
}

impl Prepared {
    /// Returns 16 hexadecimal digits that distinguish this run from all others. They depend on the
    /// script, its imports, the data files that it names literally, parameters, seed, `--quick` and
    /// the version of the engine.
    pub fn identity(&self) -> &str {
        &self.identity
    }

    /// Returns the script as run, followed by its imports.
    pub fn text(&self) -> String {
        let mut text = String::new();
        for (i, file) in self.program.sources.files().iter().enumerate() {
            if i > 0 {
                let _ = write!(text, "\n// ---- imported: {} ----\n", file.shown.display());
            }
            text.push_str(&file.text);
        }
        text
    }

    /// Returns the parameters known before the run: all but those with a computed default.
    pub fn params(&self) -> &BTreeMap<String, Param> {
        &self.params
    }

    /// Returns the ranks with which large sums are shared, if there are any.
    pub fn ranks(&self) -> Option<&Arc<Ranks>> {
        self.request.ranks.as_ref()
    }

    /// Returns the file of the script.
    pub fn script(&self) -> &std::path::Path {
        &self.request.script
    }

    /// Returns the total size in bytes of the data files that the script names literally.
    pub fn data_bytes(&self) -> u64 {
        let sandbox = Sandbox::new(&self.request.script, &self.request.allow_read, &self.request.folder);
        let size = |file: &str| std::fs::metadata(sandbox.readable(file).ok()?).ok().map(|found| found.len());
        self.data.iter().filter_map(|(file, _)| size(file)).sum()
    }

    /// Returns the seed of the run: `-p seed=` takes precedence over the request.
    pub fn seed(&self) -> u64 {
        self.request.seed
    }

    /// Returns the same run in another folder.
    pub fn in_folder(mut self, folder: impl Into<std::path::PathBuf>) -> Prepared {
        self.request.folder = folder.into();
        self
    }

    /// Returns the same run, with checkpoints at this pace.
    pub fn keeping(mut self, pace: CheckpointPace) -> Prepared {
        self.request.checkpoints = Some(pace);
        self
    }

    /// Returns the same run without other ranks.
    pub fn alone(mut self) -> Prepared {
        self.request.ranks = None;
        self
    }

    /// Returns the same run, stopped by another interrupt.
    pub fn stopped_by(mut self, interrupt: Interrupt) -> Prepared {
        self.request.interrupt = interrupt;
        self
    }

    /// Returns the same script with other values for its parameters, without reading or compiling
    /// it again. This takes microseconds.
    ///
    /// # Errors
    /// A value has the wrong type, or a name is given twice.
    pub fn with_params(&self, params: Vec<(String, String)>) -> Result<Prepared, Diagnostic> {
        let mut request = Request { params, ..self.request.clone() };
        let given = Given::take(&mut request)?;
        Prepared { request, given, ..self.clone() }.with_identity()
    }

    /// Sets the values of the parameters and computes the identity.
    fn with_identity(mut self) -> Result<Prepared, Diagnostic> {
        self.params.clear();
        for declared in self.declared.iter() {
            if let Some(default) = &declared.default {
                self.params.insert(declared.name.clone(), self.given.value(&declared.name, default)?);
            }
        }
        self.identity = self.hash();
        Ok(self)
    }

    /// Creates the state at the start of the run.
    pub(crate) fn context(&self, listener: Arc<dyn Listener>, host: Host) -> Context {
        let (given, program) = (self.given.clone(), Arc::clone(&self.program));
        Context::new(&self.request, given, (&self.identity, &self.setting().hex()), program, listener, host)
    }

    fn hash(&self) -> String {
        let mut hasher = self.setting();
        for file in self.program.sources.files() {
            hasher.field("text", file.text.as_bytes());
        }
        for (file, digest) in self.data.iter() {
            hasher.field("file", file.as_bytes()).field("content", digest.as_bytes());
        }
        hasher.hex()
    }

    /// Hashes the part of the identity that is not the script: the version of the engine, the
    /// parameters, the seed and `--quick`.
    fn setting(&self) -> Hasher {
        let mut hasher = Hasher::new();
        hasher.field("engine", env!("CARGO_PKG_VERSION").as_bytes());
        for (name, param) in &self.params {
            hasher.field(name, format!("{} from {}", param.value, param.origin).as_bytes());
        }
        for (name, text, origin) in self.given.texts(&self.declared) {
            hasher.field(name, text.as_bytes()).field("origin", origin.as_bytes());
        }
        hasher.field("seed", &self.request.seed.to_le_bytes());
        hasher.field("quick", &[u8::from(self.request.quick)]);
        hasher
    }
}
