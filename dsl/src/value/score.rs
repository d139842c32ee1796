//! Scores, as specifications: every flow builds its own estimators from them, so that one score can
//! serve several runs.

use rhai::Engine;

/// A score as a value of the script.
pub use sdflow::score::ScoreSpec as Recipe;

/// Registers how a score prints.
pub fn register(engine: &mut Engine) {
    let text = |recipe: &mut Recipe| recipe.to_string();
    engine.register_fn("to_string", text).register_fn("to_debug", text);
}
