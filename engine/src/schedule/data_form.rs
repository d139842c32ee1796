//! The representation of schedules in data.

use super::Schedule;
use crate::archive::{Archive, Archived};
use crate::expression::Expression;
use crate::options::{Mismatch, OptionType, OptionValue};
use crate::{Error, Result};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::Value;

/// The representation of a schedule in data.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Written {
    Number(f64),
    List(Vec<f64>),
    Formula(String),
    Map(Tagged),
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "schedule", rename_all = "lowercase", deny_unknown_fields)]
enum Tagged {
    Constant { value: f64 },
    Linear { from: f64, to: f64 },
    Cosine { from: f64, to: f64 },
    Geometric { from: f64, to: f64 },
    Karras { from: f64, to: f64, rho: f64 },
    Polynomial { from: f64, to: f64, power: f64 },
    Sigmoid { from: f64, to: f64, steepness: f64 },
    Adaptive { from: f64, to: f64 },
}

impl OptionValue for Schedule {
    const TYPE: OptionType = OptionType::Schedule;

    fn check(value: &Value) -> std::result::Result<(), Mismatch> {
        let written: Written = serde_json::from_value(value.clone()).map_err(|_| Mismatch::Type)?;
        Schedule::try_from(written).map(drop).map_err(Mismatch::Value)
    }
}

impl Serialize for Schedule {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        Written::from(self.clone()).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Schedule {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Schedule, D::Error> {
        Schedule::try_from(Written::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

impl TryFrom<Written> for Schedule {
    type Error = Error;

    fn try_from(written: Written) -> Result<Schedule> {
        Ok(match written {
            Written::Formula(text) => Schedule::Formula(Expression::of_progress(&text)?),
            Written::Number(value) => Schedule::Constant { value },
            Written::List(values) => Schedule::Table { values },
            Written::Map(tagged) => match tagged {
                Tagged::Constant { value } => Schedule::Constant { value },
                Tagged::Linear { from, to } => Schedule::Linear { from, to },
                Tagged::Cosine { from, to } => Schedule::Cosine { from, to },
                Tagged::Geometric { from, to } => Schedule::Geometric { from, to },
                Tagged::Karras { from, to, rho } => Schedule::Karras { from, to, rho },
                Tagged::Polynomial { from, to, power } => Schedule::Polynomial { from, to, power },
                Tagged::Sigmoid { from, to, steepness } => Schedule::Sigmoid { from, to, steepness },
                Tagged::Adaptive { from, to } => Schedule::Adaptive { from, to },
            },
        })
    }
}

impl From<Schedule> for Written {
    fn from(schedule: Schedule) -> Written {
        match schedule {
            Schedule::Constant { value } => Written::Number(value),
            Schedule::Table { values } => Written::List(values),
            Schedule::Formula(formula) => Written::Formula(formula.text().into()),
            Schedule::Linear { from, to } => Written::Map(Tagged::Linear { from, to }),
            Schedule::Cosine { from, to } => Written::Map(Tagged::Cosine { from, to }),
            Schedule::Geometric { from, to } => Written::Map(Tagged::Geometric { from, to }),
            Schedule::Karras { from, to, rho } => Written::Map(Tagged::Karras { from, to, rho }),
            Schedule::Polynomial { from, to, power } => Written::Map(Tagged::Polynomial { from, to, power }),
            Schedule::Sigmoid { from, to, steepness } => Written::Map(Tagged::Sigmoid { from, to, steepness }),
            Schedule::Adaptive { from, to } => Written::Map(Tagged::Adaptive { from, to }),
        }
    }
}

/// A schedule is archived in its data form, which preserves every bit of its numbers.
impl Archived for Schedule {
    fn archive(&mut self, archive: &mut Archive) -> Result<()> {
        let unwritten = |e: serde_json::Error| Error::Numeric { what: "the schedule".into(), reason: e.to_string() };
        let mut text = serde_json::to_string(self).map_err(unwritten)?;
        text.archive(archive)?;
        *self = serde_json::from_str(&text).map_err(unwritten)?;
        Ok(())
    }
}
