"""What all tables share: one MetaData, one way to name constraints, common column types."""

from __future__ import annotations

from sqlalchemy import Column, DateTime, MetaData, Numeric, Uuid

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# Identifiers travel as text in the code and as uuid in the database.
Id = Uuid(as_uuid=False)
Timestamp = DateTime(timezone=True)
# Exact money: twelve places at rest.
Amount = Numeric(38, 12)


def workspace_column() -> Column[str]:
    """The column every workspace-scoped table carries; row-level security compares it."""
    return Column("workspace_id", Id, nullable=False)
