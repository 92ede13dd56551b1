"""What is kept of an operator's recent past."""

from core.history import EVENTS, SPANS, EventHistory, PastEvent, RateHistory


def test_a_span_that_is_closed_is_a_rate():
    history = RateHistory(now=10.0)
    history.add(3)
    history.add(4)
    history.close_span(now=12.0)
    history.close_span(now=14.0)
    history.add(1)

    assert history.rates == [3.5, 0.0]


def test_a_span_without_length_is_not_closed():
    history = RateHistory(now=10.0)
    history.add(6)
    history.close_span(now=10.0)
    history.close_span(now=12.0)

    assert history.rates == [3.0]


def test_only_the_newest_rates_are_kept():
    history = RateHistory(now=0.0)
    for second in range(1, SPANS + 3):
        history.add(second)
        history.close_span(now=float(second))

    assert history.rates == [float(second) for second in range(3, SPANS + 3)]


def test_events_are_told_with_their_last_time_the_newest_last():
    history = EventHistory()
    history.note("bound", 1.0)
    history.note("lost", 2.0)

    assert history.events == [PastEvent("bound", 1.0, 1), PastEvent("lost", 2.0, 1)]


def test_a_repeat_is_counted_and_becomes_the_newest():
    history = EventHistory()
    for at, what in enumerate(("refused", "bound", "refused")):
        history.note(what, float(at))

    assert history.events == [PastEvent("bound", 1.0, 1), PastEvent("refused", 2.0, 2)]


def test_of_many_events_the_oldest_is_forgotten():
    history = EventHistory()
    for number in range(EVENTS + 1):
        history.note(str(number), float(number))

    assert [event.what for event in history.events] == [str(number) for number in range(1, EVENTS + 1)]
