"""Alembic's entry: migrate the connection that ``veta.store.migrate`` hands over."""

from __future__ import annotations

from alembic import context

from veta.store.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    transactional_ddl=True,
)
context.run_migrations()
