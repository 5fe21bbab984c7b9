"""The chat: what members and servers set, favourites, votes, regions; private and age-restricted places.

Revises: 0002
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

PLACES = ("requests", "pictures")


def upgrade() -> None:
    for table in PLACES:
        for name in ("private", "nsfw"):
            op.add_column(table, sa.Column(name, sa.Boolean(), nullable=False, server_default=sa.false()))
    with op.batch_alter_table("messages") as messages:
        messages.add_column(sa.Column("picture_id", sa.String(length=64), nullable=True))
        messages.create_foreign_key("fk_messages_picture_id", "pictures", ["picture_id"], ["id"])
    op.create_table(
        "preferences",
        sa.Column("owner", sa.String(length=128), nullable=False),
        sa.Column("value", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("owner", name="pk_preferences"),
    )
    _favourites()
    _votes()
    _regions()


def _favourites() -> None:
    op.create_table(
        "favourites",
        sa.Column("member_id", sa.String(length=128), nullable=False),
        sa.Column("picture_id", sa.String(length=64), nullable=False),
        sa.Column("guild_id", sa.String(length=32), nullable=True),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["picture_id"], ["pictures.id"], name="fk_favourites_picture_id"),
        sa.PrimaryKeyConstraint("member_id", "picture_id", name="pk_favourites"),
    )
    op.create_index("ix_favourites_picture_id", "favourites", ["picture_id"], unique=False)
    op.create_index("ix_favourites_guild_id_created_at", "favourites", ["guild_id", "created_at"], unique=False)


def _votes() -> None:
    op.create_table(
        "votes",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("job_id", sa.String(length=64), nullable=False),
        sa.Column("member_id", sa.String(length=128), nullable=False),
        sa.Column("guild_id", sa.String(length=32), nullable=True),
        sa.Column("channel_id", sa.String(length=32), nullable=False),
        sa.Column("message_id", sa.String(length=32), nullable=True),
        sa.Column("verb", sa.String(length=16), nullable=False),
        sa.Column("quorum", sa.Integer(), nullable=False),
        sa.Column("ends_at", sa.Double(), nullable=False),
        sa.Column("locale", sa.String(length=16), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("closed_at", sa.Double(), nullable=True),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name="fk_votes_job_id"),
        sa.PrimaryKeyConstraint("id", name="pk_votes"),
    )
    op.create_index("ix_votes_closed_at_ends_at", "votes", ["closed_at", "ends_at"], unique=False)
    op.create_table(
        "ballots",
        sa.Column("vote_id", sa.String(length=64), nullable=False),
        sa.Column("member_id", sa.String(length=128), nullable=False),
        sa.Column("choice", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["vote_id"], ["votes.id"], name="fk_ballots_vote_id"),
        sa.PrimaryKeyConstraint("vote_id", "member_id", name="pk_ballots"),
    )


def _regions() -> None:
    op.create_table(
        "regions",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("picture_id", sa.String(length=64), nullable=False),
        sa.Column("mask_id", sa.String(length=64), nullable=False),
        sa.Column("member_id", sa.String(length=128), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["mask_id"], ["pictures.id"], name="fk_regions_mask_id"),
        sa.ForeignKeyConstraint(["picture_id"], ["pictures.id"], name="fk_regions_picture_id"),
        sa.PrimaryKeyConstraint("id", name="pk_regions"),
    )
    op.create_index("ix_regions_created_at", "regions", ["created_at"], unique=False)


def downgrade() -> None:
    for table in ("regions", "ballots", "votes", "favourites", "preferences"):
        op.drop_table(table)
    with op.batch_alter_table("messages") as messages:
        messages.drop_constraint("fk_messages_picture_id", type_="foreignkey")
        messages.drop_column("picture_id")
    for table in PLACES:
        with op.batch_alter_table(table) as columns:
            columns.drop_column("nsfw")
            columns.drop_column("private")
