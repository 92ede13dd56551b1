"""Credentials from a Vault (KV version 2), one secret for each operator: `<mount>/data/<path>/<operator_id>`.

A secret has system_id and password, and may have tls_cert_pem and tls_key_pem. The version that Vault counts is that of
the credentials, so that to write a secret is to rotate it. Source: Vault, KV secrets engine version 2 (API).
"""

import asyncio
from contextlib import closing
from typing import Any

import hvac
import msgspec
import requests
from hvac.api.secrets_engines.kv_v2 import KvV2
from hvac.exceptions import InvalidPath, VaultError

from sandbox.operator_data import Credentials
from sandbox.vault_place import VaultPlace, VaultUnavailable

DEADLINE_S = 4.0  # of one request; the connector waits 5 s for its answer


class VaultCredentials:
    """Asks Vault each time: nothing is kept here, not even the token, which a Vault Agent may replace in its file."""

    def __init__(self, place: VaultPlace) -> None:
        self._place = place

    async def find(self, operator_id: str) -> Credentials | None:
        """The newest version; None where there is none, or it was deleted. Raises VaultUnavailable.

        operator_id: becomes part of a path, so only one that is known may come here.
        """
        return await asyncio.to_thread(self._find, operator_id)

    def _find(self, operator_id: str) -> Credentials | None:
        try:
            with closing(self._client().adapter) as adapter:
                answer = KvV2(adapter).read_secret_version(
                    path=f"{self._place.path}/{operator_id}",
                    mount_point=self._place.mount,
                    raise_on_deleted_version=True,
                )
        except InvalidPath:
            return None
        except (VaultError, requests.RequestException, OSError) as error:
            raise VaultUnavailable(_cause(error)) from None
        return _credentials(answer["data"])

    def _client(self) -> hvac.Client:
        place = self._place
        verify = True if place.ca_file is None else str(place.ca_file)
        token = place.token_file.read_text("ascii").strip()
        return hvac.Client(url=place.url, token=token, verify=verify, timeout=DEADLINE_S, allow_redirects=False)


def _credentials(data: dict[str, Any]) -> Credentials:
    try:
        return msgspec.convert({**data["data"], "version": data["metadata"]["version"]}, Credentials)
    except msgspec.ValidationError as error:  # names places and types, not values
        raise VaultUnavailable(f"the secret cannot be used: {error}") from None


def _cause(error: Exception) -> str:
    """In our words: theirs name the address, and may quote what was sent."""
    if isinstance(error, requests.exceptions.SSLError):
        return "the certificate of Vault is refused"
    if isinstance(error, requests.Timeout):
        return f"no answer from Vault within {DEADLINE_S:g} s"
    if isinstance(error, VaultError):
        return f"Vault: {type(error).__name__}"
    return f"Vault cannot be reached ({type(error).__name__})"
