//! Scores, as specifications: every flow makes its own estimators from them, so that one handle can
//! serve several runs.

use rhai::Engine;

/// What a script holds as a score.
pub use sdflow::score::ScoreSpec as Recipe;

/// How a score prints.
pub fn register(engine: &mut Engine) {
    let text = |recipe: &mut Recipe| recipe.to_string();
    engine.register_fn("to_string", text).register_fn("to_debug", text);
}
