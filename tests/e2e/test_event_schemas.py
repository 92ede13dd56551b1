"""Every kind of event, as a running service publishes it, against the schemas and headers that ship with it."""

import json
from typing import Any

import nats
import pytest
from background_loop import BackgroundLoop
from platform_side import DEAD, DLR, HEALTH, MO, Platform
from services import Services
from shipped_documents import complaints, validator, validator_at
from simulated_operator import SimulatedOperator

from sandbox.stack import Stack
from smpp.hot import ShortMessage

SCHEMAS = {DLR: "dlr_inbound", MO: "mo_inbound", DEAD: "dead_dispatch", HEALTH: "operator_health"}
OPERATOR = "schemas"
REFUSED_NUMBER = "+4999000"
READ_S = 10.0
BINARY = ShortMessage(source_addr="491700000042", destination_addr="12345", data_coding=4, short_message=b"\x00\xff")

Published = tuple[str, dict[str, str], dict[str, Any]]


@pytest.fixture(scope="module")
def published(loop: BackgroundLoop, stack: Stack, services: Services) -> list[Published]:
    """Subject, headers and content of each event of one operator, from its bind to the end of the service."""
    traits = {"prefix_statuses": f"{REFUSED_NUMBER[1:]}=ESME_RINVDSTADR", "intermediate": "receipt"}
    with SimulatedOperator(loop, OPERATOR, **traits) as operator, services.running(operator) as service:
        service.running_node(f"operator@{OPERATOR}", state="running")
        with Platform(loop, stack) as platform:
            play(platform, operator)
    return [one for one in loop.run(all_events(stack)) if one[2]["operator_id"] == OPERATOR]


def play(platform: Platform, operator: SimulatedOperator) -> None:
    """What makes an event of each kind, and of each source of sms.dlr.inbound that takes no hours."""
    settled = [
        platform.dispatch(OPERATOR, metadata={"campaign": "spring"}),
        platform.dispatch(OPERATOR, text="long " * 100),
        platform.dispatch(OPERATOR, request_dlr=False),
        platform.dispatch(OPERATOR, to=f"{REFUSED_NUMBER}1"),
        platform.dispatch(OPERATOR, expires_at="2020-01-01T00:00:00Z"),
    ]
    platform.publish(OPERATOR, b"no JSON")
    operator.act("mo", source="491700000042", destination="12345", text="Grüße 😀")
    operator.deliver(BINARY)
    for message_id in settled:
        platform.final_event(message_id)
    platform.wait_for(MO, OPERATOR, 2)
    platform.wait_for(DEAD, OPERATOR)


async def all_events(stack: Stack) -> list[Published]:
    """What SMS_EVENTS holds."""
    environment = stack.environment
    client = await nats.connect(environment["NATS_URL"], nkeys_seed=environment["NATS_NKEY_SEED_FILE"])
    try:
        jetstream = client.jetstream()
        stored = (await jetstream.stream_info("SMS_EVENTS")).state.messages
        subscription = await jetstream.subscribe(">", stream="SMS_EVENTS", ordered_consumer=True)
        messages = [await subscription.next_msg(timeout=READ_S) for _ in range(stored)]
        return [(one.subject, one.headers or {}, json.loads(one.data)) for one in messages]
    finally:
        await client.close()


def test_every_kind_was_published(published: list[Published]) -> None:
    kinds = {(subject, event.get("source"), event.get("state")) for subject, _, event in published}
    assert kinds >= {
        (DLR, "deliver_sm", None),
        (DLR, "submit_sm_resp", None),
        (DLR, "expiry", None),
        (MO, None, None),
        (DEAD, None, None),
        (HEALTH, None, "BOUND"),
        (HEALTH, None, "UNBOUND"),
    }
    assert {"text" if "text" in event else "data" for subject, _, event in published if subject == MO} == {
        "text",
        "data",
    }


def test_every_event_is_as_its_schema_says(published: list[Published]) -> None:
    validators = {subject: validator(name) for subject, name in SCHEMAS.items()}
    assert [
        (subject, found) for subject, _, event in published if (found := complaints(validators[subject], event))
    ] == []


def test_every_event_has_the_headers_of_the_asyncapi_document(published: list[Published]) -> None:
    headers_of_events = validator_at("asyncapi", "/components/schemas/eventHeaders")
    assert [found for _, headers, _ in published if (found := complaints(headers_of_events, headers))] == []
    assert [event["event_id"] for _, _, event in published] == [headers["Nats-Msg-Id"] for _, headers, _ in published]
