"""The tables, and the way from values to rows and back.

    requests ─┬─ jobs ─── pictures ─── parents (child, parent)
              └─ outbox ─ messages (what was posted where)
    locks (a member's, in a conversation) · spending (a member's tokens by day and language model)
    preferences (members, servers, channels) · favourites · votes ─ ballots · regions
    settings (flags) · counters (epoch, revision) · audit (who did what)

Ids are ULIDs, times are Unix seconds, JSON columns carry `schema_version` where their value has one.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    RowMapping,
    String,
    Table,
    Text,
    false,
)

from pixxelbot.intent import Changes, Intent
from pixxelbot.job import Address, Delivery, Job, Link, Request, Status
from pixxelbot.picture import Picture
from pixxelbot.recipe import Recipe

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

ID = String(64)
SNOWFLAKE = String(32)

requests = Table(
    "requests",
    metadata,
    Column("id", ID, primary_key=True),
    Column("source_event_id", String(255), nullable=False, unique=True),
    Column("member_id", String(128), nullable=False, index=True),
    Column("member_name", Text, nullable=False),
    Column("words", Text, nullable=False),
    Column("given", JSON, nullable=False),
    Column("intent", JSON(none_as_null=True)),
    Column("sources", JSON, nullable=False),
    Column("links", JSON, nullable=False, server_default="[]"),
    Column("about", JSON, nullable=False, server_default="[]"),
    Column("guild_id", SNOWFLAKE),
    Column("channel_id", SNOWFLAKE),
    Column("message_id", SNOWFLAKE),
    Column("application_id", SNOWFLAKE),
    Column("interaction_token", Text),
    Column("token_expires_at", Double),
    Column("private", Boolean, nullable=False, server_default=false()),
    Column("nsfw", Boolean, nullable=False, server_default=false()),
    Column("locale", String(16), nullable=False),
    Column("weight", Double, nullable=False),
    Column("status", String(16), nullable=False, index=True),
    Column("created_at", Double, nullable=False),
    Column("error_code", String(64)),
    Column("error_message", Text),
)

jobs = Table(
    "jobs",
    metadata,
    Column("id", ID, primary_key=True),
    Column("request_id", ID, ForeignKey("requests.id"), nullable=False, index=True),
    Column("member_id", String(128), nullable=False, index=True),
    Column("recipe", JSON, nullable=False),
    Column("status", String(16), nullable=False, index=True),
    Column("attempt", Integer, nullable=False),
    Column("crashes", Integer, nullable=False),
    Column("weight", Double, nullable=False),
    Column("cost", Double, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("started_at", Double),
    Column("ended_at", Double),
    Column("step", Integer, nullable=False),
    Column("total", Integer, nullable=False),
    Column("error_code", String(64)),
    Column("error_message", Text),
    Column("notes", JSON, nullable=False),
    Column("planner", String(255), nullable=False, server_default=""),
    Column("template", String(64), nullable=False, server_default=""),
    Column("model_hash", String(64)),
    Column("grid_key", String(255)),
    Column("epoch", BigInteger),
    Column("revision", BigInteger, nullable=False),
    Index(None, "revision", "id"),
)

pictures = Table(
    "pictures",
    metadata,
    Column("id", ID, primary_key=True),
    Column("job_id", ID, ForeignKey("jobs.id"), index=True),
    Column("request_id", ID, ForeignKey("requests.id"), index=True),
    Column("member_id", String(128), nullable=False, index=True),
    Column("guild_id", SNOWFLAKE),
    Column("channel_id", SNOWFLAKE, index=True),
    Column("index", Integer, nullable=False),
    Column("seed", BigInteger, nullable=False),
    Column("width", Integer, nullable=False),
    Column("height", Integer, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("key", String(255), nullable=False, unique=True),
    Column("created_at", Double, nullable=False),
    Column("deleted", Boolean, nullable=False),
    Column("upload", Boolean, nullable=False),
    Column("private", Boolean, nullable=False, server_default=false()),
    Column("nsfw", Boolean, nullable=False, server_default=false()),
    Column("recipe", JSON, nullable=False),
)

parents = Table(
    "parents",
    metadata,
    Column("child_id", ID, ForeignKey("pictures.id"), primary_key=True),
    Column("parent_id", ID, ForeignKey("pictures.id"), primary_key=True, index=True),
    Column("position", Integer, nullable=False),
)

outbox = Table(
    "outbox",
    metadata,
    Column("id", ID, primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("request_id", ID, ForeignKey("requests.id"), nullable=False, index=True),
    Column("job_id", ID, ForeignKey("jobs.id"), index=True),
    Column("state", String(16), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("due_at", Double, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("settled_at", Double),
    Column("message_id", SNOWFLAKE),
    Column("reason", Text),
    Index(None, "state", "due_at"),
)

messages = Table(
    "messages",
    metadata,
    Column("message_id", SNOWFLAKE, primary_key=True),
    Column("job_id", ID, ForeignKey("jobs.id"), nullable=False, index=True),
    Column("channel_id", SNOWFLAKE),
    Column("created_at", Double, nullable=False),
    Column("picture_id", ID, ForeignKey("pictures.id")),
)

preferences = Table(
    "preferences",
    metadata,
    Column("owner", String(128), primary_key=True),
    Column("value", JSON, nullable=False),
)

favourites = Table(
    "favourites",
    metadata,
    Column("member_id", String(128), primary_key=True),
    Column("picture_id", ID, ForeignKey("pictures.id"), primary_key=True, index=True),
    Column("guild_id", SNOWFLAKE),
    Column("created_at", Double, nullable=False),
    Index(None, "guild_id", "created_at"),
)

votes = Table(
    "votes",
    metadata,
    Column("id", ID, primary_key=True),
    Column("job_id", ID, ForeignKey("jobs.id"), nullable=False),
    Column("member_id", String(128), nullable=False),
    Column("guild_id", SNOWFLAKE),
    Column("channel_id", SNOWFLAKE, nullable=False),
    Column("message_id", SNOWFLAKE),
    Column("verb", String(16), nullable=False),
    Column("quorum", Integer, nullable=False),
    Column("ends_at", Double, nullable=False),
    Column("locale", String(16), nullable=False),
    Column("created_at", Double, nullable=False),
    Column("closed_at", Double),
    Index(None, "closed_at", "ends_at"),
)

ballots = Table(
    "ballots",
    metadata,
    Column("vote_id", ID, ForeignKey("votes.id"), primary_key=True),
    Column("member_id", String(128), primary_key=True),
    Column("choice", Integer, nullable=False),
    Column("created_at", Double, nullable=False),
)

regions = Table(
    "regions",
    metadata,
    Column("id", ID, primary_key=True),
    Column("picture_id", ID, ForeignKey("pictures.id"), nullable=False),
    Column("mask_id", ID, ForeignKey("pictures.id"), nullable=False),
    Column("member_id", String(128), nullable=False),
    Column("words", Text, nullable=False),
    Column("created_at", Double, nullable=False, index=True),
)

locks = Table(
    "locks",
    metadata,
    Column("member_id", String(128), primary_key=True),
    Column("conversation", String(64), primary_key=True),
    Column("changes", JSON, nullable=False),
)

spending = Table(
    "spending",
    metadata,
    Column("member_id", String(128), primary_key=True),
    Column("day", String(10), primary_key=True),
    Column("model", String(255), primary_key=True),
    Column("requests", BigInteger, nullable=False),
    Column("tokens_in", BigInteger, nullable=False),
    Column("tokens_out", BigInteger, nullable=False),
)

settings = Table(
    "settings",
    metadata,
    Column("name", String(128), primary_key=True),
    Column("value", Text, nullable=False),
)

counters = Table(
    "counters",
    metadata,
    Column("name", String(32), primary_key=True),
    Column("value", BigInteger, nullable=False),
)

audit = Table(
    "audit",
    metadata,
    Column("id", ID, primary_key=True),
    Column("at", Double, nullable=False, index=True),
    Column("actor", String(128), nullable=False),
    Column("verb", String(64), nullable=False),
    Column("target", String(128), nullable=False),
)


def plain(text: str) -> str:
    """Text that every database can hold: no NUL, no lone surrogate."""
    return text.replace("\0", "").encode("utf-8", "replace").decode("utf-8")


def row_of_request(request: Request) -> dict[str, Any]:
    """The row of a request; words are made storable."""
    address = request.address
    return {
        "id": request.id,
        "source_event_id": plain(request.source_event_id),
        "member_id": plain(request.member_id),
        "member_name": plain(request.member_name),
        "words": plain(request.words),
        "given": request.given.said(),
        "intent": request.intent.model_dump(mode="json") if request.intent else None,
        "sources": list(request.sources),
        "links": [dataclasses.asdict(link) for link in request.links],
        "about": list(request.about),
        "guild_id": address.guild_id,
        "channel_id": address.channel_id,
        "message_id": address.message_id,
        "application_id": address.application_id,
        "interaction_token": address.interaction_token,
        "token_expires_at": address.token_expires_at,
        "private": address.private,
        "nsfw": address.nsfw,
        "locale": request.locale,
        "weight": request.weight,
        "status": str(request.status),
        "created_at": request.created_at,
        "error_code": request.error_code,
        "error_message": request.error_message,
    }


def request_of(row: Mapping[str, Any] | RowMapping) -> Request:
    """The request that a row holds."""
    return Request(
        id=row["id"],
        source_event_id=row["source_event_id"],
        member_id=row["member_id"],
        member_name=row["member_name"],
        words=row["words"],
        given=Changes.model_validate(row["given"]),
        intent=None if row["intent"] is None else Intent.load(row["intent"]),
        sources=tuple(row["sources"]),
        links=tuple(Link(**link) for link in row["links"]),
        about=tuple(row["about"]),
        address=Address(
            guild_id=row["guild_id"],
            channel_id=row["channel_id"],
            message_id=row["message_id"],
            application_id=row["application_id"],
            interaction_token=row["interaction_token"],
            token_expires_at=row["token_expires_at"],
            private=row["private"],
            nsfw=row["nsfw"],
        ),
        locale=row["locale"],
        weight=row["weight"],
        status=Status(row["status"]),
        created_at=row["created_at"],
        error_code=row["error_code"],
        error_message=row["error_message"],
    )


def row_of_job(job: Job) -> dict[str, Any]:
    """The row of a job, but for what only the store knows (crashes, model hash, grid, epoch, revision)."""
    return {
        "id": job.id,
        "request_id": job.request_id,
        "member_id": plain(job.member_id),
        "recipe": job.recipe.model_dump(mode="json"),
        "status": str(job.status),
        "attempt": job.attempt,
        "weight": job.weight,
        "cost": job.cost,
        "created_at": job.created_at,
        "started_at": job.started_at,
        "ended_at": job.ended_at,
        "step": job.step,
        "total": job.total,
        "error_code": job.error_code,
        "error_message": job.error_message,
        "notes": list(job.notes),
        "planner": plain(job.planner)[:255],
        "template": job.template,
    }


def job_of(row: Mapping[str, Any] | RowMapping) -> Job:
    """The job that a row holds."""
    return Job(
        id=row["id"],
        request_id=row["request_id"],
        member_id=row["member_id"],
        recipe=Recipe.load(row["recipe"]),
        status=Status(row["status"]),
        attempt=row["attempt"],
        crashes=row["crashes"],
        weight=row["weight"],
        cost=row["cost"],
        created_at=row["created_at"],
        started_at=row["started_at"],
        ended_at=row["ended_at"],
        step=row["step"],
        total=row["total"],
        error_code=row["error_code"],
        error_message=row["error_message"],
        notes=tuple(row["notes"]),
        planner=row["planner"],
        template=row["template"],
    )


def row_of_picture(picture: Picture) -> dict[str, Any]:
    """The row of a picture; its parents are rows of their own."""
    return {
        "id": picture.id,
        "job_id": picture.job_id,
        "request_id": picture.request_id,
        "member_id": plain(picture.member_id),
        "guild_id": picture.guild_id,
        "channel_id": picture.channel_id,
        "index": picture.index,
        "seed": picture.seed,
        "width": picture.width,
        "height": picture.height,
        "sha256": picture.sha256,
        "key": picture.key,
        "created_at": picture.created_at,
        "deleted": picture.deleted,
        "upload": picture.upload,
        "private": picture.private,
        "nsfw": picture.nsfw,
        "recipe": picture.recipe.model_dump(mode="json"),
    }


def picture_of(row: Mapping[str, Any] | RowMapping, parent_ids: tuple[str, ...] = ()) -> Picture:
    """The picture that a row holds."""
    return Picture(
        id=row["id"],
        job_id=row["job_id"],
        request_id=row["request_id"],
        member_id=row["member_id"],
        guild_id=row["guild_id"],
        channel_id=row["channel_id"],
        index=row["index"],
        seed=row["seed"],
        width=row["width"],
        height=row["height"],
        sha256=row["sha256"],
        key=row["key"],
        parents=parent_ids,
        created_at=row["created_at"],
        deleted=row["deleted"],
        upload=row["upload"],
        private=row["private"],
        nsfw=row["nsfw"],
        recipe=Recipe.load(row["recipe"]),
    )


def delivery_of(row: Mapping[str, Any] | RowMapping, request: Request, job: Job | None) -> Delivery:
    """The outbox entry that a row holds."""
    return Delivery(
        id=row["id"],
        kind=row["kind"],
        request=request,
        job=job,
        attempts=row["attempts"],
        created_at=row["created_at"],
    )
