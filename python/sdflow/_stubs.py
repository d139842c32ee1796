"""Writes the types of the package for editors: `python -m sdflow._stubs > sdflow/__init__.pyi`."""

from __future__ import annotations

import sys
import textwrap

from . import _functions
from ._functions import ENTRIES, METHODS, Entry, _is_own
from ._values import CLASSES

HEAD = '''\
"""Particle flows between distributions on a CPU."""

# Written by `python -m sdflow._stubs > sdflow/__init__.pyi`; a test compares it with the build.

from collections.abc import Callable, Iterator, Mapping, Sequence
from os import PathLike
from typing import Any, Literal, overload

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from . import estimators as estimators
from ._errors import DataError as DataError
from ._errors import DivergedError as DivergedError
from ._errors import SdflowError as SdflowError
from ._errors import SdflowWarning as SdflowWarning
from ._session import Session as Session
from ._session import configure as configure
from ._session import seed as seed
from ._sums import SoftmaxMean as SoftmaxMean
from ._sums import kernel_sum as kernel_sum
from ._sums import log_sum_exp as log_sum_exp
from ._sums import score_difference as score_difference
from ._sums import softmax_mean as softmax_mean
from ._values import Reading as Reading
from ._values import Record as Record
from ._values import Value as Value
from .runs import Run as Run
from .runs import load_run as load_run

__version__: str
'''

#: The classes that a class extends besides `Value`.
BASES = {"points": ["np.lib.mixins.NDArrayOperatorsMixin"], "table": ["dict[str, Any]"]}
#: The members that a class has besides those of the manual.
WRITTEN = {
    "points": """\
def __init__(self, rows: Points | ArrayLike) -> None: ...
def numpy(self, copy: bool = ...) -> NDArray[np.float64]: ...
@property
def T(self) -> NDArray[np.float64]: ...
def tolist(self) -> list[list[float]]: ...
def mean(self, axis: int | None = ...) -> Any: ...
def std(self, axis: int | None = ...) -> Any: ...
def __array_ufunc__(self, function: Any, method: str, *args: Any, **options: Any) -> Any: ...
def __array__(self, dtype: DTypeLike | None = ..., copy: bool | None = ...) -> NDArray[Any]: ...
def __array_function__(self, function: Any, types: Any, args: Any, options: Any) -> Any: ...
@property
def shape(self) -> tuple[int, int]: ...
@property
def ndim(self) -> int: ...
@property
def dtype(self) -> np.dtype[np.float64]: ...
def __len__(self) -> int: ...
def __getitem__(self, index: Any) -> Any: ...
def __iter__(self) -> Iterator[NDArray[np.float64]]: ...
def __contains__(self, item: object) -> bool: ...
""",
    "coupling": """\
def plan_rows(self, rows: Any = ...) -> NDArray[np.float64]: ...
""",
    "table": """\
@property
def columns(self) -> list[str]: ...
def pandas(self) -> Any: ...
def __getitem__(self, name: str) -> Any: ...
def __getattr__(self, name: str) -> Any: ...
def clear(self, *_: Any, **__: Any) -> Any: ...
def popitem(self, *_: Any, **__: Any) -> Any: ...
""",
}

RUN = '''\
@overload
def run(
    what: Flow,
{flow}) -> Result: ...
@overload
def run(
    what: str | Any,
    params: Mapping[str, Any] | None = ...,
    *,
    seed: int | None = ...,
    quick: bool = ...,
    out: str | Any | None = ...,
    force: bool = ...,
    allow_read: str | Any | None = ...,
    verbose: bool = ...,
) -> Run: ...
'''


def _parameters(entry: Entry, skipped: int = 0) -> list[str]:
    lines = []
    for arg in entry.args[skipped:]:
        lines.append(f"{arg.name}: {arg.hint}" + (" | None = ..." if arg.is_optional else ""))
    options = [f"{option.name}: {option.hint} | None = ..." for option in entry.options]
    if entry.name == "run":
        options.append("callback: Callable[[dict[str, float]], object] | None = ...")
    return lines + (["*"] + options if options else [])


def _function(entry: Entry, first: list[str], skipped: int = 0) -> str:
    parameters = first + _parameters(entry, skipped)
    if not parameters:
        return f"def {entry.name}() -> {entry.returns}: ...\n"
    inner = "".join(f"    {parameter},\n" for parameter in parameters)
    return f"def {entry.name}(\n{inner}) -> {entry.returns}: ...\n"


def _members(kind: str) -> str:
    text = WRITTEN.get(kind, "")
    for entry in ENTRIES:
        if _is_own(entry):
            continue
        if entry.receiver == kind and entry.is_property:
            text += f"@property\ndef {entry.name}(self) -> {entry.returns}: ...\n"
        elif entry.receiver == kind:
            text += _function(entry, ["self"])
        elif entry.receiver is None and METHODS.get(entry.name) == kind:
            text += _function(entry, ["self"], 1)
    return text or "...\n"


def stubs() -> str:
    """Return the text of `__init__.pyi`."""
    text = HEAD
    for kind, of in CLASSES.items():
        text += f"\nclass {of.__name__}({', '.join(['Value', *BASES.get(kind, [])])}):\n" + textwrap.indent(_members(kind), "    ")
    for name in _functions.functions():
        entry = next(entry for entry in ENTRIES if entry.name == name and entry.receiver is None)
        if name == "run":
            text += "\n" + RUN.format(flow="".join(f"    {line},\n" for line in _parameters(entry, 1)))
        elif entry.is_flow:
            inner = "".join(f"        {parameter},\n" for parameter in ["self", *_parameters(entry)])
            text += f"\nclass {name}(Flow):\n    def __init__(\n{inner}    ) -> None: ...\n"
        else:
            text += "\n" + _function(entry, [])
    return text


if __name__ == "__main__":
    sys.stdout.write(stubs())
