"""TLS towards an SMSC: whom we trust, and who we are.

The private key comes with the credentials and stays in memory. load_cert_chain takes file names only, so it reads an
anonymous file of this process (memfd_create(2)), of which no disk and no other process has a part.
"""

import os
import ssl

from config.operators import Credentials, Endpoint

NOT_A_PAIR = "KEY_VALUES_MISMATCH"  # OpenSSL's reason


class ClientCertificateUnusable(Exception):
    """What the credentials hold cannot be shown to an SMSC. The message says why in words, without anything of it."""


def tls_context(endpoint: Endpoint, credentials: Credentials) -> ssl.SSLContext | None:
    """For one bind; None where the endpoint has no TLS, whatever the credentials hold.

    Raises ClientCertificateUnusable, and ValueError or ssl.SSLError where tls_ca_pem holds no certificate.
    """
    if not endpoint.tls:
        return None
    context = ssl.create_default_context(cadata=endpoint.tls_ca_pem)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT  # on by default from Python 3.13: operators' own CAs are older
    _load_client_certificate(context, credentials.tls_cert_pem, credentials.tls_key_pem)
    return context


def fault_words(error: Exception) -> str:
    """Why a link could not be opened, or ended, for people."""
    match error:
        case ssl.SSLCertVerificationError():
            return f"the SMSC's certificate is refused: {error.verify_message}"
        case ssl.SSLError(reason=str(reason)):
            return f"TLS: {reason.replace('_', ' ').lower()}"
        case OSError(strerror=str(text)):
            return text
        case _:
            return type(error).__name__


def _load_client_certificate(context: ssl.SSLContext, certificate: str | None, key: str | None) -> None:
    if not certificate and not key:
        return
    if not certificate or not key:
        raise ClientCertificateUnusable(f"{'tls_key_pem' if certificate else 'tls_cert_pem'} is missing")
    try:
        _load_from_memory(context, f"{certificate}\n{key}\n")
    except ssl.SSLError as error:
        raise ClientCertificateUnusable(_why_unusable(error)) from None


def _load_from_memory(context: ssl.SSLContext, pem: str) -> None:
    file = os.memfd_create("client-certificate")  # close-on-exec
    try:
        os.write(file, pem.encode())
        context.load_cert_chain(f"/proc/self/fd/{file}", password="")  # else it would ask at the terminal  # nosec B106
    finally:
        os.close(file)


def _why_unusable(error: ssl.SSLError) -> str:
    if error.reason == NOT_A_PAIR:
        return "tls_key_pem is not the key of tls_cert_pem"
    return "tls_cert_pem and tls_key_pem are not a certificate and its key, both PEM and the key without a passphrase"
