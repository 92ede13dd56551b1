"""When the dispatch of a message may be acknowledged."""

import pytest

from core import completion
from core.completion import Completion


def test_a_message_of_one_segment_is_complete_with_it():
    assert Completion().stored("reply", 1, 1)


def test_a_long_message_is_complete_with_its_last_segment_whatever_their_order():
    stored = Completion()

    assert [stored.stored("reply", segment, 3) for segment in (3, 1, 2)] == [False, False, True]


def test_a_segment_that_is_stored_twice_counts_once():
    stored = Completion()

    assert [stored.stored("reply", segment, 2) for segment in (1, 1, 2)] == [False, False, True]


def test_messages_are_told_apart_by_the_reply_subjects_of_their_dispatches():
    stored = Completion()

    assert [stored.stored(reply, segment, 2) for reply, segment in (("a", 1), ("b", 2), ("b", 1))] == [
        False,
        False,
        True,
    ]


def test_a_message_that_goes_back_is_forgotten():
    stored = Completion()
    stored.stored("reply", 1, 2)
    stored.forget("reply")
    stored.forget("unknown")

    assert not stored.stored("reply", 2, 2)


def test_the_memory_is_bounded_and_the_oldest_is_forgotten(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(completion, "MAX_OPEN", 2)
    stored = Completion()
    for reply in ("a", "b", "c"):
        stored.stored(reply, 1, 2)

    assert [stored.stored(reply, 2, 2) for reply in ("c", "b", "a")] == [True, True, False]
