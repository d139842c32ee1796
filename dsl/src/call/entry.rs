//! An entry of the manual: a signature and its implementation.

use super::Native;
use crate::language::{Arg, Kind, Signature, Type};
use sdflow::options::Key;
use std::ops::Deref;

/// One function, method or property of the script language.
#[derive(Clone)]
pub struct Entry {
    /// Its name, arguments, types and manual page.
    pub signature: Signature,
    /// Its implementation.
    pub(crate) run: Native,
}

impl Deref for Entry {
    type Target = Signature;

    fn deref(&self) -> &Signature {
        &self.signature
    }
}

/// A function.
pub const fn function(name: &'static str, kind: Kind, args: &'static [Arg], returns: Type, run: Native) -> Entry {
    let signature = Signature {
        name,
        kind,
        receiver: None,
        is_property: false,
        args,
        returns,
        returned: "",
        about: "",
        options: &[],
        names: &[],
        example: "",
    };
    Entry { signature, run }
}

impl Entry {
    /// Makes it a method of `owner`, which is argument 0 of the call.
    pub const fn of(mut self, owner: Type) -> Entry {
        self.signature.receiver = Some(owner);
        self
    }

    /// Makes it a property, read without parentheses.
    pub const fn property(mut self) -> Entry {
        self.signature.is_property = true;
        self
    }

    /// Sets the description of its result, if the type alone does not suffice.
    pub const fn returned(mut self, words: &'static str) -> Entry {
        self.signature.returned = words;
        self
    }

    /// Sets its description, one paragraph.
    pub const fn about(mut self, text: &'static str) -> Entry {
        self.signature.about = text;
        self
    }

    /// Sets the keys of its options.
    pub const fn options(mut self, keys: &'static [Key]) -> Entry {
        self.signature.options = keys;
        self
    }

    /// Sets the valid names of its first argument, with their meaning.
    pub const fn names(mut self, names: &'static [(&'static str, &'static str)]) -> Entry {
        self.signature.names = names;
        self
    }

    /// Sets its example, a few lines that run.
    pub const fn example(mut self, lines: &'static str) -> Entry {
        self.signature.example = lines;
        self
    }
}
