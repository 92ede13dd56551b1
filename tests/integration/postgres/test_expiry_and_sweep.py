"""Expiry and sweep: segments whose receipt never came, and rows that nobody needs any more."""

import asyncio
import time

from messages.correlations import SegmentKey, SegmentState, StoredSegment
from messages.events import DeliveryStatus


def state(segment: int, status: DeliveryStatus, *, final: bool) -> SegmentState:
    return SegmentState(segment, status, final)


def test_a_segment_whose_receipt_never_came_expires_as_unknown(run, correlations, accepted, expired):
    run(correlations.write([expired(), accepted("m-2")]))
    (segment,) = run(correlations.expire(10))
    assert segment == StoredSegment(
        message_id="m-1",
        operator_id="op-1",
        segment=1,
        segments=1,
        smsc_message_id="ID-m-1-1",
        status=DeliveryStatus.UNKNOWN,
        final=True,
        settled=False,
        concludes=True,
        request_dlr=True,
        submitted_at=1_795_000_000.125,
        metadata={"campaign": "spring"},
        traceparent="00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        states=(state(1, DeliveryStatus.UNKNOWN, final=True),),
    )


def test_an_expired_segment_is_given_to_one_caller_and_again_when_that_one_has_not_settled_it(
    run, correlations, query, expired
):
    run(correlations.write([expired()]))
    (segment,) = run(correlations.expire(10))
    assert run(correlations.expire(10)) == []
    end_claims(query)
    assert run(correlations.expire(10)) == [segment]


def test_a_settled_segment_does_not_expire_again(run, correlations, receipts, query, expired):
    run(correlations.write([expired()]))
    (segment,) = run(correlations.expire(10))
    run(receipts.flush_settled([segment.key]))
    end_claims(query)
    assert run(correlations.expire(10)) == []


def test_a_final_segment_whose_event_was_never_confirmed_comes_up_at_its_expiry_as_it_is(run, correlations, refused):
    run(correlations.write([refused(expires_at=time.time() - 1)]))
    assert [(each.status, each.concludes) for each in run(correlations.expire(10))] == [(DeliveryStatus.REJECTED, True)]


def test_the_oldest_expire_first_and_no_more_than_asked_for(run, correlations, expired):
    run(correlations.write([expired(f"m-{age}", expires_at=time.time() - age) for age in (10, 40, 20, 30)]))
    assert {segment.message_id for segment in run(correlations.expire(2))} == {"m-40", "m-30"}
    assert {segment.message_id for segment in run(correlations.expire(9))} == {"m-20", "m-10"}


def test_expiry_concludes_a_message_with_the_last_of_its_segments(run, correlations, refused, expired):
    run(correlations.write([refused("m-1", 2, 3)]))
    run(correlations.write([expired("m-1", 1, 3), expired("m-1", 3, 3)]))
    segments = run(correlations.expire(10))
    assert sorted((segment.segment, segment.concludes) for segment in segments) == [(1, False), (3, True)]
    assert segments[0].states == (
        state(1, DeliveryStatus.UNKNOWN, final=True),
        state(2, DeliveryStatus.REJECTED, final=True),
        state(3, DeliveryStatus.UNKNOWN, final=True),
    )


def test_the_sweep_deletes_what_is_expired_and_settled_and_nothing_else(
    run, correlations, receipts, query, accepted, refused, expired
):
    run(correlations.write([expired("gone"), expired("unsettled"), accepted("awaited")]))
    run(correlations.write([refused("kept")]))
    run(correlations.expire(10))
    run(receipts.flush_settled([SegmentKey("gone", "op-1", 1), SegmentKey("kept", "op-1", 1)]))
    end_claims(query)
    assert run(correlations.sweep(100)) == 1
    assert run(correlations.sweep(100)) == 0
    assert set(query("SELECT message_id FROM smpp.message_correlations")) == {("unsettled",), ("awaited",), ("kept",)}


def test_the_sweep_goes_in_batches_until_nothing_is_left(run, correlations, query, expired):
    run(correlations.write([expired(f"m-{number}") for number in range(25)]))
    settle_all(query)
    assert [run(correlations.sweep(10)) for _ in range(4)] == [10, 10, 5, 0]


def test_a_sweep_goes_on_where_it_was_and_looks_behind_it_before_it_ends(run, correlations, query, expired):
    run(correlations.write([expired(f"m-{number}") for number in range(10)]))
    settle_all(query)
    assert run(correlations.sweep(5)) == 5
    run(correlations.write([expired("late", expires_at=time.time() - 7200)]))
    settle_all(query)
    assert run(correlations.sweep(5)) == 5
    assert query("SELECT message_id FROM smpp.message_correlations") == [("late",)]
    assert [run(correlations.sweep(5)) for _ in range(2)] == [1, 0]


def test_a_message_of_several_segments_is_swept_as_a_whole_and_not_before_all_are_settled(
    run, correlations, query, expired
):
    run(correlations.write([expired("m-1", 1, 2), expired("m-1", 2, 2)]))
    run(correlations.expire(10))
    settle_all(query, "segment = 2")
    end_claims(query)
    assert run(correlations.sweep(10)) == 0
    settle_all(query)
    assert run(correlations.sweep(1)) == 2


def test_a_message_with_a_segment_that_never_came_is_swept_a_month_later(run, correlations, query, expired):
    run(correlations.write([expired("m-1", 1, 2)]))
    run(correlations.expire(10))
    settle_all(query)
    end_claims(query)
    assert run(correlations.sweep(10)) == 0
    query("UPDATE smpp.message_correlations SET expires_at = now() - interval '31 days'")
    assert run(correlations.sweep(10)) == 1


def test_two_sweeps_at_once_delete_each_row_once(run, correlations, connect, query, expired):
    run(correlations.write([expired(f"m-{number}") for number in range(400)]))
    settle_all(query)
    other = type(correlations)(connect())

    async def sweep_at_once() -> int:
        counts = [await asyncio.gather(correlations.sweep(30), other.sweep(30)) for _ in range(20)]
        return sum(map(sum, counts))

    assert run(sweep_at_once()) == 400


def end_claims(query) -> None:
    """As time does after CLAIM_S."""
    query("UPDATE smpp.message_correlations SET expires_at = now() WHERE expires_at < now() + interval '10 min'")


def settle_all(query, condition: str = "true") -> None:
    query(
        "UPDATE smpp.message_correlations SET settled_at = now(), final_at = coalesce(final_at, now()) "
        f"WHERE {condition}"
    )
