"""What the connector holds, read now and then while it is at work: memory, descriptors, threads, files, queues."""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from http.client import HTTPException
from pathlib import Path
from time import monotonic
from typing import Any, NamedTuple

from loadtest.bench.accounting import written_bytes
from loadtest.bench.connector import actor_names
from loadtest.bench.loopback_http import get_json
from loadtest.bench.rig import Rig

Queues = Mapping[str, Mapping[str, float]]
"""Figures that are numbers, by name, of each actor, by name."""

UNNAMED = "main and Thespian's own"


class Sample(NamedTuple):
    """At one moment. memory: octets that each process has written, by the name of its actor. descriptors, threads: of
    all its processes. files: in RUNTIME_DIR. deliveries: deliver_sm that the simulator has sent so far."""

    at: float
    memory: Mapping[str, int]
    processes: int
    descriptors: int
    threads: int
    files: int
    deliveries: int
    queues: Queues

    @property
    def written_bytes(self) -> int:
        """Of all its processes."""
        return sum(self.memory.values())


def take_sample(rig: Rig) -> Sample:
    """Asks the SMSC for an enquire_link, too, so that its report tells how long the connector takes to answer.

    Raises OSError, http.client.HTTPException or ValueError when one of the two does not tell how it is.
    """
    pids = rig.connector.pids()
    rig.simulator.act("enquire-link")
    status = get_json(rig.connector.port, "/status")
    return Sample(
        at=monotonic(),
        memory=memory_of(pids, actor_names(status)),
        processes=len(pids),
        descriptors=entries(Path(f"/proc/{pid}/fd") for pid in pids),
        threads=entries(Path(f"/proc/{pid}/task") for pid in pids),
        files=sum(len(names) for _folder, _folders, names in os.walk(rig.connector.settings()["RUNTIME_DIR"])),
        deliveries=rig.simulator.report()["receipts"]["sent"],
        queues=queues_of(status),
    )


@asynccontextmanager
async def sampling(rig: Rig, every_s: float) -> AsyncIterator[list[Sample]]:
    """Samples gather in the list until the end of the block."""
    samples: list[Sample] = []
    watching = asyncio.create_task(_watch(rig, every_s, samples))
    try:
        yield samples
    finally:
        watching.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await watching


def entries(folders: Iterable[Path]) -> int:
    """In all of them; a process that has gone meanwhile has none."""
    return sum(_entries(folder) for folder in folders)


def memory_of(pids: Iterable[int], names: Mapping[int, str]) -> dict[str, int]:
    """written_bytes by name; of the processes that have none together."""
    memory = dict.fromkeys([*names.values(), UNNAMED], 0)
    for pid in pids:
        memory[names.get(pid, UNNAMED)] += written_bytes([pid])
    return memory


def queues_of(node: Mapping[str, Any]) -> dict[str, dict[str, float]]:
    """Of the node of a dump and of all below it."""
    found = {node["name"]: {name: value for name, value in node.items() if type(value) in (int, float)}}
    for child in node["children"]:
        found |= queues_of(child)
    return found


async def _watch(rig: Rig, every_s: float, samples: list[Sample]) -> None:
    """Leaves out what was not answered in time, as on a busy machine."""
    while True:
        with contextlib.suppress(OSError, HTTPException, ValueError):
            samples.append(await asyncio.to_thread(take_sample, rig))
        await asyncio.sleep(every_s)


def _entries(folder: Path) -> int:
    with contextlib.suppress(OSError):
        return len(os.listdir(folder))
    return 0
