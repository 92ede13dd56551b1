"""What an SMSC is shown of us, and what is said where that cannot be."""

import os
import ssl

import pytest
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from adapters.smsc_tls import ClientCertificateUnusable, fault_words, tls_context
from config.operators import Credentials, Endpoint
from sandbox.authority import Authority

NOT_PEM = "tls_cert_pem and tls_key_pem are not a certificate and its key, both PEM and the key without a passphrase"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def pems(authority: Authority) -> dict[str, str | None]:
    """By name: a good certificate and its key, and what people send instead."""
    ours, another = authority.issue_client("ours"), authority.issue_client("another")
    key = ours.key_file.read_bytes()
    locked = load_pem_private_key(key, None).private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"locked")
    )
    return {
        "certificate": ours.cert_file.read_text(),
        "key": key.decode(),
        "another key": another.key_file.read_text(),
        "locked key": locked.decode(),
        "words": "ask the operator",
        "nothing": None,
        "empty": "",
    }


def endpoint(authority: Authority, **settings: object) -> Endpoint:
    ca = authority.ca_file.read_text()
    return Endpoint(**{"host": "127.0.0.1", "port": 2775, "tls": True, "tls_ca_pem": ca, **settings})


def credentials(certificate: str | None, key: str | None) -> Credentials:
    return Credentials("esme", "s3cr3t", 1, tls_cert_pem=certificate, tls_key_pem=key)


@pytest.mark.parametrize(
    ("certificate", "key", "cause"),
    [
        ("certificate", "nothing", "tls_key_pem is missing"),
        ("certificate", "empty", "tls_key_pem is missing"),
        ("nothing", "key", "tls_cert_pem is missing"),
        ("certificate", "another key", "tls_key_pem is not the key of tls_cert_pem"),
        ("certificate", "locked key", NOT_PEM),
        ("certificate", "words", NOT_PEM),
        ("words", "key", NOT_PEM),
    ],
)
def test_a_pair_that_cannot_be_used_is_refused_in_words(authority, pems, certificate, key, cause):
    with pytest.raises(ClientCertificateUnusable) as refusal:
        tls_context(endpoint(authority), credentials(pems[certificate], pems[key]))
    assert str(refusal.value) == cause


@pytest.mark.parametrize(("certificate", "key"), [("certificate", "key"), ("nothing", "nothing"), ("empty", "empty")])
def test_a_usable_pair_or_none_gives_a_context_that_checks_the_smsc(authority, pems, certificate, key):
    context = tls_context(endpoint(authority), credentials(pems[certificate], pems[key]))
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)
    assert context.minimum_version is ssl.TLSVersion.TLSv1_2


def test_without_tls_the_pair_is_not_even_read(authority, pems):
    assert tls_context(endpoint(authority, tls=False), credentials(pems["words"], None)) is None


@pytest.mark.parametrize("key", ["key", "another key"])
def test_the_key_is_in_no_file_afterwards(authority, pems, key):
    before = os.listdir("/proc/self/fd")
    try:
        tls_context(endpoint(authority), credentials(pems["certificate"], pems[key]))
    except ClientCertificateUnusable:
        assert key == "another key"
    assert os.listdir("/proc/self/fd") == before


def test_an_authority_that_is_none_is_an_error_of_its_own(authority, pems):
    with pytest.raises((ValueError, ssl.SSLError)):
        tls_context(endpoint(authority, tls_ca_pem="ask the operator"), credentials(None, None))


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ConnectionRefusedError(111, "Connection refused"), "Connection refused"),
        (ConnectionResetError(), "ConnectionResetError"),
        (ssl.SSLError(1, "[SSL: SOME_ALERT] some alert (_ssl.c:1)"), "[SSL: SOME_ALERT] some alert (_ssl.c:1)"),
    ],
)
def test_a_fault_of_a_link_is_told_in_words(error, words):
    assert fault_words(error) == words
