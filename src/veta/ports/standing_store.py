"""The node's memory of registry, assurance and notices. Part of ``ports.store``."""

from __future__ import annotations

from typing import Any, Protocol, TypeVar

B = TypeVar("B")


class StandingWork(Protocol):
    """What the chain said of sites, products, schemes, certificates, rules and notices."""

    def said(self, kind: type[B], /, **wanted: object) -> tuple[B, ...]:
        """Everything of a kind that the chain said, in its order.

        Args:
            kind: a body of ``model.registry_events`` or ``model.assurance_events``.
            wanted: values of its fields; only what has all of them.

        Raises:
            KeyError: there is no such kind, or no such field in it.
            StoreError: ``store.corrupt``.
        """

    def story(self, *kinds: type, **wanted: object) -> tuple[Any, ...]:
        """What the chain said of several kinds, in one order; otherwise as ``said``."""
