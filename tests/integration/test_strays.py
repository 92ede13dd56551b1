"""Dispatches for operators that nobody has, on a real NATS and a real operator-management-service."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator

import pytest
from nats.aio.client import Client

from actors.clients.event_publisher import EventPublisher
from actors.router.strays import Strays
from adapters.client_certificate import CertificateFiles
from adapters.nats.streams import DISPATCH_STREAM, EVENTS_STREAM, ensure_consumer, ensure_streams
from adapters.operator_management import OperatorManagementClient
from cli.nats_once import connected
from config.settings import Settings, load_settings
from sandbox.operator_data import Credentials
from sandbox.stack import Stack

OPERATOR = {"operator_id": "managed", "endpoints": [{"host": "smsc", "port": 2775}]}
CREDENTIALS = Credentials(system_id="esme", password="s3cr3t", version=1)
NOW, LATER_S = 0.0, 3600.0

Work = Callable[[Client, Strays], Awaitable[None]]


@pytest.fixture(scope="module")
def settings() -> Iterator[Settings]:
    with Stack() as stack:
        stack.write_operators({"managed": OPERATOR}, {"managed": CREDENTIALS}, {"another group": ["managed"]})
        yield load_settings(stack.environment)


@pytest.fixture
def look(settings: Settings) -> Callable[..., None]:
    """Runs `work` with a Strays that takes what has waited for `after_s`, on streams without a message."""

    def run(work: Work, after_s: float = NOW) -> None:
        asyncio.run(_with_strays(settings, after_s, work))

    return run


async def _with_strays(settings: Settings, after_s: float, work: Work) -> None:
    files = CertificateFiles(
        settings.operator_management_cert_file,
        settings.operator_management_key_file,
        settings.operator_management_ca_file,
    )
    async with (
        connected(settings) as client,
        OperatorManagementClient(settings.operator_management_url, "ours", files) as management,
    ):
        await ensure_streams(client, manage=True)
        for stream in (DISPATCH_STREAM, EVENTS_STREAM):
            await client.jetstream().purge_stream(stream)
        await work(client, Strays(await EventPublisher.over(client), management, after_s))


async def publish(client: Client, *operator_ids: str) -> list[int]:
    """The number of each in the stream."""
    jetstream = client.jetstream()
    return [(await jetstream.publish(f"sms.dispatch.{operator_id}", b"payload")).seq for operator_id in operator_ids]


async def left(client: Client) -> dict[str, int]:
    """Messages by subject."""
    info = await client.jetstream().stream_info(DISPATCH_STREAM, subjects_filter=">")
    return dict(info.state.subjects or {})


async def events(client: Client, number: int) -> list[dict[str, object]]:
    """The events in the stream, which must be so many."""
    jetstream = client.jetstream()
    state = (await jetstream.stream_info(EVENTS_STREAM)).state
    assert state.messages == number
    numbers = range(state.first_seq, state.last_seq + 1)
    return [json.loads((await jetstream.get_msg(EVENTS_STREAM, one)).data or b"") for one in numbers]


def test_a_dispatch_for_an_operator_that_nobody_has_ends_as_dead(look):
    async def work(client: Client, strays: Strays) -> None:
        first, second, third = await publish(client, "nobodys", "nobodys", "strange!")
        await strays.look(ours=())

        assert await left(client) == {}
        assert [(one["operator_id"], one["reason"], one["event_id"]) for one in await events(client, 3)] == [
            ("nobodys", "unknown operator", f"nobodys.dead.{first}"),
            ("nobodys", "unknown operator", f"nobodys.dead.{second}"),
            ("strange!", "unknown operator", f"strange!.dead.{third}"),
        ]

    look(work)


def test_replicas_that_look_at_the_same_time_publish_one_event(look):
    async def work(client: Client, strays: Strays) -> None:
        await publish(client, *["nobodys"] * 20)
        await asyncio.gather(strays.look(ours=()), strays.look(ours=()))

        assert await left(client) == {}
        assert len(await events(client, 20)) == 20

    look(work)


def test_a_dispatch_of_another_group_s_operator_stays(look):
    async def work(client: Client, strays: Strays) -> None:
        await publish(client, "managed")
        await strays.look(ours=())

        assert await left(client) == {"sms.dispatch.managed": 1}

    look(work)


def test_a_dispatch_stays_where_somebody_has_ever_made_a_consumer(look):
    async def work(client: Client, strays: Strays) -> None:
        await ensure_consumer(client, "once")
        await publish(client, "once")
        await strays.look(ours=())

        assert await left(client) == {"sms.dispatch.once": 1}

    look(work)


def test_our_own_operators_are_not_looked_at(look):
    async def work(client: Client, strays: Strays) -> None:
        await publish(client, "ours")
        await strays.look(ours={"ours"})

        assert await left(client) == {"sms.dispatch.ours": 1}

    look(work)


def test_a_dispatch_that_has_not_waited_long_stays(look):
    async def work(client: Client, strays: Strays) -> None:
        await publish(client, "nobodys")
        await strays.look(ours=())

        assert await left(client) == {"sms.dispatch.nobodys": 1}

    look(work, after_s=LATER_S)
