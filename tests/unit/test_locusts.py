"""What the Locust load does without Locust and without a server: the wire, the journeys, the shapes, the verdict."""

from collections import Counter
from dataclasses import replace

import msgspec
import pytest

from loadtest.locusts import wire
from loadtest.locusts.journeys import Arrived, Journeys, Steps, Tally
from loadtest.locusts.shapes import ShapeName, rate_at
from loadtest.locusts.verdict import Limits, SmscView, Step, complaints, judge, table

PUBLISHED_AT, SUBMITTED_AT, ARRIVED_AT = 1000.0, 1000.25, 1001.0

LIMITS = Limits(
    load_s=60, publish_p99_ms=100, submit_p99_ms=1000, receipt_p99_ms=5000, kept=0.99, undelivered=0, operator_tps=50
)
STEPS = {"publish": Step(2, 100), "submit": Step(5, 1000), "receipt": Step(500, 5000)}
ALL_WELL = Tally(due=10, published=10, stored=10, ended=10, first_published_at=950.0, submits=Counter({999: 10}))
SMSC = SmscView(peak_1s=50, distinct=10, doubled=0)

WIRE = (
    b'INFO {"nonce":"abc"}\r\nPONG\r\n+OK\r\n'
    b"MSG _INBOX.x.7 1 4\r\n\r\n\r\n\r\n"
    b"MSG sms.dlr.inbound 2 $JS.ACK.SMS_EVENTS.c.1.5.5.9.0 2\r\n{}\r\n"
    b"HMSG sms.dlr.inbound 2 $JS.ACK.SMS_EVENTS.c.1.6.6.9.0 23 25\r\nNATS/1.0\r\nNats-A: b\r\n\r\n[]\r\n"
    b"HMSG _INBOX.x.8 1 30 30\r\nNATS/1.0 503 No Responders\r\n\r\n\r\n"
    b"-ERR 'Authorization Violation'\r\nPING\r\n"
)
SAID = [
    wire.Info({"nonce": "abc"}),
    wire.Word.PONG,
    wire.Word.OK,
    wire.Delivery(1, b"_INBOX.x.7", b"", 0, b"\r\n\r\n"),
    wire.Delivery(2, b"sms.dlr.inbound", b"$JS.ACK.SMS_EVENTS.c.1.5.5.9.0", 0, b"{}"),
    wire.Delivery(2, b"sms.dlr.inbound", b"$JS.ACK.SMS_EVENTS.c.1.6.6.9.0", 0, b"[]"),
    wire.Delivery(1, b"_INBOX.x.8", b"", 503, b""),
    wire.Refused("Authorization Violation"),
    wire.Word.PING,
]


def arrived(number: int, submitted_at: float | None = SUBMITTED_AT, delivered: bool = True) -> Arrived:
    return Arrived(number, delivered, repeated=False, submitted_at=submitted_at, arrived_at=ARRIVED_AT)


def journeys_of(messages: int) -> Journeys:
    """So many are published, and confirmed by JetStream."""
    journeys = Journeys()
    for _ in range(messages):
        journeys.scheduled(1, 0.0)
        journeys.stored(journeys.published(PUBLISHED_AT), PUBLISHED_AT)
    return journeys


def test_what_nats_says_is_read_whole() -> None:
    assert list(wire.Reader().feed(WIRE)) == SAID


@pytest.mark.parametrize("size", [1, 2, 7, 64])
def test_what_nats_says_is_read_in_whatever_pieces_it_comes(size: int) -> None:
    reader = wire.Reader()
    pieces = [WIRE[start : start + size] for start in range(0, len(WIRE), size)]
    assert [operation for piece in pieces for operation in reader.feed(piece)] == SAID


@pytest.mark.parametrize("nonsense", [b"HELLO\r\n", b"MSG a b\r\n", b"MSG a 1 -1\r\n", b"INFO {\r\n", b"x" * 5000])
def test_what_is_not_the_protocol_ends_the_connection(nonsense: bytes) -> None:
    with pytest.raises(wire.ProtocolError):
        list(wire.Reader().feed(nonsense))


def test_what_a_client_writes_is_what_the_protocol_says() -> None:
    assert wire.publish(b"a.b", b"_INBOX.1", b"{}") == b"PUB a.b _INBOX.1 2\r\n{}\r\n"
    assert wire.subscribe(b"_INBOX.*", 3) == b"SUB _INBOX.* 3\r\n"
    assert wire.connect({"name": "load"}) == b'CONNECT {"name": "load"}\r\n'


def test_each_step_of_a_message_has_its_own_time() -> None:
    journeys = Journeys()
    number = journeys.published(PUBLISHED_AT)
    assert journeys.stored(number, PUBLISHED_AT + 0.002) == pytest.approx(2.0)
    assert journeys.arrived(arrived(number)) == Steps(submit_ms=250.0, receipt_ms=750.0)


def test_a_message_that_was_never_sent_has_no_submit() -> None:
    assert journeys_of(1).arrived(arrived(0, submitted_at=None, delivered=False)) == Steps(None, 1000.0)


def test_a_submit_before_its_publish_is_the_difference_of_two_clocks() -> None:
    assert journeys_of(1).arrived(arrived(0, submitted_at=PUBLISHED_AT - 0.001)) == Steps(0.0, pytest.approx(1001.0))


def test_a_second_final_event_is_counted_and_changes_nothing() -> None:
    journeys = journeys_of(1)
    journeys.arrived(arrived(0))
    before = journeys.tally()
    assert journeys.arrived(arrived(0)) is None
    assert journeys.tally() == replace(before, doubled=1)


def test_what_is_confirmed_and_has_no_final_event_is_pending() -> None:
    journeys = journeys_of(3)
    journeys.refused(journeys.published(PUBLISHED_AT))
    journeys.arrived(arrived(1))
    tally = journeys.tally()
    assert (tally.pending, tally.refused, tally.outstanding) == (2, 1, 2)


def test_an_event_may_come_before_the_confirmation() -> None:
    journeys = Journeys()
    number = journeys.published(PUBLISHED_AT)
    journeys.arrived(arrived(number))
    assert journeys.stored(number, ARRIVED_AT) is None
    assert journeys.tally().pending == 0


def test_what_is_submitted_more_than_a_second_after_the_load_has_not_kept_the_rate() -> None:
    journeys = journeys_of(4)
    for number, submitted_at in enumerate([1000.5, 1011.9, 1012.0]):
        journeys.arrived(arrived(number, submitted_at))
    assert journeys.tally().kept(load_s=10) == 0.5


def test_what_should_have_been_published_and_was_not_has_not_kept_the_rate() -> None:
    journeys = journeys_of(3)
    journeys.scheduled(1, 0.5)
    for number in range(3):
        journeys.arrived(arrived(number))
    assert (journeys.tally().kept(load_s=10), journeys.tally().late_s) == (0.75, 0.5)


def test_nothing_published_has_kept_nothing() -> None:
    assert Tally(due=1).kept(load_s=10) == 0


def test_the_tallies_of_workers_add_up() -> None:
    one = Tally(due=1, published=1, late_s=0.2, first_published_at=8.0, submits=Counter({5: 1}))
    other = Tally(due=2, published=2, late_s=0.1, first_published_at=9.0, submits=Counter({5: 1, 6: 1}))
    other = Tally.of(msgspec.msgpack.decode(msgspec.msgpack.encode(other.figures())))
    assert one.plus(other) == Tally(
        due=3, published=3, late_s=0.2, first_published_at=8.0, submits=Counter({5: 2, 6: 1})
    )


@pytest.mark.parametrize(
    ("name", "rates"),
    [
        (ShapeName.STEADY, [100, 100, 100, None]),
        (ShapeName.RAMP, [10, 40, 100, None]),
        (ShapeName.BURST, [500, 0, 0, None]),
        (ShapeName.SOAK, [100, 100, 100, None]),
    ],
)
def test_the_rate_of_a_shape_at_its_beginning_later_and_at_its_end(name: ShapeName, rates: list[float | None]) -> None:
    assert [rate_at(name, 100, run_time_s, 10) for run_time_s in (0, 3.5, 9.9, 10)] == rates


def test_a_burst_has_as_many_messages_as_a_steady_load() -> None:
    assert sum(rate_at(ShapeName.BURST, 100, second, 60) or 0 for second in range(60)) == 6000


def test_a_load_that_meets_every_limit_holds() -> None:
    assert [finding for finding in judge(LIMITS, ALL_WELL, STEPS, SMSC) if not finding.holds] == []


@pytest.mark.parametrize(
    ("tally", "complaint"),
    [
        (Tally(due=1), "messages published: 0, limit 1"),
        (Tally(due=1, published=1), "share of the TPS kept: 0, limit 0.99"),
        (Tally(published=1, refused=2), "publishes not confirmed: 2, limit 0"),
        (Tally(published=1, pending=3), "messages lost: 3, limit 0"),
        (Tally(published=1, doubled=4), "final events beyond the first: 4, limit 0"),
        (Tally(published=1, undelivered=5), "messages not delivered: 5, limit 0"),
        (Tally(published=11, stored=11), "messages that the SMSC never saw: 1, limit 0"),
    ],
)
def test_what_happened_to_messages_is_held_against_them(tally: Tally, complaint: str) -> None:
    assert complaint in complaints(judge(LIMITS, tally, STEPS, SMSC))


@pytest.mark.parametrize(
    ("step", "complaint"),
    [
        ("publish", "publish to JetStream's answer, p99, ms: 6000, limit 100"),
        ("submit", "publish to submit_sm, p99, ms: 6000, limit 1000"),
        ("receipt", "submit_sm to final event, p99, ms: 6000, limit 5000"),
    ],
)
def test_a_step_that_takes_too_long_is_held_against_it(step: str, complaint: str) -> None:
    assert complaints(judge(LIMITS, ALL_WELL, STEPS | {step: Step(1, 6000)}, SMSC)) == [complaint]


@pytest.mark.parametrize(
    ("smsc", "complaint"),
    [
        (SmscView(peak_1s=51, distinct=10, doubled=0), "most submit_sm in a second, at the SMSC: 51, limit 50"),
        (SmscView(peak_1s=50, distinct=10, doubled=1), "submit_sm that the SMSC had seen before: 1, limit 0"),
    ],
)
def test_what_the_smsc_saw_is_held_against_it(smsc: SmscView, complaint: str) -> None:
    assert complaints(judge(LIMITS, ALL_WELL, STEPS, smsc)) == [complaint]


def test_without_a_view_of_the_smsc_the_verdict_says_that_it_was_not_measured() -> None:
    findings = judge(LIMITS, ALL_WELL, STEPS, None)
    assert complaints(findings) == []
    assert [line.split()[-2:] for line in table(findings)[-3:]] == [["not", "measured"]] * 3
