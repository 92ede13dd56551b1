"""The page's stream, over real connections: one look for all who listen, and nobody who holds it up."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import aiohttp
import pytest
from ending import end

from adapters import http_endpoint, status_stream
from adapters.http_endpoint import HttpEndpoint

WITHIN_S = 10.0

Event = tuple[str, str]


class Service:
    """Counts how often it is looked at; `answers` False: it does not answer."""

    def __init__(self) -> None:
        self.looks = 0
        self.answers = True
        self.size = 0

    async def status(self) -> dict[str, Any]:
        self.looks += 1
        if not self.answers:
            raise TimeoutError
        return {"look": self.looks}

    def summary(self, tree: dict[str, Any]) -> dict[str, Any]:
        return {**tree, "filler": "x" * self.size}


async def alive() -> bool:
    return True


async def ready() -> tuple[bool, str]:
    return True, "ready"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(status_stream, "PERIOD_S", 0.05)
    monkeypatch.setattr(http_endpoint, "STATUS_SHARED_S", 0.0)


@asynccontextmanager
async def serving(service: Service) -> AsyncIterator[str]:
    endpoint = HttpEndpoint(service.status, alive, ready, bytes, service.summary)
    port = await endpoint.start("127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{port}/events"
    finally:
        await endpoint.stop()


async def next_event(stream: aiohttp.ClientResponse) -> Event | None:
    """Its name and data; None at the end of the stream."""
    name = ""
    async with asyncio.timeout(WITHIN_S):
        while line := (await stream.content.readline()).decode():
            field, _, value = line.rstrip("\n").partition(": ")
            if field == "event":
                name = value
            elif field == "data":
                return name, value
    return None


async def looks_of(*streams: aiohttp.ClientResponse) -> list[int]:
    """The number of the look that the next event of each tells."""
    events = [await next_event(stream) for stream in streams]
    return [json.loads(event[1])["look"] for event in events if event is not None]


def test_a_listener_is_told_again_and_again_what_the_page_shows():
    async def scenario() -> list[Event | None]:
        async with serving(Service()) as url, aiohttp.request("GET", url) as stream:
            return [await next_event(stream) for _ in range(3)]

    assert asyncio.run(scenario()) == [("overview", f'{{"look":{look},"filler":""}}') for look in (1, 2, 3)]


def test_the_stream_is_of_its_type_and_kept_by_nobody():
    async def scenario() -> tuple[int, Any]:
        async with serving(Service()) as url, aiohttp.request("GET", url) as stream:
            return stream.status, stream.headers

    status, headers = asyncio.run(scenario())
    assert (status, headers["Content-Type"], headers["Cache-Control"]) == (200, "text/event-stream", "no-store")


def test_all_listeners_are_told_of_the_same_look():
    service = Service()

    async def scenario() -> tuple[list[int], int]:
        async with serving(service) as url, aiohttp.ClientSession() as session, AsyncExitStack() as listening:
            streams = [await listening.enter_async_context(session.get(url)) for _ in range(5)]
            for stream in streams:
                await next_event(stream)
            before = service.looks
            told = [await looks_of(*streams) for _ in range(4)]
            return [max(looks) - min(looks) for looks in told], service.looks - before

    spreads, looks = asyncio.run(scenario())
    assert max(spreads) <= 4, "five that read one after the other"
    assert looks <= 5 * 4, "not one for each listener"


def test_nobody_is_looked_at_while_nobody_listens():
    service = Service()

    async def scenario() -> tuple[int, int, int]:
        async with serving(service) as url:
            at_first = service.looks
            async with aiohttp.request("GET", url) as stream:
                await next_event(stream)
            async with asyncio.timeout(WITHIN_S):
                while True:
                    at_the_end = service.looks
                    await asyncio.sleep(0.5)
                    if service.looks == at_the_end:
                        break
            async with aiohttp.request("GET", url) as stream:
                (again,) = await looks_of(stream)
            return at_first, at_the_end, again

    at_first, at_the_end, again = asyncio.run(scenario())
    assert (at_first, again) == (0, at_the_end + 1)


def test_a_service_that_does_not_answer_is_told_as_trouble_until_it_does():
    service = Service()
    service.answers = False

    async def scenario() -> tuple[Event | None, Event | None]:
        async with serving(service) as url, aiohttp.request("GET", url) as stream:
            trouble = await next_event(stream)
            service.answers = True
            event = trouble
            while event == trouble:
                event = await next_event(stream)
            return trouble, event

    trouble, after = asyncio.run(scenario())
    assert trouble == ("trouble", "the service does not answer")
    assert after is not None
    assert after[0] == "overview"


async def status_of_another(session: aiohttp.ClientSession, url: str) -> int:
    async with session.get(url) as stream:
        return stream.status


async def is_let_in(session: aiohttp.ClientSession, url: str) -> bool:
    """Whether another listener is, in the end."""
    async with asyncio.timeout(WITHIN_S):
        while await status_of_another(session, url) == 503:
            await asyncio.sleep(0.05)
    return True


def test_listeners_beyond_the_limit_are_refused_until_one_leaves(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(status_stream, "MOST_LISTENERS", 2)

    async def scenario() -> tuple[int, bool]:
        async with serving(Service()) as url, aiohttp.ClientSession() as session, session.get(url):
            async with session.get(url):
                status = await status_of_another(session, url)
            return status, await is_let_in(session, url)

    assert asyncio.run(scenario()) == (503, True)


def test_a_listener_that_does_not_read_is_dropped_and_holds_up_no_other(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(status_stream, "MOST_LISTENERS", 2)
    monkeypatch.setattr(status_stream, "WRITE_DEADLINE_S", 0.3)
    service = Service()
    service.size = 400_000

    async def scenario() -> tuple[int, bool]:
        async with serving(service) as url, aiohttp.ClientSession() as session, session.get(url) as reading:
            with socket.create_connection(("127.0.0.1", reading.url.port or 0)) as silent:
                silent.sendall(b"GET /events HTTP/1.1\r\nHost: x\r\n\r\n")
                await next_event(reading)
                status = await status_of_another(session, url)
                reader = asyncio.create_task(read_on(reading))
                is_dropped = await is_let_in(session, url)
                await end([reader])
                return status, is_dropped and await next_event(reading) is not None

    assert asyncio.run(scenario()) == (503, True)


async def read_on(stream: aiohttp.ClientResponse) -> None:
    while await next_event(stream) is not None:
        pass


def test_a_stop_ends_the_stream_at_once(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(status_stream, "PERIOD_S", 60.0)

    async def scenario() -> tuple[float, Event | None]:
        loop = asyncio.get_running_loop()
        async with aiohttp.ClientSession() as session:
            async with serving(Service()) as url:
                stream = await session.get(url)
                await next_event(stream)
                began = loop.time()
            took_s = loop.time() - began
            async with stream:
                return took_s, await next_event(stream)

    took_s, event = asyncio.run(scenario())
    assert event is None
    assert took_s < http_endpoint.STOP_TIMEOUT_S


def test_a_stream_has_no_head():
    async def scenario() -> int:
        async with serving(Service()) as url, aiohttp.request("HEAD", url) as response:
            return response.status

    assert asyncio.run(scenario()) == 405
