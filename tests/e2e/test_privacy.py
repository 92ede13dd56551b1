"""No secret, and nobody's number or text, in anything that a service writes or shows: marked values are searched for.

With DEBUG logs of all libraries, spans, deaths of actors, lost links, refusals, and mistakes of whoever runs it.
"""

import base64
import json
import os
import re
import signal
from collections.abc import Iterator, Mapping
from contextlib import ExitStack

import marked
import pytest
import redis
from background_loop import BackgroundLoop
from connector_process import ConnectorProcess
from leak_search import search
from left_behind import Sources, of_commands, of_files, of_pages, of_processes, of_redis, of_servers, of_tables
from platform_side import DEAD, DLR, HEALTH, MO, Platform, a_message
from services import Services
from simulated_operator import SYSTEM_ID, SimulatedOperator
from trace_collector import TraceCollector
from waiting import wait_until

from sandbox.operator_data import Credentials
from sandbox.process import LOOPBACK
from sandbox.stack import Stack
from smpp.constants import Tag
from smpp.hot import ShortMessage

IN_THE_END_S = 40.0
RECEIPT = 0x04  # esm_class
REFUSED_NUMBER = f"{marked.NUMBER[:-1]}9"
UNDER_WAY = 20  # messages, when the link is cut and actors die
VICTIMS = ("session@marked@0.0", "correlation-writer")

MESSAGES = (
    {"text": marked.TEXT},
    {"text": marked.UCS2_TEXT},
    {"text": marked.LONG_TEXT},
    {"text": marked.TEXT, "to": f"+{REFUSED_NUMBER}"},
    {"text": marked.TEXT, "expires_at": "2020-01-01T00:00:00Z"},
    {"text": None, "encoding": "binary", "data": base64.b64encode(marked.BINARY.encode()).decode()},
)
"""Each ends in its own way."""

DEAD_ONES = (
    f'{{"to": "+{marked.NUMBER}", "text": "{marked.TEXT}", '.encode(),
    json.dumps(a_message("marked", to=int(marked.NUMBER), text=marked.TEXT)).encode(),
    json.dumps(a_message("marked", to=f"+{marked.NUMBER}x", text=[marked.TEXT])).encode(),
    json.dumps(a_message("marked", encoding=marked.TEXT, to=marked.NUMBER)).encode(),
    json.dumps(a_message("marked", tlvs={marked.TEXT: marked.NUMBER}, to=marked.NUMBER)).encode(),
)

WRONG_SETTINGS: Mapping[str, Mapping[str, str]] = {
    "nobody there": {
        "POSTGRES_DSN": f"postgresql://smpp:{marked.URL_PASSWORD}@{LOOPBACK}:1/smpp",
        "REDIS_URL": f"redis://:{marked.URL_PASSWORD}@{LOOPBACK}:1/0",
        "NATS_URL": f"nats://someone:{marked.URL_PASSWORD}@{LOOPBACK}:1",
    },
    "not to be read": {
        "POSTGRES_DSN": f"postgresql://smpp:{marked.URL_PASSWORD}@{LOOPBACK}:port/smpp",
        "REDIS_URL": f"http://:{marked.URL_PASSWORD}@{LOOPBACK}/0",
        "NATS_URL": f"nats//someone:{marked.URL_PASSWORD}@{LOOPBACK}:port",
        "OPERATOR_MANAGEMENT_URL": f"ftp://someone:{marked.URL_PASSWORD}@{LOOPBACK}",
    },
}


@pytest.fixture(scope="module")
def credentials(stack: Stack) -> Credentials:
    client = stack.authority.issue_client("marked")
    pems = {"tls_cert_pem": client.cert_file.read_text(), "tls_key_pem": client.key_file.read_text()}
    return Credentials(system_id=SYSTEM_ID, password=marked.PASSWORD, version=1, **pems)


@pytest.fixture(scope="module")
def operators(loop: BackgroundLoop, credentials: Credentials) -> Iterator[Mapping[str, SimulatedOperator]]:
    """One to work with, and one that refuses the password."""
    logins = f"{SYSTEM_ID}:{marked.PASSWORD}"
    with ExitStack() as running:
        refusing = {"prefix_statuses": f"{REFUSED_NUMBER}=ESME_RINVDSTADR", "answer_delay_s": 0.02}
        marked_one = running.enter_context(SimulatedOperator(loop, "marked", logins=logins, **refusing))
        barring_one = running.enter_context(SimulatedOperator(loop, "barring", logins=logins))
        marked_one.credentials = credentials
        barring_one.credentials = Credentials(system_id=SYSTEM_ID, password=marked.REFUSED_PASSWORD, version=1)
        yield {"marked": marked_one, "barring": barring_one}


@pytest.fixture(scope="module")
def collector() -> Iterator[TraceCollector]:
    with TraceCollector() as running:
        yield running


@pytest.fixture(scope="module")
def settings(stack: Stack, collector: TraceCollector) -> dict[str, str]:
    """Everything said, and every password in the settings themselves."""
    with redis.Redis.from_url(stack.redis.url) as client:
        everything = {"keys": ["*"], "categories": ["+@all"]}
        client.acl_setuser("marked", enabled=True, passwords=[f"+{marked.REDIS_PASSWORD}"], **everything)
    return {
        "LOG_LEVEL": "DEBUG",
        "REDIS_URL": stack.redis.url.replace("://", f"://marked:{marked.REDIS_PASSWORD}@"),
        "POSTGRES_DSN": stack.postgres.dsn.replace("smpp@", f"smpp:{marked.postgres_password(stack)}@"),
        **collector.settings,
    }


@pytest.fixture(scope="module")
def connector(
    services: Services, operators: Mapping[str, SimulatedOperator], settings: dict[str, str]
) -> Iterator[ConnectorProcess]:
    with services.running(*operators.values(), **settings) as process:
        yield process


@pytest.fixture(scope="module")
def remains(
    services: Services,
    stack: Stack,
    platform: Platform,
    connector: ConnectorProcess,
    operators: Mapping[str, SimulatedOperator],
    collector: TraceCollector,
) -> Sources:
    """What is left of a life with all that can happen."""
    connector.first_session("marked", bound=True)
    send_each(platform)
    receive_each(platform, operators["marked"])
    survive(platform, connector, operators["marked"])
    found = {**of_processes(connector), **of_pages(connector), **of_tables(stack), **of_redis(stack)}
    found |= of_commands(connector, ("check",), ("dump",), ("dump", "--json"), ("sweep",), ("migrate",))
    found |= of_mistakes(services, connector)
    found |= {f"spans {number}": request for number, request in enumerate(collector.requests)}
    assert connector.finish() == 0
    return {**found, **of_files(connector), **of_servers(stack)}


def send_each(platform: Platform) -> None:
    """Delivered, refused, expired, dead."""
    usual = {"to": f"+{marked.NUMBER}", "from": f"+{marked.SENDER}", "metadata": {"campaign": marked.METADATA}}
    for message in MESSAGES:
        platform.final_event(platform.dispatch("marked", **{**usual, **message}))
    for payload in DEAD_ONES:
        platform.publish("marked", payload)
    platform.wait_for(DEAD, "marked", len(DEAD_ONES))


def receive_each(platform: Platform, operator: SimulatedOperator) -> None:
    """From a handset, and receipts of messages that nobody knows."""
    for text in (marked.HANDSET_TEXT, marked.HANDSET_TEXT * 20):
        operator.act("mo", source=marked.HANDSET, destination="4711", text=text)
    about = {"source_addr": marked.NUMBER, "destination_addr": marked.SENDER, "esm_class": RECEIPT}
    foreign = f"id:nobody-has-it stat:DELIVRD text:{marked.ALIEN_RECEIPT_TEXT}".encode()
    operator.deliver(ShortMessage(**about, short_message=foreign))
    operator.deliver(ShortMessage(**about, short_message=marked.ALIEN_RECEIPT_TEXT.encode()))
    operator.deliver(ShortMessage(**about, tlvs=((Tag.MESSAGE_PAYLOAD, foreign[:-4]), (0x1501, foreign))))
    platform.wait_for(MO, "marked", 2)


def survive(platform: Platform, connector: ConnectorProcess, operator: SimulatedOperator) -> None:
    """A cut link, a stream that cannot be read, and the death of actors, with messages under way."""
    sent = []
    for harm in (lambda: operator.act("reset"), lambda: operator.act("garbage", data=marked.TEXT.encode().hex())):
        sent += send_some(platform)
        harm()
    for victim in VICTIMS:
        sent += send_some(platform)
        os.kill(connector.running_node(victim)["pid"], signal.SIGKILL)
        wait_until(lambda name=victim: (connector.node(name) or {}).get("state") == "running", IN_THE_END_S, victim)
    for message_id in sent:
        platform.final_event(message_id, IN_THE_END_S)


def send_some(platform: Platform) -> list[str]:
    return [platform.dispatch("marked", to=f"+{marked.NUMBER}", text=marked.TEXT) for _ in range(UNDER_WAY)]


def of_mistakes(services: Services, connector: ConnectorProcess) -> Sources:
    """What people get to read who have made one."""
    wrong = connector.run_command("send", "--operator", "marked", "--to", f"{marked.NUMBER}x", "--from", marked.SENDER)
    found = {"send with a mistake": (wrong.stdout + wrong.stderr).encode()}
    for name, settings in WRONG_SETTINGS.items():
        with services.prepared(**settings) as process:
            told = (
                of_commands(process, ("check",), ("run",))
                if name == "not to be read"
                else of_commands(process, ("check",))
            )
            found |= {f"{name}: {command}": output for command, output in told.items()}
    return found


def test_no_secret_and_nothing_personal_is_left_anywhere(remains: Sources, stack: Stack, credentials: Credentials):
    assert search(remains, {**marked.PERSONAL, **marked.secrets_of(stack, credentials)}) == []


def test_what_was_searched_was_there(remains: Sources, connector: ConnectorProcess):
    """Each output, and libraries that log at DEBUG."""
    empty = {name for name, content in remains.items() if not content}
    assert {name for name in empty if not name.startswith("table ") and "/metrics/" not in name} == set()
    assert len([name for name in remains if name.endswith("/cmdline")]) > len(VICTIMS)
    assert {"/", "/status", "/metrics", "dump --json", "table message_correlations", "spans 0"} <= remains.keys()
    assert any(line["level"] == "DEBUG" for line in connector.log)
    assert marked.METADATA.encode() in remains["table message_correlations"]


def test_events_say_what_they_must_and_no_more(
    platform: Platform, remains: Sources, stack: Stack, credentials: Credentials
):
    secrets = marked.secrets_of(stack, credentials)
    events = {
        subject: "\n".join(json.dumps(event) for event in platform.events(subject, "marked")).encode()
        for subject in (DLR, HEALTH, MO, DEAD)
    }
    quoted = {name: value for name, value in marked.PERSONAL.items() if name != "text of a receipt"}

    assert search(events, secrets) == []
    assert search({DLR: events[DLR], HEALTH: events[HEALTH]}, quoted) == []
    assert {one.mark for one in search({MO: events[MO]}, marked.PERSONAL)} == {"handset", "text from the handset"}
    assert {one.mark for one in search({DEAD: events[DEAD]}, marked.PERSONAL)} == {"to", "text"}


def test_no_process_leaves_a_core(remains: Sources):
    limits = [content.decode() for name, content in remains.items() if name.endswith("/limits")]

    assert len(limits) > len(VICTIMS)
    assert {re.search(r"Max core file size +(\d+) +(\d+)", limit).groups() for limit in limits} == {("0", "0")}
