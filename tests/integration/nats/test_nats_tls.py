"""TLS with NATS: only a server that asks for it, with a certificate of our CA for its name, hears anything of us."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.nats.connection import connect
from cli.nats_once import SETTINGS, NatsUnreachable, connected
from config.settings import Settings, load_settings
from sandbox.authority import Authority
from sandbox.nats import NatsServer
from sandbox.process import LOOPBACK

STRIPPED = b'INFO {"server_id":"X","version":"2.12.0","max_payload":1048576,"headers":true,"nonce":"abc","%s":%s}\r\n'
CONNECT_S = 10.0
POLL_S = 0.05


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def nats_server(authority: Authority, tmp_path_factory: pytest.TempPathFactory) -> Iterator[NatsServer]:
    identity = authority.issue_server("nats")
    with NatsServer(tmp_path_factory.mktemp("tls") / "nats", identity=identity) as server:
        yield server


def settings_for(server: NatsServer, ca_file: Path | None, url: str = "") -> Settings:
    """With the seed of the server's user; NATS_URL: of the server, if not another."""
    given = {"NATS_URL": url or server.url, "NATS_NKEY_SEED_FILE": str(server.seed_file)}
    ca = {"NATS_CA_FILE": str(ca_file)} if ca_file else {}
    return load_settings({**given, **ca}, only=SETTINGS)


def outcome(settings: Settings) -> str:
    """What keeps us from connecting, or nothing."""

    async def try_once() -> None:
        async with connected(settings) as client:
            await client.flush()

    try:
        asyncio.run(try_once())
    except NatsUnreachable as refusal:
        return str(refusal)
    return ""


@pytest.mark.parametrize("scheme", ["tls", "nats"])
def test_with_the_ca_we_connect_whatever_the_scheme(nats_server: NatsServer, authority: Authority, scheme: str):
    url = f"{scheme}://{LOOPBACK}:{nats_server.port}"
    assert outcome(settings_for(nats_server, authority.ca_file, url)) == ""


def test_a_certificate_of_another_authority_is_refused(nats_server: NatsServer, tmp_path: Path):
    stranger = Authority(tmp_path / "stranger")
    assert "certificate verify failed" in outcome(settings_for(nats_server, stranger.ca_file))


def test_a_certificate_for_another_name_is_refused(authority: Authority, tmp_path: Path):
    elsewhere = authority.issue_server("elsewhere", "nats.elsewhere", is_local=False)
    with NatsServer(tmp_path / "nats", identity=elsewhere) as server:
        assert "certificate is not valid for '127.0.0.1'" in outcome(settings_for(server, authority.ca_file))


def test_a_service_that_waits_for_a_certificate_to_be_put_right_connects_then(
    authority: Authority, tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    with NatsServer(tmp_path / "nats", identity=authority.issue_server("renewed", is_local=False)) as server:

        async def start_too_early() -> None:
            connecting = asyncio.create_task(connect(settings_for(server, authority.ca_file), "early"))
            async with asyncio.timeout(CONNECT_S):
                while "certificate verify failed" not in caplog.text:
                    await asyncio.sleep(POLL_S)
            authority.issue_server("renewed")
            server.stop()
            server.start()
            client = await asyncio.wait_for(connecting, CONNECT_S)
            await client.close()

        asyncio.run(start_too_early())


@pytest.mark.parametrize(
    ("scheme", "has_ca", "flag", "value"),
    [
        ("nats", True, b"tls_required", b"false"),
        ("tls", False, b"tls_required", b"false"),
        ("nats", True, b"tls_available", b"true"),
    ],
)
def test_who_takes_tls_out_of_the_servers_first_line_hears_nothing_of_us(
    nats_server: NatsServer, authority: Authority, scheme: str, has_ca: bool, flag: bytes, value: bytes
):
    async def listen() -> bytes:
        heard: asyncio.Queue[bytes] = asyncio.Queue()

        async def eavesdrop(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(STRIPPED % (flag, value))
            octets = await reader.read()
            writer.close()
            await writer.wait_closed()
            heard.put_nowait(octets)

        async with await asyncio.start_server(eavesdrop, LOOPBACK, 0) as listening:
            url = f"{scheme}://{LOOPBACK}:{listening.sockets[0].getsockname()[1]}"
            settings = settings_for(nats_server, authority.ca_file if has_ca else None, url)
            with pytest.raises(NatsUnreachable, match="the server offers no TLS"):
                async with connected(settings):
                    pass
            return await asyncio.wait_for(heard.get(), CONNECT_S)

    assert asyncio.run(listen()) == b""
