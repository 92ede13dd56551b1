"""A mobile network operator with one or more sites, as the operator-management-service tells of it."""

from collections import Counter
from dataclasses import asdict, dataclass, replace
from typing import Any

import pytest
from connector_process import ConnectorProcess
from operator_site import Site
from simulated_operator import PASSWORD, SYSTEM_ID
from waiting import wait_until

from sandbox.operator_data import Credentials
from sandbox.process import LOOPBACK

BOUND_S = 20.0


@dataclass(frozen=True)
class Timers:
    """Of an OperatorConfig, in seconds; the defaults are those of the specification."""

    enquire_link_s: float = 30.0
    response_s: float = 10.0
    reconnect_min_s: float = 5.0
    reconnect_max_s: float = 60.0
    failback_after_s: float = 60.0

    @property
    def dead_s(self) -> float:
        """Within so much a dead link is found: silence, then an enquire_link without an answer."""
        return self.enquire_link_s + self.response_s


REAL = Timers()
QUICK = Timers(enquire_link_s=0.5, response_s=0.5, reconnect_min_s=0.2, reconnect_max_s=1.6, failback_after_s=1.0)
UNDER_LOAD = replace(QUICK, response_s=2.0)
"""For traffic: on a busy machine an answer may take half a second, and what is not answered is sent again."""

STEADY = replace(QUICK, enquire_link_s=5.0, response_s=5.0)
"""For what is not about silence: no link is to be given up because the machine is slow."""

BOTH_TIMERS = (pytest.param(QUICK, id="quick"), pytest.param(REAL, id="real", marks=pytest.mark.real_timers))
"""For tests that also run with the real ones."""


class MobileOperator:
    """Its first site is the primary endpoint, the others are backups in this order."""

    def __init__(self, operator_id: str, *sites: Site, timers: Timers = QUICK, **settings: Any) -> None:
        """settings: of its OperatorConfig, where they differ from the usual ones; they may be changed later."""
        self.operator_id = operator_id
        self.sites = list(sites)
        self.settings: dict[str, Any] = {"timers": asdict(timers), **settings}
        self.credentials = Credentials(system_id=SYSTEM_ID, password=PASSWORD, version=1)

    @property
    def config(self) -> dict[str, Any]:
        """Its OperatorConfig."""
        return {"operator_id": self.operator_id, "endpoints": self._endpoints(), **self.settings}

    @property
    def sessions(self) -> int:
        """How many each replica is to have."""
        wanted: int = self.settings.get("bind", {}).get("sessions", 1)
        return wanted

    @property
    def actor(self) -> str:
        """The name of its OperatorActor."""
        return f"operator@{self.operator_id}"

    def session(self, index: int = 0, endpoint: int = 0) -> str:
        """The name of a SessionActor."""
        return f"session@{self.operator_id}@{endpoint}.{index}"

    @property
    def markers(self) -> Counter[int]:
        """How often its sites together accepted the text that begins with #0, #1 and so on."""
        return sum((site.markers for site in self.sites), Counter())

    @property
    def submits(self) -> int:
        """submit_sm that its sites received."""
        return sum(site.submits for site in self.sites)

    def wait_bound(self, service: ConnectorProcess, within_s: float = BOUND_S) -> None:
        """Until all sessions that this replica is to have are bound."""

        def is_bound() -> bool:
            node = service.node(self.actor)
            return bool(node) and node["state"] == "running" and node["sessions_bound"] >= self.sessions

        wait_until(is_bound, within_s, f"{self.operator_id} bound")

    def wait_for_submits(self, number: int, within_s: float) -> None:
        """Until it has received so many submit_sm."""
        wait_until(lambda: self.submits >= number, within_s, f"{number} submit_sm at {self.operator_id}")

    def _endpoints(self) -> list[dict[str, Any]]:
        roles = ["primary", *["backup"] * len(self.sites)]
        return [
            {"role": role, "host": LOOPBACK, "port": site.port} for role, site in zip(roles, self.sites, strict=False)
        ]
