//! The literature of the functions that a script uses.

use crate::manual::cited_work;
use sdflow_dsl::manual::entries_of;

/// Returns the works that the manual cites for these functions, each as a sentence, in the order
/// of their first citation.
pub fn references(functions: &[&str]) -> Vec<String> {
    let mut keys: Vec<&str> = Vec::new();
    for entry in functions.iter().flat_map(|name| entries_of(name)) {
        let names = entry.names.iter().map(|(_, about)| *about);
        let options = entry.options.iter().map(|key| key.doc);
        for text in std::iter::once(entry.about).chain(names).chain(options) {
            let cited = text.split('[').skip(1).filter_map(|rest| rest.split(']').next());
            let cited = cited.flat_map(|inside| inside.split([',', ';', ' '])).filter(|key| work(key).is_some());
            cited.for_each(|key| {
                if !keys.contains(&key) {
                    keys.push(key)
                }
            });
        }
    }
    keys.iter().filter_map(|key| work(key)).collect()
}

/// Returns the work with this key as a sentence.
fn work(key: &str) -> Option<String> {
    let entry = cited_work(key)?;
    let field = |name: &str| {
        let value = entry.lines().find_map(|line| line.trim().strip_prefix(name)?.trim().strip_prefix('='))?;
        let value = value.trim().trim_end_matches(',');
        Some(plain(value.strip_prefix('{')?.strip_suffix('}')?))
    };
    let place = ["journal", "booktitle", "publisher", "eprint", "howpublished"].into_iter().find_map(|name| {
        let place = field(name)?;
        Some(if name == "eprint" { format!("arXiv:{place}") } else { place })
    });
    let mut text = format!("{}: {}", field("author")?.replace(" and ", "; "), field("title")?);
    [place, field("year")].into_iter().flatten().for_each(|part| text.push_str(&format!(", {part}")));
    Some(text + ".")
}

/// Letters as TeX writes them, without braces.
const LETTERS: [(&str, &str); 17] = [
    ("\\'a", "á"),
    ("\\'e", "é"),
    ("\\'i", "í"),
    ("\\'o", "ó"),
    ("\\'u", "ú"),
    ("\\\"a", "ä"),
    ("\\\"e", "ë"),
    ("\\\"i", "ï"),
    ("\\\"o", "ö"),
    ("\\\"u", "ü"),
    ("\\`a", "à"),
    ("\\`e", "è"),
    ("\\c c", "ç"),
    ("\\cc", "ç"),
    ("\\o", "ø"),
    ("\\&", "&"),
    ("--", "–"),
];

/// Returns a value of BibTeX without its braces, and with letters in place of TeX's accents.
fn plain(value: &str) -> String {
    LETTERS.iter().fold(value.replace(['{', '}'], ""), |text, (tex, letter)| text.replace(tex, letter))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manual::REFERENCES;

    #[test]
    fn the_works_of_a_flow_are_found_in_plain_text() {
        let found = references(&["normal", "sd_flow", "sd_flow"]);
        assert!(found[0].starts_with("Weber, Romann M.: The Score-Difference Flow"), "{found:?}");
        assert!(found.iter().all(|work| work.ends_with('.') && !work.contains(['{', '}', '\\'])), "{found:?}");
        assert!(references(&["normal"]).is_empty() && work("nobody1900").is_none() && work("").is_none());
    }

    /// A work of the file without an author or a title would be missing from every report.
    #[test]
    fn every_work_can_be_shown() {
        let keys = REFERENCES.lines().filter_map(|line| line.strip_prefix('@')?.split('{').nth(1)?.strip_suffix(','));
        let mut count = 0;
        for key in keys {
            let text = work(key);
            assert!(text.as_ref().is_some_and(|text| !text.contains(['{', '\\', '"'])), "{key}: {text:?}");
            count += 1;
        }
        assert!(count > 50, "{count}");
    }
}
