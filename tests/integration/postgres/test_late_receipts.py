"""The ReceiptPublisher after a long stop: parked receipts, then expiry, and the sweep beside both; and refused rows."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from typing import Any

import pytest
from actor_in_process import Producer, until
from confirming_nats import ConfirmingNats
from ending import end

from actors.clients.event_publisher import EventPublisher
from actors.receipts.deliveries import Frame, Waiting
from actors.receipts.fresh import FreshReceipts
from actors.receipts.late import LateReceipts
from messages.correlations import ReceiptRow
from messages.lanes import InboundReceipt, InboundSettled

SOON_S = 0.01
REFUSAL = "CHECK (message_id <> 'refused' OR final_at IS NULL)"  # in place of what no receipt of today can bring about

Events = list[tuple[str, str, bool]]
Play = Callable[[Callable[[LateReceipts, EventPublisher], Coroutine[Any, Any, None]]], None]


class SilentNats(ConfirmingNats):
    """Confirms nothing as long as it `is_silent`."""

    def __init__(self) -> None:
        super().__init__()
        self.is_silent = False
        self.unconfirmed = 0

    async def publish(self, subject: str, payload: bytes, *, reply: str, headers: dict[str, str]) -> None:
        if self.is_silent:
            self.unconfirmed += 1
        else:
            await super().publish(subject, payload, reply=reply, headers=headers)

    @property
    def events(self) -> Events:
        """message_id, status and whether it is final, of each that was confirmed."""
        told = [json.loads(published.payload) for published in self.published]
        return [(event["message_id"], event["status"], event["final"]) for event in told]


@pytest.fixture
def nats() -> SilentNats:
    return SilentNats()


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PARKED_LOOK_S", "EXPIRY_LOOK_S", "SWEEP_LOOK_S"):
        monkeypatch.setattr(f"actors.receipts.late.{name}", SOON_S)
    monkeypatch.setattr("adapters.nats.publisher.CONFIRM_TIMEOUT_S", SOON_S)


@pytest.fixture
def play(run, connect, nats: SilentNats) -> Play:
    """Runs a scene beside all that LateReceipts do by themselves."""

    async def running(scene: Callable[[LateReceipts, EventPublisher], Awaitable[None]]) -> None:
        publisher = await EventPublisher.over(nats)  # type: ignore[arg-type]
        late = LateReceipts(connect(), publisher)
        work = [asyncio.create_task(one) for one in (late.retry_parked(), late.expire(), late.sweep())]
        try:
            await scene(late, publisher)
        finally:
            await end(work)

    return lambda scene: run(running(scene))


def test_no_message_is_swept_before_its_final_event_is_confirmed(
    play: Play, nats: SilentNats, run, correlations, receipts, query, expired
):
    def rows() -> list[Any]:
        return query("SELECT message_id FROM smpp.message_correlations")

    run(correlations.write([expired("untold"), expired("told")]))
    run(receipts.apply([], [segment.key for segment in run(correlations.expire(2)) if segment.message_id == "told"]))
    query("UPDATE smpp.message_correlations SET expires_at = now() - interval '1 h'")
    nats.is_silent = True

    async def scene(*_: object) -> None:
        await until(lambda: nats.unconfirmed > 1 and rows() == [("untold",)])
        nats.is_silent = False
        query("UPDATE smpp.message_correlations SET expires_at = now()")  # the end of the claim
        await until(lambda: rows() == [])

    play(scene)
    assert nats.events[:1] == [("untold", "UNKNOWN", True)]


def test_a_message_whose_receipt_is_parked_does_not_expire(
    play: Play, nats: SilentNats, run, correlations, unmatched, query, expired, receipt
):
    run(unmatched.park([receipt()]))
    query("UPDATE smpp.unmatched_receipts SET retry_at = now()")
    run(correlations.write([expired()]))

    async def scene(*_: object) -> None:
        await until(lambda: query("SELECT 1 FROM smpp.message_correlations") == [])

    play(scene)
    assert nats.events == [("m-1", "DELIVERED", True)]


def test_a_receipt_that_is_overdue_at_the_start_waits_for_its_correlation_for_a_while(
    play: Play, nats: SilentNats, run, correlations, unmatched, query, accepted, receipt
):
    run(unmatched.park([receipt()]))
    query("UPDATE smpp.unmatched_receipts SET retry_at = now(), deadline_at = now()")

    async def scene(*_: object) -> None:
        await until(lambda: query("SELECT attempts FROM smpp.unmatched_receipts") == [(1,)])
        await correlations.write([accepted()])
        query("UPDATE smpp.unmatched_receipts SET retry_at = now()")
        await until(lambda: query("SELECT 1 FROM smpp.unmatched_receipts") == [])

    play(scene)
    assert nats.events == [("m-1", "DELIVERED", True)]


def test_then_it_is_told_as_unmatched(
    play: Play, nats: SilentNats, run, unmatched, query, receipt, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("actors.receipts.late.PATIENCE_S", 0.0)
    run(unmatched.park([receipt()]))
    query("UPDATE smpp.unmatched_receipts SET retry_at = now(), deadline_at = now()")

    async def scene(*_: object) -> None:
        await until(lambda: query("SELECT 1 FROM smpp.unmatched_receipts") == [])

    play(scene)
    assert nats.events == [("", "DELIVERED", False)]


@pytest.fixture
def refusing(dsn: str, query) -> Iterator[None]:
    """The database takes no receipt for the message `refused`."""
    query(f"ALTER TABLE smpp.message_correlations ADD CONSTRAINT refusal {REFUSAL}")
    yield
    query("ALTER TABLE smpp.message_correlations DROP CONSTRAINT refusal")


@pytest.mark.usefixtures("refusing")
def test_a_receipt_that_the_database_refuses_holds_up_no_other(
    play: Play, nats: SilentNats, run, correlations, receipts, accepted, receipt
):
    names = ("m-1", "refused", "m-2")
    run(correlations.write([accepted(name) for name in names]))
    session = Producer()

    async def scene(late: LateReceipts, publisher: EventPublisher) -> None:
        fresh = FreshReceipts()
        for waiting in _as_one_frame(session, [receipt(name) for name in names]):
            fresh.add(waiting)
        work = asyncio.create_task(fresh.work(receipts, publisher, late))
        await until(lambda: session.confirmed == [1])
        await end([work])

    play(scene)
    assert session.sent == [InboundSettled([0, 1, 2], [])]
    assert nats.events == [("m-1", "DELIVERED", True), ("", "DELIVERED", False), ("m-2", "DELIVERED", True)]


@pytest.mark.usefixtures("refusing")
def test_a_parked_receipt_that_the_database_refuses_holds_up_no_other(
    play: Play, nats: SilentNats, run, correlations, unmatched, query, accepted, receipt
):
    names = ("m-1", "refused", "m-2")
    run(unmatched.park([receipt(name) for name in names]))
    run(correlations.write([accepted(name) for name in names]))
    query("UPDATE smpp.unmatched_receipts SET retry_at = now()")

    async def scene(*_: object) -> None:
        await until(lambda: query("SELECT 1 FROM smpp.unmatched_receipts") == [])

    play(scene)
    assert nats.events == [("m-1", "DELIVERED", True), ("", "DELIVERED", False), ("m-2", "DELIVERED", True)]


def test_a_receipt_that_cannot_be_parked_is_told_as_unmatched_and_the_others_are_parked(
    play: Play, nats: SilentNats, query, receipt
):
    async def scene(late: LateReceipts, _publisher: EventPublisher) -> None:
        await late.park([receipt("m-1"), receipt("m-2", done_at="no time"), receipt("m-3")])

    play(scene)
    assert nats.events == [("", "DELIVERED", False)]
    assert query("SELECT smsc_message_id FROM smpp.unmatched_receipts ORDER BY 1") == [("ID-m-1-1",), ("ID-m-3-1",)]


def _as_one_frame(session: Producer, rows: list[ReceiptRow]) -> list[Waiting[InboundReceipt]]:
    frame = Frame(session, 1, len(rows))  # type: ignore[arg-type]
    return [Waiting(frame, InboundReceipt(key, row)) for key, row in enumerate(rows)]
