//! The colours of names, and the entries of the legend.

use super::colour::Colour;

/// The symbol of an entry in the legend.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Swatch {
    Dot,
    Line,
    Dashes,
}

/// An entry of the legend.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Entry {
    pub label: String,
    pub colour: Colour,
    pub swatch: Swatch,
}

/// The names in a whole picture. Equal names have equal colours.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Legend {
    pub entries: Vec<Entry>,
    /// The number of palette colours in use.
    taken: usize,
}

impl Legend {
    /// Returns the colour of a layer, and adds its entry to the legend if it has a name. `unnamed`
    /// counts the layers so far in the chart that have neither a name nor a requested colour. Such
    /// layers take the colours of the palette in order, and every chart begins with the first
    /// colour that no name has so far.
    pub fn colour(&mut self, label: &str, asked: Option<Colour>, swatch: Swatch, unnamed: &mut usize) -> Colour {
        if label.is_empty() {
            let next = *unnamed;
            *unnamed += usize::from(asked.is_none());
            return asked.unwrap_or_else(|| Colour::of(self.taken + next));
        }
        if let Some(entry) = self.entries.iter().find(|e| e.label == label) {
            return asked.unwrap_or(entry.colour);
        }
        let colour = asked.unwrap_or_else(|| {
            self.taken += 1;
            Colour::of(self.taken - 1)
        });
        self.entries.push(Entry { label: label.into(), colour, swatch });
        colour
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_layer_without_a_name_has_no_colour_of_an_earlier_name() {
        let (mut legend, mut unnamed) = (Legend::default(), 0);
        let named = legend.colour("particles", None, Swatch::Dot, &mut unnamed);
        let next = legend.colour("", None, Swatch::Dot, &mut unnamed);
        assert_eq!((named, next), (Colour::of(0), Colour::of(1)));
        assert_eq!(legend.colour("particles", None, Swatch::Dot, &mut unnamed), named);
        assert_eq!(legend.entries.len(), 1);
    }
}
