"""All servers with TLS, and users who may do what docs/rights says and nothing else."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import yaml

from sandbox.nats import NatsServer, Permissions
from sandbox.stack import Stack

RIGHTS = Path(__file__).parents[2] / "docs" / "rights"


@dataclass(frozen=True)
class Access:
    """How a program of others reaches the servers."""

    environment: dict[str, str]


class SecuredStack(Stack):
    """Its environment is the service's own. Use it as a Stack.

    seeds: of the NATS users connector, stream_maker (a connector that also makes the streams), sender and load.
    platform: with all rights, for the messaging platform's side.
    """

    platform: Access
    seeds: dict[str, Path]

    def _prepare_nats(self) -> str:
        self.nats = self._add(NatsServer(self.directory / "nats", identity=self.authority.issue_server("nats")))
        rights = nats_rights()
        self.seeds = {name: self.nats.add_user(f"least-{name}", allowed) for name, allowed in rights.items()}
        secured = {"NATS_URL": self.nats.url, "NATS_CA_FILE": str(self.authority.ca_file)}
        self.platform = Access({**secured, "NATS_NKEY_SEED_FILE": str(self.nats.seed_file)})
        self.environment |= {**secured, "NATS_NKEY_SEED_FILE": str(self.seeds["connector"])}
        self.environment["NATS_MANAGE_STREAMS"] = "false"
        return self.nats.url


def nats_rights() -> dict[str, Permissions]:
    """The users of docs/rights/nats.yaml; stream_maker with what it adds to connector."""
    rights = yaml.safe_load((RIGHTS / "nats.yaml").read_text())
    return {
        "connector": _permissions(rights["connector"]),
        "stream_maker": _permissions(rights["connector"], rights["stream_maker"]),
        "sender": _permissions(rights["sender"]),
        "load": _permissions(rights["load"]),
    }


def _permissions(*rights: dict[str, list[str]]) -> Permissions:
    return Permissions(publish=_subjects(rights, "publish"), subscribe=_subjects(rights, "subscribe"))


def _subjects(rights: Iterable[dict[str, list[str]]], action: str) -> tuple[str, ...]:
    return tuple(subject for right in rights for subject in right.get(action, ()))
