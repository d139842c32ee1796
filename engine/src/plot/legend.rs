//! Which colour each name has, and what the legend lists.

use super::colour::Colour;

/// How a legend shows an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Swatch {
    Dot,
    Line,
    Dashes,
}

/// One name in the legend.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Entry {
    pub label: String,
    pub colour: Colour,
    pub swatch: Swatch,
}

/// The names of a whole picture; equal names share a colour.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Legend {
    pub entries: Vec<Entry>,
    /// Colours taken from the palette so far.
    taken: usize,
}

impl Legend {
    /// The colour of a layer, and its entry in the legend if it has a name. `unnamed` counts the
    /// layers without a name before it in its chart: they take the palette's colours in order, the
    /// same in every chart.
    pub fn colour(&mut self, label: &str, asked: Option<Colour>, swatch: Swatch, unnamed: &mut usize) -> Colour {
        if label.is_empty() {
            let next = *unnamed;
            *unnamed += usize::from(asked.is_none());
            return asked.unwrap_or_else(|| Colour::of(next));
        }
        if let Some(entry) = self.entries.iter().find(|e| e.label == label && e.swatch == swatch) {
            return asked.unwrap_or(entry.colour);
        }
        let known = self.entries.iter().find(|e| e.label == label).map(|e| e.colour);
        let colour = asked.or(known).unwrap_or_else(|| {
            self.taken += 1;
            Colour::of(self.taken - 1)
        });
        self.entries.push(Entry { label: label.into(), colour, swatch });
        colour
    }
}
