//! Errors of the engine as failures of a call, with hints.

use super::diagnostic::Fault;
use super::fail::{At, Fail};
use sdflow::{Blame, Error, MissingPart, Quantity, Rule};

impl From<Error> for Fail {
    fn from(error: Error) -> Fail {
        let kind = match error.blame() {
            Blame::Call => Fault::Script,
            Blame::Data => Fault::Data,
            Blame::Stopped => Fault::Interrupted,
        };
        let is_certain = match &error {
            Error::Unknown { .. } | Error::Missing { .. } | Error::Expression { .. } => true,
            Error::Shape { got, .. } => matches!(got, Quantity::Columns(_)),
            _ => false,
        };
        let fail = match error {
            Error::Unknown { what, name, near } => Fail {
                kind,
                hint: near.map(|n| format!("did you mean \"{n}\"?")),
                ..Fail::script(format!("there is no {what} `{name}`"))
            },
            Error::Missing { what, part, hint } => {
                let hint = if hint.is_empty() { instead_of(&part) } else { hint };
                Fail { kind, hint: Some(hint), ..Fail::script(format!("{what} has no {part}")) }
            }
            Error::Expression { text, at, length, message, hint } => Fail {
                kind,
                hint: Some(hint).filter(|hint| !hint.is_empty()),
                at: At::Inside { part: Box::new(At::Call), text, at, length },
                ..Fail::script(message)
            },
            other => Fail { kind, ..Fail::script(other.to_string()) },
        };
        Fail { is_certain, ..fail }
    }
}

/// Returns advice for a script whose target lacks a part.
fn instead_of(part: &MissingPart) -> String {
    let hint = match part {
        MissingPart::SmoothedForm(_) => {
            "use `smoothed(target)`, which smooths by Monte Carlo, or sigma = 0 with `scaling: \"raw\"`"
        }
        MissingPart::Sampler => "an unnormalised density cannot be sampled: give points in its place, or leave it out",
        MissingPart::Field => {
            "its particles do not interact, so a separate run moves other points in the same way: run(flow, points)"
        }
        MissingPart::Weights => {
            "compare with points drawn by weight, `target.sample(1000)`, or use `energy`, `mmd`, `sliced_w2` or `w2`"
        }
        MissingPart::Prior => {
            "only the samplers of a diffusion have one: start from any points, such as normal(1000, 2)"
        }
        _ => "use a target that has one (`gaussian`, `ar1`, `mixture`, `student_t`), or an estimate from samples",
    };
    hint.into()
}

/// The part of a call that an error is about.
#[derive(Debug, PartialEq)]
pub enum Culprit<'a> {
    /// The argument or option of this name.
    Named(&'a str),
    /// The string given in the script.
    Text(&'a str),
    /// The whole call.
    Call,
}

/// Returns the part of a call that an error of the engine is about.
pub fn culprit(error: &Error) -> Culprit<'_> {
    match error {
        // An element or a component of an option counts as the option: `weights[3]`, `sigma.from`.
        Error::Argument { name, .. } => Culprit::Named(name.split(['.', '[']).next().unwrap_or(name)),
        Error::Unknown { name, .. } => Culprit::Text(name),
        Error::Expression { text, .. } => Culprit::Text(text),
        Error::Shape { what, .. } => what.name.as_deref().map_or(Culprit::Call, Culprit::Named),
        _ => Culprit::Call,
    }
}

/// Returns a hint if the correction is obvious: for a wrong sign, a 0, or data that do not fit.
pub fn suggest_fix(error: &Error) -> Option<String> {
    let (name, value, rule) = match error {
        Error::Argument { name, value, want } => (name, value, want.rule),
        Error::Shape { got: Quantity::Columns(_), .. } => {
            return Some("give both the same number of columns".into());
        }
        Error::NotFinite { .. } => return Some("correct that value, or leave its row or column out".into()),
        Error::File { want, .. } if want.rule == Rule::Finite => {
            return Some(
                "correct that cell, leave its row out, or choose the columns of numbers: `#{columns: [..]}`".into(),
            );
        }
        Error::File { want, .. } => match want.rule {
            Rule::Stated(options) => return Some(choice(options)),
            _ => return None,
        },
        _ => return None,
    };
    // A component of an option, such as `sigma.to`, is not a key that can be written.
    if name.contains(['.', '[']) {
        return None;
    }
    let value: f64 = value.parse().ok()?;
    match (rule, value) {
        (Rule::Positive | Rule::NotNegative, v) if v < 0.0 => Some(format!("drop the minus sign: {name}: {}", -v)),
        (Rule::Positive | Rule::NotNegative, 0.0) => Some(format!("write a number above 0, such as {name}: 0.1")),
        _ => None,
    }
}

/// Returns the alternatives as a hint: "write `#{header: true}` or `#{header: false}`".
fn choice(options: &[(&str, &str)]) -> String {
    if let [("missing", value)] = options {
        return format!("correct that cell, or leave rows with missing values out: `#{{missing: {value}}}`");
    }
    let maps: Vec<String> = options.iter().map(|(name, value)| format!("`#{{{name}: {value}}}`")).collect();
    format!("write {}", maps.join(" or "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use sdflow::{Quantity, Subject};

    /// Place and hint do not depend on the wording of the engine.
    #[test]
    fn rewording_the_engine_loses_no_caret_and_no_hint() {
        let argument = |words: &str| Error::argument("sigma", -2, Rule::Positive.worded(words));
        let part = |words: &str| Error::argument("sigma.from", -2, Rule::Positive.worded(words));
        let shape = |words: &str| Error::shape(Subject::option("mean"), Quantity::Columns(3), words);
        let argument_shape = |words: &str| Error::shape(Subject::argument("start"), Quantity::Columns(3), words);
        let unknown = |words: &str| Error::Unknown { what: "data set", name: "mons".into(), near: Some(words.into()) };
        let formula = |words: &str| Error::Expression {
            text: "x[0] +".into(),
            at: 5,
            length: 1,
            message: words.into(),
            hint: String::new(),
        };
        let file = |words: &str| Error::File {
            path: "x.csv".into(),
            place: "line 3".into(),
            seen: "NaN".into(),
            want: Rule::Finite.worded(words),
        };
        let words = ["it must be positive", "colourless green ideas sleep", "", "the points have 3 columns"];
        let of = |made: &dyn Fn(&str) -> Error, want: (Culprit<'static>, Option<&str>)| {
            for words in words {
                let error = made(words);
                assert_eq!((culprit(&error), suggest_fix(&error).as_deref()), want, "{error}");
            }
        };
        let columns = Some("give both the same number of columns");
        of(&argument, (Culprit::Named("sigma"), Some("drop the minus sign: sigma: 2")));
        of(&part, (Culprit::Named("sigma"), None));
        of(&shape, (Culprit::Named("mean"), columns));
        of(&argument_shape, (Culprit::Named("start"), columns));
        of(&unknown, (Culprit::Text("mons"), None));
        of(&formula, (Culprit::Text("x[0] +"), None));
        of(
            &file,
            (
                Culprit::Call,
                Some("correct that cell, leave its row out, or choose the columns of numbers: `#{columns: [..]}`"),
            ),
        );
    }

    /// The hint would replace the whole schedule by a constant. Therefore only a wrong constant has
    /// a hint.
    #[test]
    fn a_wrong_part_of_a_schedule_has_no_hint() {
        use sdflow::flow::{SdFlow, SdFlowOptions};
        use sdflow::schedule::Schedule;
        use sdflow::score::Kde;
        let refused = |sigma: Schedule| {
            let options = SdFlowOptions { sigma: Some(sigma), ..SdFlowOptions::default() };
            let points = sdflow::Points::zeros(3, 2);
            SdFlow::new(Kde::of(points).into(), Kde::of_cloud().into(), options).unwrap_err()
        };
        let hint = |sigma: Schedule| {
            let error = refused(sigma);
            assert_eq!(culprit(&error), Culprit::Named("sigma"), "{error}");
            suggest_fix(&error)
        };
        let formula: Schedule = serde_json::from_str("\"1 - t\"").unwrap();
        assert_eq!(hint(Schedule::Cosine { from: -1.0, to: 0.1 }), None);
        assert_eq!(hint(Schedule::Cosine { from: 0.0, to: 0.1 }), None);
        assert_eq!(hint(Schedule::Table { values: vec![1.0, 0.5, -2.0] }), None);
        assert_eq!(hint(Schedule::Table { values: vec![1.0, 0.0] }), None);
        assert_eq!(hint(formula), None);
        assert_eq!(hint(Schedule::from(-1.0)).as_deref(), Some("drop the minus sign: sigma: 1"));
        assert_eq!(hint(Schedule::from(0.0)).as_deref(), Some("write a number above 0, such as sigma: 0.1"));
        assert_eq!(
            refused(Schedule::Linear { from: 1.0, to: 0.0 }).to_string().split(" is ").next(),
            Some("`sigma.to`")
        );
    }
}
