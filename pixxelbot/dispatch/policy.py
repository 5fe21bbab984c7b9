"""Who is next: start-time fair queueing for several servers, SFQ(D).

Goyal, Vin, Cheng 1996 (SFQ); Jin, Chase, Kaur 2004 (SFQ(D)). A job's start tag is max(virtual time when it came, its
member's last finish tag), its finish tag is start + cost / weight, the smallest **start** tag goes first, and virtual
time is the start tag of the job last dispatched. First in, first out within a member; a heap over members' first jobs,
so a decision costs O(log members). No clock, no database, no renderer in here: whoever calls says what time it is.

Tags are computed when a job comes to the head of its member's line. For a member who always has something waiting that
equals tagging on arrival, and it lets a measured cost or a cancelled job shift what follows without touching it.
"""

from __future__ import annotations

import dataclasses
import heapq
from collections import deque
from dataclasses import dataclass, field
from typing import Final, Self

OVERDUE_ONE_IN: Final = 4
"""At most one dispatch in so many goes to an overdue job; else old jobs would outrank every newcomer."""
FORECAST: Final = 200
"""Waiting jobs whose place is told exactly."""
KEPT_IDLE: Final = 1_000
"""Members with nothing waiting or running that are remembered before those who owe nothing are forgotten."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """What the policy knows of a job."""

    job_id: str
    member: str
    cost: float
    """GPU-seconds, predicted."""
    weight: float = 1.0
    """Share: twice the weight is served twice as much."""
    start: float = field(default=0.0, compare=False)
    """Start tag, once it is dispatched."""


@dataclass(slots=True)
class _Waiting:
    ticket: Ticket
    arrived: float
    """Virtual time when it came."""
    order: int
    """Ties go to whoever came first."""


@dataclass(slots=True)
class _Member:
    waiting: deque[_Waiting] = field(default_factory=deque)
    running: int = 0
    finish: float = 0.0
    """Finish tag of the job last dispatched, corrected by what jobs really cost."""
    version: int = 0
    """Raised with each change of the head, so that stale heap entries are known."""
    head_since: float = 0.0

    @property
    def start(self) -> float:
        """Start tag of the first job waiting."""
        return max(self.waiting[0].arrived, self.finish)

    def copy(self) -> _Member:
        return dataclasses.replace(self, waiting=deque(self.waiting))


class Policy:
    """The waiting line. `bound`: seconds at the head after which a job is overdue; None for never."""

    def __init__(self, bound: float | None = None) -> None:
        self.bound = bound
        self.virtual_time = 0.0
        self.version = 0
        """Grows with every change; a forecast is good as long as it stands."""
        self._members: dict[str, _Member] = {}
        self._waiting: dict[str, Ticket] = {}
        self._running: dict[str, Ticket] = {}
        self._by_start: list[tuple[float, int, str, int]] = []
        self._by_age: list[tuple[float, int, str, int]] = []
        self._order = 0
        self._before_first = 0
        self._since_overdue = OVERDUE_ONE_IN - 1
        self._forget_at = KEPT_IDLE

    def __len__(self) -> int:
        """How many wait."""
        return len(self._waiting)

    def __contains__(self, job_id: object) -> bool:
        """Whether this job waits."""
        return job_id in self._waiting

    @property
    def cost(self) -> float:
        """GPU-seconds of all that wait."""
        return sum(ticket.cost for ticket in self._waiting.values())

    def add(self, ticket: Ticket, now: float = 0.0) -> None:
        """A job comes, to the end of its member's line. `now` in seconds of any clock."""
        self._order += 1
        self._insert(ticket, now, self._order, first=False)

    def put_back(self, ticket: Ticket, now: float = 0.0) -> None:
        """A dispatched job has to run again: its charge is taken back, and it is its member's first once more."""
        self.settle(ticket.job_id, 0.0)
        self._before_first -= 1
        self._insert(ticket, now, self._before_first, first=True)

    def remove(self, job_id: str) -> Ticket | None:
        """A waiting job is cancelled; nobody is charged."""
        ticket = self._waiting.pop(job_id, None)
        if ticket is None:
            return None
        member = self._members[ticket.member]
        was_head = member.waiting[0].ticket.job_id == job_id
        member.waiting = deque(one for one in member.waiting if one.ticket.job_id != job_id)
        self._changed(ticket.member, head=member.head_since if was_head else None)
        return ticket

    def next(self, now: float = 0.0) -> Ticket | None:
        """Dispatch: the job that goes now, charged to its member at its predicted cost."""
        self._discard_stale(self._by_start)
        if not self._by_start:
            return None
        start, _, name, _ = self._by_start[0]
        self.virtual_time = max(self.virtual_time, start)
        overdue = self._overdue(now)
        self._since_overdue = 0 if overdue else self._since_overdue + 1
        return self._dispatch(overdue or name, now)

    def settle(self, job_id: str, cost: float) -> None:
        """A dispatched job has ended, having cost so much in truth (0 for one that never ran)."""
        ticket = self._running.pop(job_id, None)
        if ticket is None:
            return
        member = self._members[ticket.member]
        member.running -= 1
        member.finish += (cost - ticket.cost) / ticket.weight
        self._changed(ticket.member, head=member.head_since)
        if self._waiting or self._running:
            self._forget_idle()
        else:
            self._end_busy_period()

    def forecast(self, now: float = 0.0, most: int = FORECAST) -> list[Ticket]:
        """The next so many jobs in the order they will go, if nobody comes and costs are as predicted."""
        ahead = self._copy()
        order: list[Ticket] = []
        while len(order) < most and (ticket := ahead.next(now)):
            order.append(ticket)
        return order

    # --- within -------------------------------------------------------------------------------------------------

    def _insert(self, ticket: Ticket, now: float, order: int, first: bool) -> None:
        if ticket.job_id in self._waiting or ticket.job_id in self._running:
            raise ValueError(f"the job {ticket.job_id} is in the line already")
        member = self._members.setdefault(ticket.member, _Member())
        waiting = _Waiting(ticket, self.virtual_time, order)
        if first:
            member.waiting.appendleft(waiting)
        else:
            member.waiting.append(waiting)
        self._waiting[ticket.job_id] = ticket
        is_head = member.waiting[0] is waiting
        self._changed(ticket.member, head=now if is_head else None)

    def _dispatch(self, name: str, now: float) -> Ticket:
        member = self._members[name]
        start = member.start
        ticket = dataclasses.replace(member.waiting.popleft().ticket, start=start)
        del self._waiting[ticket.job_id]
        self._running[ticket.job_id] = ticket
        member.running += 1
        member.finish = start + ticket.cost / ticket.weight
        self._changed(name, head=now)
        return ticket

    def _overdue(self, now: float) -> str | None:
        """The member whose head has waited longest, if too long and if it is time for such a one."""
        if self.bound is None or self._since_overdue < OVERDUE_ONE_IN - 1:
            return None
        self._discard_stale(self._by_age)
        since, _, name, _ = self._by_age[0]
        return name if now - since > self.bound else None

    def _changed(self, name: str, head: float | None) -> None:
        """File the member's first job anew; `head` is since when it has been first, None when that is unchanged."""
        self.version += 1
        if head is None:
            return
        member = self._members[name]
        member.version = self.version  # never reused, so that no stale entry passes for a returned member's
        member.head_since = head
        if member.waiting:
            order = member.waiting[0].order
            heapq.heappush(self._by_start, (member.start, order, name, member.version))
            if self.bound is not None:
                heapq.heappush(self._by_age, (head, order, name, member.version))

    def _discard_stale(self, heap: list[tuple[float, int, str, int]]) -> None:
        """Leave a valid entry on top; where most are stale, leave only valid ones."""
        if len(heap) > KEPT_IDLE + 4 * len(self._members):
            heap[:] = filter(self._valid, heap)
            heapq.heapify(heap)
        while heap and not self._valid(heap[0]):
            heapq.heappop(heap)

    def _valid(self, entry: tuple[float, int, str, int]) -> bool:
        _, _, name, version = entry
        member = self._members.get(name)
        return member is not None and member.version == version and bool(member.waiting)

    def _end_busy_period(self) -> None:
        """With nothing here, virtual time becomes the last finish tag (Goyal 1996): all start even."""
        self.virtual_time = max(self.virtual_time, *(member.finish for member in self._members.values()))
        self._members.clear()

    def _forget_idle(self) -> None:
        """A member with nothing here whose finish tag lies in the past is as good as new."""
        if len(self._members) < self._forget_at:
            return
        self._members = {
            name: member
            for name, member in self._members.items()
            if member.waiting or member.running or member.finish > self.virtual_time
        }
        self._forget_at = KEPT_IDLE + 2 * len(self._members)

    def _copy(self) -> Self:
        other = type(self)(self.bound)
        other.virtual_time, other.version = self.virtual_time, self.version
        other._members = {name: member.copy() for name, member in self._members.items() if member.waiting}
        other._waiting = dict(self._waiting)
        other._by_start, other._by_age = list(self._by_start), list(self._by_age)
        other._order, other._before_first = self._order, self._before_first
        other._since_overdue = self._since_overdue
        return other
