"""Pictures that a request has yet to fetch.

Revises: 0003
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("requests", sa.Column("links", sa.JSON(), nullable=False, server_default="[]"))


def downgrade() -> None:
    op.drop_column("requests", "links")
