"""The commands against real servers."""

import asyncio
import json
import re
import socket
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import psycopg
import pytest
from nats.aio.client import Client

from adapters.nats.streams import DISPATCH_STREAM, EVENTS_STREAM, ensure_streams
from adapters.postgres.migrate import EXPECTED_VERSION
from cli.main import main
from cli.nats_once import connected
from config.settings import SETTINGS, load_settings
from messages.dispatch import Dispatch
from sandbox.stack import Stack

ALPHA = {"operator_id": "alpha", "endpoints": [{"host": "smsc.alpha", "port": 2775}]}
TO_ALPHA = ("--operator", "alpha", "--to", "+49151", "--from", "Bank")

EXPIRED_CORRELATIONS = """
INSERT INTO smpp.message_correlations (
    operator_id, smsc_message_id, smsc_message_id_key, message_id, segment, segments, status, request_dlr,
    settled_at, expires_at, metadata, traceparent
)
SELECT 'alpha', '', '', 'm-' || number, 1, 1, 'DELIVERED', true, now(), now() - interval '1 hour', '{}', ''
FROM generate_series(1, 5) number
"""


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    with Stack() as running:
        running.write_operators({"alpha": ALPHA}, {})
        yield running


@pytest.fixture(autouse=True)
def settings(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    for row in SETTINGS:
        monkeypatch.delenv(row.name, raising=False)
    for name, text in stack.environment.items():
        monkeypatch.setenv(name, text)


@pytest.fixture
def streams(stack: Stack) -> Iterator[None]:
    asyncio.run(with_jetstream(stack, make_streams))
    yield
    asyncio.run(with_jetstream(stack, delete_streams))


async def with_jetstream(stack: Stack, work: Callable[[Client], Awaitable[Any]]) -> Any:
    async with connected(load_settings(stack.environment)) as client:
        return await work(client)


async def make_streams(client: Client) -> None:
    await ensure_streams(client, manage=True)


async def delete_streams(client: Client) -> None:
    for name in (DISPATCH_STREAM, EVENTS_STREAM):
        await client.jetstream().delete_stream(name)


async def last_dispatch(client: Client) -> tuple[dict[str, Any], dict[str, str] | None]:
    message = await client.jetstream().get_last_msg(DISPATCH_STREAM, "sms.dispatch.alpha")
    assert message.data is not None
    return json.loads(message.data), message.headers


def test_migrate_may_run_twice_and_then_sweep_finds_nothing_to_sweep(capsys: pytest.CaptureFixture[str]):
    assert [main(["migrate"]), main(["migrate"]), main(["sweep"])] == [0, 0, 0]

    *_, at_version, swept = capsys.readouterr().out.splitlines()
    assert (at_version, swept) == (f"schema smpp is at version {EXPECTED_VERSION}", "swept 0 correlations")


def test_sweep_removes_what_has_expired_in_batches_and_says_how_much(stack: Stack, capsys: pytest.CaptureFixture[str]):
    main(["migrate"])
    capsys.readouterr()
    with psycopg.connect(stack.environment["POSTGRES_DSN"]) as session:
        session.execute(EXPIRED_CORRELATIONS)

    assert main(["sweep", "--batch", "2"]) == 0
    assert capsys.readouterr() == ("swept 5 correlations\n", "")


def test_check_finds_all_servers(streams: None, capsys: pytest.CaptureFixture[str]):
    main(["migrate"])
    capsys.readouterr()

    assert main(["check"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert sorted(re.sub(r"server [0-9.]+", "server 2", out).splitlines()) == [
        "ok       nats: server 2, all streams there",
        "ok       operator-management-service: operators of group default: 1",
        f"ok       postgres: schema smpp at version {EXPECTED_VERSION}",
        "ok       redis: answers",
        "ok       settings: valid",
    ]


def test_check_tells_what_each_server_lacks(
    stack: Stack, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setenv("NATS_MANAGE_STREAMS", "false")
    monkeypatch.setenv("REDIS_URL", "redis://:wrong@127.0.0.1:1")
    monkeypatch.setenv("POSTGRES_DSN", stack.environment["POSTGRES_DSN"] + "_not_there")
    monkeypatch.setenv("CONNECTOR_GROUP", "unknown")

    assert main(["check"]) == 2
    out, err = capsys.readouterr()
    assert out == "ok       settings: valid\n"
    problems = dict(line.removeprefix("problem  ").split(": ", 1) for line in err.splitlines())
    assert problems["nats"] == "stream SMS_DISPATCH does not exist and NATS_MANAGE_STREAMS is false"
    assert problems["redis"].startswith("Error 111 connecting to 127.0.0.1:1.")
    assert 'database "smpp_not_there" does not exist' in problems["postgres"]
    assert problems["operator-management-service"] == "HTTP status 404"
    assert "wrong" not in err


def test_check_tells_an_operator_that_is_not_valid(stack: Stack, capsys: pytest.CaptureFixture[str]):
    stack.write_operators({"alpha": ALPHA, "beta": {**ALPHA, "operator_id": "beta", "tps": 0}}, {})
    try:
        assert main(["check"]) == 2
    finally:
        stack.write_operators({"alpha": ALPHA}, {})

    assert (
        "problem  operator-management-service: operator beta: Expected `float` > 0.0 - at `$.tps`\n"
        in capsys.readouterr().err
    )


def test_check_lets_the_service_make_streams_that_are_missing(capsys: pytest.CaptureFixture[str]):
    main(["check"])

    assert ", the service will make or complete the streams\n" in capsys.readouterr().out


def test_a_seed_that_nats_does_not_know_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
):
    seed = tmp_path / "seed.nk"
    seed.write_text("SUACSSL3UAHUDXKFSNVUZRF5UHPMWZ6BFDTJ7M6USDXIEDNPPQYYYCU3VY")  # from nkeys' documentation
    monkeypatch.setenv("NATS_NKEY_SEED_FILE", str(seed))

    assert main(["send", *TO_ALPHA, "Hello"]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    # The server closes right after its words, and the kernel may drop them in favour of the reset.
    assert re.fullmatch(r"smpp-connector: not sent: (Authorization Violation|.* Connection reset by peer)\n", err)


def test_send_stores_one_message_however_often_it_is_repeated(
    stack: Stack, streams: None, capsys: pytest.CaptureFixture[str]
):
    for _ in range(2):
        assert main(["send", *TO_ALPHA, "--message-id", "m-1", "Grüße"]) == 0

    assert capsys.readouterr().out == "m-1\nm-1\n"
    dispatch, headers = asyncio.run(with_jetstream(stack, last_dispatch))
    assert msgspec.convert(dispatch, Dispatch) == Dispatch(
        message_id="m-1", operator_id="alpha", to="+49151", source="Bank", text="Grüße"
    )
    assert (headers or {})["Nats-Msg-Id"] == "m-1"


def test_send_without_a_stream_says_so(capsys: pytest.CaptureFixture[str]):
    assert main(["send", *TO_ALPHA, "Hello"]) == 1
    assert capsys.readouterr() == (
        "",
        "smpp-connector: not sent: no stream takes it; has the service run once with NATS_MANAGE_STREAMS?\n",
    )


def test_send_tries_each_server_and_tells_the_last_cause(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    with socket.socket() as nobody_listens:
        nobody_listens.bind(("127.0.0.1", 0))
        port = nobody_listens.getsockname()[1]
        monkeypatch.setenv("NATS_URL", f"nats://127.0.0.1:{port},nats://127.0.0.1:{port}")

        assert main(["send", *TO_ALPHA, "Hello"]) == 1
    assert capsys.readouterr().err == (
        f"smpp-connector: not sent: [Errno 111] Connect call failed ('127.0.0.1', {port})\n"
    )
