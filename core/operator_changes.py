"""What new settings of an operator touch: only sessions that a change concerns are to notice it.

Endpoints are compared by their place in the list, which is their order of preference: two that change places are two
changed endpoints. Credentials are no setting; each bind fetches them.
"""

from dataclasses import dataclass
from enum import Enum

from msgspec import Struct
from msgspec.structs import replace

from config.operators import Endpoint, OperatorConfig


class Part(Enum):
    """Where a setting is used, and so what must be told of its change."""

    SHOWN = "shown"
    """People and labels alone: nothing acts on it."""

    TRAFFIC = "traffic"
    """How messages are written, counted and judged. All of it is our side of a submit_sm or a receipt and none of it
    was said in the bind, so what comes next follows the new rule on the same link."""

    TIMERS = "timers"
    """Waits of ours, which the SMSC is not told of: running links and backoffs take the new ones."""

    BIND_LIMIT = "bind limit"
    """Over all replicas: the leases follow it, and end the binds that are too many."""

    SESSIONS = "sessions"
    """How many there are: the first ones stay as they are, those at the end come or go."""

    IN_BIND = "in bind"
    """Said in the bind PDU, and valid until the link ends: every session needs a new bind."""

    IN_LINK = "in link"
    """What the connection was made by: the sessions of this endpoint need a new one. Of TLS too, even if only the CA
    changes: a link that the settings no longer allow is not kept."""

    EXISTENCE = "existence"
    """The router's: it starts and ends OperatorActors."""


_NEW_BIND = frozenset({Part.IN_BIND, Part.IN_LINK})

OPERATOR_PARTS = {
    "name": Part.SHOWN,
    "enabled": Part.EXISTENCE,
    "tps": Part.TRAFFIC,
    "window": Part.TRAFFIC,
    "source": Part.TRAFFIC,
    "destination": Part.TRAFFIC,
    "default_alphabet": Part.TRAFFIC,
    "text": Part.TRAFFIC,
    "long_messages": Part.TRAFFIC,
    "validity_period": Part.TRAFFIC,
    # Messages sent before keep the key that the old rule gave their id; a new bind would not change that.
    "message_id": Part.TRAFFIC,
    "receipts": Part.TRAFFIC,
    "unknown_outcome": Part.TRAFFIC,
    "answers": Part.TRAFFIC,
    "retry": Part.TRAFFIC,
    "mo_parts_s": Part.TRAFFIC,
    "receipt_ttl_h": Part.TRAFFIC,
    "timers": Part.TIMERS,
}
"""Fields of OperatorConfig, less operator_id, and less bind and endpoints, which follow."""

BIND_PARTS = {
    "mode": Part.IN_BIND,
    "sessions": Part.SESSIONS,
    "max_binds": Part.BIND_LIMIT,
    "system_type": Part.IN_BIND,
    "addr_ton": Part.IN_BIND,
    "addr_npi": Part.IN_BIND,
    "address_range": Part.IN_BIND,
}

ENDPOINT_PARTS = {
    "role": Part.SHOWN,
    "host": Part.IN_LINK,
    "port": Part.IN_LINK,
    "tls": Part.IN_LINK,
    "tls_ca_pem": Part.IN_LINK,
    "tls_server_name": Part.IN_LINK,
}


@dataclass(frozen=True)
class Change:
    """What is to be done.

    parts: what must be told of it, without what a new bind tells. The others are indexes of endpoints: rebind is for
    those that have sessions, added for those that are not there yet, removed for those that still are.
    """

    parts: frozenset[Part] = frozenset()
    rebind: frozenset[int] = frozenset()
    added: frozenset[int] = frozenset()
    removed: frozenset[int] = frozenset()

    @property
    def in_place(self) -> bool:
        """No session begins, ends or binds anew by it."""
        touches_sessions = self.parts & {Part.SESSIONS, Part.EXISTENCE}
        return not (touches_sessions or self.rebind or self.added or self.removed)

    def then(self, later: "Change") -> "Change":
        """Both in one, for settings that change again before, or while, the first change is carried out.

        It brings what had none, one or both of them to the newest settings. So a change that is taken back still
        means a new bind: some session may have got one by it.
        """
        replaced = self.removed & later.added
        return Change(
            parts=self.parts | later.parts,
            rebind=(self.rebind - later.removed) | later.rebind | replaced,
            added=(self.added - later.removed) | later.added,
            removed=(self.removed - later.added) | later.removed,
        )


def changes(old: OperatorConfig, new: OperatorConfig) -> Change:
    """What is different between two settings of the same operator."""
    parts = _parts(OPERATOR_PARTS, old, new) | _parts(BIND_PARTS, old.bind, new.bind) | _window_parts(old, new)
    of_endpoints = [
        _parts(ENDPOINT_PARTS, _as_used(before), _as_used(after))
        for before, after in zip(old.endpoints, new.endpoints, strict=False)
    ]
    indexes_before, indexes_after = frozenset(range(len(old.endpoints))), frozenset(range(len(new.endpoints)))
    return Change(
        parts=parts.union(*of_endpoints) - _NEW_BIND,
        rebind=frozenset(index for index, of_one in enumerate(of_endpoints) if _NEW_BIND & (parts | of_one)),
        added=indexes_after - indexes_before,
        removed=indexes_before - indexes_after,
    )


def _parts(table: dict[str, Part], old: Struct, new: Struct) -> frozenset[Part]:
    return frozenset(part for field, part in table.items() if getattr(old, field) != getattr(new, field))


def _window_parts(old: OperatorConfig, new: OperatorConfig) -> frozenset[Part]:
    """A window that is not set follows the number of sessions, and so changes that of those that stay."""
    return frozenset() if old.session_window() == new.session_window() else frozenset({OPERATOR_PARTS["window"]})


def _as_used(endpoint: Endpoint) -> Endpoint:
    """A link without TLS was made by none of its settings."""
    return endpoint if endpoint.tls else replace(endpoint, tls_ca_pem=None, tls_server_name=None)
