"""Mutual TLS as the calling side, from PEM files that may change while the service runs."""

import os
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class CertificateFiles:
    """Our certificate, its private key (without a passphrase), and the CA of those we call. All PEM."""

    cert_file: Path
    key_file: Path
    ca_file: Path


class ClientCertificate:
    """The TLS context made from the files, made anew when one of them has changed."""

    def __init__(self, files: CertificateFiles) -> None:
        self._files = files
        self._seen: Sequence[object] = ()
        self._context: ssl.SSLContext | None = None

    def context(self) -> ssl.SSLContext:
        """The context of now. Raises OSError (ssl.SSLError is one) when the files are not usable and never were.

        Files may be replaced one after the other; until they fit together again the last good context serves.
        """
        try:
            self._refresh()
        except OSError:
            if self._context is None:
                raise
        assert self._context is not None
        return self._context

    def _refresh(self) -> None:
        seen = [_fingerprint(path) for path in (self._files.cert_file, self._files.key_file, self._files.ca_file)]
        if seen != self._seen:
            self._context = _client_context(self._files)
            self._seen = seen


def _fingerprint(path: Path) -> tuple[int, int, int]:
    status = os.stat(path)
    return status.st_ino, status.st_size, status.st_mtime_ns


def _client_context(files: CertificateFiles) -> ssl.SSLContext:
    """Trusts this CA alone, and checks names."""
    context = ssl.create_default_context(cafile=files.ca_file)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(files.cert_file, files.key_file, password="")  # else it would ask at the terminal  # nosec B106
    return context
