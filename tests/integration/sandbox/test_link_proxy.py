"""The link proxy between plain sockets: what each fault does to a client and to a server that echoes."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from sandbox.link_proxy import Direction, LinkProxy
from sandbox.process import LOOPBACK, reserve_port

DEADLINE_S = 5.0
QUIET_S = 0.1  # how long nothing must come for us to believe that nothing comes

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@dataclass
class Echo:
    """Answers with what it reads; `reads` are the pieces in which that came."""

    port: int = 0
    links: int = 0
    reads: list[bytes] = field(default_factory=list)
    ends: list[str] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.links += 1
        try:
            while data := await reader.read(1000):
                self.reads.append(data)
                writer.write(data)
            self.ends.append("FIN")
        except ConnectionResetError:
            self.ends.append("RST")
        finally:
            self.links -= 1
            writer.close()


Scene = Callable[[LinkProxy, Echo], Awaitable[None]]


def play(scene: Scene) -> None:
    """Run the scene with an echo server behind a proxy."""

    async def run() -> None:
        echo = Echo()
        server = await asyncio.start_server(echo.serve, LOOPBACK, 0)
        echo.port = server.sockets[0].getsockname()[1]
        try:
            async with asyncio.timeout(DEADLINE_S), LinkProxy(echo.port) as proxy:
                await scene(proxy, echo)
        finally:
            server.close()

    asyncio.run(run())


@asynccontextmanager
async def link_to(port: int) -> AsyncIterator[Streams]:
    reader, writer = await asyncio.open_connection(LOOPBACK, port)
    try:
        yield reader, writer
    finally:
        writer.close()


async def echoed(streams: Streams, data: bytes) -> bytes:
    reader, writer = streams
    writer.write(data)
    return await reader.readexactly(len(data))


async def is_quiet(reader: asyncio.StreamReader) -> bool:
    """Whether neither octets nor an end come; it takes away what comes."""
    try:
        await asyncio.wait_for(reader.read(1), QUIET_S)
    except TimeoutError:
        return True
    return False


async def until(condition: Callable[[], bool]) -> None:
    while not condition():
        await asyncio.sleep(0.002)


def test_what_either_side_sends_reaches_the_other() -> None:
    async def scene(proxy: LinkProxy, _echo: Echo) -> None:
        async with link_to(proxy.port) as link:
            assert await echoed(link, b"a" * 300_000) == b"a" * 300_000

    play(scene)


def test_an_end_of_the_client_reaches_the_server_after_what_it_sent() -> None:
    async def scene(proxy: LinkProxy, echo: Echo) -> None:
        async with link_to(proxy.port) as (reader, writer):
            writer.write(b"last words")
            writer.write_eof()
            assert await reader.read() == b"last words"
        assert echo.ends == ["FIN"]
        await until(lambda: proxy.links == 0)

    play(scene)


def test_a_cut_ends_the_link_on_both_sides_with_fin() -> None:
    async def scene(proxy: LinkProxy, echo: Echo) -> None:
        async with link_to(proxy.port) as link:
            await echoed(link, b"hello")
            assert proxy.cut() == 1
            assert await link[0].read() == b""
            await until(lambda: echo.ends == ["FIN"])

    play(scene)


def test_a_cut_of_one_link_ends_the_oldest() -> None:
    async def scene(proxy: LinkProxy, _echo: Echo) -> None:
        async with link_to(proxy.port) as older:
            await echoed(older, b"older")
            async with link_to(proxy.port) as newer:
                await echoed(newer, b"newer")
                assert proxy.cut(1) == 1
                assert await older[0].read() == b""
                assert await echoed(newer, b"still here") == b"still here"

    play(scene)


def test_a_reset_breaks_the_link_off_on_both_sides_with_rst() -> None:
    async def scene(proxy: LinkProxy, echo: Echo) -> None:
        async with link_to(proxy.port) as link:
            await echoed(link, b"hello")
            assert proxy.reset() == 1
            with pytest.raises(ConnectionResetError):
                await link[0].read()
            await until(lambda: echo.ends == ["RST"])

    play(scene)


def test_a_new_link_works_after_a_cut() -> None:
    async def scene(proxy: LinkProxy, _echo: Echo) -> None:
        async with link_to(proxy.port) as link:
            await echoed(link, b"hello")
            proxy.cut()
        async with link_to(proxy.port) as link:
            assert await echoed(link, b"again") == b"again"

    play(scene)


def test_what_is_sent_while_stalled_arrives_after_the_stall() -> None:
    async def scene(proxy: LinkProxy, echo: Echo) -> None:
        async with link_to(proxy.port) as (reader, writer):
            await echoed((reader, writer), b"hello")
            proxy.stall()
            writer.write(b"held back")
            assert await is_quiet(reader)
            assert echo.reads == [b"hello"]
            await proxy.resume()
            assert await reader.readexactly(9) == b"held back"

    play(scene)


def test_a_stall_towards_the_client_lets_the_server_read() -> None:
    async def scene(proxy: LinkProxy, echo: Echo) -> None:
        async with link_to(proxy.port) as (reader, writer):
            proxy.stall(Direction.TO_CLIENT)
            writer.write(b"one way")
            await until(lambda: echo.reads == [b"one way"])
            assert await is_quiet(reader)

    play(scene)


def test_a_stall_holds_back_the_end_of_a_link() -> None:
    async def scene(proxy: LinkProxy, echo: Echo) -> None:
        async with link_to(proxy.port) as link:
            await echoed(link, b"hello")
            proxy.stall()
        await until(lambda: proxy.links == 0)
        assert echo.links == 1
        await proxy.resume()
        await until(lambda: echo.links == 0)

    play(scene)


def test_a_stall_holds_its_sender_back_in_the_end() -> None:
    async def scene(proxy: LinkProxy, _echo: Echo) -> None:
        async with link_to(proxy.port) as (_reader, writer):
            proxy.stall()
            writer.write(bytes(50_000_000))
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(writer.drain(), QUIET_S)
            writer.transport.abort()

    play(scene)


def test_a_deaf_proxy_accepts_a_link_that_never_reaches_the_server() -> None:
    async def scene(proxy: LinkProxy, echo: Echo) -> None:
        proxy.deafen()
        async with link_to(proxy.port) as (reader, writer):
            writer.write(b"hello?")
            assert await is_quiet(reader)
            assert echo.links == 0

    play(scene)


def test_a_deaf_proxy_forwards_nothing_on_older_links() -> None:
    async def scene(proxy: LinkProxy, echo: Echo) -> None:
        async with link_to(proxy.port) as (reader, writer):
            await echoed((reader, writer), b"hello")
            proxy.deafen()
            writer.write(b"hello?")
            assert await is_quiet(reader)
            assert echo.reads == [b"hello"]

    play(scene)


def test_the_end_of_deafness_cuts_the_links_that_never_reached_the_server() -> None:
    async def scene(proxy: LinkProxy, _echo: Echo) -> None:
        proxy.deafen()
        async with link_to(proxy.port) as (reader, _writer):
            await until(lambda: proxy.links == 1)
            await proxy.resume()
            assert await reader.read() == b""

    play(scene)


def test_slices_arrive_octet_by_octet() -> None:
    async def scene(proxy: LinkProxy, echo: Echo) -> None:
        proxy.slice()
        async with link_to(proxy.port) as link:
            assert await echoed(link, b"sliced") == b"sliced"
        assert echo.reads == [b"s", b"l", b"i", b"c", b"e", b"d"]

    play(scene)


def test_a_delay_holds_up_each_way_by_so_much() -> None:
    async def scene(proxy: LinkProxy, _echo: Echo) -> None:
        proxy.delay(0.05)
        async with link_to(proxy.port) as link:
            sent_at = time.monotonic()
            await echoed(link, b"late")
            assert 0.1 <= time.monotonic() - sent_at < 0.4

    play(scene)


def test_a_delay_does_not_lower_the_rate() -> None:
    async def scene(proxy: LinkProxy, _echo: Echo) -> None:
        proxy.delay(0.1)
        async with link_to(proxy.port) as (reader, writer):
            sent_at = time.monotonic()
            for _ in range(20):
                writer.write(b"x")
                await asyncio.sleep(0.005)
            await reader.readexactly(20)
            assert time.monotonic() - sent_at < 1.0  # one by one they would need four seconds

    play(scene)


def test_a_proxy_that_refuses_keeps_the_links_it_has() -> None:
    async def scene(proxy: LinkProxy, _echo: Echo) -> None:
        async with link_to(proxy.port) as link:
            await echoed(link, b"hello")
            proxy.refuse()
            with pytest.raises(ConnectionRefusedError):
                await asyncio.open_connection(LOOPBACK, proxy.port)
            assert await echoed(link, b"still here") == b"still here"

    play(scene)


def test_after_a_refusal_the_same_port_takes_links_again() -> None:
    async def scene(proxy: LinkProxy, _echo: Echo) -> None:
        proxy.refuse()
        await proxy.resume()
        async with link_to(proxy.port) as link:
            assert await echoed(link, b"back") == b"back"

    play(scene)


def test_a_server_that_is_not_there_breaks_the_link_off() -> None:
    async def scene(_proxy: LinkProxy, _echo: Echo) -> None:
        with reserve_port() as nobody:
            async with LinkProxy(nobody.getsockname()[1]) as proxy, link_to(proxy.port) as (reader, _writer):
                with pytest.raises(ConnectionResetError):
                    await reader.read()

    play(scene)


def test_links_are_counted_as_their_clients_open_and_end_them() -> None:
    async def scene(proxy: LinkProxy, _echo: Echo) -> None:
        before = time.monotonic()
        async with link_to(proxy.port) as one:
            await echoed(one, b"one")
            async with link_to(proxy.port) as other:
                await echoed(other, b"two")
                assert proxy.links == 2
        await until(lambda: proxy.links == 0)
        assert proxy.most_links == 2
        assert len(proxy.opened_at) == 2
        assert all(before <= opened_at <= time.monotonic() for opened_at in proxy.opened_at)

    play(scene)
