"""Two replicas with three operators, on servers of their own that may be taken away: what a fault acts on."""

import json
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

import redis
from background_loop import BackgroundLoop
from connector_process import ConnectorProcess
from fleet import Fleet
from known_endpoint import make_known
from mobile_operator import STEADY, MobileOperator
from operator_site import Site
from reckoning import Sighting
from services import Services
from submit_record import SubmitRecord
from waiting import wait_until

from loadtest.bench.accounting import pss_bytes
from loadtest.bench.samples import entries
from sandbox.link_proxy import LinkProxy
from sandbox.process import ServerProcess
from sandbox.stack import Stack

REPLICAS = ("one", "two")
PLAIN, LEASED, SPLIT = "plain", "leased", "split"
LIMIT_TPS = 250  # of each operator: what was held up is caught up with while the load goes on
WINDOW = 100
ANSWER_DELAY_S = 0.05  # so that some submit_sm are always unanswered
RECEIPT_DELAY_S = 1.0
DELIVER_WINDOW = 1000
RECONNECT_MAX_S = 2.0

HEALTHY_S = 60.0
BOUNDED = (".db", ".log")  # metrics, of which the dead leave one file of a kind, and Thespian's own log
UNKNOWN = "smpp_submits_unknown_total"


Life = tuple[ConnectorProcess, int]
"""A replica, and which of its runs."""


class Holdings(NamedTuple):
    """What the replicas hold, all together. files: in RUNTIME_DIR, journals of submits among
    them, without those that are bounded by themselves. leases: of the binds that are limited."""

    processes: int
    descriptors: int
    files: int
    leases: int
    pss_bytes: int


class Ground:
    """Use it with `with`, in the main thread. Each operator has a session on each replica: `plain` a transceiver,
    `leased` one of at most two binds over all replicas, `split` a transmitter and a receiver."""

    replicas: Sequence[ConnectorProcess]

    def __init__(self, loop: BackgroundLoop, stack: Stack, response_s: float, **settings: str) -> None:
        """stack: running, without a schema yet. response_s: timer of the operators. settings: of both replicas."""
        self.loop = loop
        self.stack = stack
        self._timers = replace(STEADY, response_s=response_s, reconnect_max_s=RECONNECT_MAX_S)
        self.sites = {name: self._site(name) for name in (PLAIN, LEASED, SPLIT)}
        self.operators = [
            self._operator(PLAIN),
            self._operator(LEASED, max_binds=len(REPLICAS)),
            self._operator(SPLIT, mode="transmitter_receiver"),
        ]
        self._settings = settings
        self._records = [SubmitRecord(self._record(name)) for name in self.sites]
        self._running = ExitStack()
        self._lives: dict[ConnectorProcess, int] = {}

    def __enter__(self) -> Self:
        with Services(self.stack).prepared(**self._settings) as process:
            assert process.run_command("migrate").returncode == 0
        for site in self.sites.values():
            self._running.enter_context(site)
        self.loop.run(make_known(self.stack.environment["REDIS_URL"], LEASED))
        self._fleet = self._running.enter_context(Fleet(self.stack, self.loop))
        self._fleet.tell(*self.operators)
        self.replicas = self._fleet.start(*REPLICAS, **self._settings)
        self._lives = dict.fromkeys(self.replicas, 1)
        self.wait_healthy()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._running.close()

    @property
    def operator_ids(self) -> list[str]:
        return [operator.operator_id for operator in self.operators]

    @property
    def servers(self) -> dict[str, ServerProcess]:
        stack = self.stack
        return {
            "NATS": stack.nats,
            "Postgres": stack.postgres,
            "Redis": stack.redis,
            "the operator-management-service": stack.operator_management,
        }

    # What happens to it.

    def link_fault(self, fault: Callable[[LinkProxy], object]) -> None:
        """At the links of all operators."""
        for site in self.sites.values():
            site.link(fault)

    def resume_links(self) -> None:
        for site in self.sites.values():
            site.resume_links()

    def restart_ended(self) -> None:
        """What a cluster does: a replica whose main process has ended is started again, at once."""
        for replica in self.replicas:
            if not replica.running:
                replica.launch()
                self._lives[replica] += 1

    def stop_servers(self, *names: str) -> None:
        """These, or all."""
        servers = [self.servers[name] for name in names or self.servers]
        for server in servers:
            server.request_stop()
        for server in servers:
            server.stop()

    def start_servers(self, *names: str) -> None:
        servers = [self.servers[name] for name in names or self.servers]
        for server in servers:
            server.launch()
        for server in servers:
            server.wait_ready()

    # What it looks like.

    def wait_healthy(self) -> None:
        """Every actor of both runs, every session is bound."""
        for replica in self.replicas:
            wait_until(replica.is_healthy, HEALTHY_S, "every actor running, every session bound")

    def sightings(self) -> list[Sighting]:
        """Submit_sm accepted since the last call, in the order of their arrival."""
        for site in self.sites.values():
            site.report()
        return sorted((one for record in self._records for one in record.read()), key=lambda one: one.at_ns)

    def unknown(self) -> dict[Life, float]:
        """smpp_submits_unknown_total of each life of each replica that goes on."""
        return {(replica, life): _total(replica, UNKNOWN) for replica, life in self._lives.items()}

    def holdings(self) -> Holdings:
        pids = [process.pid for replica in self.replicas for process in replica.processes()]
        return Holdings(
            processes=len(pids),
            descriptors=entries(Path(f"/proc/{pid}/fd") for pid in pids),
            files=len(self.files()),
            leases=self._leases(),
            pss_bytes=pss_bytes(pids),
        )

    def files(self) -> list[str]:
        """Their names, below the RUNTIME_DIR of each replica."""
        return [name for replica in self.replicas for name in _files_in(replica.runtime_dir)]

    def _leases(self) -> int:
        with redis.Redis.from_url(self.stack.environment["REDIS_URL"]) as client:
            state = client.get(f"smpp:binds:{{{LEASED}}}:0")
        return len(json.loads(str(state, "ascii"))["leases"]) if isinstance(state, bytes) else 0

    def _record(self, name: str) -> Path:
        return self.stack.directory / f"{name}.jsonl"

    def _site(self, name: str) -> Site:
        return Site(
            self.loop,
            record=self._record(name),
            answer_delay_s=ANSWER_DELAY_S,
            receipt_delay_s=RECEIPT_DELAY_S,
            deliver_window=DELIVER_WINDOW,
        )

    def _operator(self, name: str, **bind: object) -> MobileOperator:
        return MobileOperator(name, self.sites[name], timers=self._timers, tps=LIMIT_TPS, window=WINDOW, bind=bind)


def _files_in(folder: Path) -> list[str]:
    found = [path for path in folder.rglob("*") if path.suffix not in BOUNDED and not path.is_dir()]
    return sorted(str(path.relative_to(folder)) for path in found)


def _total(replica: ConnectorProcess, metric: str) -> float:
    """Of a metric, over all its labels."""
    return sum(value for name, value in replica.metrics().items() if name.partition("{")[0] == metric)
