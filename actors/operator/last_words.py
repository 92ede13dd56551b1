"""What dead sessions of an operator have left in their journals, made safe at the CorrelationWriter."""

from functools import partial
from pathlib import Path

from actors.names import sessions_of
from actors.runtime.lanes import LaneClient
from actors.runtime.surroundings import surroundings
from adapters.submit_journal import SubmitsLeft, journals, read_journal
from core.storing import decode_context
from core.traffic import LastWords
from messages.lanes import Accepted, AcceptedBatch, UnansweredBatch


class LastWordsReader:
    """Reads a journal once its process is gone; the file goes when Postgres has what was in it."""

    def __init__(self, operator_id: str, writer: LaneClient) -> None:
        self._operator_id = operator_id
        self._writer = writer
        self._read: set[Path] = set()

    def of_session(self, session: str) -> LastWords | None:
        """Of the process of this session that has just died; None where it had no journal."""
        paths = [path for path in journals(surroundings().submits, session) if path not in self._read]
        return self._take(paths) if paths else None

    def of_predecessors(self) -> int:
        """Of all sessions of the OperatorActors before this one; returns how many submits had no answer."""
        paths = journals(surroundings().submits, sessions_of(self._operator_id))
        return len(self._take(paths).unanswered)

    def _take(self, paths: list[Path]) -> LastWords:
        found = [self._make_safe(path) for path in paths]
        return LastWords(
            frozenset(submit.key for left in found for submit in left.answered),
            frozenset(submit.key for left in found for submit in left.unanswered),
        )

    def _make_safe(self, path: Path) -> SubmitsLeft:
        self._read.add(path)
        left = read_journal(path)
        answers = [Accepted(one.smsc_message_id, one.submitted_at, one.context) for one in left.answered]
        self._writer.send(AcceptedBatch(answers))
        # The writer takes frames in order: when it has confirmed the second, it has stored the first.
        noted = UnansweredBatch([decode_context(one.context).unanswered() for one in left.unanswered])
        self._writer.send(noted, partial(self._forget, path))
        return left

    def _forget(self, path: Path) -> None:
        path.unlink(missing_ok=True)
        self._read.discard(path)
