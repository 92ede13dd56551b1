"""Redis with TLS and a user who may do what docs/rights/redis.acl says and nothing else."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from background_loop import BackgroundLoop
from redis.exceptions import NoPermissionError
from rights import REDIS_USER, redis_user
from tls_front import TlsFront, at_once

from adapters.redis_client import open_client
from adapters.redis_leases import BindLeases, Claim, Denied, Granted
from sandbox.authority import Authority
from sandbox.process import LOOPBACK
from sandbox.redis import RedisServer

PASSWORD = "least-rights"
CLAIM = Claim("alpha", endpoint=0, replica_id="one", session="alpha@0", binds=1, max_binds=1)
NOT_OURS = (
    "GET other",
    "SET other value",
    "DEL smpp:binds",
    "KEYS *",
    "SCAN 0",
    "FLUSHALL",
    "CONFIG GET *",
    "CLIENT LIST",
    "MONITOR",
    "ACL LIST",
    "PUBLISH smpp:news text",
    "SCRIPT FLUSH",
    "SHUTDOWN",
    "REPLICAOF 127.0.0.1 1",
    "DEBUG SLEEP 1",
)
ANOTHERS_KEY = "return redis.call('GET', 'other')"
CALL_S = 5.0


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("rights")


@pytest.fixture(scope="module")
def authority(folder: Path) -> Authority:
    return Authority(folder / "tls")


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[RedisServer]:
    with RedisServer(folder / "redis", (redis_user(PASSWORD), "user default off")) as running:
        yield running


@pytest.fixture(scope="module")
def plain_url(server: RedisServer) -> str:
    return f"redis://{REDIS_USER}:{PASSWORD}@{LOOPBACK}:{server.port}/0"


@pytest.fixture(scope="module")
def secured_url(loop: BackgroundLoop, authority: Authority, server: RedisServer) -> Iterator[str]:
    with TlsFront(loop, authority.issue_server("redis"), server.port, at_once) as front:
        yield f"rediss://{REDIS_USER}:{PASSWORD}@{LOOPBACK}:{front.port}/0"


def ping(url: str) -> str:
    """How a PING ends for the service's own client."""

    async def call() -> str:
        client = open_client(url, socket_timeout=CALL_S)
        try:
            return str(await client.ping())
        except redis.RedisError as error:
            return str(error)
        finally:
            await client.aclose()

    return asyncio.run(call())


def test_the_leases_of_binds_need_no_more(plain_url: str):
    async def lease() -> list[object]:
        leases = BindLeases(plain_url)
        try:
            first, adopted = await leases.acquire(CLAIM), await leases.adopt(CLAIM)
            assert isinstance(adopted, Granted)
            await leases.release(CLAIM, adopted.fencing_token)
            return [type(first), type(adopted)]
        finally:
            await leases.close()

    assert asyncio.run(lease()) == [Denied, Granted]


@pytest.mark.parametrize("command", NOT_OURS)
def test_every_other_command_and_key_is_refused(plain_url: str, command: str):
    with redis.Redis.from_url(plain_url) as client, pytest.raises(NoPermissionError):
        client.execute_command(*command.split())


def test_a_script_may_do_no_more_than_its_caller(plain_url: str):
    with redis.Redis.from_url(plain_url) as client, pytest.raises(redis.ResponseError, match="can't access"):
        client.register_script(ANOTHERS_KEY)()


def test_nobody_gets_in_without_a_password(server: RedisServer):
    assert "authenticat" in ping(server.url).lower()


def test_with_its_ca_the_server_is_trusted(secured_url: str, authority: Authority):
    assert ping(f"{secured_url}?ssl_ca_certs={authority.ca_file}") == "True"


def test_a_certificate_of_another_authority_is_refused(secured_url: str, tmp_path: Path):
    stranger = Authority(tmp_path / "stranger")
    assert "certificate verify failed" in ping(f"{secured_url}?ssl_ca_certs={stranger.ca_file}")


def test_a_certificate_for_another_name_is_refused(loop: BackgroundLoop, authority: Authority, server: RedisServer):
    elsewhere = authority.issue_server("elsewhere", "redis.elsewhere", is_local=False)
    with TlsFront(loop, elsewhere, server.port, at_once) as front:
        found = ping(f"rediss://{LOOPBACK}:{front.port}/0?ssl_ca_certs={authority.ca_file}")
    assert "certificate is not valid for '127.0.0.1'" in found
