"""How Alembic runs here: on the connection it is given, in the transaction that is open on it."""

from alembic import context

from kinetoscope.db.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=False,
)
context.run_migrations()
