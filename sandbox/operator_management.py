"""The development operator-management-service: HTTPS that asks every client for a certificate.

    GET /v1/connectors/{connector_group}/operators   {"operators": [OperatorConfig]}, with ETag and If-None-Match
    GET /v1/operators/{operator_id}/credentials      {"system_id", "password", "version"}, tls_cert_pem, tls_key_pem

Every name it does not know is a 404 with {"error": ...}. No request is logged, no password ever. With a Vault the
credentials come from there, at each request; while it gives none, they are a 503.
"""

import argparse
import asyncio
import hashlib
import logging
import signal
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from aiohttp import web

from sandbox.operator_data import BadOperatorData, Credentials, OperatorFile
from sandbox.tls import Identity, server_context
from sandbox.vault_place import VaultPlace, VaultUnavailable

if TYPE_CHECKING:
    from sandbox.vault import VaultCredentials

READY_LINE = "operator-management-service listens"
STOP_TIMEOUT_S = 1.0  # for requests under way
BAD_SETTINGS = 2  # exit code

_logger = logging.getLogger(__name__)


class BadVaultSettings(Exception):
    """A Vault is named, but cannot be asked; the message says why in one line."""


class OperatorManagement:
    """The service inside an asyncio program; `run` makes a process of it."""

    def __init__(self, data_file: Path, identity: Identity, vault: VaultPlace | None = None) -> None:
        """Raises BadOperatorData, BadVaultSettings, or OSError (ssl.SSLError is one) when `identity` does not serve.

        vault: has the credentials; those in the file then count for nothing.
        """
        self._file = OperatorFile(data_file)
        self._vault = _client_of(vault) if vault else None
        self._tls = server_context(identity)
        self._runner = web.AppRunner(self._application(), access_log=None, shutdown_timeout=STOP_TIMEOUT_S)
        self.url = ""

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> None:
        """Listen, with port 0 where the kernel likes; `url` is known from here on. Raises OSError."""
        await self._runner.setup()
        await web.TCPSite(self._runner, host, port, ssl_context=self._tls).start()
        self.url = f"https://{host}:{self._runner.addresses[0][1]}"

    async def stop(self) -> None:
        """Close the port and all connections."""
        await self._runner.cleanup()

    def _application(self) -> web.Application:
        application = web.Application(middlewares=[_errors_as_json])
        application.router.add_get("/v1/connectors/{connector_group}/operators", self._operators)
        application.router.add_get("/v1/operators/{operator_id}/credentials", self._credentials)
        return application

    async def _operators(self, request: web.Request) -> web.Response:
        data = self._file.current()
        members = data.groups.get(request.match_info["connector_group"])
        if members is None:
            raise web.HTTPNotFound(reason="unknown connector group")
        return _unless_known(request, {"operators": [data.operators[operator_id] for operator_id in members]})

    async def _credentials(self, request: web.Request) -> web.Response:
        credentials = await self._find_credentials(request.match_info["operator_id"])
        if credentials is None:
            raise web.HTTPNotFound(reason="no credentials of this operator")
        response = _json(credentials)
        response.headers["Cache-Control"] = "no-store"
        return response

    async def _find_credentials(self, operator_id: str) -> Credentials | None:
        data = self._file.current()
        if self._vault is None:
            return data.credentials.get(operator_id)
        if operator_id not in data.operators:
            return None
        try:
            return await self._vault.find(operator_id)
        except VaultUnavailable as error:
            _logger.warning("no credentials of %s: %s", operator_id, error)
            raise web.HTTPServiceUnavailable(reason="no credentials from Vault") from None


def run(options: argparse.Namespace) -> int:
    """Serve until SIGTERM or SIGINT; returns the exit code, with one line in the log when it is not 0."""
    identity = Identity(options.cert_file, options.key_file, options.ca_file)
    try:
        service = OperatorManagement(options.data_file, identity, _vault(options))
        asyncio.run(_serve(service, options.host, options.port))
    except (BadOperatorData, BadVaultSettings, OSError) as error:
        _logger.error("operator-management-service cannot start: %s", error)
        return BAD_SETTINGS
    return 0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What `run` needs."""
    for name in ("data", "cert", "key", "ca"):
        parser.add_argument(f"--{name}-file", type=Path, required=True)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0: of the kernel's choice")
    vault = parser.add_argument_group("credentials from a Vault (KV version 2) in place of those in the data file")
    vault.add_argument("--vault-url", help="https://..., or http:// for a Vault on this machine")
    vault.add_argument("--vault-token-file", type=Path, help="read at each request")
    vault.add_argument("--vault-ca-file", type=Path, help="CA of Vault (PEM); else those of the system")
    vault.add_argument("--vault-mount", default="secret", help="of the secrets engine (default: %(default)s)")
    vault.add_argument("--vault-path", default="smpp", help="below it, a secret for each operator_id (%(default)s)")


def _vault(options: argparse.Namespace) -> VaultPlace | None:
    """Raises BadVaultSettings where no token file is named, and OSError where there is none."""
    if options.vault_url is None:
        return None
    if options.vault_token_file is None:
        raise BadVaultSettings("--vault-url wants --vault-token-file")
    options.vault_token_file.read_bytes()
    where = options.vault_url, options.vault_token_file, options.vault_ca_file
    return VaultPlace(*where, mount=options.vault_mount, path=options.vault_path)


def _client_of(vault: VaultPlace) -> "VaultCredentials":
    """hvac is imported only here: in the image this service runs without it. Raises BadVaultSettings."""
    try:
        from sandbox.vault import VaultCredentials
    except ModuleNotFoundError as error:
        raise BadVaultSettings(f"{error.name} is not installed; install smpp-connector[sandbox]") from None
    return VaultCredentials(vault)


def execute(options: argparse.Namespace) -> int:
    """`sandbox operator-management`; the exit code."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    return run(options)


def main() -> int:
    """`python -m sandbox.operator_management`, which needs nothing of the other commands."""
    parser = argparse.ArgumentParser(prog="operator-management", description=__doc__.partition("\n")[0])
    add_arguments(parser)
    return execute(parser.parse_args())


async def _serve(service: OperatorManagement, host: str, port: int) -> None:
    stopped = asyncio.Event()
    for signum in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(signum, stopped.set)
    try:
        await service.start(host, port)
        _logger.info("%s at %s", READY_LINE, service.url)
        await stopped.wait()
    finally:
        await service.stop()


@web.middleware
async def _errors_as_json(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    try:
        return await handler(request)
    except web.HTTPError as error:
        return _json({"error": error.reason}, error.status)


def _unless_known(request: web.Request, content: object) -> web.Response:
    """304 when If-None-Match has the ETag of `content`, which is a digest of its JSON."""
    digest = hashlib.sha256(msgspec.json.encode(content)).hexdigest()
    known = any(etag.value in (digest, "*") for etag in request.if_none_match or ())
    response = web.Response(status=304) if known else _json(content)
    response.etag = digest
    return response


def _json(content: object, status: int = 200) -> web.Response:
    return web.Response(body=msgspec.json.encode(content), status=status, content_type="application/json")


if __name__ == "__main__":
    sys.exit(main())
