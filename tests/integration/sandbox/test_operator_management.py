"""The development operator-management-service: who gets in, what it tells, and what a changed file does to it."""

import asyncio
import logging
import os
import ssl
import subprocess
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import aiohttp
import msgspec
import pytest

from sandbox.authority import Authority
from sandbox.operator_data import Credentials, OperatorData, write_operator_data
from sandbox.operator_management import OperatorManagement
from sandbox.tls import Identity, client_context

TIMEOUT = aiohttp.ClientTimeout(total=5)
OPERATORS = "/v1/connectors/default/operators"
ALPHA = {"operator_id": "alpha", "endpoints": [{"role": "primary", "host": "smsc.example", "port": 2775}]}
BETA = {"operator_id": "beta", "endpoints": []}
PASSWORD = "very-secret"
DATA = OperatorData(
    groups={"default": ["alpha"], "empty": []},
    operators={"alpha": ALPHA, "beta": BETA},
    credentials={"alpha": Credentials(system_id="smpp-alpha", password=PASSWORD, version="v1")},
)
WITH_BETA = msgspec.structs.replace(DATA, groups={"default": ["alpha", "beta"]})


@dataclass(frozen=True)
class Site:
    """The files of one service and one client of it."""

    data_file: Path
    server: Identity
    client: Identity


class Answer(NamedTuple):
    status: int
    body: Any
    etag: str | None


Conversation = Callable[[aiohttp.ClientSession], Awaitable[Any]]


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority") / "tls")


@pytest.fixture
def site(authority: Authority, tmp_path: Path) -> Site:
    write_operator_data(tmp_path / "operators.json", DATA)
    return Site(tmp_path / "operators.json", authority.issue_server("service"), authority.issue_client("connector"))


def converse(site: Site, conversation: Conversation, tls: ssl.SSLContext | None = None) -> Any:
    """Run the service, and the conversation of one client with it."""

    async def main() -> Any:
        service = OperatorManagement(site.data_file, site.server)
        await service.start()
        connector = aiohttp.TCPConnector(ssl=tls or client_context(site.client))
        try:
            async with aiohttp.ClientSession(service.url, connector=connector, timeout=TIMEOUT) as session:
                return await conversation(session)
        finally:
            await service.stop()

    return asyncio.run(main())


async def get(session: aiohttp.ClientSession, path: str = OPERATORS, etag: str | None = None) -> Answer:
    async with session.get(path, headers={"If-None-Match": etag} if etag else {}) as response:
        content = await response.read()
        return Answer(response.status, msgspec.json.decode(content) if content else None, response.headers.get("ETag"))


def asking(path: str = OPERATORS) -> Conversation:
    return lambda session: get(session, path)


def test_a_client_with_a_certificate_is_told_the_operators_of_its_group(site: Site) -> None:
    answer = converse(site, asking())
    assert (answer.status, answer.body) == (200, {"operators": [ALPHA]})


def test_a_client_with_a_certificate_is_told_the_credentials_of_an_operator(site: Site) -> None:
    answer = converse(site, asking("/v1/operators/alpha/credentials"))
    assert (answer.status, answer.body) == (
        200,
        {"system_id": "smpp-alpha", "password": PASSWORD, "version": "v1"},
    )


def test_a_client_without_a_certificate_is_refused(site: Site) -> None:
    with pytest.raises(aiohttp.ClientError):
        converse(site, asking(), ssl.create_default_context(cafile=site.client.ca_file))


def test_a_client_with_a_certificate_of_another_authority_is_refused(site: Site, tmp_path: Path) -> None:
    stranger = Authority(tmp_path / "other").issue_client("connector")
    with pytest.raises(aiohttp.ClientError):
        converse(site, asking(), client_context(Identity(stranger.cert_file, stranger.key_file, site.client.ca_file)))


def test_a_server_certificate_does_not_serve_as_a_clients(site: Site) -> None:
    with pytest.raises(aiohttp.ClientError):
        converse(site, asking(), client_context(site.server))


def test_a_service_of_another_authority_is_not_trusted(site: Site, tmp_path: Path) -> None:
    stranger = Authority(tmp_path / "other").issue_client("connector")
    with pytest.raises(aiohttp.ClientConnectorCertificateError):
        converse(site, asking(), client_context(stranger))


@pytest.mark.parametrize("path", ["/v1/connectors/other/operators", "/v1/operators/beta/credentials", "/v2"])
def test_what_it_does_not_know_is_a_404_in_json(site: Site, path: str) -> None:
    answer = converse(site, asking(path))
    assert (answer.status, list(answer.body)) == (404, ["error"])


def test_a_group_without_operators_is_known(site: Site) -> None:
    answer = converse(site, asking("/v1/connectors/empty/operators"))
    assert (answer.status, answer.body) == (200, {"operators": []})


def test_what_the_client_has_already_is_not_sent_again(site: Site) -> None:
    async def conversation(session: aiohttp.ClientSession) -> tuple[Answer, Answer]:
        first = await get(session)
        return first, await get(session, etag=first.etag)

    first, second = converse(site, conversation)
    assert second == Answer(304, None, first.etag)


def test_a_changed_file_is_told_at_the_next_request(site: Site) -> None:
    async def conversation(session: aiohttp.ClientSession) -> tuple[Answer, Answer]:
        first = await get(session)
        write_operator_data(site.data_file, WITH_BETA)
        return first, await get(session, etag=first.etag)

    first, second = converse(site, conversation)
    assert (second.status, second.body) == (200, {"operators": [ALPHA, BETA]})
    assert second.etag != first.etag


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"{", "Input data was truncated"),
        (b'{"operators": []}', "Expected `object`, got `array` - at `$.operators`"),
        (b'{"groups": {"default": ["ghost"]}}', "a group names operators that are not there: ghost"),
        (
            b'{"credentials": {"a": {"system_id": "a", "version": 1, "password": 777}}}',
            "Expected `str`, got `int` - at `$.credentials[...].password`",
        ),
        (b'{"groups": {"\xff": []}}', "not UTF-8"),
    ],
)
def test_a_bad_file_keeps_the_last_good_data_and_is_complained_of_once(
    site: Site, caplog: pytest.LogCaptureFixture, content: bytes, complaint: str
) -> None:
    async def conversation(session: aiohttp.ClientSession) -> list[Answer]:
        first = await get(session)
        site.data_file.write_bytes(content)
        return [first, await get(session), await get(session)]

    answers = converse(site, conversation)
    assert answers == [answers[0]] * 3
    assert complaints(caplog) == [f"keeping the last good operator data: {complaint}"]


def test_a_missing_file_keeps_the_last_good_data_until_it_is_back(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    async def conversation(session: aiohttp.ClientSession) -> list[Answer]:
        first = await get(session)
        site.data_file.unlink()
        while_missing = [await get(session), await get(session)]
        write_operator_data(site.data_file, WITH_BETA)
        return [first, *while_missing, await get(session)]

    answers = converse(site, conversation)
    assert [answer.body["operators"] for answer in answers] == [[ALPHA]] * 3 + [[ALPHA, BETA]]
    assert complaints(caplog) == [f"keeping the last good operator data: {site.data_file}: No such file or directory"]


def test_no_password_is_logged(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        converse(site, asking("/v1/operators/alpha/credentials"))
    assert PASSWORD not in caplog.text
    assert PASSWORD not in repr(DATA)


def test_a_bad_file_at_the_start_ends_the_process_with_one_line(site: Site) -> None:
    site.data_file.write_bytes(b"{")
    tls = ("--cert-file", site.server.cert_file, "--key-file", site.server.key_file, "--ca-file", site.server.ca_file)
    ended = subprocess.run(
        [sys.executable, "-m", "sandbox.operator_management", "--data-file", site.data_file, *tls],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        capture_output=True,
        text=True,
        timeout=10,
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (
        2,
        "",
        "operator-management-service cannot start: Input data was truncated\n",
    )


def complaints(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.name == "sandbox.operator_data"]
