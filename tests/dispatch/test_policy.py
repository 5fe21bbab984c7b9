"""The policy against a brute-force reference, and what it promises."""

from __future__ import annotations

import random
from collections import Counter, deque
from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from pixxelbot.dispatch.policy import OVERDUE_ONE_IN, Policy, Ticket


def ticket(job_id: object, member: str = "a", cost: float = 1.0, weight: float = 1.0) -> Ticket:
    return Ticket(job_id=str(job_id), member=member, cost=cost, weight=weight)


@dataclass
class Reference:
    """SFQ(D) as the papers write it: no heap, no index, every tag computed anew at every decision."""

    bound: float | None
    virtual: float = 0.0
    waiting: list[tuple[Ticket, float, int]] = field(default_factory=list)
    finish: dict[str, float] = field(default_factory=dict)
    head_since: dict[str, float] = field(default_factory=dict)
    running: dict[str, Ticket] = field(default_factory=dict)
    count: int = 0
    first: int = 0
    dispatches: deque[bool] = field(default_factory=lambda: deque(maxlen=OVERDUE_ONE_IN - 1))

    def heads(self) -> dict[str, tuple[Ticket, float, int]]:
        found: dict[str, tuple[Ticket, float, int]] = {}
        for one in self.waiting:
            found.setdefault(one[0].member, one)
        return found

    def noting_heads(self, before: dict[str, tuple[Ticket, float, int]], now: float) -> None:
        for member, one in self.heads().items():
            if member not in before or before[member][0].job_id != one[0].job_id:
                self.head_since[member] = now

    def add(self, new: Ticket, now: float) -> None:
        before = self.heads()
        self.count += 1
        self.waiting.append((new, self.virtual, self.count))
        self.noting_heads(before, now)

    def put_back(self, old: Ticket, now: float) -> None:
        self.settle(old.job_id, 0.0)
        before = self.heads()
        self.first -= 1
        self.waiting.insert(0, (old, self.virtual, self.first))
        self.noting_heads(before, now)

    def remove(self, job_id: str) -> None:
        """The next in line inherits how long its member has been waiting."""
        self.waiting = [one for one in self.waiting if one[0].job_id != job_id]

    def next(self, now: float) -> Ticket | None:
        heads = self.heads()
        if not heads:
            return None
        starts = {name: max(came, self.finish.get(name, 0.0)) for name, (_, came, _) in heads.items()}
        chosen = min(heads, key=lambda name: (starts[name], heads[name][2]))
        self.virtual = max(self.virtual, starts[chosen])
        oldest = min(heads, key=lambda name: (self.head_since[name], heads[name][2]))
        overdue = self.bound is not None and now - self.head_since[oldest] > self.bound and not any(self.dispatches)
        chosen = oldest if overdue else chosen
        self.dispatches.append(overdue)
        one = heads[chosen]
        self.waiting.remove(one)
        self.finish[chosen] = starts[chosen] + one[0].cost / one[0].weight
        self.running[one[0].job_id] = one[0]
        self.noting_heads(heads, now)
        return one[0]

    def settle(self, job_id: str, cost: float) -> None:
        if old := self.running.pop(job_id, None):
            self.finish[old.member] += (cost - old.cost) / old.weight
            if not self.waiting and not self.running:  # the end of a busy period
                self.virtual = max(self.virtual, *self.finish.values())


costs = st.sampled_from([0.25, 0.5, 1.0, 2.0, 8.0])
"""Powers of two, so that sums in another order are the same sums."""
actions = st.one_of(
    st.tuples(st.just("add"), st.sampled_from("abcde"), costs, st.sampled_from([0.5, 1.0, 2.0])),
    st.tuples(st.just("next")),
    st.tuples(st.just("settle"), st.integers(0, 10**6), costs),
    st.tuples(st.just("put back"), st.integers(0, 10**6)),
    st.tuples(st.just("remove"), st.integers(0, 10**6)),
)


@settings(max_examples=400, deadline=None)
@given(st.lists(actions, max_size=80), st.sampled_from([None, 3.0, 10.0]))
def test_every_decision_is_the_references(steps: list[tuple[object, ...]], bound: float | None) -> None:
    policy, reference = Policy(bound), Reference(bound)
    for now, step in enumerate(steps):
        match step:
            case ("add", str(member), float(cost), float(weight)):
                new = ticket(now, member, cost, weight)
                policy.add(new, now)
                reference.add(new, now)
            case ("next",):
                assert policy.next(now) == reference.next(now)
            case ("settle", int(which), float(cost)) if reference.running:
                job_id = list(reference.running)[which % len(reference.running)]
                policy.settle(job_id, cost)
                reference.settle(job_id, cost)
            case ("put back", int(which)) if reference.running:
                old = list(reference.running.values())[which % len(reference.running)]
                policy.put_back(old, now)
                reference.put_back(old, now)
            case ("remove", int(which)) if reference.waiting:
                job_id = reference.waiting[which % len(reference.waiting)][0].job_id
                policy.remove(job_id)
                reference.remove(job_id)
        assert len(policy) == len(reference.waiting)
    end = float(len(steps))
    foreseen = policy.forecast(end, most=len(policy))
    assert [policy.next(end) for _ in range(len(policy))] == foreseen
    assert foreseen == [reference.next(end) for _ in range(len(foreseen))]


@given(st.lists(st.tuples(st.sampled_from("abc"), costs), min_size=1, max_size=40))
def test_within_a_member_first_come_is_first_served(jobs: list[tuple[str, float]]) -> None:
    policy = Policy()
    for number, (member, cost) in enumerate(jobs):
        policy.add(ticket(number, member, cost))
    served = [policy.next() for _ in jobs]
    for member in "abc":
        numbers = [int(one.job_id) for one in served if one and one.member == member]
        assert numbers == sorted(numbers)
    assert policy.next() is None


def test_a_newcomer_passes_a_flooder() -> None:
    policy = Policy()
    for number in range(100):
        policy.add(ticket(f"flood {number}", "flooder"))
    for _ in range(10):
        policy.next()
    policy.add(ticket("first", "newcomer"))
    assert "first" in {one.job_id for one in (policy.next(), policy.next()) if one}


def test_shares_follow_the_weights_within_two_per_cent() -> None:
    dice, policy = random.Random(1), Policy()
    weights = {"one": 1.0, "two": 2.0, "four": 4.0}
    for number in range(9_000):
        member = list(weights)[number % 3]
        policy.add(ticket(number, member, dice.lognormvariate(0, 1), weights[member]))
    served: Counter[str] = Counter()
    for _ in range(3_000):
        one = policy.next()
        assert one is not None
        served[one.member] += one.cost  # type: ignore[assignment]  # seconds, not a count
    for member, weight in weights.items():
        assert abs(served[member] / sum(served.values()) - weight / 7) < 0.02


def test_what_a_job_really_cost_is_charged() -> None:
    policy = Policy()
    for number in range(4):
        policy.add(ticket(f"a{number}", "a"))
        policy.add(ticket(f"b{number}", "b"))
    first = policy.next()
    assert first and first.job_id == "a0"
    policy.settle("a0", 3.0)
    assert [one.job_id for one in policy.forecast()] == ["b0", "b1", "b2", "a1", "b3", "a2", "a3"]


def test_a_crashed_job_is_its_members_first_again_and_was_not_charged() -> None:
    policy = Policy()
    for number in range(3):
        policy.add(ticket(number))
    first = policy.next()
    assert first is not None
    policy.put_back(first)
    assert [one.job_id for one in policy.forecast()] == ["0", "1", "2"]


def test_overdue_heads_get_at_most_one_dispatch_in_four() -> None:
    policy = Policy(bound=10.0)
    policy.add(ticket("dear", "z", cost=1_000.0), 0.0)
    policy.next(0.0)
    policy.add(ticket("z", "z"), 0.0)
    for number in range(12):
        policy.add(ticket(number, f"m{number % 6}"), 50.0)
    order = [one.job_id for one in (policy.next(100.0) for _ in range(13)) if one]
    assert order.index("z") <= OVERDUE_ONE_IN - 1


def test_members_who_have_left_are_forgotten() -> None:
    policy = Policy()
    for number in range(20_000):
        policy.add(ticket(number, f"member {number}"))
        assert policy.next()
        policy.settle(str(number), 1.0)
    assert len(policy._members) < 5_000
