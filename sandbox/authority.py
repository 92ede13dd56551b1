"""A throwaway certificate authority for mutual TLS between the connector and the services it calls."""

import ipaddress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from sandbox.private_files import write_private
from sandbox.tls import Identity

VALIDITY = timedelta(days=30)
CLOCK_SKEW = timedelta(hours=1)  # certificates are good from that long ago
LOCAL_NAMES = ("localhost", "127.0.0.1", "::1")


class Authority:
    """A CA with a key that exists in memory only; everything it issues is written to `directory`, mode 0600."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(mode=0o700, exist_ok=True)
        self._directory = directory
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _common_name("smpp-connector sandbox CA")
        self.ca_file = write_private(directory / "ca.pem", self._own_certificate().public_bytes(Encoding.PEM))

    def issue_server(self, name: str, *hosts: str, is_local: bool = True) -> Identity:
        """A server certificate for `hosts` (DNS names or addresses), in `name`.pem and `name`.key.

        is_local: for LOCAL_NAMES, too.
        """
        names = x509.SubjectAlternativeName([_general_name(host) for host in (*LOCAL_NAMES * is_local, *hosts)])
        return self._issue(name, ExtendedKeyUsageOID.SERVER_AUTH, names)

    def issue_client(self, name: str) -> Identity:
        """A client certificate with `name` as its common name, in `name`.pem and `name`.key."""
        names = x509.SubjectAlternativeName([x509.DNSName(name)])
        return self._issue(name, ExtendedKeyUsageOID.CLIENT_AUTH, names)

    def _issue(self, name: str, usage: x509.ObjectIdentifier, names: x509.SubjectAlternativeName) -> Identity:
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = (
            self._builder(_common_name(name), key.public_key(), _key_usage(signs_certificates=False))
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
            .add_extension(names, critical=False)
            .sign(self._key, hashes.SHA256())
        )
        return Identity(
            write_private(self._directory / f"{name}.pem", certificate.public_bytes(Encoding.PEM)),
            write_private(self._directory / f"{name}.key", _private_pem(key)),
            self.ca_file,
        )

    def _own_certificate(self) -> x509.Certificate:
        return (
            self._builder(self._name, self._key.public_key(), _key_usage(signs_certificates=True))
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .sign(self._key, hashes.SHA256())
        )

    def _builder(
        self, subject: x509.Name, public_key: ec.EllipticCurvePublicKey, usage: x509.KeyUsage
    ) -> x509.CertificateBuilder:
        """What all have in common; Python 3.13 refuses certificates without the key identifiers and usages."""
        now = datetime.now(UTC)
        return (
            x509.CertificateBuilder(issuer_name=self._name, subject_name=subject, public_key=public_key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - CLOCK_SKEW)
            .not_valid_after(now + VALIDITY)
            .add_extension(usage, critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False)
        )


def _common_name(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _private_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
