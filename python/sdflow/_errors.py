"""What goes wrong, as exceptions."""

from __future__ import annotations


class SdflowError(ValueError):
    """An argument, an option or a combination of them that cannot be used."""


class DataError(SdflowError):
    """Data that cannot be used: a file that is missing or damaged, or arrays of the wrong shape."""


class MissingError(SdflowError, AttributeError):
    """A property that this value does not have."""


class DivergedError(SdflowError):
    """A flow whose particles became infinite or NaN."""


class SdflowWarning(UserWarning):
    """Valid code that is probably a mistake, or a result that may be wrong."""


KINDS: dict[str, type[Exception]] = {
    "value": SdflowError,
    "data": DataError,
    "diverged": DivergedError,
    "interrupted": KeyboardInterrupt,  # type: ignore[dict-item]
    "internal": RuntimeError,
}
