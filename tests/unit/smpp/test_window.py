"""The window, the backlog and the sequence numbers, with time passed in."""

import pytest

from smpp.constants import MAX_SEQUENCE
from smpp.window import LATE_ANSWERS_AWAITED, Backlog, SequenceNumbers, Window, WindowFull


def window_with(*numbers: int, size: int = 10, now: float = 0.0) -> Window[str]:
    window: Window[str] = Window(size, response_s=10.0)
    for number in numbers:
        window.open(number, f"key {number}", now)
    return window


def test_an_answer_gives_the_key_and_the_time_of_its_request_back() -> None:
    window = window_with(1, now=5.0)
    assert window.close(1) == ("key 1", 5.0)
    assert len(window) == 0


def test_the_same_answer_counts_once() -> None:
    window = window_with(1)
    window.close(1)
    assert window.close(1) is None


def test_a_full_window_takes_no_request_until_an_answer_comes() -> None:
    window = window_with(1, 2, size=2)
    assert window.free_slots == 0
    with pytest.raises(WindowFull, match=r"^2 requests are unanswered$"):
        window.open(3, "key 3", 0.0)
    window.close(1)
    window.open(3, "key 3", 0.0)
    assert window.unanswered() == ["key 2", "key 3"]


def test_the_oldest_request_sets_the_next_deadline() -> None:
    window = window_with(1, now=5.0)
    window.open(2, "key 2", 6.0)
    assert window.next_deadline() == 15.0
    window.close(1)
    assert window.next_deadline() == 16.0


def test_an_empty_window_has_no_deadline() -> None:
    assert window_with().next_deadline() is None


def test_requests_are_overdue_at_their_deadline_and_oldest_first() -> None:
    window = window_with(7, 3, now=1.0)
    window.open(5, "key 5", 2.0)
    assert window.overdue(10.9) == []
    assert window.overdue(11.0) == ["key 7", "key 3"]
    assert window.unanswered() == ["key 5"]


@pytest.mark.parametrize("sent_at", [0.1, 0.7, 1e6 + 0.1, 1e9 / 3])
@pytest.mark.parametrize("response_s", [0.1, 0.2, 1 / 3])
def test_a_look_at_the_next_deadline_always_finds_it_overdue(sent_at: float, response_s: float) -> None:
    window: Window[str] = Window(1, response_s)
    window.open(1, "key", sent_at)
    deadline = window.next_deadline()
    assert deadline is not None
    assert window.overdue(deadline) == ["key"]


@pytest.mark.parametrize(("response_s", "deadline"), [(2.0, 3.0), (60.0, 61.0)], ids=["shorter", "longer"])
def test_a_new_time_to_answer_holds_for_requests_under_way(response_s: float, deadline: float) -> None:
    window = window_with(7, 3, now=1.0)
    window.configure(response_s)
    assert window.next_deadline() == deadline
    assert window.overdue(deadline - 0.1) == []
    assert window.overdue(deadline) == ["key 7", "key 3"]


def test_a_timed_out_request_gives_its_slot_back() -> None:
    window = window_with(1, size=1)
    window.overdue(10.0)
    assert window.free_slots == 1


def test_a_late_answer_finds_its_key_once() -> None:
    window = window_with(1)
    window.overdue(10.0)
    assert window.close(1) is None
    assert window.close_late(1) == ("key 1",)
    assert window.close_late(1) is None


def test_a_late_answer_to_a_request_without_key_is_told_from_a_foreign_one() -> None:
    window: Window[None] = Window(1, response_s=10.0)
    window.open(1, None, 0.0)
    window.overdue(10.0)
    assert window.close_late(1) == (None,)
    assert window.close_late(2) is None


def test_only_so_many_late_answers_are_awaited_and_the_oldest_are_forgotten() -> None:
    numbers = range(1, LATE_ANSWERS_AWAITED + 3)
    window = window_with(*numbers, size=len(numbers))
    window.overdue(10.0)
    assert [number for number in numbers if number not in window] == [1, 2]


def test_a_number_is_in_use_while_an_answer_may_still_come_for_it() -> None:
    window = window_with(1)
    assert 1 in window
    window.overdue(10.0)
    assert 1 in window
    window.close_late(1)
    assert 1 not in window


def test_a_cleared_window_awaits_nothing() -> None:
    window = window_with(1, 2)
    window.overdue(10.0)
    window.open(3, "key 3", 10.0)
    window.clear()
    assert (len(window), [number for number in (1, 2, 3) if number in window]) == (0, [])


def test_sequence_numbers_start_at_one() -> None:
    numbers = SequenceNumbers(0, set(), set())
    assert [numbers.take() for _ in range(3)] == [1, 2, 3]


def test_sequence_numbers_begin_again_after_the_highest() -> None:
    numbers = SequenceNumbers(MAX_SEQUENCE - 2, set(), set())
    assert [numbers.take() for _ in range(3)] == [MAX_SEQUENCE - 1, MAX_SEQUENCE, 1]


def test_sequence_numbers_skip_those_that_requests_still_use() -> None:
    numbers = SequenceNumbers(MAX_SEQUENCE - 2, messages={MAX_SEQUENCE, 1}, control={3})
    assert [numbers.take() for _ in range(3)] == [MAX_SEQUENCE - 1, 2, 4]


def test_a_full_backlog_takes_nothing_until_something_is_answered() -> None:
    backlog = Backlog(2, most_bytes=100)
    assert [backlog.open(number, 10) for number in (7, 8, 9)] == [True, True, False]
    assert backlog.close(7)
    assert backlog.open(9, 10)
    assert len(backlog) == 2


def test_a_backlog_is_full_of_few_large_requests() -> None:
    backlog = Backlog(10, most_bytes=100)
    assert [backlog.open(number, octets) for number, octets in ((7, 60), (8, 41), (9, 40))] == [True, False, True]
    assert backlog.close(7)
    assert backlog.open(8, 60)
    assert len(backlog) == 2


def test_a_peer_may_give_every_request_the_same_number() -> None:
    backlog = Backlog(2, most_bytes=100)
    assert [backlog.open(0, octets) for octets in (10, 90, 10)] == [True, True, False]
    assert [backlog.close(0) for _ in range(3)] == [True, True, False]
    assert len(backlog) == 0
    assert backlog.open(0, 100)


def test_what_was_never_received_cannot_be_answered() -> None:
    assert not Backlog(2, most_bytes=100).close(1)
