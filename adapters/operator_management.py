"""Client of the operator-management-service: our operators and their credentials, over mutual TLS.

It tries once; when to try again is the caller's decision. No error names a secret.
"""

import asyncio
import ssl
from http import HTTPStatus
from types import TracebackType
from typing import Self, TypeVar
from urllib.parse import quote

import aiohttp
import msgspec
from msgspec import Struct
from yarl import URL

from adapters.client_certificate import CertificateFiles, ClientCertificate
from config.operators import Credentials, OperatorConfig, OperatorList

DEADLINE_S = 5.0  # for a whole answer, connecting included
MAX_ANSWER_BYTES = 4 * 1024 * 1024
LONGEST_TEXT_SHOWN = 200  # characters, of what the service sent
NOT_DECODABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)

Kind = TypeVar("Kind")


class OperatorManagementUnavailable(Exception):
    """No usable answer. The message is one line with the cause."""


class OperatorUnknown(Exception):
    """The service has no credentials of this operator. The message is its operator_id."""


class RefusedOperator(Struct, frozen=True):
    """An entry of the list that cannot be used. operator: its operator_id, or #1 for the first without one."""

    operator: str
    reason: str


class OperatorListing(Struct, frozen=True):
    """Our operators as of now. etag: ask with it again, to hear of changes only."""

    operators: tuple[OperatorConfig, ...]
    refused: tuple[RefusedOperator, ...]
    etag: str | None


class OperatorManagementClient:
    """Use it inside a running event loop, and close it there. The connection is made at the first call."""

    def __init__(self, url: str, connector_group: str, files: CertificateFiles) -> None:
        self._url = url.rstrip("/")
        self._operators_path = f"/v1/connectors/{quote(connector_group, safe='')}/operators"
        self._certificate = ClientCertificate(files)
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def fetch_operators(self, etag: str | None = None) -> OperatorListing | None:
        """The list, or None when nothing has changed since `etag`. Raises OperatorManagementUnavailable."""
        answer = await self._get(self._operators_path, {"If-None-Match": etag} if etag else {})
        if etag and answer.status == HTTPStatus.NOT_MODIFIED:
            return None
        entries = _decode(answer.expect_ok().body, OperatorList).operators
        return _listing(entries, answer.etag)

    async def fetch_credentials(self, operator_id: str) -> Credentials:
        """What a bind needs now. Raises OperatorUnknown or OperatorManagementUnavailable."""
        answer = await self._get(f"/v1/operators/{quote(operator_id, safe='')}/credentials", {})
        if answer.status == HTTPStatus.NOT_FOUND:
            raise OperatorUnknown(operator_id)
        return _decode(answer.expect_ok().body, Credentials)

    async def _get(self, path: str, headers: dict[str, str]) -> "_Answer":
        try:
            async with asyncio.timeout(DEADLINE_S):
                return await self._request(URL(self._url + path, encoded=True), headers)
        except TimeoutError:
            raise OperatorManagementUnavailable(f"no answer within {DEADLINE_S:g} s") from None
        except aiohttp.ClientError as error:
            raise OperatorManagementUnavailable(_cause(error)) from None

    async def _request(self, url: URL, headers: dict[str, str]) -> "_Answer":
        """The context goes with the request: after a rotation new connections use the new one, open calls end well."""
        context = self._tls_context()
        async with self._open_session().get(url, headers=headers, ssl=context, allow_redirects=False) as response:
            body = await _read_bounded(response.content)
            return _Answer(response.status, response.headers.get("ETag"), body)

    def _tls_context(self) -> ssl.SSLContext:
        try:
            return self._certificate.context()
        except OSError as error:
            raise OperatorManagementUnavailable(f"certificate files not usable: {_one_line(error)}") from None

    def _open_session(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                headers={"Accept": "application/json", "Accept-Encoding": "identity"},
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        return self._session


class _Answer(Struct, frozen=True):
    status: int
    etag: str | None
    body: bytes

    def __repr__(self) -> str:
        return f"_Answer(status={self.status})"

    def expect_ok(self) -> Self:
        if self.status != HTTPStatus.OK:
            raise OperatorManagementUnavailable(f"HTTP status {self.status}")
        return self


async def _read_bounded(content: aiohttp.StreamReader) -> bytes:
    body = bytearray()
    async for chunk in content.iter_any():
        body += chunk
        if len(body) > MAX_ANSWER_BYTES:
            raise OperatorManagementUnavailable(f"answer longer than {MAX_ANSWER_BYTES} bytes")
    return bytes(body)


def _decode(body: bytes, kind: type[Kind]) -> Kind:
    try:
        return msgspec.json.decode(body, type=kind)
    except NOT_DECODABLE as error:
        raise OperatorManagementUnavailable(f"answer not understood: {_one_line(error)}") from None


def _listing(entries: tuple[msgspec.Raw, ...], etag: str | None) -> OperatorListing:
    """Each entry is judged alone, so that a mistake in one operator leaves the others working."""
    operators: dict[str, OperatorConfig] = {}
    refused: list[RefusedOperator] = []
    for number, entry in enumerate(entries, start=1):
        try:
            operator = msgspec.json.decode(entry, type=OperatorConfig)
        except NOT_DECODABLE as error:
            refused.append(RefusedOperator(_name_of(entry, number), _one_line(error)))
            continue
        if operator.operator_id in operators:
            refused.append(RefusedOperator(operator.operator_id, "listed twice, the first entry counts"))
        else:
            operators[operator.operator_id] = operator
    return OperatorListing(tuple(operators.values()), tuple(refused), etag)


def _name_of(entry: msgspec.Raw, number: int) -> str:
    try:
        return msgspec.json.decode(entry, type=_Named).operator_id[:LONGEST_TEXT_SHOWN]
    except NOT_DECODABLE:
        return f"#{number}"


class _Named(Struct):
    operator_id: str


def _cause(error: aiohttp.ClientError) -> str:
    """In our words: aiohttp's may quote from the answer, which may hold a password."""
    match error:
        case aiohttp.ClientConnectorCertificateError():
            return f"its certificate is refused: {_one_line(error.certificate_error)}"
        case aiohttp.ClientOSError():
            return _one_line(OSError(error.errno, error.strerror))
        case aiohttp.ServerDisconnectedError():
            return "it closed the connection"
        case _:
            return f"not a valid HTTP answer ({type(error).__name__})"


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split())[:LONGEST_TEXT_SHOWN]
