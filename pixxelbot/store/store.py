"""The store: everything that must outlive the process, behind one object.

Each method is one transaction, answered after the commit that holds it. Files come before the rows that speak of
them, so a crash leaves at worst a file without a row, which the orphan sweep removes.
"""

from __future__ import annotations

import asyncio
import dataclasses
import json
import logging
import secrets
import shutil
import time
from collections.abc import Callable, Collection, Mapping
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any, Concatenate, Final, ParamSpec, Self, TypeVar

from sqlalchemy import Connection, insert, select, update

from pixxelbot.errors import LostRace, NotFound, PixxelbotError, StorageFull, StorageUnwritable
from pixxelbot.intent import Changes, Intent
from pixxelbot.job import Address, Delivery, Job, Rendered, Request, Spent, Status, new_id
from pixxelbot.picture import Picture
from pixxelbot.profile import Profile
from pixxelbot.recipe import Recipe
from pixxelbot.region import Region
from pixxelbot.settings import Settings
from pixxelbot.store import (
    counters,
    favourites,
    jobs,
    members,
    outbox,
    pictures,
    preferences,
    regions,
    requests,
    rows,
    votes,
)
from pixxelbot.store.database import BUSY_SECONDS, Database
from pixxelbot.store.files import PictureFiles
from pixxelbot.vote import Vote

log = logging.getLogger(__name__)

T = TypeVar("T")
P = ParamSpec("P")

PROFILE: Final = "profile:"
"""Measurements of models stand among the settings, under names that begin so."""
FREE_BYTES: Final = 64 * 2**20
"""Least room on the disk for a request to be accepted: ten large PNGs and their grid, twice."""
ORPHAN_SECONDS: Final = 3600.0
"""Age at which a file without a row is no longer one that is just being saved."""


class Store:
    """Requests, jobs, pictures, lineage, outbox and settings. Open it with `Store.open`."""

    def __init__(
        self,
        settings: Settings,
        clock: Callable[[], float] = time.time,
        busy_seconds: float = BUSY_SECONDS,
        free_bytes: int = FREE_BYTES,
    ) -> None:
        self.settings, self.clock, self.free_bytes = settings, clock, free_bytes
        variable = "PIXXELBOT_DATABASE_URL" if settings.database_url else "PIXXELBOT_HOME"
        self.database = Database(settings.database, busy_seconds, variable)
        self.files = PictureFiles(settings.pictures, "PIXXELBOT_STORAGE" if settings.storage else "PIXXELBOT_HOME")

    @classmethod
    async def open(
        cls,
        settings: Settings,
        clock: Callable[[], float] = time.time,
        busy_seconds: float = BUSY_SECONDS,
        free_bytes: int = FREE_BYTES,
    ) -> Self:
        """Open the store; its tables may still be missing or old, see `migrate`.

        Raises:
            StorageUnwritable: the data folder cannot be written.
        """
        await asyncio.to_thread(_probe, settings.home)
        return cls(settings, clock, busy_seconds, free_bytes)

    async def close(self) -> None:
        """Finish what is being written, and let go of the database."""
        await self.database.close()

    # --- versions -----------------------------------------------------------------------------------------------

    async def migrate(self) -> Path | None:
        """Bring the tables up to date, after a backup of a SQLite file that is behind; the backup's path.

        Raises:
            StoreError: a newer pixxelbot wrote this database.
        """
        from pixxelbot.store import migrations  # alembic takes longer to import than most commands to run

        version = await self.database.read(migrations.current)
        saved = None
        if version not in (None, migrations.head()) and self.database.path:
            saved = await self.backup(migrations.backup_path(self.database.path, str(version)))
        await self.database.write(migrations.upgrade)
        return saved

    async def downgrade(self, to: str) -> None:
        """Take the tables back to a version."""
        from pixxelbot.store import migrations

        await self.database.write(partial(migrations.downgrade, to=to))

    async def backup(self, target: Path) -> Path:
        """Copy the live SQLite database, without secrets. PostgreSQL has `pg_dump` for that.

        Raises:
            NotFound: the database is no SQLite file.
        """
        from pixxelbot.store import migrations

        if self.database.path is None:
            raise NotFound("SQLite file", self.database.url.render_as_string(hide_password=True))
        return await asyncio.to_thread(migrations.back_up, self.database.path, target)

    # --- requests -----------------------------------------------------------------------------------------------

    async def accept(self, request: Request) -> tuple[Request, bool]:
        """Store a request at once; a repeated `source_event_id` gives the request it first made, and False.

        Raises:
            StorageFull: the disk could not hold the result.
        """
        self._check_room()
        request = request.evolve(created_at=request.created_at or self.clock())
        return await self._write(requests.accept, request)

    async def request(self, request_id: str) -> Request:
        """One request; NotFound where there is none."""
        return await self._read(requests.get, request_id)

    async def requests(
        self,
        statuses: Collection[Status] | None = None,
        member: str | None = None,
        limit: int | None = None,
        channel: str | None = None,
    ) -> list[Request]:
        """Requests, newest first."""
        return await self._read(requests.listed, statuses, member, limit, channel)

    async def statuses(self, request_ids: Collection[str]) -> dict[str, Status]:
        """Where these requests stand, as far as there are such."""
        return await self._read(requests.statuses, request_ids)

    async def request_of_event(self, source_event_id: str) -> Request | None:
        """The request that an event made, where it made one."""
        return await self._read(requests.of_event, source_event_id)

    async def set_placeholder(self, request_id: str, message_id: str) -> None:
        """Note the message that the result will replace."""
        await self._write(requests.change, request_id, message_id=message_id)

    async def set_address(self, request_id: str, address: Address) -> None:
        """Note the message that the result will replace, and the token by which it is reached."""
        await self._write(
            requests.change,
            request_id,
            message_id=address.message_id,
            interaction_token=address.interaction_token,
            token_expires_at=address.token_expires_at,
        )

    async def keep_fetched(self, request: Request) -> None:
        """See `requests.keep_fetched`."""
        await self._write(requests.keep_fetched, request)

    async def keep_intent(self, request_id: str, intent: Intent) -> None:
        """Remember what the planner understood."""
        await self._write(requests.keep_intent, request_id, intent)

    async def answer(self, request_id: str, intent: Intent) -> None:
        """End a request whose answer is words only (outbox: "reply"); LostRace when it is not being planned."""
        await self._write(requests.answer, request_id, intent, self.clock())

    async def fail_request(self, request_id: str, error: PixxelbotError) -> None:
        """End a request that came to no job (outbox: "error"); LostRace when it is not being planned."""
        await self._write(requests.fail, request_id, error, self.clock())

    async def cancel_request(self, request_id: str) -> None:
        """End a request that is still being planned (outbox: "cancelled"); LostRace when it is not."""
        await self._write(requests.cancel, request_id, self.clock())

    async def erase_tokens(self) -> int:
        """Erase interaction tokens that have lapsed or are not needed any more; how many."""
        return await self._write(requests.erase_tokens, self.clock())

    # --- jobs ---------------------------------------------------------------------------------------------------

    async def queue_job(self, request_id: str, intent: Intent, job: Job) -> Job:
        """planning → queued, with the job's row; LostRace when the request is not being planned."""
        return await self._write(jobs.queue, request_id, intent, job, self.clock())

    async def job(self, job_id: str) -> Job:
        """One job by id or unique part of it."""
        return await self._read(jobs.get, job_id)

    async def job_of(self, request_id: str) -> Job | None:
        """The request's job, where there is one."""
        return await self._read(jobs.of_request, request_id)

    async def jobs(
        self,
        statuses: Collection[Status] | None = None,
        member: str | None = None,
        limit: int | None = None,
        newest: bool = True,
    ) -> list[Job]:
        """Jobs by time of queueing."""
        return await self._read(jobs.listed, statuses, member, limit, newest)

    async def open_jobs(self) -> tuple[tuple[int, str], list[Job]]:
        """All jobs that have not ended, first queued first, and the mark for `changed_jobs`."""
        return await self._read(jobs.open_now)

    async def changed_jobs(self, since: tuple[int, str], limit: int = 500) -> tuple[tuple[int, str], list[Job]]:
        """Jobs changed after a mark, by anyone, and the mark to go on from."""
        return await self._read(jobs.changed, since, limit)

    async def counts(self) -> dict[Status, int]:
        """How many jobs stand where."""
        return await self._read(jobs.counted)

    async def start_job(self, job: Job, epoch: int) -> Job:
        """queued → running, as a new attempt; LostRace or Fenced."""
        return await self._write(jobs.start, job, epoch, self.clock())

    async def finish_job(self, job: Job, epoch: int, rendered: Rendered) -> list[Picture]:
        """Keep the pictures, then in one transaction their rows, running → done, the cost, and the outbox entry.

        Raises:
            StorageFull: no room; no half file is left, and the job still runs.
            LostRace, Fenced: the attempt is not the one that counts; its files are gone again.
        """
        files = {pictures.key_of(one.id): one.png for one in rendered.pictures}
        grid_key = pictures.grid_key_of(job, rendered.grid) if rendered.grid else None
        if grid_key and rendered.grid:
            files[grid_key] = rendered.grid
        await asyncio.to_thread(self.files.write, files)
        try:
            return await self._write(_finish, job, epoch, rendered, grid_key, self.clock())
        except LostRace:
            await self._discard_orphans(list(files))
            raise

    async def fail_job(self, job: Job, epoch: int, error: PixxelbotError) -> Job:
        """running → failed (outbox: "error"); LostRace or Fenced."""
        return await self._write(jobs.fail, job, epoch, error, self.clock())

    async def requeue_job(self, job: Job, epoch: int, reason: str) -> Job:
        """running → queued after the renderer crashed; poisoned at the last of `max_attempts` crashes."""
        return await self._write(jobs.requeue, job, epoch, reason, self.settings.max_attempts, self.clock())

    async def release_job(self, job: Job, epoch: int) -> Job:
        """running → queued with nobody to blame, such as when the bot stops."""
        return await self._write(jobs.release, job, epoch)

    async def cancel_job(self, job_id: str, by: str | None = None) -> Job:
        """queued or running → cancelled (outbox: "cancelled"); LostRace when it has ended."""
        return await self._write(_audited, jobs.cancel, by, "cancel", job_id, self.clock())

    async def retry_job(self, job_id: str, by: str | None = None) -> Job:
        """failed, cancelled or poisoned → queued; LostRace when it is none of these."""
        return await self._write(_audited, jobs.retry, by, "retry", job_id, self.clock())

    async def note_progress(self, job: Job, step: int, total: int) -> None:
        """Show other processes how far a job is."""
        await self._write(jobs.progress, job, step, total)

    async def raise_epoch(self) -> int:
        """Fence every earlier dispatcher."""
        return await self._write(counters.raised, counters.EPOCH)

    async def recover(self, epoch: int) -> list[Job]:
        """running → queued for all that a dead dispatcher left; their attempt stays raised."""
        return await self._write(jobs.recover, epoch, self.clock())

    # --- pictures -----------------------------------------------------------------------------------------------

    async def picture(self, picture_id: str) -> Picture:
        """One picture by id or unique part of it."""
        return await self._read(pictures.get, picture_id)

    async def pictures(
        self,
        member: str | None = None,
        job: str | None = None,
        channel: str | None = None,
        limit: int | None = None,
        before: str | None = None,
        requests: Collection[str] | None = None,
        since: float | None = None,
        until: float | None = None,
    ) -> list[Picture]:
        """Pictures, newest first, those of one job in the order of its grid; `before` is the last id seen.

        `since` and `until` (exclusive) are Unix seconds.
        """
        return await self._read(pictures.listed, member, job, channel, limit, before, requests, since, until)

    async def picture_bytes(self, picture_id: str) -> bytes:
        """A picture's PNG; NotFound when it was deleted."""
        picture = pictures.require(await self.picture(picture_id))
        return await asyncio.to_thread(self.files.read, picture.key)

    async def grid_key(self, job_id: str) -> str | None:
        """Where the job's grid lies in the storage."""
        return await self._read(jobs.grid_key, job_id)

    async def grid_bytes(self, job_id: str) -> bytes | None:
        """PNG of all the job's pictures in one, where there is one."""
        key = await self.grid_key(job_id)
        return None if key is None else await asyncio.to_thread(self.files.read, key)

    def local_path(self, key: str) -> Path | None:
        """The file under a key, where the storage is a local folder."""
        return self.files.folder / key if self.files.folder else None

    async def keep_upload(
        self, data: bytes, member_id: str, width: int, height: int, written: Mapping[str, Any] | None = None
    ) -> Picture:
        """Keep a picture that a member sent; `data` is a validated PNG, `written` what its file said of its making."""
        picture_id = new_id()
        plain: dict[str, Any] = {"prompt": "", "seed": 0} | dict(written or {})
        recipe = Recipe(**plain, kind="img2img", width=width, height=height, count=1, model=self.settings.default_model)
        picture = Picture(
            id=picture_id,
            member_id=member_id,
            width=width,
            height=height,
            sha256=sha256(data).hexdigest(),
            key=pictures.key_of(picture_id),
            created_at=self.clock(),
            upload=True,
            recipe=recipe,
        )
        await asyncio.to_thread(self.files.write, {picture.key: data})
        await self._write(pictures.add, [picture])
        return picture

    async def delete_picture(self, picture_id: str, by: str | None = None) -> None:
        """Remove a picture's bytes, and the grid that shows it; its row stays, empty."""
        picture = await self._write(_audited, _delete_picture, by, "delete", picture_id, self.clock())
        keys = [picture.key]
        if picture.job_id and (grid := await self._write(jobs.forget_grid, picture.job_id)):
            keys.append(grid)
        await asyncio.to_thread(self.files.remove, keys)

    async def ancestors(self, picture_id: str) -> list[Picture]:
        """Everything a picture descends from, nearest first."""
        return await self._read(pictures.ancestors, picture_id)

    async def children(self, picture_id: str) -> list[Picture]:
        """What was drawn from a picture directly."""
        return await self._read(pictures.children, picture_id)

    async def pictures_of_message(self, message_id: str) -> list[Picture]:
        """The pictures that a message of the bot shows."""
        return await self._read(pictures.of_message, message_id)

    async def remember_message(
        self, job_id: str, message_id: str, channel_id: str | None, picture_id: str | None = None
    ) -> None:
        """Note which message shows which job, or one picture of it alone."""
        await self._write(outbox.remember, job_id, message_id, channel_id, self.clock(), picture_id)

    async def messages_of(self, job_id: str) -> list[tuple[str, str | None, str | None]]:
        """Message, channel and, where it shows one picture alone, that picture, of every message with a job."""
        return await self._read(outbox.messages_of, job_id)

    async def history(self, member: str, words: str, limit: int, offset: int = 0) -> list[Picture]:
        """A member's drawn pictures that are left and whose recipes hold these words, newest first."""
        return await self._read(pictures.history, member, words, limit, offset)

    async def descendants(self, picture_id: str) -> list[Picture]:
        """Everything that was drawn from a picture, nearest first."""
        return await self._read(pictures.descendants, picture_id)

    async def used_seconds(self, member: str, since: float) -> float:
        """Seconds of drawing that a member's jobs have cost since then (Unix seconds), waiting ones as predicted."""
        return await self._read(pictures.used, member, since)

    # --- what members and servers set, love and vote ------------------------------------------------------------

    async def preferences_of(self, *owners: str) -> dict[str, dict[str, Any]]:
        """What each of these owners (`discord:ID`, `guild:ID`, `channel:ID`) has set."""
        return await self._read(preferences.get, owners)

    async def change_preferences(self, owner: str, values: dict[str, Any], by: str | None = None) -> dict[str, Any]:
        """Set some, and unset those that are None; what stands now."""
        return await self.revise_preferences(owner, lambda stored: values, by)

    async def revise_preferences(self, owner: str, revise: preferences.Revise, by: str | None = None) -> dict[str, Any]:
        """The same for values that follow from what is stored, in one transaction; an error leaves all as it is."""
        return await self._write(_audited, preferences.revise, by, "set preferences", owner, revise)

    async def toggle_favourite(self, picture_id: str, member: str, guild: str | None) -> bool:
        """Make a picture a member's favourite, or take that back; whether it is one now."""
        return await self._write(favourites.toggle, picture_id, member, guild, self.clock())

    async def add_favourite(self, picture_id: str, member: str, guild: str | None) -> None:
        """Make a picture a member's favourite."""
        await self._write(favourites.add, picture_id, member, guild, self.clock())

    async def remove_favourite(self, picture_id: str, member: str) -> None:
        """It is no favourite any more."""
        await self._write(favourites.remove, picture_id, member)

    async def favourites(self, member: str, limit: int, offset: int = 0) -> list[Picture]:
        """A member's favourites, the latest first."""
        return await self._read(favourites.of_member, member, limit, offset)

    async def server_favourites(
        self, guild: str, since: float, least: int, limit: int, offset: int = 0
    ) -> list[tuple[Picture, int]]:
        """A server's pictures with at least so many favourites given since then, and how many."""
        return await self._read(favourites.of_server, guild, since, least, limit, offset)

    async def begin_vote(self, vote: Vote) -> None:
        """Store a vote."""
        await self._write(votes.begin, vote)

    async def vote(self, vote_id: str) -> Vote:
        """One vote with its ballots."""
        return await self._read(votes.get, vote_id)

    async def vote_shown_at(self, vote_id: str, message_id: str) -> None:
        """Note the message that shows a vote."""
        await self._write(votes.shown_at, vote_id, message_id)

    async def cast_ballot(self, vote_id: str, member: str, choice: int) -> Vote:
        """Take a ballot; LostRace when the vote is over."""
        return await self._write(votes.cast, vote_id, member, choice, self.clock())

    async def open_votes(self) -> list[Vote]:
        """Votes that are not closed yet, the first to end first."""
        return await self._read(votes.open_now)

    async def end_vote(self, vote_id: str) -> None:
        """Let a vote's time be up."""
        await self._write(votes.end_now, vote_id, self.clock())

    async def close_vote(self, vote_id: str) -> None:
        """Note that all that follows from a vote was done."""
        await self._write(votes.close, vote_id, self.clock())

    async def keep_region(self, region: Region) -> None:
        """Store a region that a member is choosing, or its new mask."""
        await self._write(regions.keep, dataclasses.replace(region, created_at=region.created_at or self.clock()))

    async def region(self, region_id: str) -> Region:
        """One region."""
        return await self._read(regions.get, region_id)

    async def sweep(self, older_than: float = ORPHAN_SECONDS) -> int:
        """Remove files that no row speaks of and that are older than so many seconds; how many."""
        removed = 0
        for keys in await asyncio.to_thread(lambda: list(self.files.older_than(older_than))):
            removed += await self._discard_orphans(keys)
        return removed

    # --- members ------------------------------------------------------------------------------------------------

    async def memory(
        self, member: str, channel: str | None, conversation: str, latest: int, favoured: int
    ) -> members.Memory:
        """A member's latest requests in a place, what they drew, what is locked there, and the latest favourites."""
        return await self._read(members.memory, member, channel, conversation, latest, favoured)

    async def locks(self, member: str, conversation: str) -> Changes:
        """The fields that a member's requests in a conversation keep, and their values."""
        return await self._read(members.locks, member, conversation)

    async def lock(self, member: str, conversation: str, kept: Changes) -> None:
        """Keep these fields from now on, and no others."""
        await self._write(members.lock, member, conversation, kept)

    async def spend(self, member: str, model: str, tokens_in: int, tokens_out: int) -> None:
        """Count the tokens that planning a request took."""
        await self._write(members.spend, member, model, tokens_in, tokens_out, self.clock())

    async def spent(self, member: str | None = None, since: float | None = None) -> list[Spent]:
        """What members' requests cost, by day and language model, newest day first; `since` is in Unix seconds."""
        return await self._read(members.spent, member, since)

    # --- outbox -------------------------------------------------------------------------------------------------

    async def due(self, now: float, limit: int = 50) -> list[Delivery]:
        """What members are to be told now, oldest first."""
        return await self._read(outbox.due, now, limit)

    async def next_due(self) -> float | None:
        """When the next entry falls due, in Unix seconds."""
        return await self._read(outbox.next_due)

    async def delivered(self, delivery: Delivery, message_id: str | None) -> None:
        """It was told, by this message."""
        await self._write(outbox.settle, delivery, outbox.DELIVERED, self.clock(), message_id, None)

    async def postpone(self, delivery: Delivery, when: float, reason: str) -> None:
        """Try again at `when` (Unix seconds)."""
        await self._write(outbox.postpone, delivery, when, reason)

    async def dead(self, delivery: Delivery, reason: str) -> None:
        """It can never be told; the result stays in the history."""
        await self._write(outbox.settle, delivery, outbox.DEAD, self.clock(), None, reason)

    # --- flags and changes --------------------------------------------------------------------------------------

    async def flag(self, name: str) -> str | None:
        """An operator's setting, such as `queue.paused`; None when unset."""
        return await self._read(_flag, name)

    async def set_flag(self, name: str, value: str | None, by: str | None = None) -> None:
        """Set it, or with None unset it."""
        await self._write(_audited, _set_flag, by, f"set {value}", name, value)

    async def forget_flags(self, prefix: str, before: str) -> None:
        """Unset those whose names go on after `prefix` with something that sorts before `before`, such as a time."""
        await self._write(_forget_flags, prefix, before)

    async def profiles(self) -> list[Profile]:
        """What was measured of models on any machine."""
        stored = await self._read(_settings_like, PROFILE)
        return [Profile.load(json.loads(one)) for one in stored]

    async def keep_profile(self, profile: Profile) -> None:
        """Keep a measurement, in the place of an older one of its name."""
        await self._write(_set_flag, PROFILE + profile.name, json.dumps(profile.dump()))

    async def wait_for_change(self, timeout: float, seen: int | None = None) -> bool:
        """Wait for a change by anyone since `seen` (a value of `changes`), at most so many seconds."""
        return await self.database.wait_for_change(timeout, seen)

    async def tell_changes(self, listener: Callable[[], None]) -> None:
        """Call `listener` after every change by anyone, until cancelled."""
        seen = self.changes
        while True:
            if await self.wait_for_change(60.0, seen):
                seen = self.changes
                listener()

    @property
    def changes(self) -> int:
        """Grows with every change noticed."""
        return self.database.changes

    # --- within -------------------------------------------------------------------------------------------------

    async def _read(self, question: Callable[Concatenate[Connection, P], T], *values: P.args, **named: P.kwargs) -> T:
        return await self.database.read(lambda connection: question(connection, *values, **named))

    async def _write(self, change: Callable[Concatenate[Connection, P], T], *values: P.args, **named: P.kwargs) -> T:
        return await self.database.write(lambda connection: change(connection, *values, **named))

    async def _discard_orphans(self, keys: list[str]) -> int:
        orphans = await self._read(pictures.orphans, keys)
        await asyncio.to_thread(self.files.remove, orphans)
        return len(orphans)

    def _check_room(self) -> None:
        rooms = {str(self.settings.home): shutil.disk_usage(self.settings.home).free}
        if (free := self.files.free()) is not None:
            rooms[self.files.url] = free
        for where, free in rooms.items():
            if free < self.free_bytes:
                raise StorageFull(where, free, self.free_bytes)


def _probe(home: Path) -> None:
    """Make the data folder and write into it, which is the only honest test."""
    probe = home / f".probe-{secrets.token_hex(4)}"
    try:
        home.mkdir(parents=True, exist_ok=True)
        probe.write_bytes(b"?")
        probe.unlink()
    except OSError as error:
        raise StorageUnwritable(str(home), error.strerror or str(error)) from error


def _finish(
    connection: Connection, job: Job, epoch: int, rendered: Rendered, grid_key: str | None, now: float
) -> list[Picture]:
    request = jobs.finish(connection, job, epoch, rendered, grid_key, now)
    new = pictures.drawn(rendered, job, request, now)
    pictures.add(connection, new)
    return new


def _delete_picture(connection: Connection, picture_id: str, _now: float) -> Picture:
    return pictures.delete(connection, picture_id)


def _flag(connection: Connection, name: str) -> str | None:
    table = rows.settings
    return connection.execute(select(table.c.value).where(table.c.name == name)).scalar_one_or_none()


def _settings_like(connection: Connection, prefix: str) -> list[str]:
    table = rows.settings
    found = connection.execute(select(table.c.value).where(table.c.name.startswith(prefix, autoescape=True)))
    return list(found.scalars())


def _forget_flags(connection: Connection, prefix: str, before: str) -> None:
    name = rows.settings.c.name
    connection.execute(rows.settings.delete().where(name.startswith(prefix, autoescape=True), name < prefix + before))


def _set_flag(connection: Connection, name: str, value: str | None) -> None:
    table = rows.settings
    if value is None:
        connection.execute(table.delete().where(table.c.name == name))
    elif not connection.execute(update(table).where(table.c.name == name).values(value=value)).rowcount:
        connection.execute(insert(table).values(name=name, value=value))


def _audited(
    connection: Connection,
    change: Callable[Concatenate[Connection, str, P], T],
    by: str | None,
    verb: str,
    target: str,
    *values: P.args,
    **named: P.kwargs,
) -> T:
    """Change, and where a person is named note who did it, in the same transaction."""
    changed = change(connection, target, *values, **named)
    if by is not None:
        noted = {"id": new_id(), "at": time.time(), "actor": by, "verb": verb, "target": target}
        connection.execute(insert(rows.audit).values(**noted))
    return changed
