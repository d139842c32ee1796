//! Standard output for results, standard error for everything else. A closed pipe is nobody's fault.

use crate::message;
use sdflow_dsl::Diagnostic;
use std::io::{self, ErrorKind, IsTerminal, Write};

/// Prints `text` as a line of the result; a reader that left early is no error, a full disk behind a redirection shows
/// at the end of the command, in [`flushed`].
pub fn say(text: &str) {
    let _ = writeln!(io::stdout().lock(), "{text}");
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
    match io::stdout().flush() {
        Err(e) if e.kind() != ErrorKind::BrokenPipe => {
            Err(message::data(format!("cannot write the results: {e}"), None))
        }
        _ => Ok(()),
    }
}

/// Prints `value` as one JSON object, the whole of standard output.
pub fn say_json(value: &impl serde::Serialize) {
    match serde_json::to_string_pretty(value) {
        Ok(text) => say(&text),
        Err(e) => tell(&format!("internal error: the result is no JSON: {e}")),
    }
}
