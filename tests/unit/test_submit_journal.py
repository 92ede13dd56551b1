"""The journal of a session: what its successor finds of the submits under way, whenever the process ended."""

import os
import signal
from pathlib import Path

import pytest

from adapters.submit_journal import AnsweredSubmit, SubmitJournal, SubmitsLeft, UnansweredSubmit, journals, read_journal

SESSION = "session@mno@0.0"
SLOTS = 4
NOTHING = SubmitsLeft([], [])


def left(directory: Path) -> SubmitsLeft:
    (path,) = journals(directory, SESSION)
    return read_journal(path)


def test_a_submit_is_unanswered_from_when_it_is_written(tmp_path: Path):
    journal = SubmitJournal(tmp_path, SESSION, SLOTS)

    journal.written(1, b"context")

    assert left(tmp_path) == SubmitsLeft([], [UnansweredSubmit(1, b"context")])


def test_an_answer_is_kept_with_its_id_until_it_is_released(tmp_path: Path):
    journal = SubmitJournal(tmp_path, SESSION, SLOTS)
    for key in (1, 2):
        journal.written(key, b"context")
        journal.answered(key, b"context", f"id-{key}", 1_700_000_000.5)

    assert journal.take_answered() == [1, 2]
    journal.release([1])

    assert left(tmp_path) == SubmitsLeft([AnsweredSubmit(2, b"context", "id-2", 1_700_000_000.5)], [])
    assert journal.take_answered() == []


def test_a_slot_is_used_again(tmp_path: Path):
    journal = SubmitJournal(tmp_path, SESSION, SLOTS)
    for key in range(10 * SLOTS):
        journal.written(key, b"long context" * (key % 3))
        journal.release([key])
    journal.written(99, b"last")

    assert left(tmp_path) == SubmitsLeft([], [UnansweredSubmit(99, b"last")])


@pytest.mark.parametrize("room", ["slots", "octets"])
def test_what_finds_no_room_is_not_noted_and_spoils_nothing(tmp_path: Path, room: str):
    journal = SubmitJournal(tmp_path, SESSION, 1)
    if room == "slots":
        journal.written(1, b"first")
    journal.written(2, b"x" * (10 if room == "slots" else 3000))
    journal.answered(2, b"second", "id", 1.0)
    journal.release([2])

    assert left(tmp_path) == (SubmitsLeft([], [UnansweredSubmit(1, b"first")]) if room == "slots" else NOTHING)


def test_an_answer_without_room_leaves_the_submit_unanswered(tmp_path: Path):
    journal = SubmitJournal(tmp_path, SESSION, SLOTS)
    journal.written(1, b"x" * 2000)

    journal.answered(1, b"x" * 2000, "i" * 255, 1.0)

    assert left(tmp_path) == SubmitsLeft([], [UnansweredSubmit(1, b"x" * 2000)])


def test_a_killed_process_leaves_its_journal(tmp_path: Path):
    pid = os.fork()
    if pid == 0:
        journal = SubmitJournal(tmp_path, SESSION, SLOTS)
        journal.written(7, b"context")
        os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(pid, 0)

    assert left(tmp_path) == SubmitsLeft([], [UnansweredSubmit(7, b"context")])


def test_an_empty_journal_is_removed_and_one_with_content_stays(tmp_path: Path):
    empty, full = (SubmitJournal(tmp_path, SESSION, SLOTS) for _ in range(2))
    empty.written(1, b"")
    empty.release([1])
    full.written(2, b"context")

    empty.remove_if_empty()
    full.remove_if_empty()

    assert left(tmp_path) == SubmitsLeft([], [UnansweredSubmit(2, b"context")])


def test_journals_are_found_by_session_and_by_operator(tmp_path: Path):
    for session in ("session@mno@0.0", "session@mno@1.0", "session@mno2@0.0"):
        SubmitJournal(tmp_path, session, SLOTS)

    assert len(journals(tmp_path, "session@mno@*")) == 2
    assert len(journals(tmp_path, "session@mno@1.0")) == 1


def test_without_room_for_the_file_the_session_works_without_a_journal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    def disk_full(*_arguments: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.posix_fallocate", disk_full)
    journal = SubmitJournal(tmp_path, SESSION, SLOTS)
    journal.written(1, b"context")
    journal.answered(1, b"context", "id", 1.0)
    journal.release(journal.take_answered())
    journal.remove_if_empty()

    assert list(tmp_path.iterdir()) == []
    assert [record.__dict__["event"] for record in caplog.records] == ["journal_unavailable"]


def test_a_journal_that_has_gone_holds_nothing(tmp_path: Path):
    assert read_journal(tmp_path / "gone") == NOTHING
