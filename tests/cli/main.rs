//! The command as a user types it.

mod bad_input;
mod field;
mod grammar;
mod running;
mod sandbox;
