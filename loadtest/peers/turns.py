"""One turn of each: so many messages with receipts as fast as it goes, and what they cost."""

import asyncio
import tempfile
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from time import monotonic
from typing import NamedTuple

from loadtest.bench.accounting import CpuTimes, cpu_spent, cpu_times
from loadtest.bench.rig import NeverHappened, running_rig
from loadtest.bench.saturation import measure_saturation, saturation_plan
from loadtest.bench.simulator import Simulator
from loadtest.bench.streams import STALL_S, until
from loadtest.peers.http_load import Callbacks, ask_all
from loadtest.peers.kannel import Kannel, Storage, running_kannel
from sandbox.demo.interruption import Interruption
from sandbox.process import ServerProcess
from sandbox.process_tree import process_tree

RECEIPT_DELAY_S = 0.2
POLL_S = 0.05


class Turn(NamedTuple):
    """messages_per_s: from the first submit_sm to the last receipt passed on. The CPU seconds are of 1,000 messages.

    problems: what did not add up; then nothing counts.
    """

    messages_per_s: float
    own_cpu_s: float
    server_cpu_s: float
    problems: Sequence[str]


def turn_of_the_connector(messages: int, interruption: Interruption) -> Turn:
    """As `make bench`."""
    with running_rig(saturation_plan(1, RECEIPT_DELAY_S)) as rig:
        found = interruption.run(measure_saturation(rig, messages))
    return Turn(found.messages_per_s, found.own_cpu_s_per_1000, found.server_cpu_s_per_1000, found.problems)


def turn_of_kannel(messages: int, interruption: Interruption, storage: Storage) -> Turn:
    """Asked over HTTP, as its users do; the receipts are called back."""
    with tempfile.TemporaryDirectory(prefix="peers-") as name:
        directory = Path(name)
        directory.chmod(0o711)  # Postgres runs as another user
        with (
            Simulator(directory / "simulator", {"receipt_delay_s": RECEIPT_DELAY_S}) as simulator,
            running_kannel(directory, simulator.port, storage) as kannel,
        ):
            return interruption.run(_measure(kannel, simulator, messages))


async def _measure(kannel: Kannel, simulator: Simulator, messages: int) -> Turn:
    await until(lambda: _is_bound(simulator), "Kannel was not bound")
    async with Callbacks() as callbacks:
        own_before, servers_before = _own_cpu(kannel), _server_cpu(kannel)
        requests = (kannel.request(number, callbacks.port) for number in range(messages))
        refused = await ask_all(kannel.smsbox.port, requests)
        await _all_called_back(callbacks, messages)
        own_s = cpu_spent(own_before, _own_cpu(kannel)).total_s
        servers_s = cpu_spent(servers_before, _server_cpu(kannel)).total_s
    counts = {"requests refused": refused, "messages without a receipt": messages - len(callbacks.numbers)}
    problems = [f"{count} {what}" for what, count in counts.items() if count]
    per_1000 = 1000 / messages
    return Turn(messages / _took_s(simulator, callbacks), own_s * per_1000, servers_s * per_1000, problems)


async def _all_called_back(callbacks: Callbacks, messages: int) -> None:
    """Returns, too, when no receipt has come for STALL_S."""
    seen, moved_at = -1, monotonic()
    while len(callbacks.numbers) < messages and monotonic() - moved_at < STALL_S:
        if len(callbacks.numbers) != seen:
            seen, moved_at = len(callbacks.numbers), monotonic()
        await asyncio.sleep(POLL_S)


async def _is_bound(simulator: Simulator) -> bool:
    bound: int = simulator.report()["binds"]["now"]
    return bound == 1


def _took_s(simulator: Simulator, callbacks: Callbacks) -> float:
    first_at = simulator.report()["submits"]["first_at"]
    if first_at is None or not callbacks.numbers:
        raise NeverHappened("no message got through")
    return callbacks.last_at - datetime.fromisoformat(first_at).timestamp()


def _own_cpu(kannel: Kannel) -> CpuTimes:
    return _cpu(kannel.bearerbox, kannel.smsbox)


def _server_cpu(kannel: Kannel) -> CpuTimes:
    return _cpu(kannel.postgres) if kannel.postgres else {}


def _cpu(*servers: ServerProcess) -> CpuTimes:
    return cpu_times(process.pid for server in servers for process in process_tree(server.child.pid))
