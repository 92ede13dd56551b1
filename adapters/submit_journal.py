"""A session's submits under way, in a file that outlives its process: what was written, what was answered.

The file is mapped into memory, so that a note is a copy of some hundred octets and no system call (measured: 1.3 us for
a submit, its answer and its release together). The kernel keeps what a killed process has noted; a power loss does not
matter, since with the host the links are gone, and nothing is read here that JetStream does not have as well.

One slot a submit, of a fixed size: state, lengths and key, then the context, then the answer. The state is written
last, so that a process that dies in between leaves a slot that is free, or as it was.
"""

import contextlib
import logging
import mmap
import os
import struct
import tempfile
from collections.abc import Iterable
from pathlib import Path

import msgspec
from msgspec import Struct

from adapters.telemetry.logs import log_event

SLOT_BYTES = 2048  # a context has at most some 1,400, most of it metadata
HEADER = struct.Struct("<BxHHxxQ")  # state, octets of the context, octets of the answer, key
STATE_OFFSET = 0
FREE, WRITTEN, ANSWERED = 0, 1, 2

log = logging.getLogger(__name__)

_encode = msgspec.msgpack.Encoder().encode
_decode_answer = msgspec.msgpack.Decoder(tuple[str, float]).decode


class AnsweredSubmit(Struct, frozen=True):
    """A submit_sm_resp with ESME_ROK whose correlation may not be stored. submitted_at: seconds since the epoch."""

    key: int
    context: bytes
    smsc_message_id: str
    submitted_at: float


class UnansweredSubmit(Struct, frozen=True):
    """A submit_sm that was written, or was about to be, and had no answer."""

    key: int
    context: bytes


class SubmitsLeft(Struct, frozen=True):
    """What a journal holds."""

    answered: list[AnsweredSubmit]
    unanswered: list[UnansweredSubmit]


class SubmitJournal:
    """The journal of one session process, for one thread. What finds no room is not noted, and sent all the same."""

    def __init__(self, directory: Path, session: str, slots: int) -> None:
        self._path: Path | None = None
        self._offsets: dict[int, int] = {}
        self._answered: list[int] = []
        try:
            self._path, self._map = _new_file(directory, session, slots * SLOT_BYTES)
        except OSError as error:
            log_event(log, logging.ERROR, "journal_unavailable", error.strerror or "", session=session)
            self._free = []
        else:
            self._free = list(range(0, slots * SLOT_BYTES, SLOT_BYTES))

    def written(self, key: int, context: bytes) -> None:
        """Before its submit_sm goes out."""
        if not self._free or HEADER.size + len(context) > SLOT_BYTES:
            return
        offset = self._offsets[key] = self._free.pop()
        start = offset + HEADER.size
        HEADER.pack_into(self._map, offset, FREE, len(context), 0, key)
        self._map[start : start + len(context)] = context
        self._map[offset + STATE_OFFSET] = WRITTEN

    def answered(self, key: int, context: bytes, smsc_message_id: str, submitted_at: float) -> None:
        """Before anybody is told of it. An answer that does not fit leaves the submit as unanswered."""
        answer = _encode((smsc_message_id, submitted_at))
        size = HEADER.size + len(context) + len(answer)
        offset = self._offsets.get(key)
        if offset is None or size > SLOT_BYTES:
            return
        self._map[offset + size - len(answer) : offset + size] = answer
        HEADER.pack_into(self._map, offset, ANSWERED, len(context), len(answer), key)
        self._answered.append(key)

    def take_answered(self) -> list[int]:
        """The keys of the answers noted since the last call."""
        answered, self._answered = self._answered, []
        return answered

    def release(self, keys: Iterable[int]) -> None:
        """Somebody else knows of these now."""
        for key in keys:
            offset = self._offsets.pop(key, None)
            if offset is not None:
                self._map[offset + STATE_OFFSET] = FREE
                self._free.append(offset)

    def remove_if_empty(self) -> None:
        """At the end: what is left in it is for the successor to find."""
        if self._path is not None and not self._offsets:
            self._path.unlink(missing_ok=True)


def _new_file(directory: Path, session: str, size: int) -> tuple[Path, mmap.mmap]:
    descriptor, name = tempfile.mkstemp(prefix=f"{session}.", dir=directory)
    path = Path(name)
    try:
        # All of it at once: a disk that is full later would end the process at a write into the map (SIGBUS).
        os.posix_fallocate(descriptor, 0, size)
        return path, mmap.mmap(descriptor, size)
    except OSError:
        path.unlink()
        raise
    finally:
        os.close(descriptor)


def journals(directory: Path, session: str) -> list[Path]:
    """The journals of the processes that a session has had; `session` may end in *."""
    return sorted(directory.glob(f"{session}.*"))


def read_journal(path: Path) -> SubmitsLeft:
    """What a dead session has left. Nothing where the file has gone."""
    with contextlib.suppress(FileNotFoundError):
        return _read(path.read_bytes())
    return SubmitsLeft([], [])


def _read(content: bytes) -> SubmitsLeft:
    left = SubmitsLeft([], [])
    for offset in range(0, len(content) - SLOT_BYTES + 1, SLOT_BYTES):
        state, context_bytes, answer_bytes, key = HEADER.unpack_from(content, offset)
        start = offset + HEADER.size
        context = content[start : start + context_bytes]
        if state == WRITTEN:
            left.unanswered.append(UnansweredSubmit(key, context))
        elif state == ANSWERED:
            answer_start = start + context_bytes
            answer = _decode_answer(content[answer_start : answer_start + answer_bytes])
            left.answered.append(AnsweredSubmit(key, context, *answer))
    return left
