"""Receipts: each finds its segment, moves it forward or not at all, and one of them concludes the message."""

import msgspec
import pytest
from receipts_in_the_end import applied_in_the_end

from adapters.postgres.receipts import AppliedReceipt, Unapplied
from messages.correlations import SegmentKey, SegmentState, StoredSegment
from messages.events import DeliveryStatus

ENROUTE = {"status": DeliveryStatus.ENROUTE, "final": False, "stat": "ENROUTE"}
ACCEPTED = {"status": DeliveryStatus.ACCEPTED, "final": False, "stat": "ACCEPTD"}
STRANGE = {"status": DeliveryStatus.UNKNOWN, "final": False, "stat": "NOSUCH"}
DELIVERED = {"status": DeliveryStatus.DELIVERED, "final": True, "stat": "DELIVRD"}
UNDELIVERABLE = {"status": DeliveryStatus.UNDELIVERABLE, "final": True, "stat": "UNDELIV"}


def outcome(applied: AppliedReceipt) -> tuple[str, str, bool]:
    """Before, after, changed."""
    return applied.previous_status.value, applied.segment.status.value, applied.changed


def concluded(applied: list[AppliedReceipt]) -> list[tuple[int, bool]]:
    return [(each.segment.segment, each.segment.concludes) for each in applied]


def test_a_final_receipt_tells_all_that_its_event_needs(run, correlations, receipts, accepted, receipt):
    row = accepted()
    run(correlations.write([row]))
    assert run(receipts.apply([receipt()])) == [
        AppliedReceipt(
            segment=StoredSegment(
                message_id="m-1",
                operator_id="op-1",
                segment=1,
                segments=1,
                smsc_message_id="ID-m-1-1",
                status=DeliveryStatus.DELIVERED,
                final=True,
                settled=False,
                concludes=True,
                request_dlr=True,
                submitted_at=row.submitted_at,
                metadata={"campaign": "spring"},
                traceparent=row.traceparent,
                states=(SegmentState(1, DeliveryStatus.DELIVERED, True),),
            ),
            previous_status=DeliveryStatus.ACCEPTED,
            changed=True,
        )
    ]


def test_the_status_and_its_time_are_stored(run, correlations, receipts, accepted, receipt, query):
    run(correlations.write([accepted()]))
    run(receipts.apply([receipt()]))
    stored = (
        "SELECT status, final_at BETWEEN now() - interval '1 min' AND now(), settled_at FROM smpp.message_correlations"
    )
    assert query(stored) == [("DELIVERED", True, None)]


def test_answers_come_in_the_order_of_the_receipts(run, correlations, receipts, accepted, receipt):
    run(correlations.write([accepted(f"m-{number}") for number in range(50)]))
    order = [(number * 37) % 60 for number in range(60)]
    applied = run(receipts.apply([receipt(f"m-{number}") for number in order]))
    found = [each.segment.message_id if isinstance(each, AppliedReceipt) else None for each in applied]
    assert found == [f"m-{number}" if number < 50 else None for number in order]


def test_a_receipt_without_a_correlation_has_no_answer(run, receipts, receipt):
    assert run(receipts.apply([receipt()])) == [Unapplied.NOT_FOUND]


def test_a_receipt_of_another_operator_with_the_same_id_has_no_answer(run, correlations, receipts, accepted, receipt):
    run(correlations.write([accepted()]))
    assert run(receipts.apply([receipt(operator_id="op-2")])) == [Unapplied.NOT_FOUND]


def test_a_receipt_without_an_id_does_not_find_a_segment_without_one(run, correlations, receipts, refused, receipt):
    run(correlations.write([refused()]))
    assert run(receipts.apply([receipt(smsc_message_id_key="")])) == [Unapplied.NOT_FOUND]


@pytest.mark.parametrize(
    ("arriving", "outcomes"),
    [
        ([ENROUTE, DELIVERED], [("ACCEPTED", "ENROUTE", True), ("ENROUTE", "DELIVERED", True)]),
        ([DELIVERED, ENROUTE], [("ACCEPTED", "DELIVERED", True), ("DELIVERED", "DELIVERED", False)]),
        ([DELIVERED, UNDELIVERABLE], [("ACCEPTED", "DELIVERED", True), ("DELIVERED", "DELIVERED", False)]),
        ([UNDELIVERABLE, DELIVERED], [("ACCEPTED", "UNDELIVERABLE", True), ("UNDELIVERABLE", "UNDELIVERABLE", False)]),
        ([ENROUTE, ACCEPTED], [("ACCEPTED", "ENROUTE", True), ("ENROUTE", "ENROUTE", False)]),
        ([ACCEPTED, ENROUTE], [("ACCEPTED", "ACCEPTED", False), ("ACCEPTED", "ENROUTE", True)]),
        ([ENROUTE, STRANGE], [("ACCEPTED", "ENROUTE", True), ("ENROUTE", "UNKNOWN", True)]),
        ([STRANGE, ENROUTE], [("ACCEPTED", "UNKNOWN", True), ("UNKNOWN", "UNKNOWN", False)]),
        ([STRANGE, STRANGE], [("ACCEPTED", "UNKNOWN", True), ("UNKNOWN", "UNKNOWN", False)]),
        ([STRANGE, DELIVERED], [("ACCEPTED", "UNKNOWN", True), ("UNKNOWN", "DELIVERED", True)]),
        ([DELIVERED, STRANGE], [("ACCEPTED", "DELIVERED", True), ("DELIVERED", "DELIVERED", False)]),
        ([ENROUTE, ENROUTE], [("ACCEPTED", "ENROUTE", True), ("ENROUTE", "ENROUTE", False)]),
        ([DELIVERED, DELIVERED], [("ACCEPTED", "DELIVERED", True), ("DELIVERED", "DELIVERED", False)]),
    ],
)
@pytest.mark.parametrize("batches", ["one", "two"])
def test_the_state_only_moves_forward(
    run, correlations, receipts, accepted, receipt, query, arriving, outcomes, batches
):
    run(correlations.write([accepted(), accepted("m-2")]))
    both = [receipt(**each) for each in arriving]
    calls = [both] if batches == "one" else [[each] for each in both]
    applied = [answer for batch in calls for answer in run(applied_in_the_end(receipts, batch))]
    assert [outcome(each) for each in applied] == outcomes
    last = outcomes[-1][1]
    assert query("SELECT status FROM smpp.message_correlations ORDER BY message_id") == [(last,), ("ACCEPTED",)]


def test_a_second_status_for_a_segment_is_put_off_and_its_repetitions_with_it(
    run, correlations, receipts, accepted, receipt
):
    run(correlations.write([accepted(), accepted("m-2")]))
    batch = [receipt(**ENROUTE), receipt(), receipt("m-2"), receipt(**ENROUTE), receipt()]
    enroute, put_off, other, repeated, put_off_too = run(receipts.apply(batch))
    assert [outcome(each) for each in (enroute, other, repeated)] == [
        ("ACCEPTED", "ENROUTE", True),
        ("ACCEPTED", "DELIVERED", True),
        ("ENROUTE", "ENROUTE", False),
    ]
    assert (put_off, put_off_too) == (Unapplied.PUT_OFF, Unapplied.PUT_OFF)


def test_a_second_status_for_a_segment_that_is_not_there_is_not_put_off(run, receipts, receipt):
    assert run(receipts.apply([receipt(**ENROUTE), receipt()])) == [Unapplied.NOT_FOUND] * 2


def test_an_smsc_that_repeats_itself_in_one_batch_changes_a_segment_once(
    run, correlations, receipts, accepted, receipt
):
    run(correlations.write([accepted()]))
    applied = run(receipts.apply([receipt()] * 200))
    assert [each.changed for each in applied] == [True] + [False] * 199


def test_an_id_that_the_smsc_uses_again_means_the_newest_message_that_is_still_open(
    run, correlations, receipts, accepted, receipt
):
    old = accepted("old", smsc_message_id_key="7")
    older = accepted("older", smsc_message_id_key="7", submitted_at=old.submitted_at - 86_400)
    new = accepted("new", smsc_message_id_key="7", submitted_at=old.submitted_at + 86_400)
    run(correlations.write([new, older, old]))
    found = [run(receipts.apply([receipt(smsc_message_id_key="7")]))[0] for _ in range(4)]
    assert [(each.segment.message_id, each.changed) for each in found] == [
        ("new", True),
        ("old", True),
        ("older", True),
        ("new", False),
    ]


def test_settled_segments_are_settled_with_the_next_receipts(run, correlations, receipts, accepted, receipt):
    run(correlations.write([accepted(), accepted("m-2")]))
    run(receipts.apply([receipt()]))
    applied = run(receipts.apply([receipt("m-2"), receipt()], [SegmentKey("m-1", "op-1", 1)]))
    assert [(each.changed, each.segment.settled) for each in applied] == [(True, False), (False, True)]


def test_settling_needs_no_receipts(run, correlations, receipts, accepted, receipt, query):
    run(correlations.write([accepted(), accepted("m-2")]))
    run(receipts.apply([receipt(), receipt("m-2")]))
    assert run(receipts.apply([], [SegmentKey("m-1", "op-1", 1)])) == []
    run(receipts.flush_settled([SegmentKey("m-2", "op-1", 1), SegmentKey("unknown", "op-1", 1)]))
    assert query("SELECT count(*) FROM smpp.message_correlations WHERE settled_at IS NOT NULL") == [(2,)]


def test_a_segment_without_a_final_status_is_not_settled(run, correlations, receipts, accepted, query):
    run(correlations.write([accepted()]))
    run(receipts.flush_settled([SegmentKey("m-1", "op-1", 1)]))
    assert query("SELECT settled_at FROM smpp.message_correlations") == [(None,)]


def test_the_last_final_receipt_concludes_a_message_of_several_segments(run, correlations, receipts, accepted, receipt):
    run(correlations.write([accepted("m-1", number, 3) for number in (1, 2, 3)]))
    applied = [run(receipts.apply([receipt("m-1", number)]))[0] for number in (3, 1, 2)]
    assert concluded(applied) == [(3, False), (1, False), (2, True)]
    assert applied[1].segment.states == (
        SegmentState(1, DeliveryStatus.DELIVERED, True),
        SegmentState(2, DeliveryStatus.ACCEPTED, False),
        SegmentState(3, DeliveryStatus.DELIVERED, True),
    )


def test_of_all_receipts_in_one_batch_the_last_one_concludes(run, correlations, receipts, accepted, receipt):
    run(correlations.write([accepted("m-1", number, 3) for number in (1, 2, 3)] + [accepted("m-2")]))
    batch = [receipt("m-1", 3), receipt("m-2"), receipt("m-1", 1), receipt("m-1", 2)]
    assert concluded(run(receipts.apply(batch))) == [(3, False), (1, True), (1, False), (2, True)]


def test_an_intermediate_receipt_concludes_nothing(run, correlations, receipts, accepted, receipt):
    run(correlations.write([accepted("m-1", 1, 2), accepted("m-1", 2, 2)]))
    run(receipts.apply([receipt("m-1", 1)]))
    assert concluded(run(receipts.apply([receipt("m-1", 2, **ENROUTE)]))) == [(2, False)]


def test_a_message_is_not_concluded_before_all_its_segments_are_known(run, correlations, receipts, accepted, receipt):
    run(correlations.write([accepted("m-1", 1, 2)]))
    assert concluded(run(receipts.apply([receipt("m-1", 1)]))) == [(1, False)]
    run(correlations.write([accepted("m-1", 2, 2)]))
    assert concluded(run(receipts.apply([receipt("m-1", 2)]))) == [(2, True)]


def test_a_receipt_concludes_a_message_whose_other_segment_was_refused(
    run, correlations, receipts, accepted, refused, receipt
):
    run(correlations.write([accepted("m-1", 2, 2)]))
    (refusal,) = run(correlations.write([refused("m-1", 1, 2)]))
    assert not refusal.concludes
    (applied,) = run(receipts.apply([receipt("m-1", 2)]))
    assert applied.segment.concludes
    assert [state.status for state in applied.segment.states] == [DeliveryStatus.REJECTED, DeliveryStatus.DELIVERED]


def test_a_repeated_receipt_finds_the_segment_that_concluded_the_message(
    run, correlations, receipts, accepted, receipt
):
    run(correlations.write([accepted("m-1", 1, 2), accepted("m-1", 2, 2)]))
    run(receipts.apply([receipt("m-1", 2)]))
    run(receipts.apply([receipt("m-1", 1)]))
    again = run(receipts.apply([receipt("m-1", 2), receipt("m-1", 1)]))
    assert [(each.changed, each.segment.concludes) for each in again] == [(False, False), (False, True)]


def test_the_same_message_id_at_two_operators_is_two_messages(run, correlations, receipts, accepted, receipt):
    rows = [accepted("m-1", number, 2, operator_id=operator) for operator in ("op-1", "op-2") for number in (1, 2)]
    run(correlations.write(rows))
    batch = [receipt("m-1", 1), receipt("m-1", 2, operator_id="op-2"), receipt("m-1", 2)]
    assert concluded(run(receipts.apply(batch))) == [(1, False), (2, False), (2, True)]


def test_the_answer_to_a_repetition_is_built_from_the_first(run, correlations, receipts, accepted, receipt):
    run(correlations.write([accepted()]))
    first, second = run(receipts.apply([receipt(), receipt(error_code="001")]))
    assert second == msgspec.structs.replace(first, previous_status=DeliveryStatus.DELIVERED, changed=False)
