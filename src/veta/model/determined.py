"""A value that was learnt, or a reason why it could not be: never a default in between."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeAlias, TypeVar

T_co = TypeVar("T_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Known(Generic[T_co]):
    """The source answered, and this is the answer (which may be ``None``: it does not exist)."""

    value: T_co


@dataclass(frozen=True, slots=True)
class Undetermined:
    """The source could not be asked.

    Attributes:
        code: stable code of why, as in ``errors``.
        reason: one sentence.
    """

    code: str
    reason: str


Determined: TypeAlias = Known[T_co] | Undetermined
