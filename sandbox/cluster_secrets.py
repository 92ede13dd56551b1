"""`sandbox secrets`: the Secrets of a sandbox on a Kubernetes cluster (chart smpp-sandbox), made anew each time.

They go to standard output as one List, for `kubectl apply -f -`; nothing is kept here.
"""

import argparse
import base64
import json
import os
import secrets
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import nkeys

from sandbox.arguments import above_zero
from sandbox.authority import Authority
from sandbox.operator_data import DEFAULT_GROUP, Credentials, OperatorData
from sandbox.tls import Identity

OPERATOR_MANAGEMENT = "operator-management-service"  # the names of the Services in the chart
SMSC, SMSC_PORT = "smsc", 2775
NATS_PORT = 4222
OPERATOR_ID = "alpha"
SMPP_LOGIN = "sandbox"  # of a throwaway SMSC that lets anyone in; at most 8 characters as a password

Files = Mapping[str, bytes]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--tps", type=above_zero, default=100, help="limit of the operator alpha (default: %(default)s)"
    )


def execute(options: argparse.Namespace) -> int:
    print(json.dumps(manifest(options.tps), indent=2))
    return 0


def manifest(tps: float) -> dict[str, Any]:
    """All of them, as a List of Kubernetes."""
    seed = nkeys.encode_seed(os.urandom(32), nkeys.PREFIX_BYTE_USER)
    with tempfile.TemporaryDirectory() as folder:
        authority = Authority(Path(folder) / "ca")
        server = authority.issue_server("server", OPERATOR_MANAGEMENT)
        client = authority.issue_client("smpp-connector")
        ours, theirs = _files_of(client), _files_of(server)
    items = [
        _secret("smpp-connector-nats", {"seed": seed}),
        _secret("smpp-connector-postgres", {"password": secrets.token_urlsafe(24).encode()}),
        _secret("smpp-connector-mtls", ours, kind="kubernetes.io/tls"),
        _secret("sandbox-nats", {"nats.conf": _nats_config(seed)}),
        _secret("sandbox-operator-management", {**theirs, "operators.json": _operators(tps)}),
    ]
    return {"apiVersion": "v1", "kind": "List", "items": items}


def _files_of(identity: Identity) -> Files:
    """Named as in a Secret of type kubernetes.io/tls."""
    files = {"tls.crt": identity.cert_file, "tls.key": identity.key_file, "ca.crt": identity.ca_file}
    return {name: file.read_bytes() for name, file in files.items()}


def _secret(name: str, files: Files, kind: str = "Opaque") -> dict[str, Any]:
    data = {file: base64.b64encode(content).decode() for file, content in files.items()}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "type": kind, "data": data}


def _nats_config(seed: bytes) -> bytes:
    user = {"nkey": nkeys.from_seed(bytearray(seed)).public_key.decode()}
    config = {
        "server_name": "sandbox",
        "listen": f"0.0.0.0:{NATS_PORT}",
        "jetstream": {"store_dir": "/scratch/jetstream"},
        "authorization": {"users": [user]},
    }
    return json.dumps(config).encode()  # its format takes JSON


def _operators(tps: float) -> bytes:
    operator = {"operator_id": OPERATOR_ID, "endpoints": [{"host": SMSC, "port": SMSC_PORT}], "tps": tps}
    credentials = Credentials(system_id=SMPP_LOGIN, password=SMPP_LOGIN, version=1)
    data = OperatorData(
        groups={DEFAULT_GROUP: [OPERATOR_ID]},
        operators={OPERATOR_ID: operator},
        credentials={OPERATOR_ID: credentials},
    )
    return msgspec.json.encode(data)
