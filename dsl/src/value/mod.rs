//! The values of a script: handles of points, targets, scores, flows, generators, results and
//! others.

pub mod arrays;
mod bridge;
mod coupling;
mod display;
mod flow;
mod generator;
mod handle;
mod matrix;
mod metric_value;
mod number;
mod points;
mod run_result;
mod score;
mod table;
mod target;
pub mod unknown;

pub use bridge::BridgeHandle;
pub use display::{describe, format_content, format_value, unquoted};
pub use flow::{Flow, Plan};
pub use generator::Model;
pub use handle::{register, spoken, type_id, type_of};
pub use matrix::Matrix;
pub use metric_value::{ARITHMETIC, Reading, UNARY, plain_value};
pub use number::{number, numbers};
pub use points::{Cloud, columns_of};
pub use run_result::{Done, history};
pub use score::Recipe;
