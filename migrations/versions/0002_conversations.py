"""Conversations: what a request is about, who planned a job, locked fields, tokens spent.

Revises: 0001
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("requests", sa.Column("about", sa.JSON(), nullable=False, server_default="[]"))
    op.add_column("jobs", sa.Column("planner", sa.String(length=255), nullable=False, server_default=""))
    op.add_column("jobs", sa.Column("template", sa.String(length=64), nullable=False, server_default=""))
    op.create_table(
        "locks",
        sa.Column("member_id", sa.String(length=128), nullable=False),
        sa.Column("conversation", sa.String(length=64), nullable=False),
        sa.Column("changes", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("member_id", "conversation", name="pk_locks"),
    )
    op.create_table(
        "spending",
        sa.Column("member_id", sa.String(length=128), nullable=False),
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.Column("model", sa.String(length=255), nullable=False),
        sa.Column("requests", sa.BigInteger(), nullable=False),
        sa.Column("tokens_in", sa.BigInteger(), nullable=False),
        sa.Column("tokens_out", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("member_id", "day", "model", name="pk_spending"),
    )


def downgrade() -> None:
    op.drop_table("spending")
    op.drop_table("locks")
    op.drop_column("jobs", "template")
    op.drop_column("jobs", "planner")
    op.drop_column("requests", "about")
