"""Correlations: written once, concluded once, expired and swept."""

import json
from datetime import UTC, datetime

import pytest

from adapters.postgres.errors import DatabaseRefused
from messages.correlations import SegmentKey, SegmentState, StoredSegment, UnansweredSegment
from messages.events import DeliveryStatus
from messages.lanes import SentSegment

SUBMITTED_AT = 1_795_000_000.125
IN_AN_HOUR = SUBMITTED_AT + 3600
TRACEPARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def state(segment: int, status: DeliveryStatus, *, final: bool) -> SegmentState:
    return SegmentState(segment, status, final)


ROWS = "SELECT message_id, segment, status, smsc_message_id_key, final_at IS NOT NULL FROM smpp.message_correlations"


def test_an_accepted_segment_is_stored_with_all_that_is_known_of_it(run, correlations, query, accepted):
    run(correlations.write([accepted("m-1", 2, 3, expires_at=IN_AN_HOUR)]))
    columns = (
        "operator_id, smsc_message_id, smsc_message_id_key, message_id, segment, segments, status, request_dlr, "
        "concludes, submitted_at, final_at, settled_at, expires_at, metadata, traceparent"
    )
    at = datetime.fromtimestamp(SUBMITTED_AT, UTC)
    until = datetime.fromtimestamp(IN_AN_HOUR, UTC)
    assert query(f"SELECT {columns} FROM smpp.message_correlations") == [
        (
            "op-1",
            "ID-m-1-2",
            "id-m-1-2",
            "m-1",
            2,
            3,
            "ACCEPTED",
            True,
            False,
            at,
            None,
            None,
            until,
            {"campaign": "spring"},
            TRACEPARENT,
        )
    ]


def test_the_tables_have_no_column_for_addresses_or_text(dsn, query):
    names = {
        name for (name,) in query("SELECT column_name FROM information_schema.columns WHERE table_schema = 'smpp'")
    }
    assert names & {"to", "from", "text", "source", "destination", "password", "payload"} == set()


@pytest.mark.parametrize(
    "text", ['"', "\\", "\\\\\"{},'", "NULL", "", "{a,b}", "é€😀", "\u2028", "a b\tc\nd", "$1 %s -- /*"]
)
def test_text_of_any_kind_is_stored_as_it_is(run, correlations, query, text, accepted):
    run(
        correlations.write(
            [accepted(smsc_message_id=text, smsc_message_id_key=text, metadata={text: text}), accepted("m-2")]
        )
    )
    stored = query(
        "SELECT smsc_message_id, smsc_message_id_key, metadata FROM smpp.message_correlations ORDER BY message_id"
    )
    assert stored == [(text, text, {text: text}), ("ID-m-2-1", "id-m-2-1", {"campaign": "spring"})]


def test_text_that_postgres_cannot_hold_spoils_no_other_row(run, correlations, query, accepted):
    nul_in_json = {"note": "a\0b"}
    run(
        correlations.write(
            [accepted(smsc_message_id="a\0b", metadata=nul_in_json), accepted("m-2", smsc_message_id="\ud800")]
        )
    )
    stored = query("SELECT smsc_message_id, metadata::text FROM smpp.message_correlations ORDER BY message_id")
    assert [(text, json.loads(metadata)) for text, metadata in stored] == [
        ("a\ufffdb", nul_in_json),
        ("?", {"campaign": "spring"}),
    ]


def test_a_batch_that_postgres_refuses_is_refused_as_a_whole_without_quoting_it(run, correlations, query, accepted):
    with pytest.raises(DatabaseRefused) as refusal:
        run(correlations.write([accepted("m-1"), accepted("m-2", segment=5, segments=3)]))
    assert refusal.value.sqlstate == "23514"
    assert str(refusal.value) == "the database refused a statement: CheckViolation (SQLSTATE 23514)"
    assert query(ROWS) == []


def test_a_segment_that_was_sent_again_keeps_its_first_id(run, correlations, query, accepted):
    run(correlations.write([accepted()]))
    run(correlations.write([accepted(smsc_message_id="again", smsc_message_id_key="again")]))
    assert query(ROWS) == [("m-1", 1, "ACCEPTED", "id-m-1-1", False)]


def test_a_segment_that_was_sent_again_takes_the_new_id_where_it_had_none(run, correlations, query, accepted):
    run(correlations.write([accepted(smsc_message_id="", smsc_message_id_key="")]))
    run(correlations.write([accepted()]))
    assert query(ROWS) == [("m-1", 1, "ACCEPTED", "id-m-1-1", False)]


def test_a_segment_that_was_refused_stays_refused_and_takes_the_id_of_a_later_acceptance(
    run, correlations, query, accepted, refused
):
    run(correlations.write([refused()]))
    run(correlations.write([accepted()]))
    assert query(ROWS) == [("m-1", 1, "REJECTED", "id-m-1-1", True)]


def test_two_rows_of_one_segment_in_one_batch_are_one(run, correlations, query, accepted):
    nameless = accepted(smsc_message_id="", smsc_message_id_key="")
    run(correlations.write([nameless, accepted(), accepted(smsc_message_id="2nd", smsc_message_id_key="2nd")]))
    assert query(ROWS) == [("m-1", 1, "ACCEPTED", "id-m-1-1", False)]


def test_segments_that_are_awaited_and_segments_that_have_ended_are_written_together(
    run, correlations, accepted, refused, query
):
    ended = run(correlations.write([refused("m-1", 1, 2), accepted("m-1", 2, 2), accepted("m-2"), refused("m-3")]))
    assert [(segment.message_id, segment.segment, segment.concludes) for segment in ended] == [
        ("m-1", 1, False),
        ("m-3", 1, True),
    ]
    assert query("SELECT message_id, segment, status FROM smpp.message_correlations ORDER BY 1, 2") == [
        ("m-1", 1, "REJECTED"),
        ("m-1", 2, "ACCEPTED"),
        ("m-2", 1, "ACCEPTED"),
        ("m-3", 1, "REJECTED"),
    ]


def test_marks_of_confirmed_events_travel_with_the_next_rows_or_alone(run, correlations, refused, query):
    keys = [segment.key for segment in run(correlations.write([refused("m-1"), refused("m-2")]))]
    settled = "SELECT message_id FROM smpp.message_correlations WHERE settled_at IS NOT NULL ORDER BY 1"

    run(correlations.write([refused("m-3")], keys[:1]))
    assert query(settled) == [("m-1",)]
    assert run(correlations.write([], keys[1:])) == []
    assert query(settled) == [("m-1",), ("m-2",)]


def test_a_refused_message_of_one_segment_is_concluded_at_once(run, correlations, refused):
    assert run(correlations.write([refused(submitted_at=None)])) == [
        StoredSegment(
            message_id="m-1",
            operator_id="op-1",
            segment=1,
            segments=1,
            smsc_message_id="",
            status=DeliveryStatus.REJECTED,
            final=True,
            settled=False,
            concludes=True,
            request_dlr=True,
            submitted_at=None,
            metadata={"campaign": "spring"},
            traceparent=TRACEPARENT,
            states=(state(1, DeliveryStatus.REJECTED, final=True),),
        )
    ]


def test_concluding_again_tells_the_same_again(run, correlations, refused):
    rows = [refused("m-1", 1, 2), refused("m-1", 2, 2), refused("m-2")]
    assert run(correlations.write(rows)) == run(correlations.write(rows))


def test_concluding_again_tells_what_is_settled(run, correlations, receipts, refused):
    run(correlations.write([refused()]))
    run(receipts.flush_settled([SegmentKey("m-1", "op-1", 1)]))
    (segment,) = run(correlations.write([refused()]))
    assert segment.settled


def test_an_accepted_segment_is_not_concluded_by_the_refusal_of_its_repetition(run, correlations, accepted, refused):
    run(correlations.write([accepted()]))
    (segment,) = run(correlations.write([refused()]))
    assert (segment.status, segment.final, segment.concludes) == (DeliveryStatus.ACCEPTED, False, False)


def test_accepted_without_a_receipt_wanted_is_concluded(run, correlations, accepted):
    (segment,) = run(correlations.write([accepted(final=True, request_dlr=False)]))
    assert (segment.status, segment.concludes, segment.smsc_message_id) == (DeliveryStatus.ACCEPTED, True, "ID-m-1-1")


def test_the_last_refused_segment_concludes_the_message(run, correlations, refused):
    first = run(correlations.write([refused("m-1", 2, 3)]))
    second = run(correlations.write([refused("m-1", 1, 3), refused("m-1", 3, 3)]))
    assert [(segment.segment, segment.concludes) for segment in first + second] == [(2, False), (1, False), (3, True)]
    assert first[0].states == (state(2, DeliveryStatus.REJECTED, final=True),)
    assert second[0].states == tuple(state(number, DeliveryStatus.REJECTED, final=True) for number in (1, 2, 3))


def test_a_segment_given_twice_is_answered_twice(run, correlations, refused):
    segments = run(correlations.write([refused(), refused()]))
    assert segments[0] == segments[1]


def test_accepted_and_concluded_segments_are_found_in_the_order_asked_for(run, correlations, accepted, refused):
    long = accepted("m-1", 2, 2, layout="layout")
    run(correlations.write([long, accepted("m-2"), accepted("m-3", operator_id="op-2")]))
    run(correlations.write([refused("m-1", 1, 2, layout="layout")]))
    asked = [("op-1", ["m-3", "m-2", "m-1", "m-4"]), ("op-2", ["m-1", "m-3"])]
    assert run(correlations.sent_segments(asked)) == [
        ([SentSegment("m-2", 1, 1), SentSegment("m-1", 1, 2, "layout"), SentSegment("m-1", 2, 2, "layout")], []),
        ([SentSegment("m-3", 1, 1)], []),
    ]


def test_nothing_asked_is_answered_with_nothing(run, correlations):
    assert run(correlations.sent_segments([])) == []


def unanswered(message_id: str, segment: int = 1, segments: int = 1, operator_id: str = "op-1") -> UnansweredSegment:
    return UnansweredSegment(message_id, operator_id, segment, segments, "layout")


def test_segments_without_an_answer_are_found_in_the_order_asked_for(run, correlations):
    noted = [unanswered("m-1", 2, 2), unanswered("m-1", 1, 2), unanswered("m-2", operator_id="op-2")]
    run(correlations.write([], unanswered=[*noted, unanswered("m-3")]))
    run(correlations.write([], unanswered=noted))  # a repetition

    assert run(correlations.sent_segments([("op-1", ["m-3", "m-2", "m-1"])])) == [
        (
            [],
            [
                SentSegment("m-3", 1, 1, "layout"),
                SentSegment("m-1", 1, 2, "layout"),
                SentSegment("m-1", 2, 2, "layout"),
            ],
        )
    ]


def test_notes_of_unanswered_submits_are_forgotten_after_thirty_days(run, correlations, query):
    run(correlations.write([], unanswered=[unanswered("old"), unanswered("young")]))
    query("UPDATE smpp.unanswered_submits SET noted_at = now() - interval '30 days' WHERE message_id = 'old'")

    assert run(correlations.sweep(10)) == 0
    assert run(correlations.sent_segments([("op-1", ["old", "young"])])) == [
        ([], [SentSegment("young", 1, 1, "layout")])
    ]


def test_that_a_text_was_altered_is_remembered(run, correlations, accepted):
    rows = [accepted("m-1", final=True, transliterated=True), accepted("m-2", final=True)]

    assert [one.transliterated for one in run(correlations.write(rows))] == [True, False]


def test_that_a_segment_may_have_gone_out_twice_is_kept_from_whichever_answer_knows_it(run, correlations, accepted):
    run(correlations.write([accepted("m-1", possibly_repeated=True), accepted("m-2", smsc_message_id="first")]))
    run(correlations.write([accepted("m-1"), accepted("m-2", smsc_message_id="second", possibly_repeated=True)]))

    first, second = run(correlations.write([accepted("m-1", final=True), accepted("m-2", final=True)]))
    assert [(one.message_id, one.possibly_repeated) for one in (first, second)] == [("m-1", True), ("m-2", True)]
    assert second.smsc_message_id == "first"
