"""Alembic, run on a connection that is already in a transaction."""

from __future__ import annotations

from importlib.resources import files

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy.engine import Connection

from veta.errors import StoreError


def configuration() -> Config:
    """Alembic's settings; there is no ini file."""
    config = Config()
    config.set_main_option("script_location", str(files("veta.store") / "migrations"))
    return config


def newest_revision() -> str | None:
    """The revision that a migrated store has."""
    return ScriptDirectory.from_config(configuration()).get_current_head()


def upgrade(connection: Connection, revision: str | None) -> None:
    """Bring a schema from ``revision`` (``None``: empty) to the newest.

    Raises:
        StoreError: ``store.schema_unknown`` for a revision this program does not know, such as one
            of a newer program.
    """
    config = configuration()
    script = ScriptDirectory.from_config(config)
    try:
        known = revision is None or script.get_revision(revision) is not None
    except CommandError:
        known = False
    if not known:
        raise StoreError(
            "store.schema_unknown",
            f"the store has schema {revision!r}, which this program does not know; use a newer one",
        )
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
