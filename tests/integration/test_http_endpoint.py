"""The HTTP port, over real connections."""

import asyncio
import base64
import hashlib
import json
import re
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import aiohttp
import pytest

from adapters import http_endpoint
from adapters.http_endpoint import HttpEndpoint
from adapters.telemetry.metric_text import CONTENT_TYPE

TREE = {"actor": "Connector", "name": "connector", "state": "running", "children": []}

METRICS = b"# TYPE smpp_build_info gauge\nsmpp_build_info 1.0\n"

Client = Callable[..., Awaitable[tuple[int, str]]]


async def a_tree() -> dict[str, Any]:
    return TREE


async def yes() -> bool:
    return True


async def no() -> bool:
    return False


async def ready() -> tuple[bool, str]:
    return True, "ready"


async def not_ready() -> tuple[bool, str]:
    return False, "NATS is not connected"


async def never() -> Any:
    await asyncio.sleep(60)


@asynccontextmanager
async def serving(status: Any = a_tree, alive: Any = yes, ready: Any = ready) -> AsyncIterator[str]:
    endpoint = HttpEndpoint(status, alive, ready, lambda: METRICS, lambda tree: tree)
    port = await endpoint.start("127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        await endpoint.stop()


def answer_to(path: str, method: str = "GET", request: dict[str, Any] | None = None, **callables: Any) -> Any:
    """One request: (status, headers, body)."""

    async def scenario() -> tuple[int, Any, str]:
        async with (
            serving(**callables) as url,
            aiohttp.request(method, url + path, **(request or {})) as response,
        ):
            return response.status, response.headers, await response.text()

    return asyncio.run(scenario())


@pytest.mark.parametrize(
    ("path", "callables", "status", "body"),
    [
        ("/healthz", {}, 200, "alive\n"),
        ("/healthz", {"alive": no}, 503, "not alive\n"),
        ("/readyz", {}, 200, "ready\n"),
        ("/readyz", {"ready": not_ready}, 503, "NATS is not connected\n"),
    ],
)
def test_a_probe_answers_by_status_and_says_why(path: str, callables: dict[str, Any], status: int, body: str):
    answered, _, text = answer_to(path, **callables)

    assert (answered, text) == (status, body)


@pytest.mark.parametrize(
    ("path", "callables"),
    [("/healthz", {"alive": never}), ("/readyz", {"ready": never}), ("/status", {"status": never})],
)
def test_a_question_that_gets_no_answer_is_a_503_at_the_deadline(
    path: str, callables: dict[str, Any], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(http_endpoint, "PROBE_DEADLINE_S", 0.1)
    monkeypatch.setattr(http_endpoint, "STATUS_DEADLINE_S", 0.1)

    status, _, text = answer_to(path, **callables)

    assert (status, text) == (503, "no answer\n")


def test_the_status_is_the_tree_as_json():
    status, headers, text = answer_to("/status")

    assert (status, headers["Content-Type"], json.loads(text)) == (200, "application/json", TREE)


def test_the_metrics_are_in_the_format_of_prometheus():
    status, headers, text = answer_to("/metrics")

    assert (status, headers["Content-Type"], text) == (200, CONTENT_TYPE, METRICS.decode())


def test_many_who_ask_for_the_status_share_one_collection():
    collections = 0

    async def slow_tree() -> dict[str, Any]:
        nonlocal collections
        collections += 1
        await asyncio.sleep(0.05)
        return TREE

    async def scenario() -> list[Any]:
        async with serving(status=slow_tree) as url, aiohttp.ClientSession() as session:

            async def ask() -> Any:
                async with session.get(f"{url}/status") as response:
                    return await response.json()

            return await asyncio.gather(*(ask() for _ in range(5)), ask())

    assert asyncio.run(scenario()) == [TREE] * 6
    assert collections == 1


def test_an_old_status_is_collected_anew(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(http_endpoint, "STATUS_SHARED_S", 0.0)
    numbers = iter(range(10))

    async def numbered_tree() -> dict[str, Any]:
        return {"number": next(numbers)}

    async def scenario() -> list[Any]:
        async with serving(status=numbered_tree) as url, aiohttp.ClientSession() as session:
            return [await (await session.get(f"{url}/status")).json() for _ in range(2)]

    assert asyncio.run(scenario()) == [{"number": 0}, {"number": 1}]


def test_the_page_runs_only_its_own_style_and_script():
    status, headers, text = answer_to("/")

    assert (status, headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    policy = headers["Content-Security-Policy"]
    for name, directive in (("style", "style-src"), ("script", "script-src")):
        [content] = re.findall(rf"<{name}>(.*?)</{name}>", text, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert f"{directive} 'sha256-{digest}'" in policy
    assert "default-src 'none'" in policy
    assert not re.search(r"(src|href)\s*=\s*\"?(https?:)?//", text)


@pytest.mark.parametrize("path", ["/", "/healthz", "/readyz", "/status", "/nothing-here"])
def test_every_answer_forbids_sniffing_framing_and_keeping(path: str):
    _, headers, _ = answer_to(path)

    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    names = ("X-Content-Type-Options", "Cache-Control", "Referrer-Policy", "X-Frame-Options")
    assert [headers[name] for name in names] == ["nosniff", "no-store", "no-referrer", "DENY"]
    assert "Server" not in headers


def test_head_has_no_body():
    status, _, text = answer_to("/healthz", "HEAD")

    assert (status, text) == (200, "")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_other_methods_are_refused(method: str):
    status, headers, _ = answer_to("/status", method)

    assert (status, headers["Allow"]) == (405, "GET,HEAD")


@pytest.mark.parametrize(
    "request_parts", [{"headers": {"X-Long": "x" * 5000}}, {"headers": {f"X-{number}": "1" for number in range(70)}}]
)
def test_headers_too_long_or_too_many_are_refused(request_parts: dict[str, Any]):
    status, _, _ = answer_to("/healthz", request=request_parts)

    assert status == 400


async def bytes_until_closed(url: str, sent: bytes) -> bytes:
    host, _, port = url.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(sent)
    try:
        return await asyncio.wait_for(reader.read(), 5)
    finally:
        writer.close()


def test_a_body_is_not_read():
    async def scenario() -> bytes:
        async with serving() as url:
            return await bytes_until_closed(
                url, b"GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000\r\n\r\nbegin"
            )

    assert asyncio.run(scenario()).startswith(b"HTTP/1.1 200 ")


def test_a_request_that_does_not_get_complete_is_cut_off(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(http_endpoint, "IDLE_CONNECTION_S", 0.1)

    async def scenario() -> bytes:
        async with serving() as url:
            return await bytes_until_closed(url, b"GET /healthz HTTP/1.1\r\nHost:")

    assert asyncio.run(scenario()) == b""


def test_a_request_that_comes_octet_by_octet_is_cut_off(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(http_endpoint, "IDLE_CONNECTION_S", 0.3)

    async def scenario() -> bool:
        async with serving() as url:
            host, _, port = url.removeprefix("http://").partition(":")
            reader, writer = await asyncio.open_connection(host, int(port))
            ended = asyncio.create_task(reader.read())
            for octet in b"GET /healthz HTTP/1.1\r\nX: " + b"x" * 200:
                if ended.done():
                    break
                writer.write(bytes((octet,)))
                await asyncio.sleep(0.02)
            writer.close()
            return ended.done()

    assert asyncio.run(scenario())


def test_a_caller_who_does_not_read_the_answer_is_cut_off(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(http_endpoint, "UNREAD_S", 0.5)
    monkeypatch.setattr(http_endpoint, "MAX_CONNECTIONS", 1)

    async def large() -> dict[str, Any]:
        return {"large": "x" * 20_000_000}

    async def until_let_in(url: str) -> None:
        """There is no room as long as the first caller has its connection."""
        answer = b""
        while not answer:
            await asyncio.sleep(0.1)
            with suppress(ConnectionError):
                answer = await bytes_until_closed(url, b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")

    async def scenario() -> None:
        async with serving(status=large) as url:
            host, _, port = url.removeprefix("http://").partition(":")
            with socket.create_connection((host, int(port))) as caller:
                caller.sendall(b"GET /status HTTP/1.1\r\nHost: x\r\n\r\n")
                await asyncio.to_thread(caller.recv, 1000)
                await asyncio.wait_for(until_let_in(url), 20)

    asyncio.run(scenario())


def test_connections_beyond_the_limit_are_closed_at_once(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(http_endpoint, "MAX_CONNECTIONS", 1)

    async def scenario() -> tuple[int, bytes]:
        async with (
            serving() as url,
            aiohttp.ClientSession() as session,  # keeps its connection open
            session.get(f"{url}/healthz") as response,
        ):
            return response.status, await bytes_until_closed(url, b"")

    assert asyncio.run(scenario()) == (200, b"")


def test_stopping_ends_a_collection_under_way_and_answers_who_waits_for_it():
    began, ended = asyncio.Event(), []

    async def endless() -> dict[str, Any]:
        began.set()
        try:
            await asyncio.sleep(60)
        finally:
            ended.append(True)
        return {}

    async def scenario() -> int:
        async with aiohttp.ClientSession() as session:
            async with serving(status=endless) as url:
                asking = asyncio.ensure_future(session.get(f"{url}/status"))
                await asyncio.wait_for(began.wait(), 5)
            return (await asking).status

    assert asyncio.run(scenario()) == 503
    assert ended == [True]
