"""Which children a supervisor takes for hanging."""

from core.roll_call import ASK_EVERY_S, RollCall

BOTH = ("session@mno@0.0", "session@mno@0.1")


def test_a_child_that_leaves_two_calls_unanswered_hangs():
    calls = RollCall()
    hanging = []
    for number in range(4):
        hanging.append(calls.call(BOTH, number * ASK_EVERY_S))
        calls.answered(BOTH[0])
    assert hanging == [[], [], [BOTH[1]], []]


def test_one_late_answer_is_enough():
    calls = RollCall()
    calls.call(BOTH[:1], 0.0)
    calls.call(BOTH[:1], ASK_EVERY_S)
    calls.answered(BOTH[0])
    assert calls.call(BOTH[:1], 2 * ASK_EVERY_S) == []


def test_a_supervisor_that_stood_still_blames_nobody():
    calls = RollCall()
    calls.call(BOTH, 0.0)
    calls.call(BOTH, ASK_EVERY_S)
    assert calls.call(BOTH, 10 * ASK_EVERY_S) == []
    assert calls.call(BOTH, 11 * ASK_EVERY_S) == []
    assert calls.call(BOTH, 12 * ASK_EVERY_S) == list(BOTH)


def test_a_child_that_was_started_anew_is_asked_anew():
    calls = RollCall()
    for number in range(3):
        calls.call(BOTH[:1], number * ASK_EVERY_S)
    assert calls.call(BOTH[:1], 3 * ASK_EVERY_S) == []
