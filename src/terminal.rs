//! Results go to standard output, everything else to standard error. A closed pipe is not an error.
//! No printed text can control the terminal.

use crate::diagnostics;
use crate::visible::visible;
use sdflow_dsl::Diagnostic;
use std::io::{self, ErrorKind, IsTerminal, Write};
use std::sync::OnceLock;

/// The first reason why a result could not be printed.
static FIRST_ERROR: OnceLock<String> = OnceLock::new();

/// Prints `text` as a line of the result. It is not an error if the reader has closed the pipe. Any
/// other failure, such as a full disk behind a redirection, is reported by [`check_printed`] at the
/// end.
pub fn print_result(text: &str) {
    let mut out = io::stdout().lock();
    note_error(writeln!(out, "{}", visible(text)).and_then(|()| out.flush()));
}

fn note_error(written: io::Result<()>) {
    if let Err(e) = written
        && e.kind() != ErrorKind::BrokenPipe
    {
        FIRST_ERROR.get_or_init(|| e.to_string());
    }
}

/// Prints `text` as a line on standard error.
pub fn print_message(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{}", visible(text));
}

/// Prints an error message.
pub fn print_error(diagnostic: &Diagnostic) {
    let _ = write!(io::stderr().lock(), "{}", diagnostics::error(diagnostic, colour()));
}

/// Prints a warning with its place in the script.
pub fn print_warning(diagnostic: &Diagnostic) {
    let _ = write!(io::stderr().lock(), "{}", diagnostics::warning(diagnostic, colour()));
}

fn colour() -> bool {
    io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// Checks that every result has been written.
///
/// # Errors
/// Standard output could not be written.
pub fn check_printed() -> Result<(), Diagnostic> {
    match FIRST_ERROR.get() {
        Some(reason) => Err(diagnostics::data(format!("cannot write the results: {reason}"), None)),
        None => Ok(()),
    }
}

/// Prints `value` as one JSON object, which is the whole of standard output.
pub fn print_json(value: &impl serde::Serialize) {
    match serde_json::to_string_pretty(value) {
        Ok(text) => print_result(&text),
        Err(e) => print_message(&format!("internal error: the result cannot be written as JSON: {e}")),
    }
}
