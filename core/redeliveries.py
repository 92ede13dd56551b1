"""What earlier deliveries of a dispatch have done, from what the CorrelationWriter knows of its segments."""

from collections.abc import Iterable
from typing import NamedTuple

from messages.lanes import AcceptedSegments, Conclusion, SentSegment


class SentSegments(NamedTuple):
    """What earlier deliveries of a dispatch have done, by segment.

    accepted: needs no other submit_sm. unanswered: its submit_sm went out and had no answer. segments: how many they
    cut it into. layout: how, as stored; empty where that was not recorded.
    """

    accepted: frozenset[int] = frozenset()
    unanswered: frozenset[int] = frozenset()
    segments: int = 0
    layout: str = ""

    @property
    def is_complete(self) -> bool:
        return 0 < self.segments <= len(self.accepted)

    def end_of(self, segment: int) -> Conclusion:
        """What it ends as where it is not sent any more."""
        if segment in self.accepted:
            return Conclusion.ALREADY_ACCEPTED
        return Conclusion.REPORTED if segment in self.unanswered else Conclusion.EXPIRED


NOTHING_SENT = SentSegments()


def sent_segments(answer: AcceptedSegments) -> dict[str, SentSegments]:
    """What the CorrelationWriter knows, by message_id."""
    accepted, unanswered = _by_message(answer.segments), _by_message(answer.unanswered)
    return {one: _sent(accepted.get(one, []), unanswered.get(one, [])) for one in accepted | unanswered}


def _by_message(segments: Iterable[SentSegment]) -> dict[str, list[SentSegment]]:
    found: dict[str, list[SentSegment]] = {}
    for one in segments:
        found.setdefault(one.message_id, []).append(one)
    return found


def _sent(accepted: list[SentSegment], unanswered: list[SentSegment]) -> SentSegments:
    known = [*accepted, *unanswered]
    recorded = next((one for one in known if one.layout), known[0])
    return SentSegments(
        frozenset(one.segment for one in accepted),
        frozenset(one.segment for one in unanswered),
        recorded.segments,
        recorded.layout,
    )
