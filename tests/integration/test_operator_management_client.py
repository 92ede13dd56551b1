"""The client against the development service, over real mutual TLS."""

import asyncio
import gzip
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiohttp import web

from adapters import operator_management
from adapters.client_certificate import CertificateFiles, ClientCertificate
from adapters.operator_management import (
    OperatorListing,
    OperatorManagementClient,
    OperatorManagementUnavailable,
    OperatorUnknown,
    RefusedOperator,
)
from config.operators import Credentials, Endpoint, OperatorConfig
from sandbox.authority import Authority
from sandbox.operator_data import Credentials as StoredCredentials
from sandbox.operator_data import OperatorData, write_operator_data
from sandbox.operator_management import OperatorManagement
from sandbox.tls import Identity, server_context

ALPHA = {"operator_id": "alpha", "endpoints": [{"host": "smsc.alpha", "port": 2775}]}
ALPHA_CONFIG = OperatorConfig(operator_id="alpha", endpoints=(Endpoint(host="smsc.alpha", port=2775),))
PASSWORD = "s3cret"

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path / "ca")


@pytest.fixture
def unused_tcp_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def files_of(identity: Identity) -> CertificateFiles:
    return CertificateFiles(identity.cert_file, identity.key_file, identity.ca_file)


@asynccontextmanager
async def service(authority: Authority, data_file: Path, *operators: dict[str, Any]) -> AsyncIterator[str]:
    write_data(data_file, *operators)
    running = OperatorManagement(data_file, authority.issue_server("server"))
    await running.start()
    try:
        yield running.url
    finally:
        await running.stop()


def write_data(data_file: Path, *operators: dict[str, Any]) -> None:
    names = [str(number) for number, _ in enumerate(operators)]
    credentials = {"alpha": StoredCredentials(system_id="esme", password=PASSWORD, version=3)}
    by_name = dict(zip(names, operators, strict=True))
    write_operator_data(data_file, OperatorData(groups={"default": names}, operators=by_name, credentials=credentials))


@asynccontextmanager
async def answering(authority: Authority, handler: Handler, host: str = "127.0.0.1") -> AsyncIterator[str]:
    """A TLS server that answers every request with `handler`."""
    application = web.Application()
    application.router.add_get("/{path:.*}", handler)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    context = server_context(authority.issue_server("server"))
    await web.TCPSite(runner, host, 0, ssl_context=context).start()
    try:
        yield f"https://{host}:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


def client_of(authority: Authority, url: str, group: str = "default") -> OperatorManagementClient:
    return OperatorManagementClient(url, group, files_of(authority.issue_client("connector")))


def cause_of(authority: Authority, handler: Handler, call: str = "fetch_operators", *arguments: str) -> str:
    """The message of the OperatorManagementUnavailable that this answer leads to."""

    async def scenario() -> str:
        async with answering(authority, handler) as url, client_of(authority, url) as client:
            with pytest.raises(OperatorManagementUnavailable) as caught:
                await getattr(client, call)(*arguments)
            return str(caught.value)

    return asyncio.run(scenario())


def with_body(body: bytes, **response: Any) -> Handler:
    async def handler(_: web.Request) -> web.Response:
        return web.Response(body=body, content_type="application/json", **response)

    return handler


def test_the_list_comes_with_an_etag_and_then_nothing_until_it_changes(authority: Authority, tmp_path: Path):
    data_file = tmp_path / "data.json"

    async def scenario() -> tuple[OperatorListing | None, ...]:
        async with service(authority, data_file, ALPHA) as url, client_of(authority, url) as client:
            first = await client.fetch_operators()
            assert first is not None
            unchanged = await client.fetch_operators(first.etag)
            write_data(data_file, {**ALPHA, "tps": 5})
            return first, unchanged, await client.fetch_operators(first.etag)

    first, unchanged, changed = asyncio.run(scenario())

    assert first is not None
    assert changed is not None
    assert first.operators == (ALPHA_CONFIG,)
    assert unchanged is None
    assert changed.operators == (msgspec.structs.replace(ALPHA_CONFIG, tps=5),)
    assert changed.etag not in (None, first.etag)


def test_a_bad_operator_is_reported_and_spoils_no_other(authority: Authority, tmp_path: Path):
    bad_port = {"operator_id": "beta", "endpoints": [{"host": "h", "port": 0}]}
    nameless = {"endpoints": ALPHA["endpoints"]}

    async def scenario() -> OperatorListing | None:
        async with (
            service(authority, tmp_path / "data.json", bad_port, nameless, ALPHA, {**ALPHA, "tps": 1}) as url,
            client_of(authority, url) as client,
        ):
            return await client.fetch_operators()

    listing = asyncio.run(scenario())

    assert listing is not None
    assert listing.operators == (ALPHA_CONFIG,)
    assert listing.refused == (
        RefusedOperator("beta", "Expected `int` >= 1 - at `$.endpoints[0].port`"),
        RefusedOperator("#2", "Object missing required field `operator_id`"),
        RefusedOperator("alpha", "listed twice, the first entry counts"),
    )


def test_credentials_are_fetched_and_not_shown(authority: Authority, tmp_path: Path):
    async def scenario() -> Credentials:
        async with service(authority, tmp_path / "data.json") as url, client_of(authority, url) as client:
            return await client.fetch_credentials("alpha")

    credentials = asyncio.run(scenario())

    assert credentials == Credentials(system_id="esme", password=PASSWORD, version=3)
    assert PASSWORD not in repr(credentials)


def test_an_operator_without_credentials_is_unknown(authority: Authority, tmp_path: Path):
    async def scenario() -> None:
        async with service(authority, tmp_path / "data.json") as url, client_of(authority, url) as client:
            await client.fetch_credentials("../connectors/default")

    with pytest.raises(OperatorUnknown, match=r"^\.\./connectors/default$"):
        asyncio.run(scenario())


def test_an_unknown_group_makes_the_service_unavailable_to_us(authority: Authority, tmp_path: Path):
    async def scenario() -> None:
        async with service(authority, tmp_path / "data.json") as url, client_of(authority, url, "other") as client:
            await client.fetch_operators()

    with pytest.raises(OperatorManagementUnavailable, match=r"^HTTP status 404$"):
        asyncio.run(scenario())


def test_a_service_that_does_not_listen_is_unavailable(authority: Authority, unused_tcp_port: int):
    async def scenario() -> None:
        async with client_of(authority, f"https://127.0.0.1:{unused_tcp_port}") as client:
            await client.fetch_operators()

    with pytest.raises(OperatorManagementUnavailable, match="Connect call failed"):
        asyncio.run(scenario())


def test_a_server_of_another_authority_is_not_trusted(authority: Authority, tmp_path: Path):
    stranger = Authority(tmp_path / "stranger")

    async def scenario() -> None:
        async with answering(stranger, with_body(b"{}")) as url, client_of(authority, url) as client:
            await client.fetch_operators()

    with pytest.raises(OperatorManagementUnavailable, match=r"^its certificate is refused: .*self-signed"):
        asyncio.run(scenario())


def test_a_server_under_a_name_that_is_not_in_its_certificate_is_not_trusted(authority: Authority):
    async def scenario() -> None:
        not_in_it = "127.0.0.2"
        async with (
            answering(authority, with_body(b"{}"), not_in_it) as url,
            client_of(authority, url) as client,
        ):
            await client.fetch_operators()

    with pytest.raises(OperatorManagementUnavailable, match=r"^its certificate is refused: .*IP address mismatch"):
        asyncio.run(scenario())


def test_a_server_that_does_not_know_our_authority_refuses_us(authority: Authority, tmp_path: Path):
    stranger = Authority(tmp_path / "stranger").issue_client("connector")
    files = CertificateFiles(stranger.cert_file, stranger.key_file, authority.ca_file)

    async def scenario() -> None:
        async with (
            service(authority, tmp_path / "data.json") as url,
            OperatorManagementClient(url, "default", files) as client,
        ):
            await client.fetch_operators()

    with pytest.raises(OperatorManagementUnavailable, match=r"alert|closed the connection|reset"):
        asyncio.run(scenario())


def test_tls_below_1_2_is_not_spoken(authority: Authority):
    context = ClientCertificate(files_of(authority.issue_client("connector"))).context()

    assert context.minimum_version is ssl.TLSVersion.TLSv1_2


def test_rotated_certificate_files_are_used_from_the_next_call_on(authority: Authority, tmp_path: Path):
    """The old certificate is of another authority, so only a client that has read the new one gets in."""
    stranger = Authority(tmp_path / "stranger").issue_client("connector")
    files = CertificateFiles(stranger.cert_file, stranger.key_file, authority.ca_file)

    async def scenario() -> Credentials:
        async with (
            service(authority, tmp_path / "data.json") as url,
            OperatorManagementClient(url, "default", files) as client,
        ):
            with pytest.raises(OperatorManagementUnavailable):
                await client.fetch_credentials("alpha")
            renewed = authority.issue_client("renewed")
            renewed.cert_file.replace(files.cert_file)
            renewed.key_file.replace(files.key_file)
            return await client.fetch_credentials("alpha")

    assert asyncio.run(scenario()).version == 3


def test_while_the_certificate_and_its_key_do_not_fit_the_last_good_pair_serves(authority: Authority, tmp_path: Path):
    files = files_of(authority.issue_client("connector"))

    async def scenario() -> Credentials:
        async with (
            service(authority, tmp_path / "data.json") as url,
            OperatorManagementClient(url, "default", files) as client,
        ):
            await client.fetch_credentials("alpha")
            authority.issue_client("renewed").cert_file.replace(files.cert_file)
            return await client.fetch_credentials("alpha")

    assert asyncio.run(scenario()).version == 3


def test_unusable_certificate_files_are_a_cause_of_their_own(authority: Authority, tmp_path: Path):
    files = CertificateFiles(tmp_path / "none.pem", tmp_path / "none.key", authority.ca_file)

    async def scenario() -> None:
        async with OperatorManagementClient("https://127.0.0.1:1", "default", files) as client:
            await client.fetch_operators()

    with pytest.raises(OperatorManagementUnavailable, match=r"^certificate files not usable: .*No such file"):
        asyncio.run(scenario())


def test_a_slow_answer_ends_at_the_deadline(authority: Authority, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(operator_management, "DEADLINE_S", 0.2)

    async def never(_: web.Request) -> web.Response:
        await asyncio.sleep(30)
        raise AssertionError

    assert cause_of(authority, never) == "no answer within 0.2 s"


def test_an_answer_that_comes_drop_by_drop_ends_at_the_deadline(authority: Authority, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(operator_management, "DEADLINE_S", 0.2)

    async def drop_by_drop(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(b" ")
            await asyncio.sleep(0.01)

    assert cause_of(authority, drop_by_drop) == "no answer within 0.2 s"


@pytest.mark.parametrize(
    ("handler", "cause"),
    [
        (with_body(b"", status=503), "HTTP status 503"),
        (with_body(b"", status=304), "HTTP status 304"),
        (with_body(b"", status=302, headers={"Location": "http://elsewhere"}), "HTTP status 302"),
        (with_body(b"<html>"), "answer not understood: JSON is malformed: invalid character (byte 0)"),
        (with_body(b"{}"), "answer not understood: Object missing required field `operators`"),
        (with_body(b"[" * 300_000), "answer not understood: Expected `object`, got `array`"),
        (with_body(b'{"operators":' + b"[" * 300_000), "answer not understood: maximum recursion depth exceeded"),
        (with_body(b" " * (4 * 1024 * 1024 + 1)), "answer longer than 4194304 bytes"),
    ],
)
def test_an_unusable_answer_is_one_line_with_the_cause(authority: Authority, handler: Handler, cause: str):
    assert cause_of(authority, handler).startswith(cause)


def test_an_answer_of_the_greatest_allowed_size_is_read(authority: Authority):
    body = b'{"operators":[]}'.ljust(4 * 1024 * 1024)

    async def scenario() -> OperatorListing | None:
        async with answering(authority, with_body(body)) as url, client_of(authority, url) as client:
            return await client.fetch_operators()

    assert asyncio.run(scenario()) == OperatorListing((), (), None)


def test_a_compressed_bomb_is_not_unpacked_beyond_the_limit(authority: Authority):
    bomb = gzip.compress(b" " * 64 * 1024 * 1024)

    assert cause_of(authority, with_body(bomb, headers={"Content-Encoding": "gzip"})) == (
        "answer longer than 4194304 bytes"
    )


@pytest.mark.parametrize(
    ("sent", "cause"),
    [(b"s3cret\r\n\r\n", "not a valid HTTP answer (ClientResponseError)"), (b"", "it closed the connection")],
)
def test_what_is_no_http_is_not_quoted(authority: Authority, sent: bytes, cause: str):
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(sent)
        writer.close()
        await writer.wait_closed()

    async def scenario() -> str:
        context = server_context(authority.issue_server("server"))
        async with await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context) as server:
            port = server.sockets[0].getsockname()[1]
            async with client_of(authority, f"https://127.0.0.1:{port}") as client:
                with pytest.raises(OperatorManagementUnavailable) as caught:
                    await client.fetch_credentials("alpha")
        return str(caught.value)

    assert asyncio.run(scenario()) == cause


def test_bad_credentials_are_refused_without_showing_them(authority: Authority):
    handler = with_body(b'{"system_id": "esme", "password": "far-too-long-s3cret"}')

    assert cause_of(authority, handler, "fetch_credentials", "alpha") == (
        "answer not understood: Expected `str` of length <= 8 - at `$.password`"
    )
