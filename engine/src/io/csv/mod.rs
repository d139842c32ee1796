//! Tables of numbers as text.

mod cell;
mod content;
mod decimal;
mod header;
mod index;
mod layout;
mod read;
mod records;
mod row_names;
mod separator;
mod survey;

pub(super) use read::read;
