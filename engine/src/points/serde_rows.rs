//! Points as plain data: a list of rows.

use super::Points;
use crate::options::{OptionType, OptionValue};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

impl OptionValue for Points {
    const TYPE: OptionType = OptionType::Points;
}

impl Serialize for Points {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(self.iter())
    }
}

impl<'de> Deserialize<'de> for Points {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Points, D::Error> {
        let rows = Vec::<Vec<f64>>::deserialize(from)?;
        Points::from_rows(&rows).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_come_back_and_ragged_ones_do_not() {
        let points = Points::from_rows(&[[1.0, -0.1], [3e-300, 4.0]]).unwrap();
        let text = serde_json::to_string(&points).unwrap();
        assert_eq!(text, "[[1.0,-0.1],[3e-300,4.0]]");
        assert_eq!(serde_json::from_str::<Points>(&text).unwrap(), points);
        assert!(serde_json::from_str::<Points>("[[1.0],[2.0,3.0]]").is_err());
        assert!(serde_json::from_str::<Points>("[]").is_err());
    }
}
