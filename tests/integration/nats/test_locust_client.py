"""The load's own NATS client with a real server: logins, TLS, confirmed publishes, and events through a restart."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import gevent
import nats
import pytest
from rights import nats_rights

from loadtest.locusts.connection import Connection, Login, NatsError, Server, servers_of
from loadtest.locusts.jetstream import EventFeed, Publisher
from sandbox.authority import Authority
from sandbox.nats import NatsServer

EVENTS, SUBJECT = "SMS_EVENTS", "sms.dlr.inbound"
SEEN_S = 20.0
POLL_S = 0.01


class Client:
    """A connection, a publisher and a feed, and what they have said."""

    def __init__(self, server: NatsServer, seed_file: Path | None = None) -> None:
        self.stored: set[int] = set()
        self.refused: dict[int, str] = {}
        self.events: list[bytes] = []
        self.connection = Connection(Login(servers_of(server.url), seed_file or server.seed_file), "test")
        self.connection.open()
        self.publisher = Publisher(self.connection, self.stored.add, self.refused.__setitem__)
        self.feed = EventFeed(self.connection, EVENTS, SUBJECT, self.events.append)

    def publish(self, numbers: range, subject: str = SUBJECT) -> None:
        for number in numbers:
            self.publisher.publish(number, subject.encode(), b"%d" % number)

    def wait_for_events(self, count: int) -> None:
        self.wait_for(lambda: len(self.events) >= count, f"{count} events")

    def wait_for(self, condition: Callable[[], bool], what: str, within_s: float = SEEN_S) -> None:
        with gevent.Timeout(within_s, AssertionError(f"not within {within_s:g} s: {what}")):
            while not condition():
                gevent.sleep(POLL_S)

    def close(self) -> None:
        self.feed.close()
        self.publisher.close()
        self.connection.close()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[NatsServer]:
    with NatsServer(tmp_path / "nats") as running:
        asyncio.run(make_streams(running))
        yield running


@pytest.fixture
def client(server: NatsServer) -> Iterator[Client]:
    connected = Client(server)
    connected.feed.start()
    yield connected
    connected.close()


async def make_streams(server: NatsServer) -> None:
    client = await nats.connect(server.url, nkeys_seed=str(server.seed_file))
    await client.jetstream().add_stream(name=EVENTS, subjects=[SUBJECT])
    await client.jetstream().add_stream(name="SMS_DISPATCH", subjects=["sms.dispatch.*"])
    await client.close()


def test_every_publish_is_confirmed_and_every_event_comes_once_and_in_order(client: Client) -> None:
    client.publish(range(2500))
    client.wait_for_events(2500)
    assert client.events == [b"%d" % number for number in range(2500)]
    assert (len(client.stored), client.refused) == (2500, {})


def test_no_event_is_left_out_or_seen_twice_when_the_server_restarts(client: Client, server: NatsServer) -> None:
    client.publish(range(100))
    client.wait_for_events(100)
    server.stop()
    server.start()
    client.wait_for(lambda: client.connection.connections == 2, "a new connection")
    client.publish(range(100, 200))
    client.wait_for_events(200)
    assert client.events == [b"%d" % number for number in range(200)]


def test_a_publish_that_no_stream_takes_is_refused(client: Client) -> None:
    client.publish(range(1), subject="sms.other.nobody")
    client.wait_for(lambda: bool(client.refused), "an answer")
    assert client.refused == {0: "status 503: no stream takes it"}


def test_a_stream_that_is_not_there_cannot_be_read(server: NatsServer) -> None:
    client = Client(server)
    client.feed = EventFeed(client.connection, "NOTHING", SUBJECT, client.events.append)
    with pytest.raises(NatsError, match="no consumer of NOTHING: stream not found"):
        client.feed.start()
    client.close()


def test_a_login_that_is_refused_is_told_in_the_words_of_the_server(server: NatsServer, tmp_path: Path) -> None:
    with NatsServer(tmp_path / "another") as another:
        stranger = Login(servers_of(server.url), another.seed_file)
        with pytest.raises(NatsError, match="Authorization Violation"):
            Connection(stranger, "test").open()


def test_a_file_without_a_seed_is_named(server: NatsServer, tmp_path: Path) -> None:
    (tmp_path / "empty.nk").write_text("")
    with pytest.raises(NatsError, match=r"empty\.nk holds no NKey seed"):
        Connection(Login(servers_of(server.url), tmp_path / "empty.nk"), "test").open()


def test_a_server_with_tls_is_spoken_to_in_tls(tmp_path: Path) -> None:
    identity = Authority(tmp_path / "tls").issue_server("nats")
    with NatsServer(tmp_path / "nats", identity=identity) as secured:
        login = Login(servers_of(secured.url), secured.seed_file, identity.ca_file)
        connection = Connection(login, "test")
        connection.open()
        connection.close()
        with pytest.raises(NatsError, match="CERTIFICATE_VERIFY_FAILED"):
            Connection(replace(login, ca_file=None), "test").open()


def test_a_server_without_tls_hears_nothing_where_tls_is_expected(server: NatsServer, tmp_path: Path) -> None:
    ca_file = Authority(tmp_path / "tls").ca_file
    with pytest.raises(NatsError, match="no NATS server lets us in"):
        Connection(Login(servers_of(server.url), server.seed_file, ca_file), "test").open()


def test_the_rights_of_a_load_suffice_to_publish_and_to_read_events(server: NatsServer) -> None:
    seed_file = server.add_user("load", nats_rights()["load"])
    load, platform = Client(server, seed_file), Client(server)
    load.feed.start()
    load.publish(range(10), subject="sms.dispatch.a")
    platform.publish(range(10))
    load.wait_for_events(10)
    load.wait_for(lambda: len(load.stored) == 10, "ten confirmations")
    load.publish(range(10, 11))
    with pytest.raises(AssertionError, match="an answer"):
        load.wait_for(lambda: 10 in load.stored, "an answer", within_s=0.5)
    load.close()
    platform.close()


@pytest.mark.parametrize(
    ("urls", "servers"),
    [
        ("nats://a:1,tls://b", [Server("a", 1, False), Server("b", 4222, True)]),
        ("c", [Server("c", 4222, False)]),
        ("nats://[::1]:5", [Server("::1", 5, False)]),
    ],
)
def test_servers_are_named_by_urls(urls: str, servers: list[Server]) -> None:
    assert servers_of(urls) == servers


@pytest.mark.parametrize("url", ["http://a", "nats://", "nats://a:port", ""])
def test_what_is_no_url_of_nats_is_refused(url: str) -> None:
    with pytest.raises(NatsError, match="not a NATS URL"):
        servers_of(url)
