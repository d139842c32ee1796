//! Quoting of words in a command that the user can paste into a shell.

/// Quotes `word` so that a shell reads it back unchanged.
pub fn for_shell(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_=.,:/+%@".contains(c);
    if !word.is_empty() && word.chars().all(plain) { word.into() } else { format!("'{}'", word.replace('\'', "'\\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_come_back_as_they_were() {
        assert_eq!(for_shell("-p"), "-p");
        assert_eq!(for_shell("name=\"a,b\" c"), "'name=\"a,b\" c'");
        assert_eq!(for_shell("it's"), "'it'\\''s'");
        assert_eq!(for_shell(""), "''");
    }

    #[test]
    fn words_are_quoted_where_a_shell_would_cut_them() {
        assert_eq!(for_shell("scripts/a-1.rhai"), "scripts/a-1.rhai");
        assert_eq!(for_shell("word=a b"), "'word=a b'");
        assert_eq!(for_shell("it's=\"a,b\""), r#"'it'\''s="a,b"'"#);
    }
}
