"""The whole service against servers that enforce TLS and the rights of docs/rights."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator

import pytest
from background_loop import BackgroundLoop
from connector_process import ConnectorProcess
from nats.aio.client import Client
from platform_side import DEAD, EVENT_S, MO, Platform
from secured_stack import SecuredStack as Stack
from services import Services
from simulated_operator import SimulatedOperator
from waiting import wait_until

from actors.clients.event_publisher import EventPublisher
from actors.router.strays import Strays
from adapters.client_certificate import CertificateFiles
from adapters.nats.connection import INBOX_PREFIX, open_client
from adapters.nats.streams import ensure_streams
from adapters.operator_management import OperatorManagementClient
from cli.main import main
from config.settings import load_settings

OPERATOR = "secured"

READING_OTHERS = (">", "_INBOX.>", "sms.dispatch.*", "sms.mo.inbound", "$JS.>")
NOT_THE_CONNECTORS = (
    "sms.dispatch.secured",
    "operator.config.changed",
    "$JS.API.INFO",
    "$JS.API.STREAM.LIST",
    "$JS.API.STREAM.CREATE.SMS_DISPATCH",
    "$JS.API.STREAM.UPDATE.SMS_DISPATCH",
    "$JS.API.STREAM.DELETE.SMS_DISPATCH",
    "$JS.API.STREAM.PURGE.SMS_EVENTS",
    "$JS.API.STREAM.MSG.GET.SMS_EVENTS",
    "$JS.API.CONSUMER.DURABLE.CREATE.SMS_EVENTS.spy",
    "$JS.API.CONSUMER.DELETE.SMS_DISPATCH.smpp-secured",
    "$JS.API.CONSUMER.MSG.NEXT.SMS_EVENTS.spy",
)
NOT_THE_SENDERS = ("sms.dlr.inbound", "operator.health", "$JS.API.STREAM.INFO.SMS_DISPATCH", "$JS.ACK.SMS_DISPATCH.>")
TROUBLE = ("nats_error", "nats_unavailable", "parts_delayed", "router_degraded", "server_unavailable")

Work = Callable[[Client], Awaitable[None]]


@pytest.fixture(scope="module")
def stack(loop: BackgroundLoop) -> Iterator[Stack]:
    with Stack(loop) as running:
        running.migrate()
        yield running


@pytest.fixture(scope="module")
def services(stack: Stack) -> Services:
    return Services(stack, is_migrated=True)


@pytest.fixture(scope="module")
def operator(loop: BackgroundLoop) -> Iterator[SimulatedOperator]:
    with SimulatedOperator(loop, OPERATOR) as running:
        yield running


@pytest.fixture(scope="module")
def streams(stack: Stack) -> None:
    """Made by a service that may, before the one of these tests, which may not."""

    async def make(client: Client) -> None:
        await ensure_streams(client, manage=True)

    assert refusals(stack, "stream_maker", make) == []


@pytest.fixture(scope="module")
def connector(services: Services, operator: SimulatedOperator, streams: None) -> Iterator[ConnectorProcess]:
    with services.running(operator) as process:
        process.first_session(OPERATOR, bound=True)
        yield process


@pytest.fixture(scope="module")
def platform(loop: BackgroundLoop, stack: Stack, connector: ConnectorProcess) -> Iterator[Platform]:
    with Platform(loop, stack.platform) as side:
        yield side


@pytest.fixture
def without_refusal(stack: Stack) -> Iterator[None]:
    """Nobody tries more than it may during the test, at any server."""
    before = len(stack.refusals)
    yield
    assert stack.refusals[before:] == []


@pytest.fixture
def commands_of(stack: Stack, connector: ConnectorProcess, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Has commands run in this process with the settings of the service and the seed of a user."""

    def become(user: str) -> None:
        for name, text in {**connector.settings, "NATS_NKEY_SEED_FILE": str(stack.seeds[user])}.items():
            monkeypatch.setenv(name, text)

    return become


def refusals(stack: Stack, user: str, work: Work) -> list[str]:
    """The subjects that NATS refuses a user of docs/rights during this work of a client of the service."""
    settings = load_settings({**stack.environment, "NATS_NKEY_SEED_FILE": str(stack.seeds[user])})

    async def do() -> None:
        client = await open_client(settings, name="trial", inbox_prefix=INBOX_PREFIX, allow_reconnect=False)
        try:
            await work(client)
            await client.flush()
        finally:
            await client.close()

    before = len(stack.refusals)
    asyncio.run(do())
    return stack.refusals[before:]


def play(platform: Platform, operator: SimulatedOperator) -> None:
    """What makes the service use everything that it uses every day."""
    settled = [
        platform.dispatch(OPERATOR, text="long " * 100),
        platform.dispatch(OPERATOR, request_dlr=False),
        platform.dispatch(OPERATOR, message_id="repeated"),
    ]
    for message_id in settled:
        platform.final_event(message_id)
    platform.dispatch(OPERATOR, message_id="repeated")
    platform.publish(OPERATOR, b"no JSON")
    operator.act("mo", source="491700000042", destination="12345", text="short")
    operator.act("mo", source="491700000042", destination="12345", text="in parts " * 30)
    platform.wait_for(DEAD, OPERATOR)
    platform.wait_for(MO, OPERATOR, 2)
    wait_until(lambda: platform.unsettled(OPERATOR) == 0, EVENT_S, "every dispatch acknowledged")


@pytest.mark.usefixtures("without_refusal")
def test_the_main_job_needs_no_more_than_the_rights_of_a_connector(
    platform: Platform, operator: SimulatedOperator, connector: ConnectorProcess
):
    play(platform, operator)

    assert connector.is_healthy()
    assert [event for event in TROUBLE if connector.events(event)] == []


def test_dispatches_of_an_operator_that_nobody_has_are_ended_with_the_rights_of_a_connector(
    stack: Stack, platform: Platform
):
    settings = load_settings(stack.environment)
    files = CertificateFiles(
        settings.operator_management_cert_file,
        settings.operator_management_key_file,
        settings.operator_management_ca_file,
    )

    async def look(client: Client) -> None:
        async with OperatorManagementClient(settings.operator_management_url, "default", files) as management:
            await Strays(await EventPublisher.over(client), management, after_s=0).look((OPERATOR,))

    platform.publish("nobody", b"{}")
    assert refusals(stack, "connector", look) == []
    assert len(platform.wait_for(DEAD, "nobody")) == 1


@pytest.mark.parametrize(
    ("user", "publish", "subscribe"),
    [
        ("connector", NOT_THE_CONNECTORS, (*READING_OTHERS, "sms.dlr.inbound")),
        ("sender", NOT_THE_SENDERS, (*READING_OTHERS, "_INBOX_smpp-connector.>")),
    ],
)
def test_nats_refuses_everything_else(
    stack: Stack, streams: None, user: str, publish: tuple[str, ...], subscribe: tuple[str, ...]
):
    async def try_all(client: Client) -> None:
        for subject in publish:
            await client.publish(subject, b"")
        for subject in subscribe:
            await client.subscribe(subject)

    assert refusals(stack, user, try_all) == [*publish, *subscribe]


@pytest.mark.usefixtures("without_refusal")
@pytest.mark.parametrize("user", ["connector", "stream_maker"])
def test_check_needs_no_more_than_the_rights_of_the_service(
    commands_of: Callable[[str], None], capsys: pytest.CaptureFixture[str], user: str
):
    commands_of(user)
    assert main(["check"]) == 0, capsys.readouterr().err


@pytest.mark.usefixtures("without_refusal")
def test_send_needs_no_more_than_the_rights_of_a_sender(
    commands_of: Callable[[str], None], capsys: pytest.CaptureFixture[str]
):
    commands_of("sender")
    assert main(["send", "--operator", OPERATOR, "--to", "+49151", "--from", "Bank", "--wait", "20", "Hello"]) == 0
    assert capsys.readouterr().out.endswith("\nDELIVERED\n")
