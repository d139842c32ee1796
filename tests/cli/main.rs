//! The command line as a user types it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // A test and its helpers may fail by panicking.

mod bad_input;
mod bench;
mod cases;
mod check;
mod checkpoints;
mod compare;
mod doctor;
mod endless;
mod field;
mod findings;
mod golden;
mod grammar;
mod new;
mod pictures;
mod report;
mod running;
mod sandbox;
mod surroundings;
mod sweep;
mod sweep_inside;
mod sweep_resume;
