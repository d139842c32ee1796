"""The functions and methods of the package, built from the manual of the engine.

A new function of the engine appears here without a change of this package.
"""

from __future__ import annotations

import inspect
import keyword
import re
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from . import _engine
from ._errors import MissingError, SdflowError
from ._script import as_python, in_python
from ._session import current
from ._values import CLASSES, Flow, Value, wrapped

#: Functions that this package also offers as methods of their first argument.
METHODS = {"run": "flow", "fit": "generator", "distill": "generator", "regress": "generator"}
#: Names that this package defines itself: these values are types of Python.
OWN = {("points", None), ("mean", "points"), ("reading", "*"), ("matrix", "*")}
HINTS = {
    "()": "None",
    "bool": "bool",
    "int": "int",
    "float": "float",
    "String": "str",
    "Array": "list[Any]",
    "Map": "Mapping[str, Any]",
    "FnPtr": "Callable[..., Any]",
    "points": "Points | ArrayLike",
    "matrix": "ArrayLike",
    "reading": "Reading",
}
RESULTS = {"Map": "Record", "points": "Points", "matrix": "NDArray[np.float64]", "Array": "list[Any]"}


@dataclass(frozen=True)
class Option:
    """A keyword argument: its type in Python and in words, its default as in the manual, its description."""

    name: str
    hint: str
    words: str
    default: str | None
    doc: str


@dataclass(frozen=True)
class Arg:
    """A positional argument."""

    name: str
    hint: str
    words: str
    is_optional: bool


class Entry:
    """One function, method or property of the manual."""

    def __init__(self, told: dict[str, Any]) -> None:
        self.index: int = told["index"]
        self.name: str = told["name"]
        self.receiver: str | None = told["receiver"]
        self.is_property: bool = told["is_property"]
        args = [arg for arg in told["args"] if arg[0] != "options"]
        self.args = [Arg(_word(name), _hint(name, defined), words, optional) for name, defined, words, optional in args]
        self.takes_options = any(arg[0] == "options" or "Map" in arg[1] for arg in told["args"])
        options = [option for option in told["options"] if option[0] not in SCRIPT_OPTIONS]
        self.options = [Option(_word(option[0]), *option[1:]) for option in options]
        self.returns: str = _result(told["returns"])
        self.returned: str = told["returned"]
        #: Whether it makes a flow, so that its name is that of a class of flows.
        self.is_flow: bool = self.returns == "Flow" and self.receiver is None
        self.about: str = told["about"]
        self.names: list[tuple[str, str]] = told["names"]
        self.script: str = told["example"]

    @property
    def example(self) -> str | None:
        """The example in Python; None if the script has no counterpart."""
        return as_python(self.script, NAMES)

    def signature(self, *, is_method: bool) -> inspect.Signature:
        kind = inspect.Parameter
        made = [kind("self", kind.POSITIONAL_OR_KEYWORD)] if is_method else []
        for arg in self.args[is_method and self.receiver is None :]:
            default = None if arg.is_optional else kind.empty
            made.append(kind(arg.name, kind.POSITIONAL_OR_KEYWORD, default=default))
        options = [option.name for option in self.options]
        if self.name == "run":
            options.append("callback")
        made += [kind(name, kind.KEYWORD_ONLY, default=None) for name in options]
        return inspect.Signature(made)

    def doc(self) -> str:
        """The documentation in the style of numpy."""
        lines = [_plain(self.about), ""]
        if self.args or self.options:
            lines += ["Parameters", "----------"]
            for arg in self.args:
                lines.append(f"{arg.name} : {arg.words}{', optional' if arg.is_optional else ''}")
            for option in self.options:
                default = "optional" if option.default is None else f"default {_default(option.default)}"
                lines += [f"{option.name} : {_plain(option.words)}, {default}", _indented(_plain(option.doc))]
            if self.name == "run":
                lines += ["callback : a function, optional", _indented(CALLBACK)]
            lines.append("")
        if self.names:
            lines += ["Notes", "-----"]
            lines += [f'- "{name}": {what}' for name, what in self.names] + [""]
        lines += ["Returns", "-------", self.returned, ""]
        example = self.example
        if example:
            lines += ["Examples", "--------", ">>> import sdflow as sd"]
            lines += [f"{'...' if line.startswith(' ') else '>>>'} {line}" for line in example.splitlines()]
        return "\n".join(lines)

    def call(self, args: tuple[Any, ...], options: dict[str, Any]) -> Any:
        """Call the function. Its receiver, if it has one, is the first of `args`."""
        callback = options.pop("callback", None) if self.name == "run" else None
        places = list(args)
        shift = 0 if self.receiver is None else 1
        names = [arg.name for arg in self.args]
        for name in [name for name in options if name in names]:
            place = names.index(name) + shift
            if place < len(args):
                raise TypeError(f"{self.name}() got two values for `{name}`")
            places += [None] * (place + 1 - len(places))
            places[place] = options.pop(name)
        while places and places[-1] is None:
            places.pop()
        missing = [arg.name for arg in self.args[max(len(places) - shift, 0) :] if not arg.is_optional]
        missing += [
            arg.name
            for arg, given in zip(self.args, places[shift:], strict=False)
            if given is None and not arg.is_optional
        ]
        if missing:
            raise TypeError(f"{self.name}() needs `{missing[0]}`: {self.usage()}")
        if len(places) - shift > len(self.args):
            raise TypeError(f"{self.name}() takes {len(self.args)} arguments without a name: {self.usage()}")
        unknown = [name for name in options if not self.takes_options or name in SCRIPT_OPTIONS]
        if unknown:
            hint = ": use sdflow.seed(..)" if unknown[0] in ("seed", "random_state") else f": {self.usage()}"
            raise TypeError(f"{self.name}() has no option `{unknown[0]}`{hint}")
        given = {_script_word(name): value for name, value in options.items() if value is not None}
        return wrapped(current().call(self.index, tuple(places), given, callback))

    def usage(self) -> str:
        """Return how a call is written."""
        args = [f"{arg.name}=None" if arg.is_optional else arg.name for arg in self.args]
        return f"{self.name}({', '.join(args + (['..'] if self.options else []))})"


#: Options that have no effect outside of a script.
SCRIPT_OPTIONS = {"checkpoint_every"}
CALLBACK = """Called during the run with each row of the history, a dictionary. An exception that it raises ends
the run and is passed on."""


def _word(name: str) -> str:
    return name + "_" if keyword.iskeyword(name) else name


def _script_word(name: str) -> str:
    return name[:-1] if name.endswith("_") and keyword.iskeyword(name[:-1]) else name


def _parts(defined: str) -> list[str]:
    """Return the alternatives of a type. Alternatives inside brackets are not split."""
    return re.findall(r"(?:\[(?:[^\[\]]|\[[^\]]*\])*\]|[^|\[ ])+", defined)


def _hint(name: str, defined: str) -> str:
    """Return the type of an argument as an annotation."""
    hints: list[str] = ["PathLike[str]"] if name == "file" else []
    for part in _parts(defined):
        inner = re.fullmatch(r"\[(.*)\]", part)
        hint = "ArrayLike" if inner else HINTS.get(part, part.capitalize())
        hints += [one for one in hint.split(" | ") if one not in hints]
    return " | ".join(hint for hint in hints if not (hint == "int" and "float" in hints))


def _result(defined: str) -> str:
    if defined in ("[float]", "[int]", "[[float]]"):
        return "NDArray[np.float64]"
    inner = re.fullmatch(r"\[(.*)\]", defined)
    if inner:
        return f"list[{_result(inner.group(1))}]"
    return " | ".join(RESULTS.get(part, HINTS.get(part, part.capitalize())) for part in _parts(defined))


def _plain(text: str) -> str:
    """Return a text of the manual in the words of Python."""
    return "\n".join(textwrap.wrap(in_python(text, NAMES, "", is_message=False), 96)) or text


def _default(written: str) -> str:
    return {"true": "True", "false": "False", "()": "None", "#{}": "{}"}.get(written, written)


def _indented(text: str) -> str:
    return textwrap.indent(text, "    ")


def _is_own(entry: Entry) -> bool:
    return (entry.name, entry.receiver) in OWN or (entry.receiver, "*") in OWN


ENTRIES = [Entry(told) for told in _engine.entries()]
NAMES = frozenset(entry.name for entry in ENTRIES if entry.receiver is None)


def function_of(entry: Entry) -> Callable[..., Any]:
    """Return the function of the package for an entry without a receiver."""

    def function(*args: Any, **options: Any) -> Any:
        return entry.call(args, options)

    return _named(function, entry, is_method=False)


def class_of(entry: Entry) -> type[Value]:
    """Return the class of the flows that an entry makes."""

    def init(self: Flow, *args: Any, **options: Any) -> None:
        self._handle = entry.call(args, options)._handle

    signature = entry.signature(is_method=False)
    own = inspect.Parameter("self", inspect.Parameter.POSITIONAL_OR_KEYWORD)
    init.__name__, init.__qualname__ = "__init__", f"{entry.name}.__init__"
    init.__signature__ = signature.replace(parameters=[own, *signature.parameters.values()])  # type: ignore[attr-defined]
    members = {
        "__slots__": (),
        "__init__": init,
        "__module__": __package__ or "",
        "__doc__": entry.doc(),
        "__signature__": signature,
    }
    return type(entry.name, (Flow,), members)


def method_of(entry: Entry) -> Callable[..., Any]:
    """Return the method of a class for an entry; `self` is its receiver or its first argument."""

    def method(self: Value, *args: Any, **options: Any) -> Any:
        return entry.call((self, *args), options)

    return _named(method, entry, is_method=True)


def property_of(entry: Entry) -> Callable[[Value], Any]:
    """Return the getter of a property."""

    def getter(self: Value) -> Any:
        try:
            return entry.call((self,), {})
        except MissingError:
            raise
        except SdflowError as error:
            # `hasattr`, and `getattr` with a default, expect an AttributeError.
            raise MissingError(str(error)) from None

    return getter


def _named(function: Callable[..., Any], entry: Entry, *, is_method: bool) -> Callable[..., Any]:
    function.__name__ = function.__qualname__ = entry.name
    function.__module__ = __package__ or ""
    function.__signature__ = entry.signature(is_method=is_method)  # type: ignore[attr-defined]
    function.__doc__ = entry.doc()
    return function


def functions() -> dict[str, Callable[..., Any]]:
    """Return the functions and the classes of flows of the package by name, and give the classes their methods."""
    made: dict[str, Callable[..., Any]] = {}
    for entry in ENTRIES:
        if _is_own(entry):
            continue
        if entry.receiver is None:
            made[entry.name] = class_of(entry) if entry.is_flow else function_of(entry)
            owner = METHODS.get(entry.name)
            if owner is not None:
                setattr(CLASSES[owner], entry.name, method_of(entry))
        elif entry.is_property:
            setattr(CLASSES[entry.receiver], entry.name, property(property_of(entry), doc=entry.doc()))
        else:
            setattr(CLASSES[entry.receiver], entry.name, method_of(entry))
    return made
