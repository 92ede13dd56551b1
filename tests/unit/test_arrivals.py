"""Dispatches at an OperatorActor: what comes again is looked up, and what can't be read holds up no other."""

import json
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from actors.operator.arrivals import REPEAT_DELAY_S, Arrivals
from actors.operator.door import Arrival
from config.operators import Endpoint, OperatorConfig
from core.intake import Intake, Taken
from core.traffic import GIVE_BACK_DELAY_S, Traffic
from messages.dispatch import Dispatch
from messages.lanes import AcceptedQuery, AcceptedSegments, Conclusion, DispatchItem, SentSegment

OPERATOR = OperatorConfig(operator_id="mno", endpoints=(Endpoint(host="smsc", port=2775),))
TEXT = "not to be seen in a log"
LONG = "a" * 161  # two parts


class OpenDoor:
    """Says at once which dispatch was the first with its message_id."""

    firsts: dict[str, int]
    """By message_id; others are the first themselves."""

    def __init__(self, _operator_id: str, known: Callable[[list[Arrival]], None], _spawn: object) -> None:
        self.waiting: list[Arrival] = []
        self._known = known

    def enter(self, arrivals: Sequence[Arrival]) -> None:
        self._known([one._replace(first=self.firsts.get(one.dispatch.message_id, 0)) for one in arrivals])

    def close(self) -> list[Arrival]:
        return []


class Writer:
    """What a CorrelationWriter was asked."""

    def __init__(self) -> None:
        self.queries: list[AcceptedQuery] = []

    def send(self, query: AcceptedQuery) -> None:
        self.queries.append(query)


@pytest.fixture(autouse=True)
def door(monkeypatch: pytest.MonkeyPatch) -> type[OpenDoor]:
    monkeypatch.setattr("actors.operator.arrivals.Door", OpenDoor)
    monkeypatch.setattr(OpenDoor, "firsts", {}, raising=False)
    return OpenDoor


class Numbers:
    """Gives the references when it is told to: the numbers in the stream, doubled."""

    def __init__(self, numbered: Callable[[Sequence[tuple[Taken, int]]], None], _spawn: object) -> None:
        self.waiting: list[Taken] = []
        self._numbered = numbered

    def number(self, taken: Taken) -> None:
        self.waiting.append(taken)

    def give(self) -> None:
        waiting, self.waiting = self.waiting, []
        self._numbered([(taken, 2 * taken.own_reference) for taken in waiting])

    def close(self) -> None:
        self.waiting = []


@pytest.fixture(autouse=True)
def numbers(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Have the references given."""
    made: list[Numbers] = []
    monkeypatch.setattr(
        "actors.operator.arrivals.ReferenceSource", lambda *given: made.append(Numbers(*given)) or made[-1]
    )
    return lambda: made[-1].give()


@pytest.fixture
def traffic() -> Traffic:
    return Traffic(OPERATOR)


@pytest.fixture
def writer() -> Writer:
    return Writer()


@pytest.fixture
def arrivals(traffic: Traffic, writer: Writer) -> Arrivals:
    made = Arrivals(OPERATOR, traffic)
    made.open(writer, spawn=lambda _work: None, ready=lambda: None)  # type: ignore[arg-type]
    return made


def item(number: int, deliveries: int = 1, payload: bytes | None = None, **fields: Any) -> DispatchItem:
    dispatch = {"message_id": f"m{number}", "operator_id": "mno", "to": "41791234567", "from": "1234", "text": TEXT}
    return DispatchItem(
        payload=payload or json.dumps(dispatch | fields).encode(),
        reply=f"$JS.ACK.SMS_DISPATCH.smpp-mno.{deliveries}.{number}.{number}.1700000000000000000.0",
        deliveries=deliveries,
        traceparent="",
        published_at=1_700_000_000.0,
        pulled_at=50.0,
    )


def references(traffic: Traffic) -> list[int]:
    """Of all parts that wait, in the order they would be sent in."""
    traffic.add_session("session", 0)
    traffic.carry_over(0)
    traffic.session_bound("session", "TRX")
    waiting = traffic.assign(100, now=50.0, wall_now=0.0)["session"]
    return [order.body.partition(b"\x05\x00\x03")[2][0] for order in waiting if order.context.segments > 1]


def concluded(traffic: Traffic) -> list[tuple[Conclusion, str, float]]:
    return [(one.conclusion, one.context.reply, one.delay_s) for one in traffic.take_concluded()]


# Dispatches that come again.


def test_a_first_delivery_is_queued_without_a_question(arrivals: Arrivals, traffic: Traffic, writer: Writer):
    arrivals.take([item(1), item(2)])

    assert (traffic.waiting, writer.queries) == (2, [])


def test_a_redelivery_is_looked_up_and_waits(arrivals: Arrivals, traffic: Traffic, writer: Writer):
    arrivals.take([item(1), item(2, deliveries=2)])

    assert (traffic.waiting, arrivals.waiting) == (1, 1)
    assert writer.queries == [AcceptedQuery(writer.queries[0].query, "mno", ["m2"])]
    assert arrivals.held_since_before(51.0) == [item(2, deliveries=2).reply]


def test_of_a_redelivery_only_the_missing_segments_are_queued(arrivals: Arrivals, traffic: Traffic, writer: Writer):
    arrivals.take([item(1, deliveries=2, text="a" * 320)])

    accepted, unanswered = [SentSegment("m1", 1, 3)], [SentSegment("m1", 3, 3)]
    arrivals.answered(AcceptedSegments(writer.queries[0].query, accepted, unanswered))

    assert (traffic.waiting, arrivals.waiting) == (2, 0)
    assert [conclusion for conclusion, _reply, _delay_s in concluded(traffic)] == [Conclusion.ALREADY_ACCEPTED]


def test_a_repeat_of_a_message_that_was_sent_ends(
    arrivals: Arrivals, traffic: Traffic, writer: Writer, door: type[OpenDoor]
):
    door.firsts = {"m2": 1}
    arrivals.take([item(2)])
    assert writer.queries == [AcceptedQuery(writer.queries[0].query, "mno", ["m2"], [1])]

    arrivals.answered(AcceptedSegments(writer.queries[0].query, [SentSegment("m2", 1, 3)], []))

    assert (traffic.waiting, concluded(traffic)) == (0, [(Conclusion.REPEATED, item(2).reply, 0)])


def test_a_repeat_of_a_message_that_is_under_way_goes_back(
    arrivals: Arrivals, traffic: Traffic, writer: Writer, door: type[OpenDoor]
):
    door.firsts = {"m2": 1}
    arrivals.take([item(2, deliveries=3)])

    arrivals.answered(AcceptedSegments(writer.queries[0].query, [SentSegment("m2", 1, 3)], [], ["m2"]))

    assert (traffic.waiting, concluded(traffic)) == (
        0,
        [(Conclusion.GIVE_BACK, item(2, deliveries=3).reply, REPEAT_DELAY_S)],
    )


def test_a_repeat_is_sent_where_the_first_never_was(
    arrivals: Arrivals, traffic: Traffic, writer: Writer, door: type[OpenDoor]
):
    door.firsts = {"m2": 1}
    arrivals.take([item(2)])

    arrivals.answered(AcceptedSegments(writer.queries[0].query, [], []))

    assert (traffic.waiting, concluded(traffic)) == (1, [])


def test_at_a_stop_what_waits_goes_back(arrivals: Arrivals, traffic: Traffic, writer: Writer):
    arrivals.take([item(1, deliveries=2)])

    arrivals.give_back()
    arrivals.answered(AcceptedSegments(writer.queries[0].query, [], []))

    assert concluded(traffic) == [(Conclusion.GIVE_BACK, item(1, deliveries=2).reply, GIVE_BACK_DELAY_S)]
    assert (traffic.waiting, arrivals.waiting) == (0, 0)


# Long messages.


def test_a_long_message_waits_for_its_reference_and_a_short_one_does_not(
    arrivals: Arrivals, traffic: Traffic, numbers: Callable[[], None]
):
    arrivals.take([item(21, text=LONG), item(2)])
    assert (traffic.waiting, arrivals.waiting) == (1, 1)
    assert arrivals.held_since_before(51.0) == [item(21).reply]

    numbers()

    assert (traffic.waiting, arrivals.waiting) == (3, 0)
    assert references(traffic) == [42, 42]


def test_a_long_message_of_which_a_part_was_sent_goes_on_with_its_own_reference(
    arrivals: Arrivals, traffic: Traffic, writer: Writer
):
    arrivals.take([item(1, deliveries=2, text=LONG)])

    accepted = [SentSegment("m1", 1, 2, '["udh8",7,"gsm7",0]')]
    arrivals.answered(AcceptedSegments(writer.queries[0].query, accepted, []))

    assert references(traffic) == [7]


def test_at_a_stop_what_waits_for_its_reference_goes_back(
    arrivals: Arrivals, traffic: Traffic, numbers: Callable[[], None]
):
    arrivals.take([item(1, text=LONG)])

    arrivals.give_back()
    numbers()

    assert concluded(traffic) == [(Conclusion.GIVE_BACK, item(1).reply, GIVE_BACK_DELAY_S)]
    assert (traffic.waiting, arrivals.waiting) == (0, 0)


# Dispatches that can't be read.


def test_what_is_no_dispatch_ends_and_the_others_are_queued(arrivals: Arrivals, traffic: Traffic):
    arrivals.take([item(1), item(2, payload=b"{"), item(3)])

    (dead,) = traffic.take_concluded()
    assert (dead.conclusion, dead.reason, dead.payload) == (Conclusion.DEAD, "not a JSON object", b"{")
    assert traffic.waiting == 2


def test_a_bug_that_one_dispatch_shows_ends_that_dispatch_alone(
    arrivals: Arrivals, traffic: Traffic, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    read = Intake.read

    def read_but_the_second(self: Intake, one: DispatchItem) -> Dispatch:
        if one == item(2):
            raise KeyError(TEXT)
        return read(self, one)

    monkeypatch.setattr(Intake, "read", read_but_the_second)

    arrivals.take([item(1), item(2), item(3)])

    (dead,) = traffic.take_concluded()
    assert (dead.conclusion, dead.reason) == (Conclusion.DEAD, "internal error: KeyError")
    assert traffic.waiting == 2
    (record,) = caplog.records
    assert (record.__dict__["event"], record.__dict__["fields"]) == (
        "dispatch_failed",
        {"operator_id": "mno", "stream_sequence": 2, "trace_id": ""},
    )
    assert TEXT not in record.getMessage()
