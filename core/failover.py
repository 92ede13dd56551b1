"""Which endpoint of an operator carries its traffic, and which sessions are to be tried for that.

One endpoint is the chosen one: all its sessions are wanted, and it carries the traffic as soon as one of them is bound.
Each endpoint preferred to it keeps one session, the probe, that shows when it is back; less preferred ones have none.
So the traffic goes down the list only when nothing is bound, and up again only to a probe that has lasted and that has
just answered: a host that hangs keeps its links for as long as nobody asks.
"""

from collections import Counter
from dataclasses import dataclass

FIRST_CHOICE = 0  # endpoints are numbered in order of preference
PROBE = 0  # index of the one session that a preferred endpoint keeps
MOST_FAILURES = 2  # of one session of an endpoint never bound; its others may wait for a lease and never answer


@dataclass(frozen=True)
class SessionSlot:
    """The place of one session: it exists while it is wanted, bound or trying to be."""

    endpoint: int
    index: int


@dataclass(frozen=True)
class Move:
    """The traffic has left one endpoint for another; None is nowhere, because nothing is bound."""

    from_endpoint: int | None
    to_endpoint: int | None

    @property
    def is_failback(self) -> bool:
        """It returned to the first choice from another endpoint, without a gap."""
        return self.to_endpoint == FIRST_CHOICE and self.from_endpoint is not None


class FailoverPolicy:
    """Told what becomes of the wanted sessions; times in monotonic seconds.

    A session that is no longer wanted counts no more, whatever it still does while it drains: when its slot is wanted
    again, tell of the new session alone.
    """

    def __init__(self, endpoints: int, sessions: int, failback_after_s: float) -> None:
        self._endpoints = endpoints
        self._sessions = sessions
        self._failback_after_s = failback_after_s
        self._chosen = FIRST_CHOICE
        self._bound_since: dict[SessionSlot, float] = {}
        self._failures: Counter[SessionSlot] = Counter()

    @property
    def active(self) -> int | None:
        """The endpoint whose sessions carry the traffic; None when nothing is bound."""
        return self._chosen if any(slot.endpoint == self._chosen for slot in self._bound_since) else None

    def wanted(self) -> frozenset[SessionSlot]:
        """The sessions that should exist, and be bound or try to be, each with its own backoff."""
        probes = {SessionSlot(endpoint, PROBE) for endpoint in range(self._chosen)}
        return frozenset(probes.union(self._slots_of_chosen()))

    def next_deadline(self) -> float | None:
        """When there is a probe to ask, unless it is lost before; None: not until something is bound."""
        return min(self._failbacks().values(), default=None)

    def probe_to_ask(self, now: float) -> SessionSlot | None:
        """The most preferred probe that has been bound for failback_after_s: it is to prove that it is answered."""
        due = [endpoint for endpoint, deadline in self._failbacks().items() if deadline <= now]
        return SessionSlot(min(due), PROBE) if due else None

    # What happens.

    def bound(self, endpoint: int, index: int, now: float) -> Move | None:
        slot, before = SessionSlot(endpoint, index), self.active
        if slot not in self.wanted():
            return None
        self._bound_since[slot] = now
        self._failures.pop(slot, None)
        return self._settle(before)

    def unbound(self, endpoint: int, index: int) -> Move | None:
        """The endpoint has ended it, or a bind was refused there or not answered: told each time."""
        slot, before = SessionSlot(endpoint, index), self.active
        if slot not in self.wanted():
            return None
        self._bound_since.pop(slot, None)
        self._failures[slot] += 1
        return self._settle(before)

    def released(self, endpoint: int, index: int) -> Move | None:
        """Unbound, or not bound, for a reason of ours, such as new settings or a lost lease: the endpoint is as good as
        before, so that none is tried in its place; one that is bound takes over."""
        before = self.active
        self._bound_since.pop(SessionSlot(endpoint, index), None)
        if self.active is None and self._bound_since:
            self._choose(self._instead())
        return self._move_from(before)

    def answered(self, endpoint: int, index: int, now: float) -> Move | None:
        """A probe that was to be asked is answered: the traffic returns to its endpoint, if it has not lost its right.

        The other probes then start their time anew, so that it stays there for as long at least.
        """
        if self.probe_to_ask(now) != SessionSlot(endpoint, index):
            return None
        before = self.active
        self._choose(endpoint)
        self._bound_since = dict.fromkeys(self._bound_since, now)
        return self._move_from(before)

    def reconfigure(self, endpoints: int, sessions: int, failback_after_s: float) -> Move | None:
        """New settings for the endpoints and sessions there are: those that stay keep what was told of them."""
        before = self.active
        self._endpoints = endpoints
        self._sessions = sessions
        self._failback_after_s = failback_after_s
        self._choose(min(self._chosen, endpoints - 1))
        return self._settle(before)

    # What follows.

    def _settle(self, before: int | None) -> Move | None:
        """Leaves the chosen endpoint where it can't carry the traffic and another may."""
        if self.active is None and (before is not None or self._bound_since or self._has_been_tried()):
            self._choose(self._instead())
        return self._move_from(before)

    def _move_from(self, before: int | None) -> Move | None:
        return Move(before, self.active) if self.active != before else None

    def _has_been_tried(self) -> bool:
        """All its sessions have failed, not just the first to be answered; or one of them again and again."""
        failures = [self._failures[slot] for slot in self._slots_of_chosen()]
        return min(failures) > 0 or max(failures) >= MOST_FAILURES

    def _instead(self) -> int:
        """The most preferred endpoint that is bound, else the next one; after the last there is none."""
        bound = {slot.endpoint for slot in self._bound_since}
        return min(bound, default=min(self._chosen + 1, self._endpoints - 1))

    def _choose(self, endpoint: int) -> None:
        if endpoint != self._chosen:
            self._chosen = endpoint
            self._failures.clear()
        wanted = self.wanted()
        self._bound_since = {slot: since for slot, since in self._bound_since.items() if slot in wanted}

    def _failbacks(self) -> dict[int, float]:
        """When the traffic may return to each preferred endpoint whose probe is bound."""
        return {
            slot.endpoint: since + self._failback_after_s
            for slot, since in self._bound_since.items()
            if slot.endpoint < self._chosen
        }

    def _slots_of_chosen(self) -> list[SessionSlot]:
        return [SessionSlot(self._chosen, index) for index in range(self._sessions)]
