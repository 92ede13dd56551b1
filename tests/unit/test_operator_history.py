"""What an OperatorActor tells of its recent past."""

from typing import Any

import pytest

from actors.operator.history import OperatorHistory
from config.operators import Endpoint, EndpointRole, OperatorConfig
from core.failover import Move
from core.wall_clock import rfc3339
from messages.control import SessionBound, SessionUnbound

AT_S = 1_767_355_200.0

PRIMARY, BACKUP = 0, 1
OPERATOR = OperatorConfig(
    operator_id="alpha",
    endpoints=(Endpoint(host="one", port=2775), Endpoint(host="two", port=2775, role=EndpointRole.BACKUP)),
)
FIRST, SECOND = "session@alpha@0.0", "session@alpha@1.0"


@pytest.fixture
def history(monkeypatch: pytest.MonkeyPatch) -> OperatorHistory:
    monkeypatch.setattr("actors.operator.history.time.time", lambda: AT_S)
    return OperatorHistory(OPERATOR, span_s=2.0)


def told(history: OperatorHistory) -> list[Any]:
    return [event["what"] for event in history.figures()["events"]]


def test_a_new_operator_has_no_past(history: OperatorHistory):
    assert history.figures() == {
        "failovers": 0,
        "last_error": "",
        "last_error_at": "",
        "rate_span_s": 2.0,
        "rates": [],
        "events": [],
    }


def test_a_failover_and_the_way_back_are_told_step_by_step_and_counted(history: OperatorHistory):
    history.session_bound(SessionBound(FIRST, "TRX"))
    history.moved(Move(None, PRIMARY), "bound")
    history.session_unbound(SessionUnbound(FIRST, "enquire_link not answered", endpoint_failed=True))
    history.moved(Move(PRIMARY, None), "enquire_link not answered")
    history.session_bound(SessionBound(SECOND, "TX+RX"))
    history.moved(Move(None, BACKUP), "bound")
    history.moved(Move(BACKUP, PRIMARY), "the preferred endpoint answers again")

    assert told(history) == [
        "session 0.0 bound as TRX",
        "BOUND at primary",
        "session 0.0: enquire_link not answered",
        "UNBOUND: enquire_link not answered",
        "session 1.0 bound as TX+RX",
        "BOUND at backup",
        "FAILBACK to primary",
    ]
    assert history.figures()["failovers"] == 2


def test_a_return_to_the_same_endpoint_is_no_failover(history: OperatorHistory):
    for _ in range(2):
        history.moved(Move(None, PRIMARY), "bound")
        history.moved(Move(PRIMARY, None), "link closed by the SMSC")

    assert history.figures()["failovers"] == 0


def test_the_last_error_stays_after_the_return(history: OperatorHistory):
    history.session_unbound(SessionUnbound(FIRST, "connect failed: timed out", endpoint_failed=True))
    history.session_bound(SessionBound(FIRST, "TRX"))

    figures = history.figures()
    assert (figures["last_error"], figures["last_error_at"]) == ("connect failed: timed out", rfc3339(AT_S))


def test_what_we_ended_ourselves_is_an_event_and_no_error(history: OperatorHistory):
    history.session_unbound(SessionUnbound(FIRST, "settings changed", endpoint_failed=False))

    assert (told(history), history.figures()["last_error"]) == (["session 0.0: settings changed"], "")


def test_the_end_of_a_session_process_is_an_error(history: OperatorHistory):
    history.session_died(FIRST, "session process ended")

    assert (told(history), history.figures()["last_error"]) == (
        ["session 0.0: session process ended"],
        "session process ended",
    )


def test_an_event_has_its_time_and_how_often_it_came(history: OperatorHistory):
    for _ in range(2):
        history.configure(OPERATOR)

    assert history.figures()["events"] == [{"at": rfc3339(AT_S), "what": "new settings", "times": 2}]
