//! The part of the grammar of Rhai's definition files that a list of functions needs: the rules
//! `DefFn` and `Type` of the language server, without the unknown type `?`.

/// The lines of a definition file that are neither comments nor declarations.
pub fn refused(text: &str) -> Vec<String> {
    let mut lines = text.lines();
    assert_eq!(lines.next(), Some("module static;"));
    let fits = |line: &&str| !(line.is_empty() || line.starts_with("/// ") || is_function(line));
    lines.filter(fits).map(String::from).collect()
}

/// `fn [get] name(name: type, ..) -> type;`
fn is_function(line: &str) -> bool {
    let mut rest = Tokens(line);
    rest.word("fn") && {
        rest.word("get");
        rest.name()
            && rest.sign('(')
            && rest.parameters()
            && rest.arrow()
            && rest.union()
            && rest.sign(';')
            && rest.is_empty()
    }
}

struct Tokens<'a>(&'a str);

impl Tokens<'_> {
    fn is_empty(&self) -> bool {
        self.0.trim().is_empty()
    }

    fn sign(&mut self, sign: char) -> bool {
        let rest = self.0.trim_start().strip_prefix(sign);
        self.0 = rest.unwrap_or(self.0);
        rest.is_some()
    }

    fn arrow(&mut self) -> bool {
        self.sign('-') && self.sign('>')
    }

    /// Reads the word and the space after it.
    fn word(&mut self, word: &str) -> bool {
        let rest = self.0.trim_start().strip_prefix(word).filter(|rest| rest.starts_with(' '));
        self.0 = rest.unwrap_or(self.0);
        rest.is_some()
    }

    fn name(&mut self) -> bool {
        let text = self.0.trim_start();
        let length = text.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').count();
        self.0 = &text[length..];
        length > 0
    }

    /// `a: type, b: type)`
    fn parameters(&mut self) -> bool {
        if self.sign(')') {
            return true;
        }
        loop {
            if !(self.name() && self.sign(':') && self.union()) {
                return false;
            }
            if self.sign(')') {
                return true;
            }
            if !self.sign(',') {
                return false;
            }
        }
    }

    /// `type | type`
    fn union(&mut self) -> bool {
        loop {
            let one = if self.sign('[') {
                self.union() && self.sign(']')
            } else if self.sign('(') {
                self.sign(')')
            } else {
                self.name()
            };
            if !one || !self.sign('|') {
                return one;
            }
        }
    }
}
