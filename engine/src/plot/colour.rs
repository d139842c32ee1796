//! Colours that remain distinguishable with colour blindness.

use crate::{Error, Result};

/// An sRGB colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Colour(pub u8, pub u8, pub u8);

/// The names of colours for scripts, in the order in which layers use them \[okabe2008color\].
/// Yellow, which is pale on white, and the two greys are used only on request.
const NAMED: [(&str, Colour); 10] = [
    ("blue", Colour(0, 114, 178)),
    ("vermilion", Colour(213, 94, 0)),
    ("green", Colour(0, 158, 115)),
    ("purple", Colour(204, 121, 167)),
    ("orange", Colour(230, 159, 0)),
    ("sky", Colour(86, 180, 233)),
    ("black", Colour::BLACK),
    ("yellow", Colour(240, 228, 66)),
    ("grey", Colour::GREY),
    ("silver", Colour::SILVER),
];

/// The colour map viridis, at evenly spaced values.
const HEAT: [Colour; 9] = [
    Colour(68, 1, 84),
    Colour(71, 44, 122),
    Colour(59, 81, 139),
    Colour(44, 113, 142),
    Colour(33, 144, 141),
    Colour(39, 173, 129),
    Colour(92, 200, 99),
    Colour(170, 220, 50),
    Colour(253, 231, 37),
];

impl Colour {
    /// The colour of text.
    pub const BLACK: Colour = Colour(34, 34, 34);
    /// The colour of reference lines and ticks.
    pub const GREY: Colour = Colour(110, 110, 110);
    /// The colour of background clouds, such as target samples behind particles.
    pub const SILVER: Colour = Colour(176, 176, 176);

    /// Returns the `index`-th colour of the palette; the palette repeats after seven colours.
    pub fn of(index: usize) -> Colour {
        NAMED[index % 7].1
    }

    /// Returns a colour from its name or from `#rrggbb`.
    ///
    /// # Errors
    /// It is neither a name nor `#rrggbb`.
    pub fn from_name(name: &str) -> Result<Colour> {
        let digits = name.strip_prefix('#').filter(|d| d.len() == 6 && d.bytes().all(|b| b.is_ascii_hexdigit()));
        if let Some(value) = digits.and_then(|d| u32::from_str_radix(d, 16).ok()) {
            return Ok(Colour((value >> 16) as u8, (value >> 8) as u8, value as u8));
        }
        let known = NAMED.iter().find(|(n, _)| *n == name).map(|(_, colour)| *colour);
        known.ok_or_else(|| Error::unknown("colour", name, NAMED.iter().map(|(n, _)| *n)))
    }

    /// Returns the colour for a value in 0..1, from dark blue through green to yellow. The
    /// lightness rises evenly, so that the order is also visible without hue.
    pub fn heat(share: f64) -> Colour {
        let at = share.clamp(0.0, 1.0) * (HEAT.len() - 1) as f64;
        let low = (at as usize).min(HEAT.len() - 2);
        let (Colour(r, g, b), Colour(s, t, u)) = (HEAT[low], HEAT[low + 1]);
        let mix = |x: u8, y: u8| (f64::from(x) + (f64::from(y) - f64::from(x)) * (at - low as f64)).round() as u8;
        Colour(mix(r, s), mix(g, t), mix(b, u))
    }

    /// Returns `#rrggbb`.
    pub fn hex(self) -> String {
        format!("#{:02x}{:02x}{:02x}", self.0, self.1, self.2)
    }

    /// Returns this colour mixed with a share (0..1) of white.
    pub fn paler(self, share: f64) -> Colour {
        let mix = |c: u8| (f64::from(c) + (255.0 - f64::from(c)) * share.clamp(0.0, 1.0)).round() as u8;
        Colour(mix(self.0), mix(self.1), mix(self.2))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_digits() {
        assert_eq!(Colour::from_name("#0072B2").unwrap(), Colour::from_name("blue").unwrap());
        assert_eq!(Colour::from_name("blue").unwrap().hex(), "#0072b2");
        assert!(Colour::from_name("blu").unwrap_err().to_string().contains("did you mean `blue`"));
        assert!(Colour::from_name("#00é2B").is_err());
        assert_eq!(Colour(0, 100, 255).paler(1.0), Colour(255, 255, 255));
        assert_eq!(Colour::of(7), Colour::of(0));
    }
}
