//! Rust code as words and punctuation marks, with its string literals separately.

/// Words and punctuation marks in order, without comments; the text of strings is kept separately.
#[derive(Default)]
pub struct Tokens {
    pub words: Vec<String>,
    /// Each string as written, with the line on which it begins.
    pub strings: Vec<(usize, String)>,
}

impl Tokens {
    /// True if this sequence of words occurs.
    pub fn contain(&self, word: &[&str]) -> bool {
        self.words.windows(word.len()).any(|window| window.iter().zip(word).all(|(a, b)| a == b))
    }

    /// Reads the code once from its beginning to its end.
    pub fn of(code: &str) -> Tokens {
        let chars: Vec<char> = code.chars().collect();
        let mut tokens = Tokens::default();
        let (mut i, mut line) = (0, 1);
        while i < chars.len() {
            let end = tokens.read(&chars, i, line);
            line += chars[i..end.min(chars.len())].iter().filter(|c| **c == '\n').count();
            i = end;
        }
        tokens
    }

    /// Reads the token at `i` and returns the position of the next token.
    fn read(&mut self, chars: &[char], i: usize, line: usize) -> usize {
        let next = chars.get(i + 1).copied().unwrap_or(' ');
        match chars[i] {
            '/' if next == '/' => past_line(chars, i),
            '/' if next == '*' => past_block(chars, i),
            '"' => self.string(chars, i, past_string(chars, i), line),
            'r' if next == '"' || next == '#' => match past_raw_string(chars, i) {
                Some(end) => self.string(chars, i, end, line),
                None => self.word(chars, i),
            },
            '\'' => past_char(chars, i),
            c if c.is_alphanumeric() || c == '_' => self.word(chars, i),
            c => {
                if !c.is_whitespace() {
                    self.words.push(c.to_string());
                }
                i + 1
            }
        }
    }

    fn string(&mut self, chars: &[char], i: usize, end: usize, line: usize) -> usize {
        self.strings.push((line, chars[i..end.min(chars.len())].iter().collect()));
        end
    }

    fn word(&mut self, chars: &[char], i: usize) -> usize {
        let end = (i..chars.len()).find(|&j| !(chars[j].is_alphanumeric() || chars[j] == '_')).unwrap_or(chars.len());
        self.words.push(chars[i..end].iter().collect());
        end
    }
}

fn past_line(chars: &[char], i: usize) -> usize {
    (i..chars.len()).find(|&j| chars[j] == '\n').unwrap_or(chars.len())
}

fn past_block(chars: &[char], i: usize) -> usize {
    let end = (i + 2..chars.len()).find(|&j| chars[j] == '*' && chars.get(j + 1) == Some(&'/'));
    end.map_or(chars.len(), |j| j + 2)
}

fn past_string(chars: &[char], i: usize) -> usize {
    let mut j = i + 1;
    while j < chars.len() && chars[j] != '"' {
        j += if chars[j] == '\\' { 2 } else { 1 };
    }
    j + 1
}

/// The position after `r"..."` or `r#"..."#`; None for a raw word such as `r#type`.
fn past_raw_string(chars: &[char], i: usize) -> Option<usize> {
    let hashes = chars[i + 1..].iter().take_while(|c| **c == '#').count();
    let open = i + 1 + hashes;
    if chars.get(open) != Some(&'"') {
        return None;
    }
    let closes =
        |j: usize| chars[j] == '"' && chars[j + 1..].iter().take(hashes).filter(|c| **c == '#').count() == hashes;
    Some((open + 1..chars.len()).find(|&j| closes(j)).map_or(chars.len(), |j| j + 1 + hashes))
}

/// The position after a character literal; for a lifetime, the position after its quote.
fn past_char(chars: &[char], i: usize) -> usize {
    match chars.get(i + 1) {
        Some('\\') => (i + 3..chars.len()).find(|&j| chars[j] == '\'').map_or(chars.len(), |j| j + 1),
        Some(_) if chars.get(i + 2) == Some(&'\'') => i + 3,
        _ => i + 1,
    }
}
