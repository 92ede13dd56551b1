"""Credentials in a Vault as the development operator-management-service tells them."""

import asyncio
import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hvac.api.secrets_engines.kv_v2 import KvV2
from hvac.exceptions import Forbidden
from vault_server import Vault, running_vault

from sandbox.authority import Authority
from sandbox.operator_data import Credentials, OperatorData, write_operator_data
from sandbox.process import LOOPBACK, reserve_port
from sandbox.vault import VaultCredentials
from sandbox.vault_place import VaultPlace, VaultUnavailable

PASSWORD = "v4ult-pw"
START_S = 30.0


@pytest.fixture(scope="module")
def vault(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Vault]:
    with running_vault(tmp_path_factory.mktemp("vault")) as running:
        yield running


def find(place: VaultPlace, operator_id: str) -> Credentials | None:
    return asyncio.run(VaultCredentials(place).find(operator_id))


def refusal(place: VaultPlace, operator_id: str = "alpha") -> str:
    with pytest.raises(VaultUnavailable) as raised:
        find(place, operator_id)
    return str(raised.value)


def moved(place: VaultPlace, **changes: object) -> VaultPlace:
    parts = {"url": place.url, "token_file": place.token_file, "ca_file": place.ca_file}
    return VaultPlace(**{**parts, **changes})


def test_the_newest_version_of_a_secret_is_told_with_its_number(vault: Vault):
    first = vault.write("rotated", system_id="esme", password="old")
    second = vault.write("rotated", system_id="esme", password=PASSWORD)
    assert (first, second) == (1, 2)
    assert find(vault.place, "rotated") == Credentials(system_id="esme", password=PASSWORD, version=2)


def test_a_certificate_and_its_key_may_be_in_the_secret(vault: Vault):
    vault.write("certified", system_id="esme", password=PASSWORD, tls_cert_pem="certificate", tls_key_pem="key")
    found = find(vault.place, "certified")
    assert found is not None
    assert (found.tls_cert_pem, found.tls_key_pem) == ("certificate", "key")


def test_what_was_never_written_and_what_was_deleted_is_nothing(vault: Vault):
    vault.write("deleted", system_id="esme", password=PASSWORD)
    vault.delete("deleted")
    assert (find(vault.place, "never"), find(vault.place, "deleted")) == (None, None)


def test_a_secret_without_a_password_is_refused_without_its_values(vault: Vault):
    vault.write("halved", system_id="the-system-id")
    assert refusal(vault.place, "halved") == ("the secret cannot be used: Object missing required field `password`")


def test_another_token_in_the_file_counts_from_the_next_request_on(vault: Vault):
    vault.write("alpha", system_id="esme", password=PASSWORD)
    token = vault.place.token_file.read_text()
    vault.set_token("revoked")
    refused = refusal(vault.place)
    vault.set_token(token)
    assert (refused, find(vault.place, "alpha") is not None) == ("Vault: Forbidden", True)


def test_the_token_of_the_service_may_only_read(vault: Vault):
    with closing(vault.reader().adapter) as adapter, pytest.raises(Forbidden):
        KvV2(adapter).create_or_update_secret(path="smpp/alpha", secret={"password": "mine"})


def test_a_vault_that_cannot_be_reached_is_told_in_one_line(vault: Vault):
    with reserve_port() as nobody:
        found = refusal(moved(vault.place, url=f"http://{LOOPBACK}:{nobody.getsockname()[1]}"))
    assert found == "Vault cannot be reached (ConnectionError)"


def test_neither_log_nor_error_shows_password_or_token(vault: Vault, caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.DEBUG)
    vault.write("alpha", system_id="esme", password=PASSWORD)
    shown = repr(find(vault.place, "alpha")) + repr(VaultCredentials(vault.place))
    for secret in (PASSWORD, vault.place.token_file.read_text()):
        assert secret not in caplog.text + shown


@pytest.mark.parametrize(
    ("token", "reason"),
    [((), "--vault-url wants --vault-token-file"), (("--vault-token-file", "/nowhere"), "No such file or directory")],
)
def test_a_service_that_cannot_ask_its_vault_says_why_and_does_not_start(
    tmp_path: Path, token: tuple[str, ...], reason: str
):
    write_operator_data(tmp_path / "operators.json", OperatorData())
    identity = Authority(tmp_path / "tls").issue_server("service")
    files = {"data": tmp_path / "operators.json", "cert": identity.cert_file, "key": identity.key_file}
    flags = [part for name, path in files.items() for part in (f"--{name}-file", str(path))]
    program = [sys.executable, "-m", "sandbox.operator_management", *flags, "--ca-file", str(identity.ca_file)]

    ended = subprocess.run(
        [*program, "--vault-url", "https://vault.example", *token],
        capture_output=True,
        text=True,
        timeout=START_S,
        env={"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )
    (line,) = ended.stderr.splitlines()
    assert (ended.returncode, reason in line) == (2, True)
