//! Standard output for results, standard error for everything else. A closed pipe is nobody's fault.

use crate::message;
use sdflow_dsl::Diagnostic;
use std::io::{self, ErrorKind, IsTerminal, Write};
use std::sync::OnceLock;

/// The first reason why a result could not be printed.
static TROUBLE: OnceLock<String> = OnceLock::new();

/// Prints `text` as a line of the result. A reader that left early is no error; a full disk behind a redirection is, and
/// [`flushed`] tells it at the end.
pub fn say(text: &str) {
    let mut out = io::stdout().lock();
    noted(writeln!(out, "{text}").and_then(|()| out.flush()));
}

fn noted(written: io::Result<()>) {
    if let Err(e) = written
        && e.kind() != ErrorKind::BrokenPipe
    {
        TROUBLE.get_or_init(|| e.to_string());
    }
}

/// Prints `text` as a line for the user to read.
pub fn tell(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// Prints an error message.
pub fn complain(diagnostic: &Diagnostic) {
    let _ = write!(io::stderr().lock(), "{}", message::error(diagnostic, colour()));
}

/// Prints a warning with its place.
pub fn caution(diagnostic: &Diagnostic) {
    let _ = write!(io::stderr().lock(), "{}", message::warning(diagnostic, colour()));
}

fn colour() -> bool {
    io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// Everything said has reached its reader.
///
/// # Errors
/// Standard output could not be written.
pub fn flushed() -> Result<(), Diagnostic> {
    match TROUBLE.get() {
        Some(reason) => Err(message::data(format!("cannot write the results: {reason}"), None)),
        None => Ok(()),
    }
}

/// Prints `value` as one JSON object, the whole of standard output.
pub fn say_json(value: &impl serde::Serialize) {
    match serde_json::to_string_pretty(value) {
        Ok(text) => say(&text),
        Err(e) => tell(&format!("internal error: the result is no JSON: {e}")),
    }
}
