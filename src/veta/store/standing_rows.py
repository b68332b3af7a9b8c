"""What registry, assurance and notices said, as rows that a reorganisation can take back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from veta.model.identifiers import BlockNumber
from veta.ports.store import FollowedBody
from veta.store.engine import sound
from veta.store.lot_rows import place_of, placed, rows_between
from veta.store.standing_schema import KEPT, KeptKind, column_name

B = TypeVar("B")


def standing_row(followed: FollowedBody) -> tuple[str, dict[str, Any]]:
    """Table and values of the row that a body makes."""
    kept = KEPT[type(followed.body)]
    place = {
        "id": place_of(followed.block, followed.log_index),
        "block": followed.block,
        "log_index": followed.log_index,
        "transaction_id": followed.transaction_id,
    }
    return kept.table.name, place | kept.values(followed.body)


def standing_bodies(
    connection: Connection, first: BlockNumber, last: BlockNumber
) -> Iterator[FollowedBody]:
    """All bodies of registry, assurance and notices in a range of blocks, in no order.

    Raises:
        StoreError: ``store.corrupt``.
    """
    for kept in KEPT.values():
        for row in rows_between(connection, sa.select(kept.table), kept.table, first, last):
            yield placed(row, _body(kept, row))


def _body(kept: KeptKind, row: Row[Any]) -> Any:
    @sound
    def read(row: Row[Any]) -> Any:
        columns = row._mapping  # noqa: SLF001 - SQLAlchemy's name for it
        return kept.body(
            **{name: field.read(columns[column_name(name)]) for name, field in kept.fields.items()}
        )

    return read(row)


class StandingRows:
    """Implements ``StandingWork``."""

    _connection: Connection

    def said(self, kind: type[B], /, **wanted: object) -> tuple[B, ...]:
        """Everything of a kind that the chain said, in its order."""
        return tuple(body for _, body in self._said(kind, wanted))

    def story(self, *kinds: type, **wanted: object) -> tuple[Any, ...]:
        """What the chain said of several kinds, in one order."""
        found = [each for kind in kinds for each in self._said(kind, wanted)]
        return tuple(body for _, body in sorted(found, key=lambda each: each[0]))

    def _said(self, kind: type, wanted: Mapping[str, object]) -> list[tuple[int, Any]]:
        """Place and body of each."""
        kept = KEPT[kind]
        query = sa.select(kept.table).order_by(kept.table.c.id)
        for name, value in wanted.items():
            column = kept.table.c[column_name(name)]
            query = query.where(column == kept.fields[name].write(value))
        return [(row.id, _body(kept, row)) for row in self._connection.execute(query)]
