"""Where a Vault has the credentials of operators; apart from the client (sandbox/vault.py), which needs hvac."""

from dataclasses import dataclass
from pathlib import Path


class VaultUnavailable(Exception):
    """No usable answer. The message says why in one line, without anything of a secret or of the token."""


@dataclass(frozen=True, slots=True)
class VaultPlace:
    """Secrets of operators in a Vault. ca_file: of Vault's certificate; None: the system's authorities."""

    url: str
    token_file: Path
    ca_file: Path | None = None
    mount: str = "secret"
    path: str = "smpp"
