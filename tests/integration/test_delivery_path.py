"""How many deliveries a session holds, and how many of them the ReceiptPublisher has to deal with."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from actors.session import deliveries
from actors.session.deliveries import MOST_AT_PUBLISHER, DeliveryPath
from config.operators import Endpoint, OperatorConfig
from messages.lanes import InboundBatch, InboundSettled
from smpp.constants import CommandId, CommandStatus
from smpp.events import DeliverReceived
from smpp.hot import ShortMessage

QUICK_S = 0.01
ANSWERED_S = 10.0
RECEIPT = ShortMessage(esm_class=0x04, short_message=b"id:42 stat:DELIVRD")

Answers = dict[int, CommandStatus]
"""command_status of each deliver_sm_resp by its sequence_number."""


class Publisher:
    """The lane to the ReceiptPublisher; what it has is what nobody has settled."""

    def __init__(self) -> None:
        self.keys: list[int] = []

    def send(self, batch: InboundBatch) -> None:
        self.keys += [item.key for item in batch.items]

    def settle(self, path: DeliveryPath, count: int) -> None:
        done, self.keys = self.keys[:count], self.keys[count:]
        path.settled(InboundSettled(done, []))


class Link:
    """The link to the SMSC."""

    def __init__(self) -> None:
        self.answers: Answers = {}
        self.connection = SimpleNamespace(answer=self._answer)

    def flush(self) -> None:
        pass

    def _answer(self, sequence_number: int, _command_id: int, command_status: CommandStatus) -> None:
        self.answers[sequence_number] = command_status


def path_to(publisher: Any) -> DeliveryPath:
    path = DeliveryPath(OperatorConfig(operator_id="mno", endpoints=[Endpoint(host="127.0.0.1", port=2775)]))
    path.publish_to(publisher)
    return path


def receipts(count: int, first: int = 1) -> list[DeliverReceived]:
    return [DeliverReceived(number, CommandId.DELIVER_SM, RECEIPT) for number in range(first, first + count)]


async def answered(link: Link, count: int) -> None:
    """Until so many are."""
    async with asyncio.timeout(ANSWERED_S):
        while len(link.answers) < count:
            await asyncio.sleep(QUICK_S)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is not safe at once is refused."""
    monkeypatch.setattr(deliveries, "SETTLE_TIMEOUT_S", QUICK_S)
    monkeypatch.setattr(deliveries, "SETTLE_LOOK_S", QUICK_S)


def test_the_publisher_gets_more_only_when_it_has_settled_some() -> None:
    async def situation() -> tuple[int, int, int, Answers]:
        publisher, link = Publisher(), Link()
        path = path_to(publisher)
        path.received(link, receipts(MOST_AT_PUBLISHER + 30), at=0.0)
        before = len(publisher.keys)
        publisher.settle(path, 20)
        return before, len(publisher.keys), path.unsettled, link.answers

    before, after, unsettled, answers = asyncio.run(situation())
    assert (before, after, unsettled) == (MOST_AT_PUBLISHER, MOST_AT_PUBLISHER, MOST_AT_PUBLISHER + 10)
    assert answers == dict.fromkeys(range(1, 21), CommandStatus.ESME_ROK)


def test_what_was_refused_keeps_its_place_at_the_publisher(impatient: None) -> None:
    async def situation() -> tuple[int, Answers]:
        publisher, link = Publisher(), Link()
        path = path_to(publisher)
        path.received(link, receipts(MOST_AT_PUBLISHER + 5), at=0.0)
        await answered(link, MOST_AT_PUBLISHER + 5)
        path.received(link, receipts(5, first=2000), at=0.0)
        return len(publisher.keys), dict(link.answers)  # as they are now: these may be refused in a moment, too

    at_publisher, answers = asyncio.run(situation())
    assert at_publisher == MOST_AT_PUBLISHER
    assert answers == dict.fromkeys(range(1, MOST_AT_PUBLISHER + 6), CommandStatus.ESME_RX_T_APPN)


def test_what_a_lost_link_had_sent_keeps_its_place_until_it_is_settled() -> None:
    async def situation() -> tuple[int, int, Answers, Answers]:
        publisher, lost, new = Publisher(), Link(), Link()
        path = path_to(publisher)
        path.received(lost, receipts(MOST_AT_PUBLISHER), at=0.0)
        path.forget()
        path.received(new, receipts(3), at=0.0)
        before = len(publisher.keys)
        publisher.settle(path, MOST_AT_PUBLISHER)
        after = len(publisher.keys)
        publisher.settle(path, after)
        return before, after, lost.answers, new.answers

    before, after, to_lost, to_new = asyncio.run(situation())
    assert (before, after) == (MOST_AT_PUBLISHER, 3)
    assert (to_lost, to_new) == ({}, dict.fromkeys((1, 2, 3), CommandStatus.ESME_ROK))
