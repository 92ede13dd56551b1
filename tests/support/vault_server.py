"""A Vault to test with: a real server where VAULT_PROGRAM names one (make vault), else its KV API in a thread.

Source: Vault, KV secrets engine version 2 (API), which the real hvac client speaks with either.
"""

import json
import os
import secrets
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import hvac

from sandbox.authority import Authority
from sandbox.private_files import write_private
from sandbox.process import LOOPBACK, ServerProcess
from sandbox.smsc.tls import TlsFiles
from sandbox.vault_place import VaultPlace

POLICY = Path(__file__).parents[2] / "docs" / "rights" / "vault.hcl"
TOKEN_HEADER = "X-Vault-Token"
PATH = "smpp"
DATA = "/v1/secret/data/"


class Vault(ABC):
    """root: hvac with all rights. place: for the operator-management-service, whose token may only read."""

    place: VaultPlace
    root: hvac.Client

    def write(self, operator_id: str, **secret: str) -> int:
        """A new version of an operator's secret; returns its number."""
        written = self.root.secrets.kv.v2.create_or_update_secret(path=f"{PATH}/{operator_id}", secret=secret)
        version: int = written["data"]["version"]
        return version

    def delete(self, operator_id: str) -> None:
        """The newest version, as `vault kv delete` does."""
        self.root.secrets.kv.v2.delete_latest_version_of_secret(path=f"{PATH}/{operator_id}")

    def reader(self) -> hvac.Client:
        """With the rights of the operator-management-service."""
        place = self.place
        verify = str(place.ca_file) if place.ca_file else True
        return hvac.Client(place.url, token=place.token_file.read_text(), verify=verify)

    @abstractmethod
    def set_token(self, token: str) -> None:
        """Put another one into the token file."""


class KvApi(Vault):
    """Versions, deletion, tokens and errors of the KV engine at secret/, over TLS; what no test needs is a 404."""

    def __init__(self, folder: Path) -> None:
        self.tokens = {"root": secrets.token_urlsafe(16), "reader": secrets.token_urlsafe(16)}
        self.versions: dict[str, list[dict[str, str] | None]] = {}
        authority = Authority(folder / "vault-tls")
        identity = authority.issue_server("vault")
        self._context = TlsFiles(identity.cert_file, identity.key_file).context()
        self._ca_file = authority.ca_file
        self._token_file = folder / "vault-token"

    @contextmanager
    def running(self) -> Iterator["KvApi"]:
        """In a thread of its own."""
        with ThreadingHTTPServer((LOOPBACK, 0), partial(KvRequest, self)) as server:
            server.socket = self._context.wrap_socket(server.socket, server_side=True)
            url = f"https://{LOOPBACK}:{server.server_port}"
            self.place = VaultPlace(url, self._token_file, self._ca_file)
            self.set_token(self.tokens["reader"])
            self.root = hvac.Client(url, token=self.tokens["root"], verify=str(self._ca_file))
            thread = Thread(target=server.serve_forever, name="Vault")
            thread.start()
            try:
                yield self
            finally:
                self.root.adapter.close()
                server.shutdown()
                thread.join()

    def set_token(self, token: str) -> None:
        write_private(self._token_file, token.encode())

    def may(self, token: str | None, method: str) -> bool:
        return token == self.tokens["root"] or (token == self.tokens["reader"] and method == "GET")

    def read(self, path: str) -> tuple[int, Any]:
        versions = self.versions.get(path, [])
        if not versions:
            return 404, {"errors": []}
        deleted_at = "2026-01-01T00:00:00Z" if versions[-1] is None else ""
        metadata = {"version": len(versions), "deletion_time": deleted_at, "destroyed": False}
        return 404 if deleted_at else 200, {"data": {"data": versions[-1], "metadata": metadata}}

    def add(self, path: str, secret: dict[str, str] | None) -> tuple[int, Any]:
        versions = self.versions.setdefault(path, [])
        versions.append(secret)
        return 200, {"data": {"version": len(versions)}}

    def remove(self, path: str) -> tuple[int, Any]:
        self.versions[path][-1] = None
        return 204, None


class KvRequest(BaseHTTPRequestHandler):
    """One request, one connection, as of HTTP 1.0."""

    def __init__(self, api: KvApi, *arguments: Any) -> None:
        self._api = api
        super().__init__(*arguments)

    def do_GET(self) -> None:
        self._answer(lambda path: self._api.read(path))

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self._answer(lambda path: self._api.add(path, json.loads(body)["data"]))

    def do_DELETE(self) -> None:
        self._answer(lambda path: self._api.remove(path))

    def log_message(self, *_arguments: object) -> None:
        """Nothing: requests name operators."""

    def _answer(self, work: Callable[[str], tuple[int, Any]]) -> None:
        if self._api.may(self.headers[TOKEN_HEADER], self.command):
            status, content = work(self.path.removeprefix(DATA))
        else:
            status, content = 403, {"errors": ["permission denied"]}
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        if content is not None:
            self.wfile.write(json.dumps(content).encode())


class VaultProgram(Vault, ServerProcess):
    """`vault server -dev`, or OpenBao's: in memory, plain HTTP on loopback, KV version 2 at secret/."""

    name = "vault"
    ready_line = "Root Token:"

    def __init__(self, program: str, directory: Path) -> None:
        ServerProcess.__init__(self, directory)
        self._program = program
        self._root_token = secrets.token_urlsafe(16)
        self.place = VaultPlace(f"http://{LOOPBACK}:{self.port}", directory / "token")

    def command(self) -> Sequence[str | Path]:
        listen = (f"-dev-root-token-id={self._root_token}", f"-dev-listen-address={LOOPBACK}:{self.port}")
        return [self._program, "server", "-dev", "-dev-no-store-token", *listen]

    def wait_ready(self, timeout_s: float = 60.0) -> None:
        """Then its policy and the reader's token are there, too."""
        super().wait_ready(timeout_s)
        self.root = hvac.Client(self.place.url, token=self._root_token)
        self.root.sys.create_or_update_policy("smpp", POLICY.read_text())
        created = self.root.auth.token.create(policies=["smpp"], no_parent=True)
        self.set_token(created["auth"]["client_token"])

    def set_token(self, token: str) -> None:
        write_private(self.place.token_file, token.encode())

    def close(self) -> None:
        if hasattr(self, "root"):
            self.root.adapter.close()
        super().close()


@contextmanager
def running_vault(folder: Path) -> Iterator[Vault]:
    """The real one where there is one."""
    program = os.environ.get("VAULT_PROGRAM")
    with VaultProgram(program, folder / "vault") if program else KvApi(folder).running() as vault:
        yield vault
