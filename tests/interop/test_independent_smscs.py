"""The service bound to SMSCs that others wrote, with traffic both ways."""

import pytest
from background_loop import BackgroundLoop
from conversation import Conversation
from independent_smsc import IndependentOperator, IndependentSmsc
from platform_side import Platform
from services import Services
from waiting import wait_until

from sandbox.stack import Stack

pytestmark = pytest.mark.interop

WAYS_OF_LONG_MESSAGES = ("udh8", "udh16", "sar", "payload")
SEEN_S = 20.0


@pytest.fixture(scope="module")
def conversation(
    smsc: IndependentSmsc, services: Services, stack: Stack, loop: BackgroundLoop, seconds: float, figures: list[str]
) -> Conversation:
    """With a bind for each way of sending long messages."""
    operators = [IndependentOperator(smsc, way) for way in WAYS_OF_LONG_MESSAGES]
    with services.running(*operators) as service, Platform(loop, stack) as platform:
        for operator in operators:
            operator.wait_bound(service)
        held = Conversation.held(platform, smsc, operators, seconds)
    figures.append(
        f"{smsc.program.name}, {seconds:g} s: {len(held.finals)} messages with a final event, {held.figures}"
    )
    return held


def test_every_message_is_read_there_as_it_was_sent_in_the_segments_that_its_final_event_names(
    conversation: Conversation,
) -> None:
    segments = {message_id: events[0]["segments"] for message_id, events in conversation.finals.items()}
    expected = {
        one.number: {"event": "message", **one.read, "parts": segments[one.message_id]} for one in conversation.sent
    }
    assert {one["destination"][2]: one for one in conversation.read} == expected
    assert len(conversation.read) == len(expected), "a message came twice"


def test_every_message_has_one_final_event_with_the_verdict_of_its_receipts(conversation: Conversation) -> None:
    found = {
        message_id: [event["message_status"] for event in events] for message_id, events in conversation.finals.items()
    }
    assert found == {one.message_id: [one.verdict] for one in conversation.sent}


def test_every_handset_message_comes_out_as_it_was_sent(conversation: Conversation) -> None:
    names = ("operator_id", "from", "to", "text", "encoding", "segments")
    found = sorted([event[name] for name in names] for event in conversation.handset_events)
    assert found == sorted([one[name] for name in names] for one in conversation.handset_sent)


def test_every_delivery_is_answered_well_and_no_link_was_lost(conversation: Conversation) -> None:
    figures = conversation.figures
    assert (figures["receipts_accepted"], figures["mo_accepted"]) == (figures["submit_sm"], figures["mo"])
    assert (figures["binds"], figures["closed"], figures["errors"]) == (0, 0, 0), "links were lost"


def test_each_side_answers_when_the_other_asks_whether_it_lives(smsc: IndependentSmsc, services: Services) -> None:
    operator = IndependentOperator(smsc, timers={"enquire_link_s": 0.5, "response_s": 5})
    with services.running(operator) as service:
        operator.wait_bound(service)
        before = smsc.figures()
        smsc.enquire(operator.operator_id)
        smsc.wait_for(
            enquire_link=before["enquire_link"] + 2, enquire_link_answered=before["enquire_link_answered"] + 1
        )
        assert service.events("session_unbound") == []
        assert smsc.figures()["binds"] == before["binds"]


def test_an_unbind_of_the_smsc_is_answered_and_the_service_binds_again(
    smsc: IndependentSmsc, services: Services
) -> None:
    operator = IndependentOperator(smsc)
    with services.running(operator) as service:
        operator.wait_bound(service)
        before = smsc.figures()
        smsc.unbind(operator.operator_id)
        smsc.wait_for(unbind_answered=before["unbind_answered"] + 1, binds=before["binds"] + 1)
        operator.wait_bound(service)
        assert [line["message"] for line in service.events("session_unbound")] == ["unbound by the SMSC"]


def test_a_service_that_stops_unbinds(smsc: IndependentSmsc, services: Services) -> None:
    operator = IndependentOperator(smsc)
    with services.running(operator) as service:
        operator.wait_bound(service)
        before = smsc.figures()
    smsc.wait_for(unbind=before["unbind"] + 1, closed=before["closed"] + 1)


def test_a_wrong_password_is_refused_in_words(smsc: IndependentSmsc, services: Services) -> None:
    operator = IndependentOperator(smsc, password="wrong")
    before = smsc.figures()
    with services.running(operator) as service:
        (failed, *_) = wait_until(lambda: service.events("bind_failed"), SEEN_S, "a refused bind")
        assert failed["message"] == "bind refused: ESME_RINVPASWD, password refused"
    assert smsc.figures()["refused_binds"] == before["refused_binds"] + 1
