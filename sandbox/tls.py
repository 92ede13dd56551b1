"""The two sides of mutual TLS, from the PEM files of one side."""

import ssl
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Identity:
    """PEM files one side needs: its certificate, its private key, and the CA of the other side."""

    cert_file: Path
    key_file: Path
    ca_file: Path


def server_context(identity: Identity) -> ssl.SSLContext:
    """Lets in only clients with a certificate of the CA; raises OSError or ssl.SSLError when a file does not serve."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=identity.ca_file)
    context.verify_mode = ssl.CERT_REQUIRED
    return _complete(context, identity)


def client_context(identity: Identity) -> ssl.SSLContext:
    """Trusts the CA alone and shows its own certificate; raises OSError or ssl.SSLError when a file does not serve."""
    return _complete(ssl.create_default_context(cafile=identity.ca_file), identity)


def _complete(context: ssl.SSLContext, identity: Identity) -> ssl.SSLContext:
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(identity.cert_file, identity.key_file)
    return context
