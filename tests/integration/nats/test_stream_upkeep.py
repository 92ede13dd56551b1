"""The streams that the service relies on: made, completed, or refused, and otherwise left to their owner."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import msgspec
import pytest
from nats.aio.client import Client
from nats.js.api import RetentionPolicy, StreamConfig

from adapters.nats.streams import (
    EVENT_SUBJECTS,
    EVENTS_STREAM,
    StreamIncomplete,
    StreamUnfit,
    covers,
    ensure_streams,
    wanted_streams,
)
from cli.nats_once import SETTINGS, connected
from config.settings import load_settings
from sandbox.nats import NatsServer

Work = Callable[[Client], Awaitable[Any]]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NatsServer]:
    with NatsServer(tmp_path_factory.mktemp("nats")) as running:
        yield running


@pytest.fixture
def with_nats(server: NatsServer) -> Callable[[Work], Any]:
    """Runs work with a client, on a server without streams."""
    given = {"NATS_URL": server.url, "NATS_NKEY_SEED_FILE": str(server.seed_file)}
    settings = load_settings(given, only=SETTINGS)

    async def run(work: Work) -> Any:
        async with connected(settings) as client:
            try:
                return await work(client)
            finally:
                for stream in await client.jetstream().streams_info():
                    await client.jetstream().delete_stream(str(stream.config.name))

    return lambda work: asyncio.run(run(work))


async def config_of(client: Client, name: str) -> dict[str, Any]:
    answer = await client.request(f"$JS.API.STREAM.INFO.{name}")
    config: dict[str, Any] = msgspec.json.decode(answer.data)["config"]
    return config


def test_streams_that_are_missing_are_made_and_a_second_start_changes_nothing(with_nats: Callable[[Work], Any]):
    async def make_twice(client: Client) -> tuple[list[Any], list[Any]]:
        names = [str(wanted.name) for wanted in wanted_streams()]
        await ensure_streams(client, manage=True)
        made = [await config_of(client, name) for name in names]
        await ensure_streams(client, manage=True)
        return made, [await config_of(client, name) for name in names]

    made, later = with_nats(make_twice)
    assert [(one["name"], one["subjects"], one["retention"]) for one in made] == [
        (wanted.name, wanted.subjects, wanted.retention) for wanted in wanted_streams()
    ]
    assert later == made


def test_a_subject_that_a_stream_lacks_is_added_and_all_else_stays_as_its_owner_has_it(
    with_nats: Callable[[Work], Any],
):
    async def complete(client: Client) -> tuple[dict[str, Any], dict[str, Any]]:
        own = {"name": EVENTS_STREAM, "subjects": ["operator.*", "billing"], "max_bytes": 1 << 20, "allow_direct": True}
        await client.request(f"$JS.API.STREAM.CREATE.{EVENTS_STREAM}", msgspec.json.encode(own))
        before = await config_of(client, EVENTS_STREAM)
        await ensure_streams(client, manage=True)
        return before, await config_of(client, EVENTS_STREAM)

    before, after = with_nats(complete)
    lacking = [subject for subject in EVENT_SUBJECTS if subject != "operator.health"]
    assert after == {**before, "subjects": ["operator.*", "billing", *lacking]}


def test_a_subject_is_added_in_place_of_narrower_ones(with_nats: Callable[[Work], Any]):
    async def complete(client: Client) -> dict[str, Any]:
        narrow = StreamConfig(
            name="SMS_DISPATCH", subjects=["sms.dispatch.alpha"], retention=RetentionPolicy.WORK_QUEUE
        )
        await client.jetstream().add_stream(narrow)
        await ensure_streams(client, manage=True)
        return await config_of(client, "SMS_DISPATCH")

    assert with_nats(complete)["subjects"] == ["sms.dispatch.*"]


def test_without_leave_to_manage_a_missing_subject_is_named(with_nats: Callable[[Work], Any]):
    async def verify(client: Client) -> None:
        await ensure_streams(client, manage=True)
        events = StreamConfig(name=EVENTS_STREAM, subjects=EVENT_SUBJECTS[1:])
        await client.jetstream().update_stream(events)
        await ensure_streams(client, manage=False)

    with pytest.raises(StreamIncomplete) as refusal:
        with_nats(verify)
    assert str(refusal.value) == "stream SMS_EVENTS lacks sms.dlr.inbound and NATS_MANAGE_STREAMS is false"


@pytest.mark.parametrize("manage", [True, False])
def test_another_retention_cannot_be_changed_and_is_named(with_nats: Callable[[Work], Any], manage: bool):
    async def start(client: Client) -> None:
        await client.jetstream().add_stream(StreamConfig(name="SMS_DISPATCH", subjects=["sms.dispatch.*"]))
        await ensure_streams(client, manage=manage)

    with pytest.raises(StreamUnfit) as refusal:
        with_nats(start)
    assert str(refusal.value) == "stream SMS_DISPATCH has the retention limits, not workqueue"


def test_a_subject_that_another_stream_has_is_told_in_the_servers_words(with_nats: Callable[[Work], Any]):
    async def start(client: Client) -> None:
        await client.jetstream().add_stream(StreamConfig(name="OTHERS", subjects=["sms.dlr.>"]))
        await client.jetstream().add_stream(StreamConfig(name=EVENTS_STREAM, subjects=EVENT_SUBJECTS[1:]))
        await ensure_streams(client, manage=True)

    with pytest.raises(StreamUnfit) as refusal:
        with_nats(start)
    assert str(refusal.value) == "stream SMS_EVENTS lacks sms.dlr.inbound: subjects overlap with an existing stream"


@pytest.mark.parametrize(
    ("wide", "narrow", "does"),
    [
        ("sms.dispatch.*", "sms.dispatch.alpha", True),
        ("sms.>", "sms.dispatch.*", True),
        (">", "operator.health", True),
        ("sms.dispatch.*", "sms.dispatch.>", False),
        ("sms.dispatch.*", "sms.dispatch", False),
        ("sms.>", "sms", False),
        ("sms.dispatch", "sms.dispatch.*", False),
        ("sms.dispatch.alpha", "sms.dispatch.*", False),
    ],
)
def test_a_subject_covers_another(wide: str, narrow: str, does: bool):
    assert covers(wide, narrow) is does
