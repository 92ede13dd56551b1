"""The credentials of a session's binds: asked for before each, and again when there may be newer ones.

Only their version is kept. The operator-management-service tells of a rotation by a message that has no content, so the
one way to know is to ask.
"""

import asyncio
from collections.abc import Callable

from actors.certificates import Certificate, CertificateEnds
from actors.clients.management import management_client
from actors.clients.retry import until_available
from adapters.operator_management import OperatorManagementUnavailable, OperatorUnknown
from config.operators import Credentials


class BindCredentials:
    """For one operator; `outdated` is told when those of the last bind have been replaced."""

    def __init__(self, operator_id: str, outdated: Callable[[], None]) -> None:
        self._operator_id = operator_id
        self._outdated = outdated
        self._management = management_client()
        self._certificates = CertificateEnds()
        self._check = asyncio.Event()
        self.version: int | str | None = None
        """Of those used last; None before the first bind."""

    async def fetch(self) -> Credentials:
        """For a bind. Raises OperatorUnknown or OperatorManagementUnavailable."""
        credentials = await self._management.fetch_credentials(self._operator_id)
        self.version = credentials.version
        self._certificates.show(Certificate.SMSC_CLIENT, self._operator_id, credentials.tls_cert_pem)
        return credentials

    def check(self) -> None:
        """There may be newer ones."""
        self._check.set()

    async def watch(self) -> None:
        """Carries the checks out, each until it has an answer."""
        while True:
            await self._check.wait()
            self._check.clear()
            if self.version is not None and await self._are_outdated():
                self._outdated()

    async def _are_outdated(self) -> bool:
        try:
            newest = await until_available(
                lambda: self._management.fetch_credentials(self._operator_id), OperatorManagementUnavailable
            )
        except OperatorUnknown:
            return False  # a bind goes on with what it was made with
        return newest.version != self.version
