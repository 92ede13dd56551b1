"""Which session is to be bound anew next, when settings or credentials have changed under several of them."""

from collections.abc import Mapping
from typing import NamedTuple


class Renewal(NamedTuple):
    """A session that is to be drained and bound anew, and why, in words."""

    session: str
    reason: str


class Renewals:
    """One bound session after the other: the next one is touched when the one before is bound again.

    So where there are several, new settings or a new password that the SMSC does not take cost one of them, and the
    others stay on what they were bound with. A session that is not bound has nothing to lose, and waits for no other.
    """

    def __init__(self) -> None:
        self._wanted: dict[str, str] = {}
        self._last = ""

    def want(self, session: str, reason: str) -> None:
        self._wanted[session] = reason

    def concern(self, session: str) -> bool:
        """Whether it waits to be bound anew."""
        return session in self._wanted

    def forget(self, session: str) -> None:
        """It has ended; whatever takes its place is new."""
        self._wanted.pop(session, None)

    def next(self, bound: Mapping[str, bool], leaving: frozenset[str]) -> Renewal | None:
        """To be carried out now.

        bound: of every session, whether it is. leaving: those of them that are being drained.
        """
        staying = sorted(self._wanted.keys() - leaving)
        chosen = next((session for session in staying if not bound[session]), None)
        if chosen is None and staying and self._last not in leaving and bound.get(self._last, True):
            chosen = self._last = staying[0]
        return Renewal(chosen, self._wanted.pop(chosen)) if chosen is not None else None
