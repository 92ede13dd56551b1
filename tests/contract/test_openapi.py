"""The OpenAPI document of the operator-management-service: valid, and true of our client and the development service.

The client really calls the service; a witness between them writes down what goes over the wire.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from api_description import ApiDescription, Exchange
from openapi_spec_validator import validate
from shipped_documents import yaml_document

from adapters.client_certificate import CertificateFiles
from adapters.operator_management import OperatorManagementClient, OperatorManagementUnavailable, OperatorUnknown
from sandbox.authority import Authority
from sandbox.operator_data import Credentials, OperatorData, write_operator_data
from sandbox.operator_management import OperatorManagement
from sandbox.tls import Identity, client_context, server_context

ALPHA: dict[str, Any] = {
    "operator_id": "alpha",
    "endpoints": [
        {"role": "primary", "host": "smsc.alpha", "port": 2775},
        {"role": "backup", "host": "smsc2.alpha", "port": 3550, "tls": True, "tls_server_name": "smsc.alpha"},
    ],
    "tps": 12.5,
    "bind": {"sessions": 2, "max_binds": 4},
    "long_messages": "sar",
    "timers": {"failback_after_s": 120},
}
CREDENTIALS = Credentials(system_id="esme", password="s3cret", version=3)
DATA = OperatorData(groups={"default": ["alpha"]}, operators={"alpha": ALPHA}, credentials={"alpha": CREDENTIALS})

LIST = "/v1/connectors/default/operators"
LISTED = Exchange("GET", LIST, {}, 200, {"Content-Type": "application/json", "ETag": '"1"'}, b'{"operators": []}')

Call = Callable[[OperatorManagementClient], Awaitable[Any]]


class Witness:
    """Passes each request on to the service, and keeps it with its answer."""

    def __init__(self, service_url: str, client: Identity) -> None:
        self._service_url = service_url
        self._tls = client_context(client)
        self.exchanges: list[Exchange] = []

    async def pass_on(self, request: web.Request) -> web.Response:
        headers = {name: value for name, value in request.headers.items() if name != "Host"}
        async with (
            aiohttp.ClientSession(auto_decompress=False) as session,
            session.request(request.method, self._service_url + request.path, headers=headers, ssl=self._tls) as answer,
        ):
            body = await answer.read()
        own = {
            name: answer.headers[name] for name in ("Content-Type", "ETag", "Cache-Control") if name in answer.headers
        }
        self.exchanges.append(Exchange(request.method, request.path, dict(request.headers), answer.status, own, body))
        return web.Response(status=answer.status, headers=own, body=body)


def exchanges_of(folder: Path, call: Call, connector_group: str) -> list[Exchange]:
    """What goes over the wire while the client does this."""

    async def scenario() -> list[Exchange]:
        authority = Authority(folder / "ca")
        async with service(authority, folder) as url, witnessed(authority, url) as (witness, witness_url):
            identity = authority.issue_client("connector")
            files = CertificateFiles(identity.cert_file, identity.key_file, identity.ca_file)
            async with OperatorManagementClient(witness_url, connector_group, files) as client:
                await call(client)
            return witness.exchanges

    return asyncio.run(scenario())


@asynccontextmanager
async def service(authority: Authority, folder: Path) -> AsyncIterator[str]:
    write_operator_data(folder / "operators.json", DATA)
    running = OperatorManagement(folder / "operators.json", authority.issue_server("service"))
    await running.start()
    try:
        yield running.url
    finally:
        await running.stop()


@asynccontextmanager
async def witnessed(authority: Authority, service_url: str) -> AsyncIterator[tuple[Witness, str]]:
    witness = Witness(service_url, authority.issue_client("witness"))
    application = web.Application()
    application.router.add_get("/{path:.*}", witness.pass_on)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=server_context(authority.issue_server("witness"))).start()
        yield witness, f"https://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def ask_for_operators(client: OperatorManagementClient) -> None:
    assert await client.fetch_operators() is not None


async def ask_twice_for_operators(client: OperatorManagementClient) -> None:
    listing = await client.fetch_operators()
    assert listing is not None
    assert await client.fetch_operators(listing.etag) is None


async def ask_for_credentials(client: OperatorManagementClient) -> None:
    assert (await client.fetch_credentials("alpha")).system_id == "esme"


async def ask_for_credentials_of_nobody(client: OperatorManagementClient) -> None:
    with pytest.raises(OperatorUnknown):
        await client.fetch_credentials("nobody")


async def ask_for_operators_in_vain(client: OperatorManagementClient) -> None:
    with pytest.raises(OperatorManagementUnavailable):
        await client.fetch_operators()


def test_it_is_valid() -> None:
    shipped = Path(__file__).parents[2] / "messages" / "schemas" / "openapi.yaml"
    validate(yaml_document("openapi"), base_uri=shipped.as_uri())


@pytest.mark.parametrize(
    ("connector_group", "call", "statuses"),
    [
        ("default", ask_for_operators, [200]),
        ("default", ask_twice_for_operators, [200, 304]),
        ("nobody's", ask_for_operators_in_vain, [404]),
        ("default", ask_for_credentials, [200]),
        ("default", ask_for_credentials_of_nobody, [404]),
    ],
)
def test_what_client_and_service_exchange_is_as_it_says(
    tmp_path: Path, connector_group: str, call: Call, statuses: list[int]
) -> None:
    exchanges = exchanges_of(tmp_path, call, connector_group)
    assert [exchange.status for exchange in exchanges] == statuses
    assert [ApiDescription().complaints(exchange) for exchange in exchanges] == [[]] * len(statuses)


@pytest.mark.parametrize(
    ("exchange", "complaints"),
    [
        (LISTED, []),
        (replace(LISTED, path="/v1/connectors"), ["GET /v1/connectors is not in the document"]),
        (replace(LISTED, method="POST"), [f"POST {LIST} is not in the document"]),
        (replace(LISTED, request_headers={"X-Own": "1"}), ["request header X-Own is not in the document"]),
        (replace(LISTED, status=204), ["status 204 is not in the document"]),
        (replace(LISTED, headers={"Content-Type": "application/json"}), ["header ETag is missing"]),
        (replace(LISTED, headers={"ETag": '"1"'}), ["content of type nothing is not in the document"]),
        (replace(LISTED, body=b"{}"), ["$: 'operators' is a required property"]),
        (
            replace(LISTED, body=b'{"operators": [{"operator_id": "a"}]}'),
            ["$.operators[0]: 'endpoints' is a required property"],
        ),
        (
            replace(LISTED, path="/v1/operators/a%20b/credentials", status=404, body=b'{"error": "unknown"}'),
            ["$: 'a%20b' does not match '^[A-Za-z0-9_-]{1,64}$'"],
        ),
    ],
)
def test_an_exchange_that_is_not_as_it_says_is_found_out(exchange: Exchange, complaints: list[str]) -> None:
    assert ApiDescription().complaints(exchange) == complaints
