"""Dispatches as they reach an OperatorActor: one that can't be read ends, and holds up no other."""

import json

import pytest

from actors.operator.arrivals import Arrivals
from config.operators import Endpoint, OperatorConfig
from core.intake import Intake
from core.traffic import Traffic
from messages.dispatch import Dispatch
from messages.lanes import Conclusion, DispatchItem

OPERATOR = OperatorConfig(operator_id="mno", endpoints=(Endpoint(host="smsc", port=2775),))
TEXT = "not to be seen in a log"


def item(number: int, payload: bytes | None = None) -> DispatchItem:
    dispatch = {"message_id": f"m{number}", "operator_id": "mno", "to": "41791234567", "from": "1234", "text": TEXT}
    return DispatchItem(
        payload=payload or json.dumps(dispatch).encode(),
        reply=f"$JS.ACK.SMS_DISPATCH.smpp-mno.1.{number}.{number}.1700000000000000000.0",
        deliveries=1,
        traceparent="",
        published_at=1_700_000_000.0,
        pulled_at=50.0,
    )


def test_what_is_no_dispatch_ends_and_the_others_are_queued():
    traffic = Traffic(OPERATOR)

    Arrivals(OPERATOR, traffic).take([item(1), item(2, b"{"), item(3)])

    (dead,) = traffic.take_concluded()
    assert (dead.conclusion, dead.reason, dead.payload) == (Conclusion.DEAD, "not a JSON object", b"{")
    assert traffic.waiting == 2


def test_a_bug_that_one_dispatch_shows_ends_that_dispatch_alone(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    read = Intake.read

    def read_but_the_second(self: Intake, one: DispatchItem) -> Dispatch:
        if one == item(2):
            raise KeyError(TEXT)
        return read(self, one)

    monkeypatch.setattr(Intake, "read", read_but_the_second)
    traffic = Traffic(OPERATOR)

    Arrivals(OPERATOR, traffic).take([item(1), item(2), item(3)])

    (dead,) = traffic.take_concluded()
    assert (dead.conclusion, dead.reason) == (Conclusion.DEAD, "internal error: KeyError")
    assert traffic.waiting == 2
    (record,) = caplog.records
    assert (record.__dict__["event"], record.__dict__["fields"]) == ("dispatch_failed", {"stream_sequence": 2})
    assert TEXT not in record.getMessage()
