"""Translates examples and hints of the manual from the script language to Python."""

from __future__ import annotations

import keyword
import re

TOKEN = re.compile(
    r"""(?P<comment>//[^\n]*)|(?P<text>"(?:\\.|[^"\\])*")|(?P<template>`[^`]*`)|(?P<map>\#\{)"""
    r"""|(?P<number>\d+(?:\.\d+)?(?:[eE][-+]?\d+)?)|(?P<name>[A-Za-z_]\w*)"""
    r"""|(?P<op>\|\||&&|[-+*/<>=!]=|\*\*|[-+*/%<>=!.,:;|()\[\]{}])|(?P<space>\s+)""",
    re.VERBOSE,
)
WORDS = {"true": "True", "false": "False", "let": "", "const": ""}
#: Functions that are types in Python.
TYPES = {"points": "Points"}
OPERATORS = {"&&": " and ", "||": " or ", "!": "not "}


def as_python(script: str, functions: frozenset[str], prefix: str = "sd.") -> str | None:
    """Return a piece of a script as Python, or None if it has no counterpart.

    `functions` are the names of the package's functions; each is written with `prefix`.
    """
    tokens = []
    at = 0
    while at < len(script):
        found = TOKEN.match(script, at)
        if found is None:
            return None
        at = found.end()
        tokens.append((found.lastgroup or "", found.group()))
    try:
        return _Writer(tokens, functions, prefix).statements()
    except (IndexError, _Untold):
        return None


def in_python(text: str, functions: frozenset[str], prefix: str = "sd.", is_message: bool = True) -> str:
    """Return prose with its calls, options and values in the words of Python.

    A message may name an option without quotation marks, as in "write units: 3". In documentation the
    same words are prose, as in "the loss: 3 terms", and options stand between backticks.
    """
    for before, after in PHRASES:
        text = text.replace(before, after)
    out, at = "", 0
    while at < len(text):
        found = CALL.search(text, at)
        if found is None:
            break
        start = found.start()
        end = _closed(text, found.end() - 1)
        call = text[start:end] if end else None
        if call is None or (found.group(1) and found.group(1) not in functions):
            out, at = out + text[at : found.end()], found.end()
            continue
        if found.group(1):
            written = as_python(call, functions, prefix)
        elif (out + text[at:start]).endswith(DICTIONARY):
            written = _dictionary(call, functions, prefix)
        else:
            written = _pairs(call, functions, prefix)
        out, at = out + text[at:start] + (written or call), end or len(text)
    out += text[at:]
    part = r".+" if is_message else r"`[^`]*`"
    out = re.sub(part, lambda found: OPTION.sub(_option, found.group()), out, flags=re.DOTALL)
    out = re.sub(r"`([a-z_]+): (?=[^`]*`)", r"`\1=", out)
    return re.sub(r"(?<=[=`])(true|false)\b", lambda found: WORDS[found.group()], out)


#: Phrases of the manual that apply to scripts only, and their replacements for Python.
PHRASES = [
    ("`true`", "`True`"),
    ("`|x| p.score(x)`", "`lambda x: p.score(x)`"),
    ("`false`", "`False`"),
    ("a map of names and numbers such as", "a dictionary such as"),
    ("a map such as", "a dictionary such as"),
    ("true or false", "True or False"),
    ("`()`", "`None`"),
    (" into `plots/` of the run folder", ""),
    (" into the run folder", ""),
    (
        " A bare file name goes into `samples/` for points, `plots/` for pictures, `tables/` for tables and"
        " `models/` for models.",
        "",
    ),
    ("The path is relative to the script's folder, or to a folder given by `--allow-read`.", ""),
    ("and the run prints the choice", "and the choice is logged"),
    ("function of the script", "function"),
    (" A script that reads this property handles a divergence itself; otherwise a divergence ends the run with exit code 5.", ""),
]
#: What stands before a map that is a dictionary in Python, too. Other maps are keyword arguments.
DICTIONARY = ("a dictionary such as ", "to bounds, such as `")
#: The beginning of a call in prose, or of a map.
CALL = re.compile(r"(?<![\w.#])([a-z_]\w*)\(|\#\{")
#: An option with its value.
OPTION = re.compile(r"(?<![\w`])([a-z_]+): (?=[-\d\"\[])")
#: Words before a colon that are not options.
PROSE = {"example", "are", "is", "expected", "file", "it", "row", "line"}


def _option(found: re.Match[str]) -> str:
    name = found.group(1)
    return found.group() if name in PROSE or "_" not in name and len(name) < 3 else f"{name}="


def _closed(text: str, start: int) -> int | None:
    """Return the place after the bracket that closes the one at `start`."""
    depth = 0
    for i in range(start, len(text)):
        depth += text[i] in "([{"
        depth -= text[i] in ")]}"
        if depth == 0:
            return i + 1
    return None


def _pairs(written: str, functions: frozenset[str], prefix: str) -> str | None:
    """Return a map in prose as keyword arguments."""
    call = as_python(f"normal({written})", functions | {"normal"}, "")
    return None if call is None else call.removeprefix("normal(").removesuffix(")")


def _dictionary(written: str, functions: frozenset[str], prefix: str) -> str | None:
    """Return a map in prose as a dictionary."""
    call = as_python(f"normal([{written}])", functions | {"normal"}, "")
    return None if call is None else call.removeprefix("normal([").removesuffix("])")


class _Untold(Exception):
    """This piece of a script has no counterpart."""


class _Writer:
    def __init__(self, tokens: list[tuple[str, str]], functions: frozenset[str], prefix: str) -> None:
        self.tokens, self.functions, self.prefix, self.at = tokens, functions, prefix, 0

    def peek(self, ahead: int = 0) -> tuple[str, str]:
        place = self.at + ahead
        return self.tokens[place] if place < len(self.tokens) else ("end", "")

    def statements(self) -> str:
        lines = []
        while self.peek()[0] != "end":
            kind, text = self.peek()
            if kind == "space" or text == ";":
                self.at += 1
            elif kind == "comment":
                self.at += 1
                lines.append("#" + text[2:])
            elif text == "for":
                lines.append(self.loop())
            else:
                lines.append(_finish(self.expression(";")))
        return "\n".join(lines)

    def loop(self) -> str:
        """Write `for x in xs { line }`."""
        self.at += 1
        head = self.expression("{")
        self.at += 1
        body = self.expression(";", "}")
        while self.peek()[0] == "space" or self.peek()[1] == ";":
            self.at += 1
        if self.peek()[1] != "}":
            raise _Untold
        self.at += 1
        return f"for {head}:\n    {body}"

    def expression(self, *ends: str) -> str:
        """Write tokens up to one of `ends`, which is not consumed."""
        out = ""
        while True:
            kind, text = self.peek()
            if kind == "end" or text in ends:
                return out.strip()
            self.at += 1
            if kind == "space":
                out += " " if out and not out.endswith(" ") else ""
            elif kind == "comment":
                raise _Untold
            elif kind == "map":
                out += self.dictionary()
            elif kind == "template":
                out += 'f"' + re.sub(r"\$\{([^}]*)\}", self.inserted, text[1:-1].replace('"', "'")) + '"'
            elif kind == "name":
                out = self.named(out, text)
            elif text in ("|", "||") and (not out.strip() or out.rstrip()[-1] in "(,=:["):
                out += self.function(text, ends)
            elif text == "(":
                out += "(" + ", ".join(self.items(")")[0]) + ")"
            elif text == "[":
                out += "[" + ", ".join(self.items("]")[0]) + "]"
            elif text in "{}":
                raise _Untold
            else:
                out += OPERATORS.get(text, text)

    def inserted(self, found: re.Match[str]) -> str:
        inner = as_python(found.group(1), self.functions, self.prefix)
        if inner is None or '"' in inner:
            raise _Untold
        return "{" + inner + "}"

    def named(self, out: str, name: str) -> str:
        """Write a name, and its call if it is the name of a function."""
        is_method = out.rstrip().endswith(".")
        if name in ("for", "if", "while", "fn", "import", "try", "return", "throw"):
            raise _Untold
        if self.peek()[1] != "(":
            return (out + WORDS.get(name, name)).lstrip()
        self.at += 1
        if is_method and name == "extract":
            start, end = self.expression(".", ")"), None
            self.at += 2 if self.peek()[1] == "." else 0
            end = self.expression(")")
            self.at += 1
            return f"{out.rstrip()[:-1]}[{start}:{end}]"
        if is_method and name == "map":
            names, _, body = self.items(")")[0][0].removeprefix("lambda ").partition(": ")
            return _wrapped(out.rstrip()[:-1], "[%s for %s in {}]" % (body, names))
        items, options = self.items(")")
        items += [f"{_word(key)}={value}" for key, value in options or []]
        if is_method and name == "len":
            return _wrapped(out.rstrip()[:-1], "len({})")
        if is_method:
            return out + f"{name}({', '.join(items)})"
        if name == "run":
            return out + f"{items[0]}.run({', '.join(items[1:])})"
        if name == "expect":
            return out + f"assert {items[1]}, {items[0]}"
        owner = self.prefix if name in self.functions else ""
        if name not in self.functions and name not in ("print", "abs", "min", "max"):
            raise _Untold
        name = TYPES.get(name, name)
        return out + f"{owner}{name}({', '.join(items)})"

    def items(self, end: str) -> tuple[list[str], list[tuple[str, str]] | None]:
        """Read a list up to `end`. A map in the last place is returned separately."""
        items: list[str] = []
        options = None
        while True:
            while self.peek()[0] == "space":
                self.at += 1
            if self.peek()[0] == "end":
                raise _Untold
            if self.peek()[1] == end:
                self.at += 1
                return items, options
            if self.peek()[0] == "map" and end == ")":
                start = self.at
                self.at += 1
                pairs = self.pairs()
                while self.peek()[0] == "space":
                    self.at += 1
                if self.peek()[1] == end:
                    options = pairs
                    continue
                self.at = start
            items.append(self.expression(",", end))
            if self.peek()[1] == ",":
                self.at += 1

    def pairs(self) -> list[tuple[str, str]]:
        pairs: list[tuple[str, str]] = []
        while True:
            while self.peek()[0] == "space" or self.peek()[1] == ",":
                self.at += 1
            kind, text = self.peek()
            self.at += 1
            if text == "}":
                return pairs
            if kind not in ("name", "text"):
                raise _Untold
            while self.peek()[0] == "space" or self.peek()[1] == ":":
                self.at += 1
            pairs.append((text.strip('"'), self.expression(",", "}")))

    def dictionary(self) -> str:
        return "{" + ", ".join(f'"{key}": {value}' for key, value in self.pairs()) + "}"

    def function(self, opened: str, ends: tuple[str, ...]) -> str:
        names = ""
        if opened == "|":
            names = " " + self.expression("|")
            self.at += 1
        return f"lambda{names}: {self.expression(*ends)}"


def _wrapped(out: str, form: str) -> str:
    """Put the last operand of `out` into `form`."""
    found = re.search(r"[\w.\[\]()\"]+$", out)
    if found is None:
        raise _Untold
    return out[: found.start()] + form.format(found.group())


def _word(name: str) -> str:
    return name + "_" if keyword.iskeyword(name) else name


def _finish(line: str) -> str:
    return re.sub(r"\s+", " ", line).replace("( ", "(") if '"' not in line else line
