"""Runs the versions over the connection that pixxelbot hands in."""

from alembic import context

from pixxelbot.store.rows import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
