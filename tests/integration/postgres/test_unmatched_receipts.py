"""Receipts without a correlation: kept as they came, tried again ever more seldom, given up at their deadline."""

import asyncio

import pytest

from adapters.postgres.unmatched import DueReceipt
from messages.events import DeliveryStatus

RETRY_IN_S = "SELECT round(extract(epoch FROM retry_at - now())) FROM smpp.unmatched_receipts"


def make_due(query) -> None:
    query("UPDATE smpp.unmatched_receipts SET retry_at = now()")


def test_a_parked_receipt_comes_back_as_it_was(run, unmatched, receipt, query):
    parked = receipt(stat='UN"KN\\OWN', error_code="", done_at="2026-02-28T23:59:59.999Z")
    run(unmatched.park([parked]))
    make_due(query)
    ((receipt_id,),) = query("SELECT receipt_id FROM smpp.unmatched_receipts")
    assert run(unmatched.take_due(10)) == [DueReceipt(receipt_id, parked, attempts=1, overdue=False)]


def test_a_receipt_without_a_done_date_comes_back_without_one(run, unmatched, receipt, query):
    parked = receipt(done_at="", status=DeliveryStatus.ENROUTE, final=False)
    run(unmatched.park([parked]))
    make_due(query)
    assert [due.receipt for due in run(unmatched.take_due(10))] == [parked]


def test_a_receipt_is_not_due_at_once(run, unmatched, receipt, query):
    run(unmatched.park([receipt()]))
    assert run(unmatched.take_due(10)) == []
    assert query(RETRY_IN_S) == [(1,)]


def test_each_attempt_doubles_the_delay_up_to_a_minute(run, unmatched, receipt, query):
    run(unmatched.park([receipt()]))
    delays = []
    for _ in range(8):
        make_due(query)
        run(unmatched.take_due(10))
        delays += query(RETRY_IN_S)
    assert delays == [(2,), (4,), (8,), (16,), (32,), (60,), (60,), (60,)]


def test_a_receipt_is_overdue_after_an_hour(run, unmatched, receipt, query):
    run(unmatched.park([receipt("early"), receipt("late")]))
    query("UPDATE smpp.unmatched_receipts SET deadline_at = deadline_at - interval '59 min'")
    query("UPDATE smpp.unmatched_receipts SET deadline_at = now() WHERE smsc_message_id = 'ID-late-1'")
    make_due(query)
    due = run(unmatched.take_due(10))
    assert [(each.receipt.smsc_message_id, each.overdue) for each in due] == [
        ("ID-early-1", False),
        ("ID-late-1", True),
    ]


def test_no_more_are_taken_than_asked_for_and_the_longest_due_first(run, unmatched, receipt, query):
    run(unmatched.park([receipt(f"m-{number}") for number in range(4)]))
    query("UPDATE smpp.unmatched_receipts SET retry_at = now() - receipt_id * interval '1 s'")
    taken = [[due.receipt.smsc_message_id for due in run(unmatched.take_due(2))] for _ in range(3)]
    assert taken == [["ID-m-2-1", "ID-m-3-1"], ["ID-m-0-1", "ID-m-1-1"], []]


def test_a_forgotten_receipt_does_not_come_back(run, unmatched, receipt, query):
    run(unmatched.park([receipt("m-1"), receipt("m-2")]))
    make_due(query)
    first, second = run(unmatched.take_due(10))
    run(unmatched.forget([first.receipt_id]))
    make_due(query)
    assert [due.receipt_id for due in run(unmatched.take_due(10))] == [second.receipt_id]


def test_they_are_counted_by_operator(run, unmatched, receipt):
    run(unmatched.park([receipt(), receipt("m-2"), receipt(operator_id="op-2")]))
    assert run(unmatched.count_unmatched()) == {"op-1": 2, "op-2": 1}


def test_nothing_is_parked_or_forgotten_where_there_is_nothing(run, unmatched):
    run(unmatched.park([]))
    run(unmatched.forget([]))
    assert run(unmatched.count_unmatched()) == {}


@pytest.mark.parametrize("limit", [1, 7, 100])
def test_two_replicas_never_take_the_same_receipt(run, unmatched, connect, receipt, query, limit):
    run(unmatched.park([receipt(f"m-{number}") for number in range(100)]))
    make_due(query)
    other = type(unmatched)(connect())

    async def take_all() -> list[int]:
        taken: list[int] = []
        while any(both := await asyncio.gather(unmatched.take_due(limit), other.take_due(limit))):
            taken += [due.receipt_id for due in both[0] + both[1]]
        return taken

    taken = run(take_all())
    assert len(taken) == len(set(taken)) == 100
