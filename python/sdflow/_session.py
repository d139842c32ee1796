"""The session: the seed, the number of threads, and the arithmetic of all calls."""

from __future__ import annotations

import json
import logging
import operator
import sys
import warnings
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from typing import Any

from . import _engine
from ._errors import KINDS, SdflowError, SdflowWarning
from ._progress import Progress

LOG = logging.getLogger("sdflow")
PAIRWISE = ("precision", "backend", "isa", "skip")
#: The names that each of these settings accepts.
CHOICES = dict(_engine.pairwise_choices())


class Session:
    """The state that calls share: random numbers, threads, arithmetic.

    Calls of one session run one after the other. A Python function that is passed to a call may itself
    call sdflow, but it must not wait for another thread that calls sdflow.

    A session has one random stream for each purpose. The same calls in the same order with the same
    seed give the same bytes, for any number of threads. A script with these calls gives the same
    bytes, too.

    Parameters
    ----------
    seed : int
        Seed of all random numbers.
    threads : int, optional
        Number of threads; all cores by default.
    precision : {"f32", "f64", "bf16x3", "bf16x6", "auto"}
        Arithmetic of pairwise sums.
    backend : {"auto", "naive", "direct", "fused", "gemm", "grid"}
        Implementation of pairwise sums.
    isa : {"auto", "scalar", "avx2", "avx512", "amx"}
        Instruction set of pairwise sums.
    skip : bool
        Whether blocks of sources with negligible weight are skipped.
    progress : bool, optional
        Whether calls of more than a second show their progress on standard error. By default they do
        so if standard error is a terminal.

    Examples
    --------
    >>> import sdflow as sd
    >>> with sd.Session(seed=1, threads=1):
    ...     a = sd.normal(3, 2)
    >>> with sd.Session(seed=1):
    ...     b = sd.normal(3, 2)
    >>> bool((a.numpy() == b.numpy()).all())
    True
    """

    def __init__(
        self,
        seed: int = 0,
        threads: int | None = None,
        *,
        precision: str = "f32",
        backend: str = "auto",
        isa: str = "auto",
        skip: bool = True,
        progress: bool | None = None,
    ) -> None:
        seed = _whole("seed", seed, 0, 2**64 - 1)
        threads = None if threads is None else _whole("threads", threads, 1, 4096)
        self.settings: dict[str, Any] = {
            "seed": seed,
            "threads": threads,
            "precision": precision,
            "backend": backend,
            "isa": isa,
            "skip": bool(skip),
            "progress": progress,
        }
        for name in CHOICES:
            _known(name, self.settings[name])
        self.pairwise = json.dumps({name: self.settings[name] for name in PAIRWISE})
        try:
            self.engine = _engine.Session(seed, self.pairwise, threads or 0)
        except _engine.EngineError as error:
            raise translated(error) from None

    def __enter__(self) -> Session:
        _ENTERED.set((*_ENTERED.get(), self))
        return self

    def __exit__(self, *_: object) -> None:
        _ENTERED.set(_ENTERED.get()[:-1])

    def __reduce__(self) -> Any:
        raise TypeError("a session cannot be pickled: begin one in each process, sdflow.Session(seed=..)")

    def __repr__(self) -> str:
        changed = {name: value for name, value in self.settings.items() if value != _DEFAULTS.get(name)}
        return f"Session({', '.join(f'{name}={value!r}' for name, value in changed.items())})"

    def call(
        self,
        index: int,
        args: tuple[Any, ...],
        options: Mapping[str, Any],
        callback: Callable[[dict[str, float]], object] | None = None,
    ) -> Any:
        """Call the function that has this index in the manual."""
        progress = Progress(self.settings["progress"])

        def hear(kind: str, content: Any) -> None:
            if kind == "warning":
                _warn(told(content))
            elif kind == "note":
                LOG.info(content)
            elif kind == "progress":
                progress.tell(*content)
            elif callback is not None:
                callback(content)

        try:
            return self.engine.call(index, args, dict(options), hear)
        except _engine.EngineError as error:
            raise translated(error) from None
        finally:
            progress.end()


def translated(error: _engine.EngineError) -> BaseException:
    kind, message, hint = error.args
    return KINDS.get(kind, SdflowError)(told(f"{message}: {hint}" if hint else message))


def told(words: str) -> str:
    """Return a text of the engine in the words of Python."""
    from ._functions import NAMES
    from ._script import in_python

    return in_python(words, NAMES)


def _whole(name: str, value: Any, least: int, most: int) -> int:
    try:
        whole = operator.index(value)
    except TypeError:
        whole = -1
    if isinstance(value, bool) or not least <= whole <= most:
        raise SdflowError(f"`{name}` is {value!r}, but it must be a whole number from {least} to {most}")
    return whole


def _known(name: str, value: Any) -> Any:
    known = CHOICES[name]
    if value not in known:
        raise SdflowError(f"`{name}` is {value!r}, but it must be one of {', '.join(known)}")
    return value


def _warn(text: str) -> None:
    """Warn at the innermost line of the caller that is outside this package."""
    depth, frame = 2, sys._getframe(1)
    while frame is not None and frame.f_globals.get("__name__", "").split(".")[0] == __package__:
        depth, frame = depth + 1, frame.f_back  # type: ignore[assignment]
    warnings.warn(text, SdflowWarning, stacklevel=depth)


_DEFAULTS = {"precision": "f32", "backend": "auto", "isa": "auto", "skip": True}
_ENTERED: ContextVar[tuple[Session, ...]] = ContextVar("sdflow_sessions", default=())
_default: Session | None = None


def current() -> Session:
    """Return the session of the innermost `with`, or the default session."""
    global _default
    entered = _ENTERED.get()
    if entered:
        return entered[-1]
    if _default is None:
        _default = Session()
    return _default


def seed(seed: int) -> None:
    """Begin the random numbers again with this seed.

    Parameters
    ----------
    seed : int
        The seed, like the option `--seed` of the command.

    Examples
    --------
    >>> import sdflow as sd
    >>> sd.seed(3)
    >>> a = sd.normal(2, 2).numpy()
    >>> sd.seed(3)
    >>> bool((a == sd.normal(2, 2).numpy()).all())
    True
    """
    configure(seed=seed)


def configure(**settings: Any) -> None:
    """Begin a new default session, with these settings changed.

    Parameters
    ----------
    **settings
        The parameters of `Session`: seed, threads, precision, backend, isa, skip, progress.

    Examples
    --------
    >>> import sdflow as sd
    >>> sd.configure(threads=1)
    >>> sd.configure(threads=None)
    """
    global _default
    before = Session() if _default is None else _default
    unknown = set(settings) - set(before.settings)
    if unknown:
        raise SdflowError(f"`{min(unknown)}` is no setting: see help(sdflow.Session)")
    _default = Session(**{**before.settings, **settings})
